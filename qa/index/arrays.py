"""Files of an index: rows written in any order, arrays in numpy's own format, which runs no code when it is read."""

import hashlib
import io
import math
import mmap
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from qa.errors import IndexDamagedError

if TYPE_CHECKING:
    import numpy as np
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


class StoredFile:
    """A file that is read in place, so that an index of any size takes little memory; safe between threads.

    What is small or read as a whole is mapped. Single rows are read: pages of a map would pile up in the
    memory of the process, and a failing disk would be a signal and not an error.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises OSError.
        """
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size

    def sha256(self) -> str:
        """Read the file from its beginning to its end and return its digest, hexadecimal."""
        with open(self._descriptor, "rb", closefd=False) as file:
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()

    def map(self) -> memoryview:
        """Return the whole file as it lies in the page cache."""
        return memoryview(mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ) if self.size else b"")

    def read(self, place: int, size: int) -> bytes:
        """Return `size` bytes from `place` on.

        Raises IndexDamagedError when they are not there.
        """
        return self.read_all([(place, size)])

    def read_all(self, parts: Sequence[tuple[int, int]]) -> bytes:
        """Return the bytes of all parts, each from a place on and so many, one after the other.

        Raises IndexDamagedError when they are not there.
        """
        descriptor, read = self._descriptor, os.pread
        try:
            data = b"".join([read(descriptor, size, place) for place, size in parts])
        except OSError as error:
            raise IndexDamagedError(
                f"Cannot read {self._path}: {error}. Build it again: qa index FOLDER"
            ) from error
        if len(data) != sum([size for _, size in parts]):
            raise IndexDamagedError(f"{self._path} has been cut. Build it again: qa index FOLDER")
        return data

    def __del__(self) -> None:
        """Close the file when the last reader of a generation lets go of it."""
        if (descriptor := getattr(self, "_descriptor", None)) is not None:
            os.close(descriptor)


class StoredArray:
    """A .npy file whose rows are read when they are asked for."""

    def __init__(self, file: StoredFile, dtype: type) -> None:
        """Read the header.

        Raises IndexDamagedError when it is none, or of another dtype, or of an array of another size.
        """
        import numpy as np

        self._file, self._dtype = file, np.dtype(dtype)
        self.shape, self._offset = _read_header(file.read(0, min(file.size, 256)), self._dtype)
        self._row_bytes = self._dtype.itemsize * math.prod(self.shape[1:])
        if not self.shape or file.size != self._offset + self._row_bytes * self.shape[0]:
            raise _damaged(f"of {file.size} bytes, which does not fit its shape {self.shape}")

    def rows(self, spans: Iterable[tuple[int, int]]) -> "NDArray[Any]":
        """Return the rows of these half-open spans, one after the other."""
        import numpy as np

        size, first = self._row_bytes, self._offset
        data = self._file.read_all([(first + start * size, (end - start) * size) for start, end in spans])
        return np.frombuffer(data, dtype=self._dtype).reshape(-1, *self.shape[1:])


def read_array(file: StoredFile, dtype: type) -> "NDArray[Any]":
    """Return the array of a .npy file, read-only and mapped.

    Raises IndexDamagedError when the file is no such array or of another dtype than `dtype`.
    """
    import numpy as np

    data = file.map()
    shape, offset = _read_header(bytes(data[:256]), np.dtype(dtype))
    try:
        return np.frombuffer(data, dtype=dtype, offset=offset).reshape(shape)
    except ValueError as error:
        raise _damaged(f"unreadable ({error})") from error


def _read_header(data: bytes, expected: "np.dtype[Any]") -> tuple[tuple[int, ...], int]:
    """Return shape and the place where the values begin."""
    import numpy as np

    reader = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(reader) != (1, 0):
            raise _damaged("not of .npy version 1.0")
        shape, fortran_order, found = np.lib.format.read_array_header_1_0(reader)
    except (ValueError, EOFError) as error:
        raise _damaged(f"unreadable ({error})") from error
    if found != expected or fortran_order:
        raise _damaged(f"{found}, expected {expected} in C order")
    return shape, reader.tell()


def _damaged(what: str) -> IndexDamagedError:
    return IndexDamagedError(f"An array of the index is {what}. Build it again: qa index FOLDER")
