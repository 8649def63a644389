"""Fit how much what the reader says counts when passages are ordered."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from qa.answer import Found
from qa.evaluate.beir import BeirFolder
from qa.evaluate.fitting import K, Models, Rows, indexed, sample

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5)
DEPTH = 10


def fit_passage(
    training: Mapping[str, BeirFolder], unread: Mapping[str, float], models: Models
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the weights of retrieval, as they were, with the reader's, and nDCG@10 of each weight by set.

    The best mean over the sets wins.
    """
    found = {name: _orders(data, unread, models) for name, data in training.items()}
    means = {
        weight: float(np.mean([row[place] for row in found.values()])) for place, weight in enumerate(GRID)
    }
    best = max(means, key=lambda weight: means[weight])
    table = {
        name: {str(weight): round(float(value), 4) for weight, value in zip(GRID, row, strict=True)}
        for name, row in found.items()
    }
    return {**unread, "relevant": best}, {"nDCG@10 by weight of the reader": table}


def _orders(data: BeirFolder, unread: Mapping[str, float], models: Models) -> Rows:
    """Return the mean nDCG@10 of each weight in the grid."""
    with indexed(data.articles, models) as answerer:
        rows = []
        for question in sample(data.relevant):
            found = answerer.search(data.questions[question], k=K)
            rows.append(_gains(found, data.relevant[question], unread, answerer.generation.chunks))
    means: Rows = np.mean(rows, axis=0)
    return means


def _gains(found: Found, relevant: frozenset[str], unread: Mapping[str, float], chunks: Any) -> list[float]:  # noqa: ANN401
    """Return for each weight what the one relevant article's place is worth, 1 / log2(1 + rank)."""
    candidates = found.candidates
    articles = [chunk.article_id for chunk in chunks([each.row for each in candidates])]
    fused = np.array([sum(w * each.signs[name] for name, w in unread.items()) for each in candidates])
    read = np.array([each.relevant for each in candidates])
    gains = []
    for weight in GRID:
        order = np.argsort(-(fused + weight * read), kind="stable")
        ranking = list(dict.fromkeys(articles[place] for place in order))[:DEPTH]
        places = [place for place, article in enumerate(ranking, start=1) if article in relevant]
        gains.append(1 / float(np.log2(1 + places[0])) if places else 0.0)
    return gains
