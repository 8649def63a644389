"""Train the reader from rows of questions and passages; `make reader` runs it."""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from qa.errors import EXIT_ERROR, QAError
from qa.models import DEFAULT_MODEL, find_model, open_embedder
from qa.reader import WEIGHTS, PairEncoder
from qa.train.batches import encode_examples
from qa.train.data import collect
from qa.train.development import sampled
from qa.train.loop import Settings, train
from qa.train.plot import plot_curve
from qa.train.state import CURVE, figures_of, read_curve


def main(words: Sequence[str] | None = None) -> None:
    """Collect examples, train, write the weights in half precision with their provenance."""
    parser = argparse.ArgumentParser(prog="python -m qa.train", description=__doc__)
    parser.add_argument("rows", type=Path, help="questions, passages and answers, .jsonl.xz")
    parser.add_argument("--work", type=Path, required=True, help="folder for examples, state and curve")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="weights, .safetensors (%(default)s)")
    parser.add_argument("--epochs", type=float, default=Settings().epochs)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args(words)
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    model = find_model(DEFAULT_MODEL)
    data = collect(
        arguments.rows, work, open_embedder(model, threads=arguments.threads), threads=arguments.threads
    )
    encoder = PairEncoder(model)
    training, development = (
        [each for each in encode_examples(examples, encoder) if each is not None]
        for examples in (data.training, data.development)
    )
    settings = Settings(epochs=arguments.epochs, workers=arguments.threads)
    network = train(model.path, training, sampled(development), work=work, settings=settings)
    plot_curve(work / CURVE, work / "curve.svg")
    state = {
        name: weight.detach().to("cpu", torch.float16).contiguous()
        for name, weight in network.state_dict().items()
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, arguments.out)
    card = {
        "sha256": hashlib.sha256(arguments.out.read_bytes()).hexdigest(),
        "grown_from": model.fingerprint.name,
        "grown_from_sha256": model.fingerprint.weights_sha256,
        "examples": len(training),
        "settings": asdict(settings),
        "development": figures_of(read_curve(work / CURVE)[-1]),
    }
    arguments.out.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except QAError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_ERROR)
