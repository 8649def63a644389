"""From filters to rows: what fits, field by field."""

from pathlib import Path

import pytest

from qa.filters import NO_FILTERS, Filters
from qa.index import Fields, build_generation, open_generation
from qa.models import FakeEmbedder
from qa.types import Article, ChunkerSettings

CHUNKER = ChunkerSettings(version=1, max_tokens=8, overlap_tokens=0)
ARTICLES = {
    "a.md": ("Reuters", "Ann Lee, Bo Li", "2023", "en"),
    "b.md": ("The  Times", "Smith, John", "2023-07", "de"),
    "c.md": ("the times", "ann lee", "2023-07-11", "en"),
    "d.md": (None, None, None, None),
    "e.md": ("Reuters", None, "last summer", "EN"),
}
TEXT = "The harbour was closed by a storm. Ships waited outside the bay. It opened again."


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    articles = [
        Article(name, name, TEXT, name, source=source, author=author, published=published, language=language)
        for name, (source, author, published, language) in ARTICLES.items()
    ]
    build_generation(lambda: articles, folder, embedder=FakeEmbedder(), chunker=CHUNKER)
    return folder


@pytest.mark.parametrize(
    ("filters", "fitting"),
    [
        (Filters(source=("reuters",)), "ae"),
        (Filters(source=("THE TIMES ",)), "bc"),
        (Filters(source=("Reuters", "The Times")), "abce"),
        (Filters(source=("The",)), ""),
        (Filters(source=("",)), ""),
        (Filters(author=("ANN LEE",)), "ac"),
        (Filters(author=("Bo Li",)), "a"),
        (Filters(author=("Smith, John",)), "b"),
        (Filters(author=("John",)), "b"),
        (Filters(language=("en",)), "ace"),
        (Filters(language=("EN", "de")), "abce"),
        (Filters(article=("b.md", "d.md")), "bd"),
        (Filters(article=("B.md",)), ""),
        (Filters(article=("b.md", "no.md", "\udcff")), "b"),
        (Filters(since="2023-07-15"), "ab"),
        (Filters(since="2023-07-11"), "abc"),
        (Filters(since="2024"), ""),
        (Filters(until="2023-07-10"), "ab"),
        (Filters(until="2023-06"), "a"),
        (Filters(until="2023"), "abc"),
        (Filters(until="2022"), ""),
        (Filters(since="2023-07-12", until="2023-07-20"), "ab"),
        (Filters(as_of="2023-06"), "ade"),
        (Filters(as_of="2022"), "de"),
        (Filters(since="2023", as_of="2023-07-10"), "ab"),
        (Filters(source=("Reuters",), language=("en",), since="2020"), "a"),
    ],
)
def test_the_rows_of_the_articles_that_fit(index: Path, filters: Filters, fitting: str) -> None:
    generation = open_generation(index)
    allowed = generation.filtered_rows(filters)
    assert allowed is not None
    assert allowed.shape == (generation.manifest.chunks,)
    rows = [row for name in fitting for row in generation.rows_of_article(f"{name}.md")]
    assert allowed.nonzero()[0].tolist() == rows
    assert all(len(generation.rows_of_article(name)) == 3 for name in ARTICLES)


def test_without_filters_there_is_nothing_to_look_up(index: Path) -> None:
    assert open_generation(index).filtered_rows(NO_FILTERS) is None


def test_the_fields_of_rows_name_each_article_once(index: Path) -> None:
    generation = open_generation(index)
    rows = [*generation.rows_of_article("c.md"), *generation.rows_of_article("a.md")]
    assert generation.fields_of_rows(rows) == [
        Fields("a.md", "Reuters", "Ann Lee, Bo Li", "en", "2023"),
        Fields("c.md", "the times", "ann lee", "en", "2023-07-11"),
    ]
    assert [each.id for each in generation.fields()] == list(ARTICLES)
