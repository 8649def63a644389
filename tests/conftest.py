"""What every test may ask for, and the promise that no test leaves this machine."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as profiles

from qa.errors import ArticleNotFoundError
from qa.index import Generation, open_generation
from qa.settings import Settings
from qa.types import Answer, Article, Chunk, Citation, IndexInfo, Mention, Passage
from qa.wiring import build_index
from tests.articles import ARTICLES, write_articles

# Before anything imports a hub client, which reads this once.
os.environ["HF_HUB_OFFLINE"] = "1"

# Started in the background of a script, a process ignores Ctrl-C, and so would every child that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = frozenset({"", "127.0.0.1", "::1", "localhost", "testserver"})

# The same examples in every run, and no deadline on a machine that may be slow: a red test is then a
# broken law. HYPOTHESIS_PROFILE=full looks further, and elsewhere each time.
profiles.register_profile("ci", derandomize=True, deadline=None, max_examples=60, print_blob=True)
profiles.register_profile("full", deadline=None, max_examples=1000, print_blob=True)
profiles.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Fail any look-up of, or connection to, another machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):  # a str is a socket file
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name not in LOCAL_HOSTS:
        raise RuntimeError(f"A test tried to reach {name!r}. Expected: tests use this machine only.")


sys.addaudithook(_refuse_network)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the suite be run in two calls: most tests side by side, the others with the machine to themselves."""
    parser.addoption(
        "--alone", choices=("never", "only"), help="leave out the tests marked `alone`, or run no others"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--alone")
    if wanted is None:
        return
    alone = [item for item in items if item.get_closest_marker("alone")]
    others = [item for item in items if not item.get_closest_marker("alone")]
    items[:], left_out = (alone, others) if wanted == "only" else (others, alone)
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Send half a surrogate pair, which tests log on purpose, as a question mark: xdist cannot."""
    report = yield
    return json.loads(json.dumps(report, ensure_ascii=False).encode(errors="replace"))


@pytest.fixture(scope="session")
def seeds_dir() -> Path:
    """The articles shipped with the project."""
    return ROOT / "seeds"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder `shared` beside the checkout: original articles and data sets that are not shipped."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared, the data beside the checkout, which is not there")
    return folder


@pytest.fixture(scope="session")
def loopback() -> None:
    """The interface of 127.0.0.1, which is down in a fresh network namespace (`unshare -n`)."""
    with socket.socket() as listener, socket.socket() as client:
        try:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            client.connect(listener.getsockname())
        except OSError as error:
            pytest.skip(f"needs the loopback interface, which is down here: {error.strerror}")


@pytest.fixture
def article() -> Article:
    text = "Harbour\n\nThe harbour was closed. Ships waited.\n\nIt opened on Friday."
    return Article(
        "a/b.md",
        "Harbour",
        text,
        "f" * 64,
        "The Gazette",
        "A. Writer",
        "2023-07-11",
        "https://example.org/",
        "en",
    )


@pytest.fixture
def answer(article: Article) -> Answer:
    """An answer whose two quotes and two passages are slices of `article`."""
    first, second = (9, 32), (48, 68)
    passages = tuple(
        Passage(
            chunk=Chunk(article.id, start, end, "", ((start, end),)),
            title=article.title,
            text=article.text[start:end],
            rank=rank,
            score=score,
            dense=0.5,
            lexical=2.0,
            sha256=article.sha256,
            highlights=highlights,
        )
        for rank, (start, end), score, highlights in ((1, (9, 46), 0.9, (first,)), (2, (48, 68), 0.7, ()))
    )

    def cite(span: tuple[int, int], lines: tuple[int, int], at: int, passage: int) -> Citation:
        quote = article.text[slice(*span)]
        return Citation(
            article_id=article.id,
            title=article.title,
            source=article.source,
            author=article.author,
            published=article.published,
            url=article.url,
            start=span[0],
            end=span[1],
            start_line=lines[0],
            end_line=lines[1],
            start_page=None,
            end_page=None,
            section="Why",
            quote=quote,
            sha256=article.sha256,
            answer_start=at,
            answer_end=at + len(quote),
            passage=passage,
            answer_span=(span[0] + 2, span[1] - 1) if passage == 1 else None,
            also_in=(Mention("c.md", "Port", "The Echo"), Mention("d.md", "Quay", None)) if at else (),
        )

    return Answer(
        question="Why was the harbour closed?",
        status="answered",
        text=f"{article.text[9:32]}\n\n{article.text[48:68]}",
        confidence=0.75,
        citations=(cite(first, (3, 3), 0, 1), cite(second, (5, 6), 25, 1)),
        passages=passages,
        differing=0,
        corroborated_by=(Mention("e.md", "Storm", "The Star"),),
        passages_read=2,
        facets={"source": {"The Gazette": 1}, "author": {}, "language": {"en": 1}, "year": {"2023": 1}},
        context=None,
        explanation=None,
        index=IndexInfo("gen-000001-abc", "fake", 7, 3),
        timings_ms={"total": 1.5},
    )


@pytest.fixture
def find(article: Article) -> Callable[[str], Article]:
    """Look up an article among just one."""

    def look_up(article_id: str) -> Article:
        if article_id != article.id:
            raise ArticleNotFoundError(f"no article {article_id}")
        return article

    return look_up


@pytest.fixture(scope="session")
def articles_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_articles(tmp_path_factory.mktemp("articles"))


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, articles_dir: Path) -> Settings:
    """Settings of an index that is built and ready."""
    made = Settings(model="fake", index_dir=tmp_path_factory.mktemp("index"))
    report = build_index(articles_dir, made, progress=lambda stage, done, total: None)
    assert (report.added, report.skipped) == (len(ARTICLES), ())
    return made


@pytest.fixture
def generation(settings: Settings) -> Iterator[Generation]:
    opened = open_generation(settings.index_dir)
    yield opened
    opened.close()
