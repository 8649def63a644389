"""The exception tree. One class per thing a caller can do about it.

QAError
├── InputError              change what you asked for (question, k, folder, option)
│   └── ArticleNotFoundError    name an article that is in the index
├── ModelError              install, name or repair the embedding model
├── StorageError            free disk space or fix permissions, then run again
├── OverloadedError         ask again in a moment
├── ServerError             start the server, or name one that answers
├── StoreUnavailableError   start the store, or wait until it can be reached
├── IndexBusyError          wait for the writer that holds the index
└── IndexUnavailableError   the index cannot answer: build it (again)
    ├── IndexMissingError       nothing has been built here yet
    ├── IndexDamagedError       a byte is not what was published
    └── IndexMismatchError      built by another model, chunker or format

A message says what was found, what was expected and the next command to run.
`OUTCOMES` maps every class to an exit code, an HTTP status and the code that clients read.
"""

from typing import NamedTuple


class QAError(Exception):
    """Root of everything this package raises on purpose."""


class InputError(QAError):
    """The caller's argument cannot be used as it is."""


class ArticleNotFoundError(InputError):
    """No article of that id is in the index."""


class ModelError(QAError):
    """The embedding model cannot be found, read or trusted."""


class StorageError(QAError):
    """The index could not be written; what was there before is untouched."""


class OverloadedError(QAError):
    """There is more to answer at once than can be answered in time."""


class ServerError(QAError):
    """A server that was asked does not answer as one should."""


class StoreUnavailableError(QAError):
    """The store that holds the index cannot be reached, or does not answer in time."""


class IndexBusyError(QAError):
    """Another process is writing the index."""


class IndexUnavailableError(QAError):
    """The index cannot be used to answer."""


class IndexMissingError(IndexUnavailableError):
    """No index has been published in this folder."""


class IndexDamagedError(IndexUnavailableError):
    """A published file is missing, or a byte of it has changed."""


class IndexMismatchError(IndexUnavailableError):
    """The index was made by another model, chunker or format than the one asking."""


class Outcome(NamedTuple):
    """What the outside world sees of an error class."""

    exit_code: int
    http_status: int
    code: str


EXIT_ANSWERED = 0
EXIT_NO_EVIDENCE = 1
EXIT_ERROR = 2
EXIT_INDEX = 3
EXIT_INTERRUPTED = 130

OUTCOMES: dict[type[QAError], Outcome] = {
    QAError: Outcome(EXIT_ERROR, 500, "internal_error"),
    InputError: Outcome(EXIT_ERROR, 422, "invalid_input"),
    ArticleNotFoundError: Outcome(EXIT_ERROR, 404, "article_not_found"),
    ModelError: Outcome(EXIT_ERROR, 503, "model_unavailable"),
    StorageError: Outcome(EXIT_ERROR, 507, "storage_failed"),
    OverloadedError: Outcome(EXIT_ERROR, 503, "overloaded"),
    ServerError: Outcome(EXIT_ERROR, 502, "server_failed"),
    StoreUnavailableError: Outcome(EXIT_ERROR, 503, "store_unavailable"),
    IndexBusyError: Outcome(EXIT_ERROR, 503, "index_busy"),
    IndexUnavailableError: Outcome(EXIT_INDEX, 503, "index_unavailable"),
    IndexMissingError: Outcome(EXIT_INDEX, 503, "index_missing"),
    IndexDamagedError: Outcome(EXIT_INDEX, 503, "index_damaged"),
    IndexMismatchError: Outcome(EXIT_INDEX, 503, "index_mismatch"),
}


def outcome(error: QAError) -> Outcome:
    """Return the outcome of the error's class."""
    return OUTCOMES[type(error)]
