"""An entry of the cache is read as it was written, or not at all."""

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.models import find_model
from qa.models.cache import KEPT, Verdict, entry_path, read_entry, shape_of, write_entry
from tests.models.conftest import Editor

VERDICT = Verdict(
    model="org/model",
    precision="bf16",
    reason="least cosine with the reference bf16 0.9999; expected 0.999",
    least_cosine=0.9999,
    sample=17,
    openvino="2026.4.1",
    reference="sentence-transformers 6.2.0",
    date="2026-11-22",
)
BODY = bytes(range(256)) * 4


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    write_entry(path, VERDICT, BODY)
    assert read_entry(path) == (VERDICT, BODY)
    assert path.stat().st_mode & 0o777 == 0o600
    refused = dataclasses.replace(VERDICT, precision=None, least_cosine=None)
    write_entry(path, refused, b"")
    assert read_entry(path) == (refused, b"")
    assert [file.name for file in tmp_path.iterdir()] == ["entry"]


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    write_entry(tmp_path / "entry", dataclasses.replace(VERDICT, reason="漢" * 10_000), BODY)
    found = read_entry(tmp_path / "entry")
    assert found is not None
    assert found[0].reason == "漢" * 1000


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"3", b"null", b"\xff" * 9000, b"{" * 100_000, b" " * 9000]
)
def test_something_else(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "entry").write_bytes(data)
    assert read_entry(tmp_path / "entry") is None


def test_nothing_there(tmp_path: Path) -> None:
    assert read_entry(tmp_path / "entry") is None
    assert read_entry(tmp_path) is None
    with pytest.raises(OSError, match="No such file"):
        write_entry(tmp_path / "none" / "entry", VERDICT, BODY)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 8192 + len(BODY) - 1), bit=st.integers(0, 7), cut=st.booleans())
def test_damage_never_changes_the_model(tmp_path: Path, place: int, bit: int, cut: bool) -> None:
    path = tmp_path / "entry"
    write_entry(path, VERDICT, BODY)
    data = bytearray(path.read_bytes())
    if cut:
        del data[place:]
    else:
        data[place] ^= 1 << bit
    path.write_bytes(data)
    assert read_entry(path) is None


def test_what_shapes_the_vectors_is_in_the_name(tmp_path: Path, edited: Editor) -> None:
    default = find_model("default")

    def name(model: object = default, machine: str = "a", check: str = "0.999") -> str:
        assert isinstance(model, type(default))
        return entry_path(tmp_path, shape_of(model), machine=[machine], check=[check]).name

    fingerprint = default.fingerprint
    assert name() == name(edited({}))  # a copy by another name
    changed = [
        name(dataclasses.replace(default, fingerprint=dataclasses.replace(fingerprint, weights_sha256="0"))),
        name(dataclasses.replace(default, fingerprint=dataclasses.replace(fingerprint, pooling="cls"))),
        name(machine="b"),
        name(check="0.9"),
    ]
    assert len({name(), *changed}) == 5


def test_the_architecture_is_in_the_name(tmp_path: Path, edited: Editor) -> None:
    import json

    default = find_model("default")
    config = json.loads((default.path / "config.json").read_text(encoding="utf-8"))
    other = edited({"config.json": config | {"hidden_act": "relu"}})
    assert other.fingerprint == dataclasses.replace(default.fingerprint, name="edited")
    assert entry_path(tmp_path, shape_of(other), machine=[], check=[]) != entry_path(
        tmp_path, shape_of(default), machine=[], check=[]
    )


def test_only_the_newest_entries_stay(tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        path = tmp_path / f"{number}.compiled"
        write_entry(path, VERDICT, BODY)
        os.utime(path, (number, number))
    write_entry(tmp_path / "new.compiled", VERDICT, BODY)
    expected = {f"{number}.compiled" for number in range(4, KEPT + 3)} | {"new.compiled"}
    assert {path.name for path in tmp_path.iterdir()} == expected
