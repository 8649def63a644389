"""The trained weights that ship with the package, and the card that says what they are."""

import hashlib
import json
from pathlib import Path

from qa.errors import ModelError

WEIGHTS = Path(__file__).parent / "reader.safetensors"


def card_path(weights: Path) -> Path:
    """Return where the card of weights stands: a JSON object with their `sha256`, beside them."""
    return weights.with_suffix(".json")


def checked_sha256(weights: Path) -> str:
    """Return the digest of weights. Raises ModelError when they are missing or not those of their card."""
    card = card_path(weights)
    try:
        expected = str(json.loads(card.read_text(encoding="utf-8"))["sha256"])
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"Cannot read the reader's weights, {weights} and {card.name}: {error!r}. Reinstall qa, or go on "
            "without: QA_READER=off"
        ) from error
    if found != expected:
        raise ModelError(
            f"The reader's weights have sha256 {found}, expected {expected}. Reinstall qa, or go on without: "
            "QA_READER=off"
        )
    return found
