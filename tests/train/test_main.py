"""The whole way from rows to weights, on little."""

import hashlib
import json
import lzma
from pathlib import Path

import pytest
from safetensors.torch import load_file

from qa.models import DEFAULT_MODEL, find_model
from qa.reader import ReaderNetwork
from qa.train.__main__ import main
from tests.train.test_data import rows


@pytest.mark.model
def test_rows_become_weights_and_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "rows.jsonl.xz", tmp_path / "out" / "reader.safetensors"
    path.write_bytes(lzma.compress("".join(f"{json.dumps(each)}\n" for each in rows()).encode()))
    words = [
        str(path),
        "--work",
        str(tmp_path / "work"),
        "--out",
        str(out),
        "--threads",
        "1",
        "--epochs",
        "0.2",
    ]
    main(words)
    card = json.loads(capsys.readouterr().out)
    assert card == json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert card["examples"] > 100
    *_, last = (tmp_path / "work" / "curve.csv").read_text(encoding="utf-8").splitlines()
    assert list(card["development"].values()) == [float(each) for each in last.split(",")[5:]]
    assert 0 <= card["development"]["answered"] <= 1
    network = ReaderNetwork(find_model(DEFAULT_MODEL).path)
    assert {name: weight.shape for name, weight in load_file(out).items()} == {
        name: weight.shape for name, weight in network.state_dict().items()
    }
    kept = sorted(each.name for each in (tmp_path / "work").iterdir())
    assert kept == ["curve.csv", "curve.svg", "examples.jsonl", "index", "state.pt"]
