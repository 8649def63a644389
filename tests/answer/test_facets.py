"""Facets count articles, and say what a filter would take."""

from qa.answer import count_facets
from qa.index import Fields


def test_every_article_counts_once_in_each_field() -> None:
    articles = [
        Fields("a.md", "Reuters", "Ann Lee, Bo Li", "en", "2023-07-11"),
        Fields("b.md", "BBC", "Bo Li", "en", "2023"),
        Fields("c.md", "reuters ", "Bo Li, Bo Li", "de", "2021-02"),
        Fields("d.md", None, None, None, "long ago"),
    ]
    found = count_facets(articles)
    assert {field: list(counts.items()) for field, counts in found.items()} == {
        "source": [("Reuters", 2), ("BBC", 1)],
        "author": [("Bo Li", 3), ("Ann Lee", 1)],
        "language": [("en", 2), ("de", 1)],
        "year": [("2023", 2), ("2021", 1)],
    }


def test_the_most_frequent_ten_are_kept_in_order() -> None:
    articles = [
        Fields(f"{n}-{m}.md", f"S{n:02}", None, None, None) for n in range(12) for m in range(1 + n % 3)
    ]
    assert list(count_facets(articles)["source"].items()) == [
        *((f"S{n:02}", 3) for n in (2, 5, 8, 11)),
        *((f"S{n:02}", 2) for n in (1, 4, 7, 10)),
        *((f"S{n:02}", 1) for n in (0, 3)),
    ]
