"""Several processes that share a listener."""

import logging
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable
from multiprocessing.connection import wait
from socket import socket
from time import sleep
from types import FrameType

from qa.errors import QAError, outcome
from qa.listen.logs import configure_logs

_log = logging.getLogger("qa.serve")
_RESTART_SECONDS = 1.0


def run_workers(work: Callable[[socket], None], listener: socket, *, count: int) -> None:
    """Call `work` in so many processes, and again in a new one where one is killed, until told to stop.

    They count what they do together, in a folder that prometheus-client is told of. Raises SystemExit with the exit
    code of one that ends by itself, for the next would end as it did, and KeyboardInterrupt after Ctrl-C.
    """
    configure_logs()
    with tempfile.TemporaryDirectory(prefix="qa-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        workers = _Workers(work, listener)
        before = {number: signal.signal(number, workers.stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            workers.watch(count)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]


class _Workers:
    def __init__(self, work: Callable[[socket], None], listener: socket) -> None:
        # Forked processes would share the locks of threads that they do not have.
        self._new = multiprocessing.get_context("spawn").Process
        self._work = (work, listener)
        self._stopped_by: int | None = None
        self._processes: list[multiprocessing.context.SpawnProcess] = []

    def stop(self, number: int, frame: FrameType | None = None) -> None:
        self._stopped_by = number
        for process in self._processes:
            process.terminate()

    def watch(self, count: int) -> None:
        for _ in range(count):
            self._start()
        while alive := [process for process in self._processes if process.is_alive()]:
            wait([process.sentinel for process in alive], timeout=1)
            if self._stopped_by is None:
                self._replace_the_killed()
            else:
                self._work[1].close()  # who connects when no worker listens must not wait for one
        if self._stopped_by == signal.SIGINT:
            raise KeyboardInterrupt
        failed = [code for process in self._processes if (code := process.exitcode or 0) > 0]
        if failed:
            raise SystemExit(failed[0])

    def _replace_the_killed(self) -> None:
        for process in [process for process in self._processes if not process.is_alive()]:
            if (process.exitcode or 0) > 0:
                self.stop(signal.SIGTERM)
                return
            _log.error("a worker ended with %s; starting another", process.exitcode)
            sleep(_RESTART_SECONDS)  # one that is killed again and again must not keep a processor busy
            self._processes.remove(process)
            self._start()

    def _start(self) -> None:
        process = self._new(target=_work_in_child, args=self._work, daemon=True)
        process.start()
        self._processes.append(process)
        if self._stopped_by is not None:  # told to stop meanwhile: this one was not
            process.terminate()


def _work_in_child(work: Callable[[socket], None], listener: socket) -> None:
    try:
        work(listener)
    except QAError as error:
        _log.error("%s", error)
        raise SystemExit(outcome(error).exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(0) from None  # the terminal interrupts all of them; the first process says so
