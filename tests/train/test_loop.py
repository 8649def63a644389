"""The training loop: the same run twice, a run taken up again, and that it learns."""

import csv
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from qa.errors import InputError
from qa.models import find_model
from qa.reader import PairEncoder, ReaderNetwork
from qa.train.attention import register
from qa.train.batches import BATCH_TOKENS, LENGTHS, Encoded, batches, collate
from qa.train.loop import Settings, _rate, _step, losses_of, train
from qa.train.plot import plot_curve
from qa.train.state import CURVE, LOSSES, log
from tests.train.made import encoded

ROWS = BATCH_TOKENS // LENGTHS[0]
"""Examples of a batch of the shortest ones."""

SETTINGS = Settings(epochs=2.0, workers=2, every=2, learning_rate=1e-3)
"""Four steps of two batches, measured and saved after the second and the fourth."""

Curve = list[dict[str, str]]


class BrokenOffError(Exception):
    """What stands for Ctrl-C."""


class Interrupted(list[Encoded]):
    """Examples that so many can be read of, then the run breaks off."""

    def __init__(self, examples: Sequence[Encoded], after: int) -> None:
        super().__init__(examples)
        self.left = after

    def __getitem__(self, place: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise BrokenOffError
        return super().__getitem__(place)


@pytest.fixture(scope="module")
def training(encoder: PairEncoder) -> list[Encoded]:
    return encoded(encoder, 4 * ROWS)


@pytest.fixture(scope="module")
def development(encoder: PairEncoder) -> list[Encoded]:
    return encoded(encoder, 24)


@pytest.fixture(scope="module")
def whole(
    small_folder: Path,
    training: list[Encoded],
    development: list[Encoded],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ReaderNetwork, Path]:
    """A run from beginning to end, and its folder."""
    work = tmp_path_factory.mktemp("whole")
    return train(small_folder, training, development, work=work, settings=SETTINGS), work


def curve(work: Path) -> Curve:
    """Return the lines of a curve but for the time they took."""
    with (work / CURVE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(float(row.pop("seconds")) >= 0 for row in rows)
    return rows


def assert_same_weights(one: ReaderNetwork, other: ReaderNetwork) -> None:
    for name, weight in one.state_dict().items():
        torch.testing.assert_close(weight, other.state_dict()[name], atol=1e-6, rtol=1e-6, msg=name)


def test_two_runs_are_the_same(
    whole: tuple[ReaderNetwork, Path],
    small_folder: Path,
    training: list[Encoded],
    development: list[Encoded],
    tmp_path: Path,
) -> None:
    network, work = whole
    again = train(small_folder, training, development, work=tmp_path, settings=SETTINGS)
    rows = curve(work)
    assert [row["step"] for row in rows] == ["2", "4"]
    assert list(rows[0])[:4] == ["step", *(f"loss_{name}" for name in LOSSES)]
    assert rows == curve(tmp_path)
    assert_same_weights(network, again)


def test_an_interrupted_run_is_taken_up_where_it_stopped(
    whole: tuple[ReaderNetwork, Path],
    small_folder: Path,
    training: list[Encoded],
    development: list[Encoded],
    tmp_path: Path,
) -> None:
    network, work = whole
    # Both epochs are looked through for their batches; then the third step is done and not saved.
    after = 2 * len(training) + 3 * 2 * ROWS
    with pytest.raises(BrokenOffError):
        train(small_folder, Interrupted(training, after), development, work=tmp_path, settings=SETTINGS)
    assert [row["step"] for row in curve(tmp_path)] == ["2"]
    again = train(
        small_folder, Interrupted(training, after - 2 * ROWS), development, work=tmp_path, settings=SETTINGS
    )
    assert curve(tmp_path) == curve(work)
    assert_same_weights(network, again)


def test_a_run_that_is_done_is_not_repeated(
    whole: tuple[ReaderNetwork, Path], small_folder: Path, training: list[Encoded], development: list[Encoded]
) -> None:
    network, work = whole
    before = (work / CURVE).read_bytes()
    looking = Interrupted(training, 2 * len(training))
    assert_same_weights(network, train(small_folder, looking, development, work=work, settings=SETTINGS))
    assert (work / CURVE).read_bytes() == before


def test_other_settings_begin_anew(
    small_folder: Path, training: list[Encoded], development: list[Encoded], tmp_path: Path
) -> None:
    short = replace(SETTINGS, epochs=0.5, every=1)
    first = train(small_folder, training, development, work=tmp_path, settings=short)
    other = train(small_folder, training, development, work=tmp_path, settings=replace(short, seed=3))
    assert [row["step"] for row in curve(tmp_path)] == ["1"]
    assert not torch.equal(first.span.weight, other.span.weight)


@pytest.mark.parametrize("change", ["examples", "steps"])
def test_other_examples_begin_anew(
    small_folder: Path, training: list[Encoded], development: list[Encoded], tmp_path: Path, change: str
) -> None:
    """Even as many of them, and more of them that begin alike."""
    short = replace(SETTINGS, epochs=0.5, every=1)
    first = train(small_folder, training, development, work=tmp_path, settings=short)
    others = [replace(each, relevant=0.0) for each in training] if change == "examples" else training * 2
    again = train(small_folder, others, development, work=tmp_path, settings=short)
    (tmp_path / "alone").mkdir()
    alone = train(small_folder, others, development, work=tmp_path / "alone", settings=short)
    assert [row["step"] for row in curve(tmp_path)] == ["1"] if change == "examples" else ["1", "2"]
    assert_same_weights(again, alone)
    assert not torch.equal(first.span.weight, again.span.weight)


def test_a_line_that_was_written_before_the_run_was_killed_does_not_come_twice(
    whole: tuple[ReaderNetwork, Path],
    small_folder: Path,
    training: list[Encoded],
    development: list[Encoded],
    tmp_path: Path,
) -> None:
    after = 2 * len(training) + 3 * 2 * ROWS
    with pytest.raises(BrokenOffError):
        train(small_folder, Interrupted(training, after), development, work=tmp_path, settings=SETTINGS)
    lines = (whole[1] / CURVE).read_bytes()
    # The fourth step's line is there, and the beginning of another; the state is that of the second step.
    (tmp_path / CURVE).write_bytes(lines + b"1")
    train(small_folder, training, development, work=tmp_path, settings=SETTINGS)
    assert curve(tmp_path) == curve(whole[1])


def test_a_curve_without_a_state_begins_anew(
    whole: tuple[ReaderNetwork, Path],
    small_folder: Path,
    training: list[Encoded],
    development: list[Encoded],
    tmp_path: Path,
) -> None:
    (tmp_path / CURVE).write_bytes((whole[1] / CURVE).read_bytes())
    train(small_folder, training, development, work=tmp_path, settings=replace(SETTINGS, epochs=0.5, every=1))
    assert [row["step"] for row in curve(tmp_path)] == ["1"]


@pytest.mark.parametrize("count", [0, 2 * ROWS - 1])
def test_too_few_examples_for_a_step_are_refused(
    small_folder: Path, training: list[Encoded], development: list[Encoded], tmp_path: Path, count: int
) -> None:
    settings = replace(SETTINGS, epochs=1.0)
    with pytest.raises(InputError, match=rf"^Found {count} examples.*Expected.*2 full batches.*make reader"):
        train(small_folder, training[:count], development, work=tmp_path, settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_threads_are_left_as_they_were(
    small_folder: Path,
    training: list[Encoded],
    development: list[Encoded],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = torch.get_num_threads()
    settings = replace(SETTINGS, epochs=0.5, every=1)
    try:
        torch.set_num_threads(3)
        train(small_folder, training, development, work=tmp_path, settings=settings)
        assert torch.get_num_threads() == 3
        with pytest.raises(BrokenOffError):
            train(
                small_folder,
                Interrupted(training, len(training) + 20),
                development,
                work=tmp_path / "a",
                settings=settings,
            )
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    out, talk = capsys.readouterr()
    assert out == ""
    assert "Training" in talk


def test_words_keep_their_meanings_and_everything_else_learns(
    whole: tuple[ReaderNetwork, Path], small_folder: Path
) -> None:
    network, _ = whole
    torch.manual_seed(SETTINGS.seed)
    before = ReaderNetwork(small_folder).state_dict()
    after = network.state_dict()
    same = {name for name, weight in after.items() if torch.equal(weight, before[name])}
    assert same == {"transformer.embeddings.word_embeddings.weight"}


def test_the_curve_is_drawn(whole: tuple[ReaderNetwork, Path], tmp_path: Path) -> None:
    plot_curve(whole[1] / CURVE, tmp_path / "curve.svg")
    assert "<svg" in (tmp_path / "curve.svg").read_text(encoding="utf-8")


def test_a_curve_without_figures_is_drawn(tmp_path: Path) -> None:
    log(tmp_path, 1, (0.5, 0.5, 0.5), 1.0, {})
    plot_curve(tmp_path / CURVE, tmp_path / "curve.svg")
    assert "<svg" in (tmp_path / "curve.svg").read_text(encoding="utf-8")


def test_the_rate_rises_and_falls_in_straight_lines() -> None:
    settings = Settings(warm_up=0.2)
    rates = [_rate(step, 10, settings) for step in range(11)]
    assert rates == pytest.approx([0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0])


def test_losses_are_those_of_their_formulas(small_folder: Path, training: list[Encoded]) -> None:
    """Of a network that says nothing (all logits 0), every loss is the logarithm of a number of choices."""
    network = ReaderNetwork(small_folder)
    with torch.no_grad():
        for head in (network.span, network.whole):
            head.weight.zero_()
            head.bias.zero_()
    answered, other = training[1], training[0]
    loose = replace(
        answered, starts=(answered.text, answered.text + 1), ends=(answered.text, answered.text + 1)
    )
    batch = collate([answered, other, loose], length=96)
    losses = losses_of(network, batch, torch.device("cpu"))
    choices = [len(each.ids) - 1 - each.text + 1 for each in (answered, other, loose)]
    expected = torch.tensor([choices[0], choices[1], choices[2] / 2]).log().mean()
    assert losses.span.item() == pytest.approx(expected.item(), rel=1e-5)
    assert losses.answered.item() == losses.relevant.item() == pytest.approx(0.6931472)
    assert losses.total.item() == pytest.approx(expected.item() + 2 * 0.6931472)
    unknown = collate([replace(each, relevant=float("nan")) for each in (answered, other)], length=96)
    assert losses_of(network, unknown, torch.device("cpu")).relevant.item() == 0


def test_the_gradient_of_a_step_is_the_mean_of_its_batches(
    small_folder: Path, training: list[Encoded]
) -> None:
    network, cpu = ReaderNetwork(small_folder, attention=register()), torch.device("cpu")
    parts = [training[:8], training[9:20]]

    def gradients(parts: list[list[Encoded]]) -> dict[str, torch.Tensor]:
        with ThreadPoolExecutor(2) as pool:
            losses = _step(network, parts, pool, cpu)
        assert [len(row) for row in losses] == [len(LOSSES)] * len(parts)
        return {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}

    one, other = (gradients([part]) for part in parts)
    both = gradients(parts)
    assert set(both) == {name for name, _ in network.named_parameters()}
    assert not torch.allclose(one["mixed.weight"], other["mixed.weight"], rtol=0.1)
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, (one[name] + other[name]) / 2, atol=1e-4, rtol=1e-2, msg=name)


@pytest.mark.model
def test_it_learns(encoder: PairEncoder, development: list[Encoded], tmp_path: Path) -> None:
    settings = Settings(epochs=1.0, workers=1, every=1, learning_rate=5e-4)
    training = encoded(encoder, 6 * ROWS)
    assert len(batches(training, random.Random(1))) == 6
    train(find_model("default").path, training, development, work=tmp_path, settings=settings)
    rows = curve(tmp_path)
    first, last = rows[0], rows[-1]
    assert float(last["loss_span"]) < float(first["loss_span"]) / 2
    assert float(last["loss_answered"]) < float(first["loss_answered"])
    assert float(last["start_right"]) > 0.9
    assert float(last["answered"]) > 0.9
