"""Fit what is fitted; run it with `python -m qa.evaluate.fit EVAL_FOLDER TRAINING_FILE`.

There are two sets of weights, for answers whose passages the reader has read and for those that retrieval alone
gives. The quote's come from the training rows, whose passages and questions are in no evaluation set; with the reader
from those that it was not trained on. The confidence comes from the evaluation sets: each set's articles are dealt into two halves by their titles (a title's
paragraphs stay together), each half is indexed, and every question is asked of both, of the half with its article
and of the other, which cannot answer. Near misses, where a set has them, are asked of the whole. Half of the
questions are fitted on, the other half measured; what ships is fitted on all of them.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import qa
from qa.answer import FILE, fitted
from qa.evaluate.beir import read_beir
from qa.evaluate.fit_confidence import THRESHOLD, fit_confidence
from qa.evaluate.fit_passage import fit_passage
from qa.evaluate.fit_quote import fit_quote
from qa.evaluate.fitting import QUESTIONS_PER_SET, Models
from qa.evaluate.training import read_training
from qa.models import DEFAULT_MODEL, find_model, open_embedder
from qa.reader import open_reader

# Encyclopaedia, search queries, questions translated from African languages, questions answered by whole sentences.
TRAINING_SETS = ("squadshifts_new_wiki", "qed_nq_train", "afriqa_pivot", "selqa")
READ_SETS = (*TRAINING_SETS, "fairytaleqa", "squad_train_sentences_nqg")  # few of a set were not trained on
TRAINING_ARTICLES = 900
QUOTE_SETS = ("squad_v1_dev", "nq_oracle")
CONFIDENCE_SETS = ("squad_v2_dev", "nq_oracle", "clapnq_dev")
PARTS = ("unread", "read")


def main() -> None:
    """Fit, write the weights with the figures that speak for them."""
    parser = argparse.ArgumentParser(prog="python -m qa.evaluate.fit", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of BEIR folders")
    parser.add_argument("training", type=Path, help="rows of questions and answers, .jsonl.xz")
    parser.add_argument("--out", type=Path, default=Path(qa.__file__).parent / "answer" / FILE)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=("read", "unread"), help="fit one set of weights, keep the other")
    arguments = parser.parse_args()
    embedder = open_embedder(find_model(DEFAULT_MODEL), threads=arguments.threads)
    result = json.loads(arguments.out.read_text(encoding="utf-8"))
    result["provenance"] |= {
        "command": "python -m qa.evaluate.fit ../shared/eval ../shared/train/en.jsonl.xz",
        "model": embedder.fingerprint.name,
    }
    result["threshold"] = THRESHOLD
    judged = {name: read_beir(arguments.folder / name) for name in {*QUOTE_SETS, *CONFIDENCE_SETS}}
    reader = open_reader(threads=arguments.threads)
    for part in PARTS if arguments.only is None else (arguments.only,):
        read = part == "read"
        models = Models(embedder, reader if read else None)
        training = read_training(
            arguments.training,
            READ_SETS if read else TRAINING_SETS,
            articles=TRAINING_ARTICLES,
            questions=QUESTIONS_PER_SET,
            development=read,
        )
        found = result["provenance"].setdefault(part, {})
        if read:
            result[part]["passage"], found["passage"] = fit_passage(
                training, result["unread"]["passage"], models
            )
            _write(arguments.out, result)
        result[part]["quote"], found["quote"] = fit_quote(
            training, {name: judged[name] for name in QUOTE_SETS}, models
        )
        _write(arguments.out, result)
        result[part]["confidence"], found["confidence"] = fit_confidence(
            {name: judged[name] for name in CONFIDENCE_SETS}, models
        )
        _write(arguments.out, result)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


def _write(path: Path, result: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    fitted.cache_clear()  # the next step is fitted on what this one ships


if __name__ == "__main__":
    main()
