"""Arrays to and from bytes, in numpy's own format, which runs no code when it is read."""

import io
from typing import TYPE_CHECKING, Any

from qa.errors import IndexDamagedError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write_array(array: "NDArray[Any]") -> bytes:
    """Return the array in .npy format."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_array(data: bytes, dtype: type) -> "NDArray[Any]":
    """Return the array of a .npy file.

    Raises IndexDamagedError when the bytes are no such array or of another dtype than `dtype`.
    """
    import numpy as np

    try:
        array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise IndexDamagedError(
            f"An array of the index cannot be read: {error}. Run: qa index FOLDER"
        ) from error
    if array.dtype != np.dtype(dtype):
        raise IndexDamagedError(
            f"An array of the index is {array.dtype}, expected {np.dtype(dtype)}. Run: qa index FOLDER"
        )
    return array
