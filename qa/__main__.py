"""Run the command line, as `qa` or `python -m qa`, and turn errors into exit codes."""

import os
import re
import shlex
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from qa.errors import EXIT_ERROR, EXIT_INTERRUPTED, QAError, outcome

if TYPE_CHECKING:
    import typer

_NEXT_COMMAND = re.compile(r": (?:[A-Z_]+=(?:\$\([^)]*\)|\S)+ )*(?:qa|pip|make|openssl) (?:(?!\. ).)*$")


def main() -> None:
    """Run the command line; the entry point of the `qa` script."""
    # Being told to stop is like Ctrl-C: temporary files are removed, and there is no traceback.
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGALRM, _interrupted)
    sys.unraisablehook = _unraisable
    # Our own threads take every core; a pool of FAISS or numpy under each of them would only be in the way.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        import typer  # here, so that Ctrl-C while they load is a stop and no traceback

        from qa.cli import app

        try:
            sys.exit(app(prog_name="qa", standalone_mode=False))
        except typer.TyperException as error:
            _fail(_usage(error), error.exit_code)
    except QAError as error:
        _fail(_with_next_command(str(error)), outcome(error).exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        if os.environ.get("QA_DEBUG"):
            import traceback

            _fail(traceback.format_exc().rstrip(), EXIT_ERROR)
        message = " ".join(str(error).split())
        again = shlex.join(["qa", *sys.argv[1:]])
        _fail(f"unexpected {type(error).__name__}: {message}. See where: QA_DEBUG=1 {again}", EXIT_ERROR)
    finally:  # done or reported: nothing may change the exit code any more
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)


def _interrupted(number: int, frame: object) -> NoReturn:
    # Without an argument it is Ctrl-C, which the prompt takes for less than the end.
    raise KeyboardInterrupt(*([signal.Signals(number).name] if number == signal.SIGTERM else []))


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Interrupt again, a little later: Python drops an exception raised inside a callback of its own."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.01)
    else:
        sys.__unraisablehook__(unraisable)


def _fail(message: str, exit_code: int) -> NoReturn:
    from qa.shell import Terminal

    Terminal().complain(message if message.startswith("Usage:") else f"qa: {message}")
    sys.exit(exit_code)


def _with_next_command(message: str) -> str:
    """End every message with a command to run; rooms that also serve the API do not always name one."""
    if _NEXT_COMMAND.search(message):
        return message
    from qa.cli import app

    names = [info.callback.__name__ for info in app.registered_commands if info.callback]
    command = next((f"{argument} " for argument in sys.argv[1:] if argument in names), "")
    return f"{message} See: qa {command}--help"


def _usage(error: "typer.TyperException") -> str:
    """Say what is wrong with the command line as every other error is said; the help itself stays as it is."""
    message = error.format_message().partition(" (Possible options:")[0]
    if message.startswith("Usage:"):  # what `qa` alone shows
        return message
    meant = getattr(error, "possibilities", None)
    message = message if message.endswith((".", "?")) else f"{message}."
    return _with_next_command(f"{message} Did you mean {' or '.join(meant)}?" if meant else message)


if __name__ == "__main__":
    main()
