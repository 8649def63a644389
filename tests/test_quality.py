"""Floors on public questions, through the real model: `qa eval` with room for what a sample's chance does."""

from pathlib import Path

import pytest

from qa.evaluate import SPAN_MEASURES, Evaluation, ask_all, evaluate, index_articles, read_beir
from qa.models import find_model, open_embedder
from qa.reader import Reader, open_reader

pytestmark = pytest.mark.model


def evaluation(folder: Path, index_dir: Path, sample: int, reader: Reader | None = None) -> Evaluation:
    data, embedder = read_beir(folder), open_embedder(find_model("default"), threads=2)
    answerer = index_articles(data.articles, index_dir, embedder, reader)
    return evaluate(ask_all(data, answerer, sample=sample), legs=True)


def test_the_fusion_is_better_than_its_legs_and_the_quote_answers(shared_dir: Path, tmp_path: Path) -> None:
    found = evaluation(shared_dir / "eval" / "xquad" / "en", tmp_path, 300)
    ours, *legs = ((row.name, row.measures["nDCG@10"].mean) for row in found.rankings)
    assert ours[1] >= 0.96
    assert all(ours[1] >= leg - 0.005 for _, leg in legs), (ours, legs)
    assert found.quotes is not None
    assert found.quotes.measures["answer-in-quote given the article"].mean >= 0.85
    assert found.quotes.measures["answer-in-quote@1"].mean >= 0.82
    assert found.quotes.sentences <= 1.6
    assert found.refusals.false_refusals <= 0.05


def test_near_misses_are_less_sure(shared_dir: Path, tmp_path: Path) -> None:
    found = evaluation(shared_dir / "eval" / "clapnq_dev", tmp_path, 200)
    assert found.rankings[0].measures["nDCG@10"].mean >= 0.97
    assert found.refusals.auroc is not None
    assert found.refusals.auroc >= 0.85
    assert found.refusals.false_refusals <= 0.05


def test_reading_finds_the_words_that_answer(shared_dir: Path, tmp_path: Path) -> None:
    found = evaluation(shared_dir / "eval" / "xquad" / "en", tmp_path, 200, open_reader(threads=2))
    assert found.rankings[0].measures["nDCG@10"].mean >= 0.97
    assert found.quotes is not None
    measures = found.quotes.measures
    assert measures["answer-in-quote given the article"].mean >= 0.90
    assert measures["answer-in-quote@1"].mean >= 0.87
    f1, equal = (measures[name].mean for name in SPAN_MEASURES)
    assert f1 >= 0.57
    assert equal >= 0.43
    assert found.refusals.false_refusals <= 0.05
