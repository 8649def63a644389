"""Fit the weights of the signs by which the quote is chosen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from qa.evaluate.beir import BeirFolder
from qa.evaluate.fitting import K, Models, Rows, indexed, sample


@dataclass(frozen=True, slots=True)
class Choice:
    """The sentences of a question's passages: their signs, (sentences, signs), and which of them answer."""

    signs: Rows
    right: NDArray[np.bool_]


def fit_quote(
    training: Mapping[str, BeirFolder], judged: Mapping[str, BeirFolder], models: Models
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the weights, and how often the best sentence is right: with all signs, and with fewer."""
    names = tuple(models.weights.quote)
    learnt = {name: list(_choices(data, models, names)) for name, data in training.items()}
    known = {name: list(_choices(data, models, names)) for name, data in judged.items()}
    # From the second sign alone to all of them: what a sign adds is the step to its line.
    steps = [names[:1], names[1:2], *(names[:count] for count in range(2, len(names) + 1))]
    pooled = [choice for choices in learnt.values() for choice in choices]
    found = {}
    for some in steps:
        places = [names.index(name) for name in some]
        weights = _pairwise(pooled, places)
        found[" + ".join(some)] = {
            name: _right_first(choices, places, weights) for name, choices in known.items()
        }
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}, {
        "training": {name: len(choices) for name, choices in learnt.items()},
        "best sentence of the three passages is right": found,
        "one is": {
            name: round(float(np.mean([choice.right.any() for choice in choices])), 4)
            for name, choices in known.items()
        },
    }


def _choices(data: BeirFolder, models: Models, names: Sequence[str]) -> Iterator[Choice]:
    with indexed(data.articles, models) as answerer:
        for question in sample(data.relevant):
            found = answerer.search(data.questions[question], k=K)
            signs, right = [], []
            for quote in found.sentences:
                article = quote.passage.chunk.article_id
                text = found.articles[article].text[quote.start : quote.end]
                signs.append([quote.signs[name] for name in names])
                right.append(article in data.relevant[question] and data.accepted[question].held_by(text))
            yield Choice(np.array(signs), np.array(right))


def _pairwise(choices: Sequence[Choice], places: Sequence[int]) -> Rows:
    """Return weights by logistic regression on the differences of an answering sentence and each other one."""
    differences, shares = [], []
    for choice in choices:
        if choice.right.any() and not choice.right.all():
            signs = choice.signs[:, places]
            best = signs[choice.right].mean(axis=0)
            others = signs[~choice.right]
            differences.append(best - others)
            shares.append(np.full(len(others), 1 / len(others)))
    rows, share = np.concatenate(differences), np.concatenate(shares)
    # Each pair both ways round: without it there is one class only, and nothing to fit.
    model = LogisticRegression(C=10.0, fit_intercept=False, max_iter=1000)
    model.fit(
        np.concatenate([rows, -rows]),
        np.repeat([1, 0], len(rows)),
        sample_weight=np.concatenate([share, share]),
    )
    weights: Rows = model.coef_[0]
    return weights


def _right_first(choices: Sequence[Choice], places: Sequence[int], weights: Rows) -> float:
    """Return the share of questions whose best sentence answers."""
    return round(
        float(np.mean([choice.right[np.argmax(choice.signs[:, places] @ weights)] for choice in choices])), 4
    )
