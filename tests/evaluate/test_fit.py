"""Fitting: weights are found again that data were made with, and the rows to learn from are read as they are."""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from qa.errors import InputError
from qa.evaluate.fit_confidence import THRESHOLD, Sample, _figures, _logistic
from qa.evaluate.fit_quote import Choice, _pairwise, _right_first
from qa.evaluate.training import read_training


def choices(weights: list[float], count: int = 400) -> list[Choice]:
    """Five sentences a question, of which that with the best noisy sum answers."""
    chance = np.random.default_rng(3)
    signs = chance.random((count, 5, len(weights)))
    sums = signs @ np.array(weights) + chance.gumbel(scale=0.05, size=(count, 5))
    return [Choice(each, np.arange(5) == sums[place].argmax()) for place, each in enumerate(signs)]


def test_the_quotes_weights_are_found_again() -> None:
    found = _pairwise(choices([2.0, 1.0, 0.0]), [0, 1, 2])
    assert found[0] / found[1] == pytest.approx(2, rel=0.15)
    assert abs(found[2]) < 0.1 * found[0]
    assert _right_first(choices([2.0, 1.0, 0.0], 50), [0, 1, 2], found) > 0.7


def test_questions_where_all_or_none_answer_teach_nothing() -> None:
    known = choices([1.0, 0.0])
    silent = [Choice(np.random.default_rng(1).random((4, 2)), np.full(4, right)) for right in (True, False)]
    assert _pairwise(known + silent, [0, 1]) == pytest.approx(_pairwise(known, [0, 1]))


def test_the_confidence_is_a_probability() -> None:
    chance = np.random.default_rng(5)
    sign = chance.normal(size=4000)
    holds = chance.random(4000) < 1 / (1 + np.exp(-(2 * sign - 1)))
    samples = [
        Sample(str(n), "own" if hold else "moved", (1.0, float(x)), bool(hold))
        for n, (x, hold) in enumerate(zip(sign, holds, strict=True))
    ]
    curve = _logistic(samples)
    assert curve.weights == pytest.approx([-1, 2], abs=0.15)
    figures = _figures(samples, [curve, curve])
    assert figures["expected calibration error"] < 0.03
    assert 0.85 < figures["auroc, asked without the article"] < 0.95
    refused = curve.probability(np.stack([np.ones(4000), sign], axis=1)) < THRESHOLD
    assert figures["false refusals"] == pytest.approx(refused[holds].mean(), abs=1e-4)


def rows(folder: Path, *lines: object) -> Path:
    path = folder / "rows.jsonl.xz"
    path.write_bytes(lzma.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    return path


def row(name: str, context: str, *answers: str, kind: str = "wiki") -> dict[str, object]:
    found = [{"text": text, "start": context.index(text)} for text in answers]
    return {
        "id": name,
        "question": f"{name}?",
        "context": context,
        "title": "T",
        "set": kind,
        "answers": found,
    }


def test_rows_become_a_judged_collection(tmp_path: Path) -> None:
    text = "It rained in May."
    path = rows(
        tmp_path, row("a", text, "May"), row("b", text), row("c", "Dry.", "Dry"), row("d", text, kind="other")
    )
    (found,) = read_training(path, ["wiki"], articles=10, questions=10).values()
    assert sorted(article.text for article in found.articles) == ["Dry.", text]
    assert set(found.questions) == {"a", "c"}
    (article,) = found.relevant["a"]
    assert next(each.text for each in found.articles if each.id == article) == text
    assert found.accepted["a"].held_by("in May.")
    fewer = read_training(path, ["wiki"], articles=1, questions=10)["wiki"]
    assert len(fewer.articles) == 1
    assert all(names <= {each.id for each in fewer.articles} for names in fewer.relevant.values())


def test_what_are_no_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Expected rows"):
        read_training(tmp_path / "missing.xz", ["wiki"], articles=1, questions=1)
    with pytest.raises(InputError, match="Expected rows"):
        read_training(rows(tmp_path, {"set": "wiki"}), ["wiki"], articles=1, questions=1)
