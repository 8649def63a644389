"""Calls to a Milvus: each with a deadline, tried again where that can help, and failing with an error of ours."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
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
_RATE_LIMIT = 8
_NOT_LOADED = 101  # Milvus Lite forgets with its process what is loaded, and an operator may release
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

    def call(self, method: str, *arguments: object, **named: object) -> Any:  # noqa: ANN401 (pymilvus has no types)
        """Call a method of the client, see `retried`; a collection that is not loaded is loaded first."""

        def work(client: "MilvusClient") -> object:
            from pymilvus.exceptions import MilvusException

            try:
                return getattr(client, method)(*arguments, **named, retry_times=0)
            except MilvusException as error:
                if error.code != _NOT_LOADED:
                    raise
            client.load_collection(arguments[0], timeout=self.timeout_s)
            return getattr(client, method)(*arguments, **named, retry_times=0)

        return self.retried(work)

    def retried(self, work: "Callable[[MilvusClient], Any]") -> Any:  # noqa: ANN401 (as above)
        """Do something with the client that may be done twice.

        What could not be delivered is repeated after pauses of random length, so that many clients do not come back at
        once. Raises StoreUnavailableError when the store cannot be reached or does not answer in time, StorageError
        when it refuses, `NoCollection` when what is named is not there.
        """
        give_up_at = time.monotonic() + self.timeout_s
        pause = FIRST_PAUSE_S
        while True:
            try:
                return work(self._connected(max(0.1, give_up_at - time.monotonic())))
            except QAError:
                raise
            except (
                Exception
            ) as error:  # pymilvus passes on what gRPC raises, and raises both kinds of its own
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

    def _connect(self, timeout_s: float) -> "MilvusClient":
        try:
            from pymilvus import MilvusClient
        except ImportError as error:
            raise InputError(
                f"{self.address.shown} needs the packages of Milvus, found {error}. {_INSTALL}"
            ) from error
        # It prints every error with a traceback; here they become errors of ours.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
        if self.address.lite is not None:
            self._start_lite(self.address.lite)
        deadline = {"methodConfig": [{"name": [{}], "timeout": f"{self.timeout_s:.3f}s"}]}
        options: dict[str, object] = {
            "grpc.service_config": json.dumps(deadline),
            "grpc.initial_reconnect_backoff_ms": 100,
            "grpc.max_reconnect_backoff_ms": 1000,
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
        try:
            from milvus_lite.server_manager import server_manager_instance
        except ImportError as error:
            raise InputError(f"{self.address.shown} needs Milvus Lite, found {error}. {_INSTALL}") from error
        logging.getLogger("milvus_lite").setLevel(logging.CRITICAL + 1)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"Cannot make {folder}: {error.strerror}. Name another store: qa index --store"
            ) from error
        if server_manager_instance.start_and_get_uri(self.address.uri) is None:
            raise IndexBusyError(
                f"{folder} cannot be opened, most likely since another process has it open: Milvus Lite allows one. Wait "
                f"for it, or serve it to several: milvus-lite server --data-dir {self.address.uri}"
            )

    def _explained(self, error: Exception) -> tuple[bool, Exception]:
        """Return whether to try again, and what to raise otherwise."""
        import grpc
        from pymilvus.exceptions import MilvusException

        code: object = error.code if isinstance(error, MilvusException) else None
        if isinstance(error, grpc.RpcError):
            code = error.code()
        said = str(getattr(error, "message", None) or getattr(error, "details", lambda: error)())
        if code in _NOT_THERE:
            return False, NoCollection(f"{self.address.shown}: {said}. Index again: qa index FOLDER")
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return False, self._away(f"no answer within {self.timeout_s:g} s")
        if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
            return False, StoreUnavailableError(
                f"{self.address.shown} refuses the token ({said}). Set QA_STORE_TOKEN to one that it takes."
            )
        if code in (_RATE_LIMIT, grpc.StatusCode.RESOURCE_EXHAUSTED):
            return True, self._away(said)
        if isinstance(code, grpc.StatusCode) or (
            isinstance(error, MilvusException) and "connect" in said.lower()
        ):
            return True, self._away(said)
        if isinstance(error, MilvusException):
            return False, StorageError(
                f"{self.address.shown} refuses: {said}. See: qa doctor --store {self.address.shown}"
            )
        # A channel that another thread has just replaced or closed.
        return isinstance(error, ValueError), self._away(repr(error))

    def _away(self, why: str) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"{self.address.shown} cannot be reached: {' '.join(why.split())[:300]}. Start it, or wait until it answers: "
            f"qa doctor --store {self.address.shown}"
        )


class NoCollection(IndexDamagedError):  # noqa: N818 (often no failure, but an answer)
    """A collection or an alias that is named is not there."""
