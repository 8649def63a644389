"""What every test may ask for, and the promise that no test leaves this machine."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything imports a hub client, which reads this once.
os.environ["HF_HUB_OFFLINE"] = "1"

# Started in the background of a script, a process ignores Ctrl-C, and so would every child that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = frozenset({"", "127.0.0.1", "::1", "localhost", "testserver"})

# The same examples in every run, and no deadline on a machine that may be slow: a red test is then a
# broken law. HYPOTHESIS_PROFILE=full looks further, and elsewhere each time.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60, print_blob=True)
settings.register_profile("full", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Fail any look-up of, or connection to, another machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):  # a str is a socket file
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name not in LOCAL_HOSTS:
        raise RuntimeError(f"A test tried to reach {name!r}. Expected: tests use this machine only.")


sys.addaudithook(_refuse_network)


@pytest.fixture(scope="session")
def seeds_dir() -> Path:
    """The articles shipped with the project."""
    return ROOT / "seeds"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder `shared` beside the checkout: original articles and data sets that are not shipped."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared, the data beside the checkout, which is not there")
    return folder


@pytest.fixture(scope="session")
def loopback() -> None:
    """The interface of 127.0.0.1, which is down in a fresh network namespace (`unshare -n`)."""
    with socket.socket() as listener, socket.socket() as client:
        try:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            client.connect(listener.getsockname())
        except OSError as error:
            pytest.skip(f"needs the loopback interface, which is down here: {error.strerror}")
