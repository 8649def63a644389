"""Reading with a network: compiled it says what PyTorch says, it keeps to a budget, and refuses other weights.

The network is untrained: what it says means nothing here, only that every way says the same.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from qa.errors import ModelError
from qa.models import find_model
from qa.reader import NetworkReader, Page, PairEncoder, open_reader
from qa.reader.network_reader import arrays, load_network, uncompiled
from qa.reader.reading import best_spans
from qa.reader.weights import card_path, checked_sha256

pytestmark = pytest.mark.model

PAGES = [
    Page(
        "Port Ellery",
        "Ships waited outside. The harbour was closed by a storm in May. It rained.",
        ((0, 21), (22, 63), (64, 74)),
    ),
    Page(
        "Football",
        "The home team won by two goals. Its coach praised the young goalkeeper.",
        ((0, 31), (32, 71)),
    ),
    Page("", "A storm is a disturbed state of the atmosphere. " * 30, ((0, 47), (48, 95))),
]
QUESTION = "What closed the harbour of Port Ellery?"
CLOSE = 0.05  # bfloat16 has 8 bits; the logits of an untrained network are below 2


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from safetensors.torch import save_file

    from qa.reader import ReaderNetwork

    torch.manual_seed(11)
    network = ReaderNetwork(find_model("default").path)
    path = tmp_path_factory.mktemp("weights") / "reader.safetensors"
    save_file({name: weight.half().contiguous() for name, weight in network.state_dict().items()}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card_path(path).write_text(json.dumps({"sha256": digest}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def reader(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> NetworkReader:
    found = open_reader(threads=2, weights=weights, cache_dir=tmp_path_factory.mktemp("cache"))
    assert found.runtime.startswith("openvino"), "no compiled form passed its check on this machine"
    return found


def test_compiled_it_says_what_pytorch_says(weights: Path, reader: NetworkReader) -> None:
    model = find_model("default")
    encoder = PairEncoder(model)
    plain = uncompiled(load_network(model.path, weights), 2)
    for page, reading in zip(PAGES, reader.read(QUESTION, PAGES), strict=True):
        [pair] = encoder.encode(QUESTION, [page.header], [page.text])
        spans, wholes = plain(*arrays([pair]))
        assert np.abs(wholes[0] - [reading.relevant, reading.answered]).max() < CLOSE
        text = slice(pair.text, pair.text + len(pair.offsets))
        nothing = float(spans[0, 0].sum())
        expected = best_spans(spans[0, text, 0], spans[0, text, 1], pair.offsets, page.sentences, nothing)
        for ours, theirs in zip(reading.spans, expected, strict=True):
            assert ours is not None
            assert theirs is not None
            assert ours.score == pytest.approx(theirs.score, abs=2 * CLOSE)


def test_the_order_of_pages_changes_nothing(reader: NetworkReader) -> None:
    there, back = reader.read(QUESTION, PAGES), reader.read(QUESTION, PAGES[::-1])
    for one, other in zip(there, back[::-1], strict=True):
        assert one.relevant == pytest.approx(other.relevant, abs=CLOSE)
        for first, second in zip(one.spans, other.spans, strict=True):
            assert first is not None
            assert second is not None
            assert first.score == pytest.approx(second.score, abs=2 * CLOSE)


def test_a_budget_of_nothing_reads_one_round(reader: NetworkReader) -> None:
    pages = PAGES[:1] * 30
    assert 1 <= len(reader.read(QUESTION, pages, budget_ms=0.001)) < len(pages)
    assert len(reader.read(QUESTION, pages)) == len(pages)
    assert reader.read(QUESTION, []) == []


def test_the_second_time_it_is_found_compiled(weights: Path, tmp_path: Path) -> None:
    first = open_reader(threads=2, weights=weights, cache_dir=tmp_path)
    [kept] = tmp_path.glob("*.compiled")
    before = kept.stat()
    again = open_reader(threads=2, weights=weights, cache_dir=tmp_path)
    assert again.runtime == first.runtime
    after = kept.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_where_nothing_compiles_pytorch_reads(weights: Path, tmp_path: Path, reader: NetworkReader) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    plain = open_reader(threads=2, weights=weights, cache_dir=blocked)
    assert plain.runtime == "torch"
    for one, other in zip(plain.read(QUESTION, PAGES), reader.read(QUESTION, PAGES), strict=True):
        assert one.relevant == pytest.approx(other.relevant, abs=CLOSE)


def test_other_weights_are_refused(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / weights.name
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    copy.write_bytes(data)
    card_path(copy).write_bytes(card_path(weights).read_bytes())
    with pytest.raises(ModelError, match=r"expected .*QA_READER=off"):
        checked_sha256(copy)
    copy.unlink()
    with pytest.raises(ModelError, match=r"Cannot read .*QA_READER=off"):
        checked_sha256(copy)
