"""Measures against numbers worked out by hand."""

from math import log2

import numpy as np
import pytest

from qa.evaluate import measures

FILLED = tuple(f"x{number}" for number in range(10))
GRADES = {
    "first": {"a": 1},
    "eleventh": {"a": 1},
    "two of three": {"a": 1, "b": 1, "c": 1},
    "no result": {"a": 1},
    "not in the run": {"a": 1},
    "graded": {"a": 3, "b": 1},
}
RANKINGS = {
    "first": ("a", "b"),
    "eleventh": (*FILLED, "a"),
    "two of three": ("x", "b", "y", "a"),
    "no result": (),
    "graded": ("b", "a"),
    "unjudged": ("a",),
}


def test_ranking_measures() -> None:
    found = measures.ranking_measures(RANKINGS, GRADES)
    two = (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / 2)
    graded = (1 + 3 / log2(3)) / (3 + 1 / log2(3))
    assert found["nDCG@10"].tolist() == pytest.approx([1, 0, two, 0, 0, graded])
    assert found["R@1"].tolist() == pytest.approx([1, 0, 0, 0, 0, 1 / 2])
    assert found["R@5"].tolist() == pytest.approx([1, 0, 2 / 3, 0, 0, 1])
    assert found["R@20"].tolist() == pytest.approx([1, 1, 2 / 3, 0, 0, 1])
    assert found["R@100"].tolist() == pytest.approx([1, 1, 2 / 3, 0, 0, 1])
    assert found["RR@10"].tolist() == pytest.approx([1, 0, 1 / 2, 0, 0, 1])
    assert found["Success@1"].tolist() == pytest.approx([1, 0, 0, 0, 0, 1])
    assert set(measures.MEASURES) <= found.keys()
    assert {f"R@{cutoff}" for cutoff in measures.CUTOFFS} <= found.keys()


def test_rankings_longer_than_a_float_is_fine_keep_their_order() -> None:
    many = tuple(f"x{number:06}" for number in range(200))
    [found] = measures.ranking_measures({"q": many}, {"q": {many[99]: 1}})["R@100"]
    [missed] = measures.ranking_measures({"q": many}, {"q": {many[100]: 1}})["R@100"]
    assert (found, missed) == (1, 0)


def test_bootstrap_of_no_spread_is_a_point() -> None:
    [constant] = measures.bootstrap(np.full((7, 1), 0.25))
    assert (constant.mean, constant.low, constant.high) == (0.25, 0.25, 0.25)


def test_bootstrap_is_as_wide_as_the_normal_interval() -> None:
    coins = np.tile([0.0, 1.0], 200)[:, np.newaxis]
    [found] = measures.bootstrap(coins)
    assert found.mean == 0.5
    assert (found.low, found.high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.004)


def test_bootstrap_is_paired_and_repeats_itself() -> None:
    ours = np.random.default_rng(1).random(50)
    theirs = ours - 0.125  # the difference is the same for every question, so its interval is a point
    both, difference = np.stack([ours, theirs], axis=1), (ours - theirs)[:, np.newaxis]
    first, second = measures.bootstrap(both)
    assert (first.low - second.low, first.high - second.high) == pytest.approx((0.125, 0.125))
    [paired] = measures.bootstrap(difference)
    assert (paired.low, paired.high) == pytest.approx((0.125, 0.125))
    assert measures.bootstrap(both) == [first, second]


def test_auroc_counts_ties_half() -> None:
    confidence = np.array([0.9, 0.5, 0.5, 0.1])
    assert measures.auroc(confidence, np.array([True, True, False, False])) == (1 + 1 + 0.5 + 1) / 4


def test_reliability_and_calibration_error() -> None:
    confidence = np.array([0.05, 0.0, 0.95, 1.0, 0.45])
    bins = measures.reliability(confidence, np.array([False, True, True, True, False]))
    assert [each.questions for each in bins] == [2, 1, 2]
    assert (bins[2].confidence, bins[2].share) == pytest.approx((0.975, 1))
    expected = (2 * abs(0.025 - 0.5) + 1 * 0.45 + 2 * 0.025) / 5
    assert measures.calibration_error(bins) == pytest.approx(expected)


def test_risk_by_coverage_shares_ties() -> None:
    confidence = np.array([0.1, 0.8, 0.9, 0.8])
    for right in ([False, False, True, True], [False, True, True, False]):
        risks = measures.risks(confidence, np.array(right))
        assert risks.tolist() == pytest.approx([0, 0.5 / 2, 1 / 3, 2 / 4])
    points = measures.curve(risks)
    assert [point.coverage for point in points] == [0.25, 0.5, 0.75, 1]
    assert [point.risk for point in points] == risks.tolist()


def test_a_long_curve_is_thinned_and_ends_with_all_questions() -> None:
    points = measures.curve(np.linspace(0, 1, 4955))
    assert len(points) == 100
    assert (points[-1].coverage, points[-1].risk) == (1, 1)
