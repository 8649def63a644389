"""txtai as its documentation sets up hybrid search over texts with their content stored.

Embeddings(path=..., hybrid=True) is the example of "Embeddings" (docs/embeddings/index.md), content=True that of
"Configuration", save and load those of "Index guide". It does not split: an article is one entry.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import protocol
import torch
from txtai import Embeddings


def build(model: str, folder: Path) -> Callable[[Sequence[protocol.Article]], None]:
    """Create the embeddings database."""
    torch.set_num_threads(protocol.THREADS)
    embeddings = Embeddings(path=model, content=True, hybrid=True)
    embeddings.transform("Load the model.")

    def index(articles: Sequence[protocol.Article]) -> None:
        embeddings.index((article["id"], protocol.full_text(article)) for article in articles)
        embeddings.save(str(folder))

    return index


def ask(model: str, folder: Path) -> Callable[[str], list[str]]:
    """Load the database, which knows its model."""
    torch.set_num_threads(protocol.THREADS)
    embeddings = Embeddings()
    embeddings.load(str(folder))
    return lambda question: [row["id"] for row in embeddings.search(question, protocol.K)]


if __name__ == "__main__":
    protocol.answer(build, ask)
