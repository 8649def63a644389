"""The trained weights that ship with the package, and what they are."""

import hashlib
import json
from pathlib import Path

from qa.errors import ModelError

WEIGHTS = Path(__file__).parent / "reader.safetensors"


def weights_sha256() -> str:
    """Return the digest of the shipped weights. Raises ModelError when they are missing or not those of their card."""
    card = WEIGHTS.with_suffix(".json")
    try:
        expected = str(json.loads(card.read_text(encoding="utf-8"))["sha256"])
        with WEIGHTS.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"Cannot read the reader's weights, {WEIGHTS} and {card.name}: {error!r}. Reinstall qa, or go on "
            "without: QA_READER=off"
        ) from error
    if found != expected:
        raise ModelError(
            f"The reader's weights have sha256 {found}, expected {expected}. Reinstall qa, or go on without: "
            "QA_READER=off"
        )
    return found
