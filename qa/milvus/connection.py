"""Calls to a Milvus: each with a deadline, tried again where that can help, and failing with an error of ours."""

import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.errors import (
    IndexBusyError,
    IndexDamagedError,
    InputError,
    QAError,
    StorageError,
    StoreUnavailableError,
)
from qa.milvus.address import Address

if TYPE_CHECKING:
    from pymilvus import MilvusClient

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
_NOT_THERE = (100, 1600)  # Milvus's own codes: no such collection, no such alias
_NOT_LOADED = 101
_RATE_LIMIT = 8
_NO_RETRIES = (
    "Retry run out of 0 retry times, message="  # what pymilvus adds, since it is told to leave them to us
)
_INSTALL = "Install them: .venv/bin/python -m pip install pymilvus milvus-lite"


class Connection:
    """One client of a Milvus, made at the first call; safe to share between threads."""

    def __init__(
        self, address: Address, *, token: str | None, certificate: Path | None, timeout_s: float
    ) -> None:
        """Take where it is; `timeout_s` bounds each call, and what is tried again counts as one."""
        self.address, self.timeout_s = address, timeout_s
        self._token, self._certificate = token, certificate
        self._client: MilvusClient | None = None
        self._connecting = threading.Lock()
        self._prepared = False

    def call(self, method: str, *arguments: object, **named: object) -> Any:  # noqa: ANN401 (pymilvus has no types)
        """Call a method of the client, see `retried`; a collection that a restart has left unloaded is loaded first."""

        def work(client: "MilvusClient") -> Any:  # noqa: ANN401 (as above)
            return getattr(client, method)(*arguments, **named, retry_times=0)

        try:
            return self.retried(work)
        except StorageError as error:
            if getattr(error.__cause__, "code", None) != _NOT_LOADED:
                raise
            self.retried(lambda client: client.load_collection(arguments[0]))
            return self.retried(work)

    def retried(self, work: "Callable[[MilvusClient], Any]") -> Any:  # noqa: ANN401 (as above)
        """Do something with the client that may be done twice.

        What could not be delivered is repeated after pauses of random length, so that many clients do not come back at
        once. Raises StoreUnavailableError when the store cannot be reached or does not answer in time, StorageError
        when it refuses, IndexDamagedError when what is named is not there.
        """
        self._prepare()
        give_up_at = time.monotonic() + self.timeout_s
        pause = FIRST_PAUSE_S
        while True:
            try:
                return work(self._connected(max(0.1, give_up_at - time.monotonic())))
            except QAError:
                raise
            except Exception as error:  # of gRPC, of pymilvus, or of both
                again, failure = self._explained(error)
                wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 (no secret)
                if not again or time.monotonic() + wait > give_up_at:
                    raise failure from error
                time.sleep(wait)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    def close(self) -> None:
        """Close the client; a Milvus Lite of this process goes on for others who use it."""
        with self._connecting:
            if self._client is not None:
                with suppress(Exception):
                    self._client.close()
                self._client = None

    def _connected(self, timeout_s: float) -> "MilvusClient":
        if self._client is not None:
            return self._client
        if not self._connecting.acquire(timeout=timeout_s):
            raise self._away("no connection yet")
        try:
            if self._client is None:
                self._client = self._connect(timeout_s)
            return self._client
        finally:
            self._connecting.release()

    def _prepare(self) -> None:
        """Do what takes time only once, and what no deadline should count: load the client's code, start Milvus Lite."""
        if self._prepared:
            return
        os.environ.setdefault(
            "GRPC_VERBOSITY", "NONE"
        )  # else it writes to the terminal what comes as an error, too
        try:
            import pymilvus  # noqa: F401

            if self.address.lite is not None:
                import milvus_lite  # noqa: F401
        except ImportError as error:
            raise InputError(
                f"{self.address.shown} needs the packages of Milvus, found {error}. {_INSTALL}"
            ) from error
        # They print every error with a traceback; here they become errors of ours.
        for name in ("pymilvus", "milvus_lite"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        if self._certificate is not None and not self._certificate.is_file():
            raise InputError(
                f"No file {self._certificate}, expected the certificate of the authority of {self.address.shown}. Set "
                "QA_STORE_CA to where it is."
            )
        if self.address.lite is not None:
            self._start_lite(self.address.lite)
        self._prepared = True

    def _connect(self, timeout_s: float) -> "MilvusClient":
        from pymilvus import MilvusClient

        deadline = {"methodConfig": [{"name": [{}], "timeout": f"{self.timeout_s:.3f}s"}]}
        options: dict[str, object] = {
            "grpc.service_config": json.dumps(deadline),
            "grpc.initial_reconnect_backoff_ms": 100,
            "grpc.max_reconnect_backoff_ms": 1000,
            # A connection that died in silence is noticed; more often than this, Milvus Lite would hang up.
            "grpc.keepalive_time_ms": 60_000,
            "grpc.keepalive_permit_without_calls": 0,
        }
        trusted = {} if self._certificate is None else {"server_pem_path": str(self._certificate)}
        return MilvusClient(
            self.address.uri,
            token=self._token or "",
            timeout=timeout_s,
            dedicated=True,
            grpc_options=options,
            **trusted,
        )

    def _start_lite(self, folder: Path) -> None:
        from milvus_lite.server_manager import server_manager_instance

        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"Cannot make {folder}: {error.strerror}. Name another store: qa index --store"
            ) from error
        if server_manager_instance.start_and_get_uri(self.address.uri) is None:
            raise IndexBusyError(
                f"{folder} cannot be opened, most likely since another process has it open: Milvus Lite allows one. Wait "
                f"for it, or serve it to several: milvus-lite server --host 127.0.0.1 --data-dir {self.address.uri}"
            )

    def _explained(self, error: Exception) -> tuple[bool, Exception]:
        """Return whether to try again, and what to raise otherwise."""
        import grpc
        from pymilvus.exceptions import MilvusException

        # Where pymilvus cannot connect it says "illegal connection params", whatever gRPC has said.
        cause = next((each for each in _causes(error) if isinstance(each, grpc.RpcError)), None)
        shown = self.address.shown
        if cause is not None:
            status, said = cause.code(), cause.details()
            if status == grpc.StatusCode.DEADLINE_EXCEEDED:
                return False, self._away(f"no answer within {self.timeout_s:g} s")
            if status in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
                return False, StoreUnavailableError(
                    f"{shown} refuses the token ({said}). Set QA_STORE_TOKEN to one that it takes."
                )
            return True, self._away(said)
        if not isinstance(error, MilvusException):
            # A channel that another thread has just replaced or closed.
            return isinstance(error, ValueError), self._away(repr(error))
        said = str(error.message).split(_NO_RETRIES)[-1]
        if error.code in _NOT_THERE:
            return False, IndexDamagedError(f"{shown}: {said}. Index again: qa index FOLDER")
        # What Milvus itself says may pass: a node that was lost, a collection that is still on its way into memory.
        passing = (
            any(getattr(each, "retriable", False) for each in _causes(error)) and error.code != _NOT_LOADED
        )
        if passing or error.code == _RATE_LIMIT or "connect" in said.lower():
            return True, self._away(said)
        return False, StorageError(f"{shown} refuses: {said}. See: qa doctor --store {shown}")

    def _away(self, why: str) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"{self.address.shown} cannot be reached: {' '.join(why.split())[:300]}. Start it, or wait until it answers: "
            f"qa doctor --store {self.address.shown}"
        )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came of, each once: pymilvus raises errors from themselves."""
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ if found.__cause__ not in (None, found) else found.__context__
