"""Settings: defaults, then `qa.toml`, then `QA_*` variables, then flags. Values only, nothing is built here.

pydantic checks the values; pydantic-settings is left out because importing it costs a quarter of a
second, which every `qa ask` would pay (docs/decisions.md).
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import InputError

SETTINGS_FILE = Path("qa.toml")
ENVIRONMENT_PREFIX = "QA_"


class Settings(BaseModel):
    """Everything a user can set; the name in the environment is `QA_` + the upper-cased field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field("default", min_length=1, description="packaged model, a folder, or a model name")
    index_dir: Path = Field(Path("index"), description="folder that `qa index` writes and `qa ask` reads")
    store: str | None = Field(
        None, min_length=1, description="Milvus that holds the index instead: milvus://host:19530/collection"
    )
    store_token: str | None = Field(None, min_length=1, repr=False, description="the token that it wants")
    store_ca: Path | None = Field(
        None, description="certificate of its authority, where that is a private one"
    )
    store_timeout_s: float = Field(5, gt=0, le=600, description="for one of its answers to a question")
    store_index: Literal["HNSW", "FLAT", "AUTOINDEX"] = Field(
        "HNSW", description="how it searches vectors; FLAT is exact"
    )
    chunk_tokens: int | None = Field(
        None, ge=16, le=8192, description="chunk size; None: chosen for the model"
    )
    threads: int = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8), ge=1, le=256, description="shared by the workers"
    )
    k: int = Field(5, ge=1, le=50, description="passages per answer")
    refuse_below: float | None = Field(
        None, ge=0, le=1, description="least confidence of an answer; None: the shipped threshold"
    )
    reader: Literal["default", "off"] = Field("default", description="what reads the best passages")
    reranker: str | None = Field(
        None, min_length=1, description="cross-encoder that says what is relevant: a folder or a model name"
    )
    read_budget_ms: float = Field(
        80, gt=0, le=60_000, description="time to read in; more passages are read where it is longer"
    )
    server: str | None = Field(
        None, min_length=1, description="URL of a running server that is asked instead"
    )
    api_key: str | None = Field(None, min_length=1, repr=False, description="the key that it wants")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=64, description="processes that serve")
    api_keys: str = Field("", repr=False, description="keys that open the service, divided by commas")
    api_keys_file: Path | None = Field(None, description="file with a key a line")
    allowed_hosts: str = Field("", description="names clients reach it by, divided by commas")
    trusted_proxies: str = Field("", description="addresses whose X-Forwarded-For counts, divided by commas")
    rate_limit: str | None = Field(None, description="requests of a key or a client, like 60/minute")
    queue: int = Field(16, ge=0, le=10_000, description="questions that wait for a thread")
    deadline_s: float = Field(10, gt=0, le=600, description="for waiting and answering")
    log_questions: bool = Field(False, description="write what is asked to the log")


def load_settings(flags: Mapping[str, object] | None = None) -> Settings:
    """Merge the sources; `flags` that are None count as not given.

    Raises InputError naming the setting and where its bad value came from.
    """
    values: dict[str, object] = {}
    origin: dict[str, str] = {}
    for name, found in (
        (str(SETTINGS_FILE), _from_file(SETTINGS_FILE)),
        ("the environment", _from_environment()),
        ("the command line", flags or {}),
    ):
        given = {key: value for key, value in found.items() if value is not None}
        values |= given
        origin |= dict.fromkeys(given, name)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        hint = _meant(key) if first["type"] == "extra_forbidden" else ""
        raise InputError(
            f"Bad setting {key!r} from {origin.get(key, 'the defaults')}: found {first['input']!r}. {first['msg']}.{hint}"
        ) from error


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields)
    if close:
        return f" Did you mean {' or '.join(close)}?"
    return f" Settings are: {', '.join(Settings.model_fields)}."


def _from_environment() -> dict[str, object]:
    """Take the variables that name a field; others (QA_CRASH_AT, a stranger's QA_TEAM) are not ours to refuse."""
    names = {ENVIRONMENT_PREFIX + field.upper(): field for field in Settings.model_fields}
    return {names[key]: value for key, value in os.environ.items() if key in names and value}


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Cannot read {path}: {error}. Fix the file or move it away.") from error
