"""What people see: lines for a terminal, with nothing in them that a terminal would obey."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import InputError
from qa.index import Generation
from qa.shell.lookup import closest_ids, slice_text
from qa.shell.render import answer_lines, index_lines, metadata_lines, replay_line, skipped_lines, visible
from qa.shell.verify import Replay
from qa.types import Answer, Article, BuildReport, Citation, ExplainedPassage, Explanation, Mention, Skipped


def _shown(answer: Answer) -> list[str]:
    return [" " * line.indent + line.text for line in answer_lines(answer)]


def test_an_answer_shows_each_quote_above_its_source(answer: Answer) -> None:
    assert _shown(answer) == [
        "The harbour was closed.",
        "  Harbour | The Gazette | A. Writer | 2023-07-11 | a/b.md:3 | Why",
        "  corroborated by: e.md (The Star)",
        "",
        "It opened on Friday.",
        "  Harbour | The Gazette | A. Writer | 2023-07-11 | a/b.md:5-6 | Why",
        "  also in: c.md (The Echo), d.md",
        "",
        "Other passages:",
        "  2. Harbour (a/b.md 48-68)",
        "     It opened on Friday.",
    ]


def test_passages_that_are_cited_are_not_shown_twice(answer: Answer) -> None:
    shown = _shown(replace(answer, passages=answer.passages[:1]))
    assert shown[-2:] == [
        "  Harbour | The Gazette | A. Writer | 2023-07-11 | a/b.md:5-6 | Why",
        "  also in: c.md (The Echo), d.md",
    ]


def test_no_evidence_is_said_and_the_closest_passages_are_marked_as_such(answer: Answer) -> None:
    refused = replace(answer, status="no_evidence", text=None, citations=())
    assert _shown(refused)[:4] == [
        "Not in these articles.",
        "",
        "Closest passages, none of them an answer:",
        "  1. Harbour (a/b.md 9-46)",
    ]
    assert _shown(replace(refused, passages=())) == ["Not in these articles."]


def test_a_long_passage_is_cut_between_words_and_put_on_one_line(answer: Answer) -> None:
    long = replace(answer.passages[1], text="one\ntwo " * 60)
    assert _shown(replace(answer, passages=(long,)))[-1] == "     " + ("one two " * 20).strip() + " ..."


def _explained(answer: Answer, *matched: str) -> Answer:
    passages = tuple(ExplainedPassage(passage.rank, (), matched) for passage in answer.passages)
    return replace(answer, explanation=Explanation(passages, (), ()))


@pytest.mark.parametrize(
    ("text", "matched", "shown"),
    [
        ("It opened on Friday.", ("Friday", "open"), "It opened on [Friday]."),
        ("U.S. forces (the U.S.)", ("forces", "U.S."), "[U.S.] [forces] (the [U.S.])"),
        ("cafés and café", ("café",), "cafés and [café]"),
        ("東京の港", ("の港",), "東京[の港]"),
        ("a.b a+b", ("a+b",), "a.b [a+b]"),
        ("nothing", (), "nothing"),
        (f"{'far ' * 60}away", ("away",), f"... {'far ' * 8}[away]"),
    ],
)
def test_words_of_the_question_are_marked_on_a_terminal(
    answer: Answer, text: str, matched: tuple[str, ...], shown: str
) -> None:
    long = _explained(replace(answer, passages=(replace(answer.passages[1], text=text),)), *matched)
    *_, line = answer_lines(long, why=False, width=80)
    for start, end in reversed(line.marks):
        line = line._replace(text=f"{line.text[:start]}[{line.text[start:end]}]{line.text[end:]}")
    assert line.text == shown
    assert {line.marks for line in answer_lines(long, why=False) if line.style == "dim"} == {()}


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_a_passage_takes_two_rows_of_a_terminal_at_most(answer: Answer, width: int) -> None:
    long = replace(answer.passages[1], text="one\ntwo " * 200)
    *_, line = answer_lines(replace(answer, passages=(long,)), width=width)
    assert len(line.text) <= max(2 * (width - line.indent), 45)


def test_a_terminal_is_told_how_to_narrow_an_answer(answer: Answer) -> None:
    def shown(**facets: dict[str, int]) -> list[str]:
        known = {"source": {}, "author": {}, "language": {}, "year": {}, **facets}
        lines = answer_lines(replace(answer, facets=known), why=False, width=80)
        return [line.text for line in lines if line.text.startswith("To narrow")]

    several = {"source": {"Reu\x1bters": 4, "BBC": 2, "AP": 1, "dpa": 1}, "year": {"2023": 5, "2021": 1}}
    assert shown(**several, language={"en": 6}) == [
        "To narrow: --source Reu\\x1bters (4), BBC (2), AP (1); --since, --until 2023 (5), 2021 (1)"
    ]
    assert shown(language={"en": 6}, author={"A": 1, "B": 1}) == []
    assert not [line for line in answer_lines(replace(answer, facets=several)) if "narrow" in line.text]


def test_sources_and_passages_are_links_where_there_is_a_file(answer: Answer) -> None:
    linked = [line.link for line in answer_lines(answer, link=lambda article_id: f"file:///{article_id}")]
    assert [link for link in linked if link] == ["file:///a/b.md"] * 3


def test_an_empty_place_in_the_source_line_is_left_out(answer: Answer) -> None:
    bare = replace(answer.citations[0], source=None, author=None, published=None, section=None)
    assert _shown(replace(answer, citations=(bare,)))[1] == "  Harbour | a/b.md:3"


@pytest.mark.parametrize(("pages", "shown"), [((4, 4), "a/b.md, p. 4"), ((4, 5), "a/b.md, pp. 4-5")])
def test_where_there_are_pages_they_stand_for_the_lines(
    answer: Answer, pages: tuple[int, int], shown: str
) -> None:
    cited = replace(answer.citations[0], start_page=pages[0], end_page=pages[1])
    assert f" | {shown} | Why" in _shown(replace(answer, citations=(cited,)))[1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("bell\x07 back\x08 return\r", "bell\\x07 back\\x08 return\\r"),
        ("csi\x9b31m", "csi\\x9b31m"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("line\u2028para\u2029", "line\\u2028para\\u2029"),
        ("half\ud800", "half\\ud800"),
        ("family 👩‍👩‍👧‍👦 ☕️ café e\u0301", "family 👩‍👩‍👧‍👦 ☕️ café e\u0301"),
        ("می‌خواهم", "می‌خواهم"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(alphabet=st.characters(), max_size=40))
def test_nothing_that_a_terminal_obeys_passes(text: str) -> None:
    left = {
        unicodedata.category(character)
        for character in visible(text)
        if character not in "\n\t\u200c\u200d\u00ad"
    }
    assert left.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


@given(st.text(alphabet=st.characters(), max_size=40))
def test_no_field_of_an_article_can_add_a_line(text: str) -> None:
    citation = Citation(
        text, text, text, text, text, text, 0, 1, 1, 1, 1, 2, text, "quote", "", 0, 5, 1, None, (Mention(text, text, text),)
    )  # fmt: skip
    [quote, source, copies] = answer_lines(_only(citation))
    assert (quote.text, "\n" in source.text + copies.text) == ("quote", False)


def _only(citation: Citation) -> Answer:
    from qa.types import IndexInfo

    return Answer(
        "q",
        "answered",
        "quote",
        1,
        (citation,),
        0,
        (),
        (),
        0,
        {},
        None,
        None,
        IndexInfo("g", "fake", 1, 1),
        {},
    )


def test_a_report_says_what_changed(generation: Generation) -> None:
    report = BuildReport(generation.manifest, True, 2, 1, 0, 7, 12, (Skipped("a\nb.md", "is \x1bempty"),))
    chunks = generation.manifest.chunks
    assert [line.text for line in index_lines(report)] == [
        "Indexed 10 articles: 2 added, 1 changed, 0 removed, 7 unchanged.",
        f"{chunks} chunks, 12 embedded with fake.",
    ]
    assert list(skipped_lines(report.skipped)) == ["skipped a b.md: is \\x1bempty"]
    for copies, said in ((1, "1 article is a copy of another."), (3, "3 articles are copies of others.")):
        copied = replace(report, manifest=replace(generation.manifest, copies=copies))
        assert [line.text for line in index_lines(copied)][2:] == [said]
    same = replace(report, published=False)
    assert [line.text for line in index_lines(same)] == [f"Up to date: 10 articles, {chunks} chunks."]


def test_metadata_names_only_what_is_known(article: Article) -> None:
    assert list(metadata_lines(replace(article, author=None, url=None))) == [
        "title: Harbour",
        "source: The Gazette",
        "published: 2023-07-11",
        "language: en",
        f"sha256: {'f' * 64}",
        "characters: 68",
    ]


def test_a_replay_is_one_line_of_fields() -> None:
    assert replay_line(Replay(1, 1, "a b.md", 3, 9, "ok")).text == "ok\ta b.md 3-9"
    assert (
        replay_line(Replay(1, 2, "a.md", 3, 9, "missing", "gone\nnow")).text == "missing\ta.md 3-9\tgone now"
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nato", ("a/nato-news.md", "nato.md")),
        ("seeds/nato.md", ("nato.md",)),
        ("NATO.MD", ("nato.md",)),
        ("trukey.md", ("turkey.md",)),
        ("", ()),
        ("zzzz", ()),
    ],
)
def test_did_you_mean(typed: str, meant: tuple[str, ...]) -> None:
    assert closest_ids(typed, ["a/nato-news.md", "nato.md", "turkey.md"]) == meant


def test_a_slice_is_exact_and_a_range_outside_is_refused(article: Article) -> None:
    assert slice_text(article, None, None) == article.text
    assert slice_text(article, 9, 32) == "The harbour was closed."
    assert slice_text(article, 68, None) == ""
    for start, end in ((-1, 3), (5, 4), (0, 69), (69, None)):
        with pytest.raises(InputError, match=r"expected 0 <= start <= end <= 68\. Try: qa show a/b\.md"):
            slice_text(article, start, end)


@given(st.tuples(*[st.text(alphabet="ab\n\x1b\u202e é", max_size=6)] * 3), st.integers(0, 50), st.booleans())
def test_the_words_that_answer_are_marked(parts: tuple[str, str, str], start: int, found: bool) -> None:
    quote = "".join(parts)
    first = start + len(parts[0])
    span = (first, first + len(parts[1])) if found else None
    citation = Citation(
        "a.md",
        "t",
        None,
        None,
        None,
        None,
        start,
        start + len(quote),
        1,
        1,
        None,
        None,
        None,
        quote,
        "",
        0,
        1,
        1,
        span,
    )
    lines = [line for line in answer_lines(_only(citation)) if line.style == "quote"]
    assert "\n".join(line.text for line in lines) == visible(quote)
    marked = [line.text[slice(*mark)] for line in lines for mark in line.marks]
    wanted = visible(parts[1]).split("\n") if found else []
    assert marked == [text for text in wanted if text]
