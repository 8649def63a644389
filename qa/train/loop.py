"""The training loop: seeded, in bfloat16 where that is fast, on all cores, and taken up again where it stopped."""

import math
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.nn import functional

from qa.errors import InputError
from qa.reader import ReaderNetwork
from qa.train.attention import narrow, register
from qa.train.batches import BATCH_TOKENS, Batch, Encoded, batches, collate, padded
from qa.train.development import measure
from qa.train.state import State, log


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes a run besides its examples; `workers` batches make a step, one a core or one on a GPU."""

    epochs: float = 1.0
    workers: int = 2
    learning_rate: float = 2e-4
    warm_up: float = 0.06
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 2026
    every: int = 200


@dataclass(frozen=True, slots=True)
class Losses:
    """Mean losses of a batch, as tensors that carry gradients."""

    span: torch.Tensor
    answered: torch.Tensor
    relevant: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """Return what is made small."""
        return self.span + self.answered + self.relevant


def train(
    folder: Path,
    training: Sequence[Encoded],
    development: Sequence[Encoded],
    *,
    work: Path,
    settings: Settings,
) -> ReaderNetwork:
    """Train from the weights in a model's folder and return the network.

    `work` keeps the state, taken up by the next call with the same settings and examples, and the curve, `curve.csv`:
    a line every `settings.every` steps with the losses since the line before and the figures of the development part.
    Raises InputError when the examples do not make a step.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    workers = settings.workers if device.type == "cpu" else 1
    steps = list(_steps(training, workers, settings))
    if not steps:
        raise InputError(
            f"Found {len(training):,} examples, too few for one step in {settings.epochs:g} epochs. Expected enough for "
            f"{workers} full batches of {BATCH_TOKENS:,} tokens. Take more rows: make reader TRAIN=ROWS"
        )
    threads = torch.get_num_threads()
    # The threads of a pool wait for each other by spinning, which the workers would pay.
    torch.set_num_threads(1)
    try:
        return _train(folder, training, development, steps, work, settings, device)
    finally:
        torch.set_num_threads(threads)


def _train(
    folder: Path,
    training: Sequence[Encoded],
    development: Sequence[Encoded],
    steps: Sequence[Sequence[Sequence[int]]],
    work: Path,
    settings: Settings,
    device: torch.device,
) -> ReaderNetwork:
    torch.manual_seed(settings.seed)
    network = ReaderNetwork(folder, attention=register() if device.type == "cpu" else "sdpa").to(device)
    # Half of the weights; the words' meanings are known, and few of them occur often enough to be learnt better.
    network.transformer.embeddings.word_embeddings.weight.requires_grad_(False)
    optimizer = torch.optim.AdamW(
        _groups(network, settings.weight_decay), lr=settings.learning_rate, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(steps), settings))
    state = State(work, (network, optimizer, schedule), shape=_shape(training, len(steps), settings))
    done = state.resume()
    seen: list[list[float]] = []
    columns = (TextColumn("Training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ThreadPoolExecutor(len(steps[0])) as pool, Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=len(steps), completed=done)
        begun = perf_counter()
        for step, parts in enumerate(steps[done:], start=done + 1):
            network.train()
            seen += _step(network, [[training[place] for place in part] for part in parts], pool, device)
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            schedule.step()
            bar.advance(task)
            if step % settings.every == 0 or step == len(steps):
                figures = measure(network, development, pool, device)
                losses = [sum(column) / len(seen) for column in zip(*seen, strict=True)]
                log(work, step, losses, perf_counter() - begun, figures)
                state.save(step)
                seen, begun = [], perf_counter()
    return network


def losses_of(network: ReaderNetwork, batch: Batch, device: torch.device) -> Losses:
    """Return the losses of one batch.

    The span's is the negative logarithm of the probability of all places where an answer may begin, and of all
    where it may end (Clark and Gardner 2018, section 3.2); the other two are binary cross-entropies.
    """
    ids, kinds, mask, allowed, starts, ends, answered, relevant = (
        torch.from_numpy(part).to(device)
        for part in (
            batch.ids,
            batch.kinds,
            batch.mask,
            batch.allowed,
            batch.starts,
            batch.ends,
            batch.answered,
            batch.relevant,
        )
    )
    with narrow(device):
        spans, wholes = network(ids, kinds, mask)
    spans, wholes = spans.float(), wholes.float()
    known = ~torch.isnan(relevant)
    return Losses(
        span=(_place_loss(spans[..., 0], starts, allowed) + _place_loss(spans[..., 1], ends, allowed)) / 2,
        answered=functional.binary_cross_entropy_with_logits(wholes[:, 1], answered),
        relevant=functional.binary_cross_entropy_with_logits(
            wholes[:, 0][known], relevant[known], reduction="sum"
        )
        / max(1, int(known.sum())),
    )


def _place_loss(logits: torch.Tensor, right: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    every = logits.masked_fill(~allowed, -math.inf).logsumexp(1)
    return (every - logits.masked_fill(~right, -math.inf).logsumexp(1)).mean()


def _step(
    network: ReaderNetwork, parts: Sequence[Sequence[Encoded]], pool: ThreadPoolExecutor, device: torch.device
) -> list[list[float]]:
    """Set the gradients of a step, the mean over its parts, each computed by a thread; return the parts' losses."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]

    def compute(part: Sequence[Encoded]) -> tuple[tuple[torch.Tensor, ...], list[float]]:
        if device.type == "cpu":
            torch.set_num_threads(1)  # this thread's alone; together the threads take all cores
        batch = collate(part, length=padded(max(len(example.ids) for example in part)))
        losses = losses_of(network, batch, device)
        found = torch.autograd.grad(losses.total / len(parts), weights)
        return found, [losses.span.item(), losses.answered.item(), losses.relevant.item()]

    results = list(pool.map(compute, parts))
    for weight, first, *others in zip(weights, *(gradients for gradients, _ in results), strict=True):
        for other in others:
            first.add_(other)
        weight.grad = first
    return [losses for _, losses in results]


def _steps(training: Sequence[Encoded], workers: int, settings: Settings) -> Iterator[list[list[int]]]:
    """Yield the batches of each step, the same ones for the same settings."""
    found: list[list[int]] = []
    for epoch in range(math.ceil(settings.epochs)):
        chance = random.Random(f"{settings.seed} {epoch}")  # noqa: S311 (nothing secret)
        part = batches(training, chance)
        found += part[: round(len(part) * min(1.0, settings.epochs - epoch))]
    for first in range(0, len(found) - workers + 1, workers):
        yield found[first : first + workers]


def _shape(training: Sequence[Encoded], steps: int, settings: Settings) -> str:
    """Return what must be the same for a run to be taken up."""
    digest = sha256()
    for example in training:
        digest.update(repr(example).encode())
    return f"{settings!r} {steps} {digest.hexdigest()}"


def _groups(network: ReaderNetwork, decay: float) -> list[dict[str, object]]:
    """Spare what weight decay does not suit: biases and the scales of normalisation."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": decay},
        {"params": [weight for weight in weights if weight.ndim == 1], "weight_decay": 0.0},
    ]


def _rate(step: int, steps: int, settings: Settings) -> float:
    """Rise for the first steps, then fall to nothing, both in a straight line."""
    rising = max(1, round(settings.warm_up * steps))
    if step < rising:
        return (step + 1) / rising
    return max(0.0, (steps - step) / max(1, steps - rising))
