"""Settings come from four places, the nearest wins, and a bad one is named with where it came from."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from qa.errors import InputError
from qa.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and no QA_ variables."""
    for name in list(os.environ):
        if name.startswith("QA_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(place: Path, text: str) -> None:
    (place / "qa.toml").write_text(text, encoding="utf-8")


def test_defaults() -> None:
    assert load_settings() == Settings()
    assert Settings().model_dump() == {
        "model": "default",
        "index_dir": Path("index"),
        "store": None,
        "store_token": None,
        "store_ca": None,
        "store_timeout_s": 5,
        "store_index": "HNSW",
        "chunk_tokens": None,
        "threads": min(os.cpu_count() or 1, 8),
        "k": 5,
        "refuse_below": None,
        "reader": "default",
        "reranker": None,
        "read_budget_ms": 80,
        "server": None,
        "api_key": None,
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "api_keys": "",
        "api_keys_file": None,
        "allowed_hosts": "",
        "trusted_proxies": "",
        "rate_limit": None,
        "queue": 16,
        "deadline_s": 10,
        "log_questions": False,
    }


def test_the_nearest_source_wins(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, 'k = 1\nport = 1\nmodel = "file"\n')
    assert (load_settings().k, load_settings().port) == (1, 1)
    monkeypatch.setenv("QA_K", "2")
    monkeypatch.setenv("QA_PORT", "2")
    found = load_settings({"k": 3, "host": None})
    assert (found.k, found.port, found.model, found.host) == (3, 2, "file", "127.0.0.1")


def test_a_flag_of_none_and_an_empty_variable_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_MODEL", "")
    assert load_settings({"model": None}).model == "default"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_has_a_variable(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, tuple[str, object]] = {
        "model": ("fake", "fake"),
        "index_dir": ("other/place", Path("other/place")),
        "store": ("milvus://db:19530/news", "milvus://db:19530/news"),
        "store_token": ("secret", "secret"),
        "store_ca": ("ca.pem", Path("ca.pem")),
        "store_timeout_s": ("2.5", 2.5),
        "store_index": ("FLAT", "FLAT"),
        "chunk_tokens": ("64", 64),
        "threads": ("3", 3),
        "k": ("7", 7),
        "refuse_below": ("0.25", 0.25),
        "reader": ("off", "off"),
        "reranker": ("org/model", "org/model"),
        "read_budget_ms": ("120", 120.0),
        "host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104 (nothing listens)
        "port": ("0", 0),
        "server": ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        "api_key": ("secret", "secret"),
        "workers": ("2", 2),
        "api_keys": ("one,two", "one,two"),
        "api_keys_file": ("keys.txt", Path("keys.txt")),
        "allowed_hosts": ("qa.example.org", "qa.example.org"),
        "trusted_proxies": ("10.0.0.1", "10.0.0.1"),
        "rate_limit": ("60/minute", "60/minute"),
        "queue": ("3", 3),
        "deadline_s": ("2.5", 2.5),
        "log_questions": ("true", True),
    }
    written, expected = values[field]
    monkeypatch.setenv(f"QA_{field.upper()}", written)
    assert getattr(load_settings(), field) == expected


BAD = [
    ("k", "0"), ("k", "51"), ("k", "five"), ("k", "2.5"), ("port", "-1"), ("port", "65536"), ("threads", "0"), ("threads", "257"),
    ("chunk_tokens", "15"), ("chunk_tokens", "8193"), ("refuse_below", "1.1"), ("refuse_below", "-0.1"), ("refuse_below", "nan"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_variable_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"QA_{name.upper()}", value)
    with pytest.raises(InputError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"Bad setting '{name}' from the environment: found '{value}'.")


def test_a_bad_flag_is_named() -> None:
    with pytest.raises(
        InputError, match=r"^Bad setting 'k' from the command line: found 51\. .*less than or equal to 50"
    ):
        load_settings({"k": 51})


def test_a_bad_line_of_the_file_is_named(place: Path) -> None:
    write(place, 'port = "many"\n')
    with pytest.raises(InputError, match=r"^Bad setting 'port' from qa\.toml: found 'many'\."):
        load_settings()


def test_a_bad_value_that_a_nearer_one_hides_does_no_harm(place: Path) -> None:
    write(place, "k = 99\n")
    assert load_settings({"k": 5}).k == 5


@pytest.mark.parametrize("line", ["kk = 3", "K = 3", "[k]\nx = 1", "[server]\nport = 1"])
def test_an_unknown_key_in_the_file_is_refused(place: Path, line: str) -> None:
    write(place, line)
    with pytest.raises(InputError, match=r"^Bad setting '\w+' from qa\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("colour", r"Settings are: model, index_dir, store, store_token"),
        ("modle", r"Did you mean model\?$"),
        ("api_keys_fiel", r"Did you mean api_keys_file or api_keys or api_key\?$"),
    ],
)
def test_the_refusal_says_what_was_meant_or_what_there_is(place: Path, name: str, hint: str) -> None:
    write(place, f"{name} = 3")
    with pytest.raises(InputError, match=rf"'{name}' from qa\.toml: found 3\. .*{hint}"):
        load_settings()


def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QA_TEAM", "QA_CRASH_AT", "QA_", "QA_KK", "qa_k", "QAK", "XQA_K"):
        monkeypatch.setenv(name, "not ours")
    assert load_settings() == Settings()


@pytest.mark.parametrize("content", [b"k = ", b"k = 1\nk = 2", b"\xff\xfe", b"k: 3"])
def test_a_broken_file(place: Path, content: bytes) -> None:
    (place / "qa.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"^Cannot read qa\.toml: .*Fix the file or move it away\.$"):
        load_settings()


def test_a_folder_in_place_of_the_file(place: Path) -> None:
    (place / "qa.toml").mkdir()
    with pytest.raises(InputError, match=r"^Cannot read qa\.toml"):
        load_settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().k = 3  # type: ignore[misc]


def test_keys_are_in_no_representation() -> None:
    assert "secret" not in repr(Settings(api_key="secret", api_keys="secret", store_token="secret"))
