"""Arrays on disk in numpy's own format, which runs no code when it is read, and rows written one at a time."""

import io
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from qa.errors import IndexDamagedError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RowFile:
    """A new file of `rows` rows of equal size behind a header, written in any order and never held in memory.

    Its room on disk is taken at once, so a disk that is too small says so before the work and not after.
    """

    def __init__(self, path: Path, *, header: bytes, rows: int, row_bytes: int) -> None:
        """Create the file, which only its owner may read.

        Raises OSError, also when there is no room.
        """
        self._start, self._row_bytes = len(header), row_bytes
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(self._descriptor, 0, len(header) + rows * row_bytes)
            self._write(header, 0)
        except BaseException:
            os.close(self._descriptor)
            raise

    def write(self, row: int, data: bytes) -> None:
        """Write one or more whole rows from `row` on."""
        self._write(data, self._start + row * self._row_bytes)

    def _write(self, data: bytes, place: int) -> None:
        view = memoryview(data)
        while len(view):  # one call writes 2 GiB at most
            written = os.pwrite(self._descriptor, view, place)
            view, place = view[written:], place + written

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def array_header(dtype: type, shape: tuple[int, ...]) -> bytes:
    """Return the head of a .npy file, which the array's bytes follow."""
    import numpy as np

    buffer = io.BytesIO()
    what = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, what)
    return buffer.getvalue()


def write_array(array: "NDArray[Any]") -> bytes:
    """Return the array in .npy format."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_array(data: memoryview, dtype: type) -> "NDArray[Any]":
    """Return the array of a .npy file; it is read-only and lies in `data` itself.

    Raises IndexDamagedError when the bytes are no such array or of another dtype than `dtype`.
    """
    import numpy as np

    reader = io.BytesIO(data[:512])
    try:
        if np.lib.format.read_magic(reader) != (1, 0):
            raise _damaged("not of .npy version 1.0")
        shape, fortran_order, found = np.lib.format.read_array_header_1_0(reader)
        expected = np.dtype(dtype)
        if found != expected or fortran_order:
            raise _damaged(f"of {found}, expected {expected} in C order")
        return np.frombuffer(data, dtype=dtype, offset=reader.tell()).reshape(shape)
    except (ValueError, EOFError, OSError) as error:
        raise _damaged(f"unreadable ({error})") from error


def _damaged(what: str) -> IndexDamagedError:
    return IndexDamagedError(f"An array of the index is {what}. Build it again: qa index FOLDER")
