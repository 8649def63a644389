"""Let a cross-encoder of the user's choice say which passages are relevant."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from qa.errors import ModelError
from qa.models import model_folder, quiet
from qa.reader.reading import Page, Reader, Reading

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_PAGES_A_ROUND = 2


class RerankingReader:
    """Takes relevance from a cross-encoder and everything else from another reader."""

    def __init__(self, reader: Reader, library: "CrossEncoder", *, threads: int) -> None:
        """Take both; the cross-encoder has one logit a pair."""
        self.runtime = f"{reader.runtime}, relevance by torch"
        self._reader = reader
        self._library = library
        self._threads = threads

    def read(self, question: str, pages: Sequence[Page], *, budget_ms: float | None = None) -> list[Reading]:
        """Read with both. The cross-encoder, usually much the slower one, gets what the other leaves of the budget."""
        import torch

        begun = perf_counter()
        readings = self._reader.read(question, pages, budget_ms=budget_ms)
        torch.set_num_threads(self._threads)
        found: list[Reading] = []
        while len(found) < len(readings):
            some = slice(len(found), len(found) + _PAGES_A_ROUND)
            started = perf_counter()
            logits = self._library.predict(
                [(question, f"{page.header}\n{page.text}".strip()) for page in pages[some]],
                activation_fn=torch.nn.Identity(),  # many put a sigmoid here, which flattens what is sure
                show_progress_bar=False,
            )
            found += [
                replace(reading, relevant=logit)
                for reading, logit in zip(readings[some], logits.tolist(), strict=True)
            ]
            now = perf_counter()
            if budget_ms is not None and (now - begun + now - started) * 1000 > budget_ms:
                break
        return found


def open_reranker(name: str, reader: Reader, *, threads: int) -> RerankingReader:
    """Return `reader` with the relevance of the cross-encoder in a folder, or of that name on the model hub.

    Raises ModelError when there is none, or when it does not give one logit a pair.
    """
    instead = "Name a folder that holds a cross-encoder, or leave QA_RERANKER unset."
    path = model_folder(name, instead=instead)
    from sentence_transformers import CrossEncoder

    try:
        with quiet():
            library = CrossEncoder(
                str(path), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
            )
    except Exception as error:  # noqa: BLE001 (broken weights raise errors of several libraries)
        raise ModelError(f"Cannot load the cross-encoder in {path}: {error}. {instead}") from error
    if library.num_labels != 1:
        raise ModelError(
            f"The cross-encoder {name} gives {library.num_labels} numbers a passage, expected 1. {instead}"
        )
    return RerankingReader(reader, library, threads=threads)
