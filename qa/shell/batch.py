"""Many questions, one a line, and one object a line in reply."""

from collections.abc import Callable, Iterable

from qa.errors import EXIT_ANSWERED, EXIT_NO_EVIDENCE, InputError, outcome
from qa.types import Answer
from qa.wire import WireAnswer, WireError, WireErrorBody, wire_answer


def answer_lines_of(
    lines: Iterable[str | InputError], ask: Callable[[str], Answer], write: Callable[[str], bool]
) -> int:
    """Write one object for each line: its answer, or the API's error object if that line cannot be used.

    Ends early when `write` says that nobody reads any more. Returns the highest exit code of all lines. Raises what
    `ask` does but for InputError: what is not the fault of one line would meet the others too.
    """
    highest = EXIT_ANSWERED
    for line in lines:
        reply, exit_code = _reply(line, ask)
        highest = max(highest, exit_code)
        if not write(reply.model_dump_json() + "\n"):
            break
    return highest


def _reply(line: str | InputError, ask: Callable[[str], Answer]) -> tuple[WireAnswer | WireErrorBody, int]:
    try:
        if isinstance(line, InputError):
            raise line
        answer = ask(line)
    except InputError as error:
        exit_code, _, code = outcome(error)
        return WireErrorBody(error=WireError(code=code, message=str(error))), exit_code
    return wire_answer(answer), EXIT_ANSWERED if answer.status == "answered" else EXIT_NO_EVIDENCE
