"""Measure a network on examples of articles that it does not learn from."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from qa.evaluate import auroc
from qa.reader import ReaderNetwork, best_span
from qa.train.attention import narrow
from qa.train.batches import BATCH_TOKENS, Encoded, collate, padded

DEVELOPMENT_EXAMPLES = 1500
"""How many examples are measured on, every `Settings.every` steps: enough for two digits of a figure."""

_SEED = 2026


def sampled(examples: Sequence[Encoded]) -> list[Encoded]:
    """Return at most `DEVELOPMENT_EXAMPLES`, always the same and of all sets: the file has one after the other."""
    chance = random.Random(_SEED)  # noqa: S311 (nothing secret)
    return chance.sample(examples, min(DEVELOPMENT_EXAMPLES, len(examples)))


def measure(
    network: ReaderNetwork, examples: Sequence[Encoded], pool: ThreadPoolExecutor, device: torch.device
) -> dict[str, float]:
    """Return figures between 0 and 1, without those that need examples which are not there.

    answered                 AUROC of the logit of answerability, answered examples against all others; with a kind's
                             name behind it, against those of that kind
    span                     the same, of the best span's score over that of "no answer here"
    start_right, end_right   share of answered examples whose most likely span begins and ends where an answer does
    relevant                 AUROC of the logit of relevance, the passage that answers against retrieved ones
    """
    network.eval()
    order = sorted(range(len(examples)), key=lambda place: len(examples[place].ids))
    groups: dict[int, list[int]] = {}
    for place in order:
        groups.setdefault(padded(len(examples[place].ids)), []).append(place)
    parts = [
        places[first : first + BATCH_TOKENS // length]
        for length, places in groups.items()
        for first in range(0, len(places), BATCH_TOKENS // length)
    ]

    def read(part: list[int]) -> list[tuple[float, float, float, float, float]]:
        if device.type == "cpu":
            torch.set_num_threads(1)
        return _read(network, [examples[place] for place in part], device)

    found = np.empty((len(examples), 5))
    for part, rows in zip(parts, pool.map(read, parts), strict=True):
        found[part] = rows
    answers = np.array([example.starts != (0,) for example in examples], dtype=np.bool_)
    relevant = np.array([example.relevant for example in examples])
    known, every = ~np.isnan(relevant), np.full(len(examples), fill_value=True)
    figures = {}
    if answers.any():
        figures["start_right"] = float(found[answers, 0].mean())
        figures["end_right"] = float(found[answers, 1].mean())
    compared = {
        "relevant": (4, relevant > 0, known),
        "span": (2, answers, every),
        "answered": (3, answers, every),
    }
    kinds = np.array([example.kind for example in examples])
    for kind in sorted(set(kinds[~answers])):
        some = answers | (kinds == kind)
        compared |= {f"span_{kind}": (2, answers, some), f"answered_{kind}": (3, answers, some)}
    for name, (column, right, some) in compared.items():
        if 0 < right[some].sum() < some.sum():
            figures[name] = auroc(found[some, column], right[some])
    return {name: round(figure, 4) for name, figure in figures.items()}


@torch.inference_mode()
def _read(
    network: ReaderNetwork, examples: Sequence[Encoded], device: torch.device
) -> list[tuple[float, float, float, float, float]]:
    batch = collate(examples, length=padded(max(len(example.ids) for example in examples)))
    with narrow(device):
        spans, wholes = network(
            *(torch.from_numpy(part).to(device) for part in (batch.ids, batch.kinds, batch.mask))
        )
    starts, ends = spans.float().cpu().numpy().transpose(2, 0, 1)
    wholes = wholes.float().cpu().numpy()
    rows = []
    for row, example in enumerate(examples):
        text = slice(example.text, len(example.ids) - 1)
        start, end, score = best_span(starts[row, text], ends[row, text])
        score -= float(starts[row, 0] + ends[row, 0])
        rows.append(
            (
                float(start + example.text in example.starts),
                float(end + example.text in example.ends),
                score,
                float(wholes[row, 1]),
                float(wholes[row, 0]),
            )
        )
    return rows
