"""A real small index over articles with every kind of text that has broken offsets before."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qa.index import Generation
from qa.settings import Settings
from qa.types import Answer, Article, Chunk, Citation, IndexInfo, Passage
from qa.wiring import build_index, open_generation

ARTICLES: dict[str, bytes] = {
    "plain.md": b"---\ntitle: The harbour\nsource: The Gazette\nauthor: A. Writer\npublished: 2023-07-11\n---\n\n"
    b"# The harbour\n\nThe harbour was closed on Monday because of a storm. Ships waited outside.\n",
    "folder/deep er/caf\u00e9 100%?#.md": "# Café ☕\n\nThe café sells 👩‍👩‍👧‍👦 family tickets. A ticket costs four euros.\n".encode(),
    "combining.txt": "Cafe\u0301 culture\n\nThe cafe\u0301 culture of Vienna began in 1683. It never ended.\n".encode(),
    "windows.txt": b"Trains\r\n\r\nThe night train leaves at nine.\r\nIt arrives in the morning.\r\n",
    "bom.txt": b"\xef\xbb\xbfBridges\n\nThe bridge carries forty thousand cars a day. It was built in 1932.\n",
    "rtl.txt": "السلام\n\nقال الوزير إن المحادثات بدأت في القاهرة. The minister spoke in Cairo.\n".encode(),
    "repeated.txt": b"Echo\n\n"
    + b"The echo answers the same words. The echo answers the same words.\n\n" * 4,
    "controls.txt": "Colours\n\nThe paint was \x1b[31mred\x1b[0m and \u202egnp.exe\u202c stayed. It dried fast.\n".encode(),
    "separators.txt": "Lines\n\nThe poem has a line\u2028and another line. It ends\u00a0here.\n".encode(),
    "cjk.txt": "新聞\n\n東京の港は月曜日に閉鎖された。船は外で待った。\n".encode(),
}
QUESTIONS = (
    "Why was the harbour closed?",
    "What does a family ticket to the café cost?",
    "When did the cafe\u0301 culture of Vienna begin?",
    "When does the night train leave?",
    "How many cars does the bridge carry?",
    "Where did the minister speak?",
    "What does the echo answer?",
    "Which colour was the paint?",
    "What does the poem have?",
    "東京の港",
    "How do I bake sourdough bread?",
    "👩‍👩‍👧‍👦",
    "\u0000",
    "\u202eWhy?",
    "' OR 1=1 --",
    "a " * 999,
)


def write_articles(folder: Path) -> Path:
    """Write the articles below `folder`."""
    for name, data in ARTICLES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


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
    opened = open_generation(settings)
    yield opened
    opened.close()


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
            quote=quote,
            sha256=article.sha256,
            answer_start=at,
            answer_end=at + len(quote),
            passage=passage,
            answer_span=(span[0] + 2, span[1] - 1) if passage == 1 else None,
        )

    return Answer(
        question="Why was the harbour closed?",
        status="answered",
        text=f"{article.text[9:32]}\n\n{article.text[48:68]}",
        confidence=0.75,
        citations=(cite(first, (3, 3), 0, 1), cite(second, (5, 6), 25, 1)),
        passages=passages,
        passages_read=2,
        context=None,
        explanation=None,
        index=IndexInfo("gen-000001-abc", "fake", 7, 3),
        timings_ms={"total": 1.5},
    )


@pytest.fixture
def find(article: Article) -> Callable[[str], Article]:
    """Look up an article among just one."""
    from qa.errors import ArticleNotFoundError

    def look_up(article_id: str) -> Article:
        if article_id != article.id:
            raise ArticleNotFoundError(f"no article {article_id}")
        return article

    return look_up
