"""Open what answers questions: the index here, or a server elsewhere."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Protocol

from qa.filters import NO_FILTERS, Filters
from qa.settings import Settings
from qa.types import Answer
from qa.wiring.building import build_articles
from qa.wiring.models import embedder_of, reader_of
from qa.wiring.stores import store_of

if TYPE_CHECKING:
    from qa.answer import Answerer, LiveAnswerer
    from qa.evaluate import AskedFolder
    from qa.index import BuildProgress, OpenIndex


class Asker(Protocol):
    """Answers a question as `Answerer.ask` does, here or elsewhere."""

    def __call__(
        self,
        question: str,
        *,
        k: int,
        max_context_tokens: int | None,
        explained: bool,
        filters: Filters = NO_FILTERS,
    ) -> Answer:
        """Return the answer."""


def open_generation(settings: Settings) -> "OpenIndex":
    """Open the current state of the index without a model: enough to list, show and verify."""
    return store_of(settings).open()


def indexed_folder(settings: Settings) -> Path | None:
    """Return the folder whose articles answer, None where that is not known or the index is elsewhere."""
    from qa.index import indexed_folder

    elsewhere = settings.server is not None or settings.store is not None
    return None if elsewhere else indexed_folder(settings.index_dir)


def open_answerer(settings: Settings) -> "Answerer":
    """Open the current generation with the model that made it."""
    from qa.answer import Answerer

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(reader_of, settings)  # takes as long as the rest, and most of it is not Python
        embedder = embedder_of(settings, streams=1)
        generation = store_of(settings).open(model=embedder.fingerprint)
    return Answerer(
        generation,
        embedder,
        reader=reader.result(),
        read_budget_ms=settings.read_budget_ms,
        refuse_below=settings.refuse_below,
    )


def open_live(settings: Settings) -> "LiveAnswerer":
    """Open the newest generation, and each that is published later."""
    from qa.answer import LiveAnswerer

    return LiveAnswerer(
        store_of(settings),
        embedder_of(settings, streams=1),
        reader=reader_of(settings),
        read_budget_ms=settings.read_budget_ms,
        refuse_below=settings.refuse_below,
    )


def open_asker(settings: Settings, *, live: bool = False) -> "Asker":
    """Return what answers questions: the server that the settings name, else the current generation.

    `live`: the newest generation at each question, for those who ask for longer and give up some questions.
    """
    if settings.server is not None:
        from qa.client import Client

        return Client(settings.server, settings.api_key).answer
    if not live:
        return open_answerer(settings).ask
    answerers = open_live(settings)
    aside = ThreadPoolExecutor(1)  # Ctrl-C comes to the main thread: what is computed here ends in good order

    def ask(
        question: str,
        *,
        k: int,
        max_context_tokens: int | None,
        explained: bool,
        filters: Filters = NO_FILTERS,
    ) -> Answer:
        given_up = Event()

        def work() -> Answer:
            return answerers.current().ask(
                question,
                k=k,
                max_context_tokens=max_context_tokens,
                explained=explained,
                filters=filters,
                given_up=given_up.is_set,
            )

        try:
            return aside.submit(work).result()
        except KeyboardInterrupt:
            given_up.set()
            raise

    return ask


def ask_judged_folder(
    folder: Path,
    settings: Settings,
    *,
    sample: int | None = None,
    progress: "BuildProgress" = lambda stage, done, total: None,
) -> "AskedFolder":
    """Index a judged folder in the user's cache as `build_index` does, unless it is there, and ask its questions."""
    from platformdirs import user_cache_path

    from qa.evaluate import ask_all, read_beir

    data = read_beir(folder)
    settings = settings.model_copy(
        update={"index_dir": user_cache_path("qa") / "eval" / data.digest, "store": None}
    )
    build_articles(lambda: data.articles, settings, embedder_of(settings), progress)
    answerer = open_answerer(settings)
    return ask_all(data, answerer, refuse_below=settings.refuse_below, sample=sample, progress=progress)
