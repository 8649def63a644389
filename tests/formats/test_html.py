"""Saved web pages: the article, its headings and what it says of itself, and nothing that stands around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.corpus.clean import BlockKind, blocks
from qa.corpus.metadata import article_of
from qa.errors import InputError
from qa.formats.html import decode_page, read
from qa.formats.plain import normalise
from qa.types import Article
from tests.formats.files import page

PROSE = "".join(
    f"<p>The harbour at {place} was closed on Monday because of a heavy storm, and ships waited outside.</p>"
    for place in ("Arden", "Belmont", "Corvo", "Delphi")
)


def text_of(body: str, **more: str) -> str:
    return (
        read(page(f"<article>{PROSE}{body}</article>", **more).encode())
        .text.partition("Delphi")[2]
        .partition("\n\n")[2]
    )


def article(body: str, **more: str) -> Article:
    return article_of(read(page(body, **more).encode()), "a.html")


def said(head: str) -> dict[str, tuple[str, str]]:
    found = article(f"<article>{PROSE}</article>", head=head)
    values = {field: getattr(found, field) for field in found.provenance}
    return {field: (value, found.provenance[field]) for field, value in values.items() if field != "language"}


# --- the text -----------------------------------------------------------------------------------------


def test_what_stands_around_the_article_is_left_out() -> None:
    text = article(
        '<nav><ul><li><a href="/">Home page</a></li><li><a href="/news">Latest news</a></li></ul></nav>'
        '<div id="cookie-banner" class="cookie-consent"><p>We use cookies to track your every step.</p></div>'
        f"<main><article><h1>Harbour shut</h1>{PROSE}<h2>Why it happened</h2><p>Wind.</p></article></main>"
        '<aside class="sidebar"><p>Subscribe to our wonderful letter for more.</p></aside>'
        '<section id="comments"><div class="comment"><p>I disagree with all of this.</p></div></section>'
        "<script>var secret = 1;</script><style>p { color: red }</style><!-- a remark -->"
        "<footer><p>Copyright 2023 The Gazette. All rights reserved.</p></footer>"
    ).text
    paragraphs = text.split("\n\n")
    assert [paragraphs[0], *paragraphs[5:]] == ["# Harbour shut", "## Why it happened", "Wind."]
    assert len(paragraphs) == 7


@pytest.mark.parametrize(
    "around", ["<article>{}</article>", "<main>{}</main>", "<div class='x'>{}</div>", "{}"]
)
def test_headings_keep_their_level(around: str) -> None:
    text = article(
        around.format(
            f"<h1>One</h1>{PROSE}<h2>Two <em>and</em> more</h2><p>Wind.</p><h4>Four</h4><p>End.</p>"
        )
    ).text
    assert [line for line in text.split("\n") if line.startswith("#")] == [
        "# One",
        "## Two and more",
        "#### Four",
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>one<br>two<br/>three</p>", "one two three"),
        ("<p>H<sub>2</sub>O and <b>bo</b>ld, <a href='x'>linked</a>.</p>", "H2O and bold, linked."),
        ("<ul><li>One<ul><li>Inner</li></ul></li><li><p>Two</p><p>more</p></li></ul>", "- One\n- Inner\n- Two more"),
        ("<ol><li>First</li><li>Second</li></ol>", "- First\n- Second"),
        ("<table><tr><th>Name</th><th>Cost</th></tr><tr><td><p>a</p><p>b</p></td><td>5</td></tr></table>", "Name | Cost\na b | 5"),
        ("<blockquote>He <b>said</b> so.</blockquote>", "He said so."),
        ("<blockquote>Said: <p>Never.</p> And went.</blockquote>", "Said:\n\nNever.\n\nAnd went."),
        ("<p>a&nbsp;b &amp; &lt;c&gt; &#8212; d</p>", "a b & <c> — d"),
        *((f"<p>It came on <{tag}>4 May</{tag}> at nine.</p>", "It came on 4 May at nine.")
          for tag in ("time", "output", "label", "data", "abbr", "mark", "q")),
        ("<p>It is 10<sup>6</sup> or 10<sup><i>-3</i></sup> m<sup>2</sup>.<sup>1</sup></p>", "It is 10^6 or 10^-3 m2.1"),
        ("<ul><li><h3>Day 1</h3>We met.</li><li>#1 of all</li></ul>", "- Day 1 We met.\n- #1 of all"),
    ],
)  # fmt: skip
def test_every_word_stays_apart_and_comes_once(body: str, text: str) -> None:
    assert text_of(body) == text


def test_no_paragraph_becomes_a_heading_or_front_matter() -> None:
    found = article(
        f"<p>---</p><p>title: Of no use</p><p>---</p><p># one sign is prose, they say.</p>{PROSE}"
    )
    assert "#\u00a0one sign is prose" in found.text
    assert {block.kind for block in blocks(found)} == {BlockKind.PROSE, BlockKind.FURNITURE}


def test_a_short_page_keeps_its_heading() -> None:
    assert article("<h1>Note</h1><p>The bus leaves at nine.</p>").text == "# Note\n\nThe bus leaves at nine."


def test_a_short_article_with_a_date_keeps_its_heading() -> None:
    text = article(
        "<article><time>2 Jan 2023</time><h1>Note</h1><p>The bus leaves at nine.</p></article>"
    ).text
    assert text == "2 Jan 2023\n\n# Note\n\nThe bus leaves at nine."


def test_a_fragment_is_a_page() -> None:
    assert read(b"<h2>Note</h2><p>The bus leaves at nine.</p>").text == "## Note\n\nThe bus leaves at nine."


def test_xhtml_with_a_declaration() -> None:
    data = (
        '<?xml version="1.0" encoding="UTF-8"?><html xmlns="http://www.w3.org/1999/xhtml" xml:lang="de">'
        f"<head><title>Titel</title></head><body><h1>Über</h1>{PROSE}</body></html>"
    )
    found = article_of(read(data.encode()), "a.xhtml")
    assert (found.text.split("\n")[0], found.language) == ("# Über", "de")


@pytest.mark.parametrize("data", [b"", b"<html></html>", b"<html><body><script>1</script></body></html>"])
def test_a_page_without_an_article(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^(?:is no page|holds no article)"):
        read(data)


# --- encodings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("windows-1251", "cp1251", "Министр"),
        ("iso-8859-1", "cp1252", "“café” – €5"),
        ("latin1", "cp1252", "naïve…"),
        ("us-ascii", "cp1252", "“quoted”"),
        ("gb2312", "gb18030", "鎔基"),
        ("shift_jis", "shift_jis", "東京"),
        ("utf-8", "utf-8", "Ünïcödé"),
        ("no-such-thing", "utf-8", "Ünïcödé"),
        ("utf-8", "utf-16", "a mark says more"),
        ("utf-16", "utf-8", "Ünïcödé"),
        ("UTF-16LE", "utf-8", "Ünïcödé"),
        ("windows-1251", "utf-8-sig", "Ünïcödé"),
    ],
)
def test_what_a_page_says_of_its_encoding(declared: str, encoding: str, text: str) -> None:
    for meta in (
        f'<meta charset="{declared}">',
        f"<META content='text/html; charset={declared}' http-equiv=x>",
    ):
        for end in ("", " "):  # an even number of bytes may be UTF-16, if Chinese
            whole = page(f"<p>{text}</p>", head=meta) + end
            assert decode_page(whole.encode(encoding)) == whole


def test_an_encoding_that_is_wrong_gives_way() -> None:
    whole = page("<p>Ünïcödé “quoted”</p>", head='<meta charset="ascii-85">')
    assert decode_page(whole.encode()) == whole
    whole = page("<p>café</p>", head='<meta charset="utf-8">')
    assert decode_page(whole.encode("cp1252")) == whole


@pytest.mark.parametrize(("declared", "bad"), [("utf-8", b"\xe9"), ("windows-1252", b"\x9d")])
def test_one_bad_byte_costs_itself(declared: str, bad: bytes) -> None:
    whole = page("<p>Ünïcödé “quoted” X</p>", head=f'<meta charset="{declared}">')
    assert decode_page(whole.encode(declared).replace(b"X", bad)) == whole.replace("X", "\ufffd")


# --- what a page says of itself -----------------------------------------------------------------------


def test_json_ld_with_a_graph_and_many_authors() -> None:
    graph = """{"@context": "https://schema.org", "@graph": [
        {"@type": "WebSite", "name": "Another name"},
        {"@type": ["NewsArticle"], "headline": "Harbour shut", "datePublished": "2023-07-11T10:00:00Z",
         "author": [{"@type": "Person", "name": "Ann Lee"}, {"name": "Bo Li"}], "publisher": {"name": "The Gazette"},
         "inLanguage": "en-GB", "url": "https://example.org/a"}]}"""
    assert said(f'<script type="application/ld+json">{graph}</script>') == {
        "title": ("Harbour shut", "JSON-LD"),
        "source": ("The Gazette", "JSON-LD"),
        "author": ("Ann Lee, Bo Li", "JSON-LD"),
        "published": ("2023-07-11", "JSON-LD"),
        "url": ("https://example.org/a", "JSON-LD"),
    }


def test_json_ld_as_it_is_found() -> None:
    block = (
        '{"@type": "Article", "headline": "Fish\n &amp; chips", "url": "https://example.org/?a&amp;copy=1"}'
    )
    assert said(f'<script type="application/ld+json">{block}</script>') == {
        "title": ("Fish & chips", "JSON-LD"),
        "url": ("https://example.org/?a&amp;copy=1", "JSON-LD"),
    }


@pytest.mark.parametrize(
    "block",
    ["{", "[", "null", "3", '"text"', "[1, null, []]", '{"@graph": 3}', '{"@type": "Person", "name": "X"}',
     '{"@type": "NewsArticle", "headline": {}, "author": [[["X"]]], "datePublished": 4.5}',
     "[" * 100_000, '{"@type": "NewsArticle", "headline": ' + "9" * 5_000 + "}"],
)  # fmt: skip
def test_broken_json_ld_says_nothing(block: str) -> None:
    head = f'<script type="application/ld+json">{block}</script><meta property="og:title" content="From og">'
    assert said(head)["title"] == ("From og", "meta og:title")
    assert said(head).keys() == {"title"}


def test_half_characters_do_not_get_far() -> None:
    block = r'{"@type": "Article", "headline": "a \ud800 b", "author": "\udfff"}'
    found = said(f'<script type="application/ld+json">{block}</script>')
    assert found == {"title": ("a \ufffd b", "JSON-LD"), "author": ("\ufffd", "JSON-LD")}


def test_meta_and_links() -> None:
    head = (
        '<meta property="og:title" content="From og"><meta name="author" content=" Ann\n Lee ">'
        '<meta property="article:published_time" content="2023-07-11T08:00:00+02:00">'
        '<meta property="og:site_name" content="The Gazette"><link rel="canonical" href="https://example.org/a">'
    )
    assert said(head) == {
        "title": ("From og", "meta og:title"),
        "author": ("Ann Lee", "meta author"),
        "published": ("2023-07-11", "meta article:published_time"),
        "source": ("The Gazette", "meta og:site_name"),
        "url": ("https://example.org/a", "canonical link"),
    }


def test_a_value_without_end_is_none() -> None:
    head = f'<meta property="og:title" content="{"x" * 5_000}"><meta name="author" content="{"y" * 1001}">'
    found = article(f"<article><h1>Heading</h1>{PROSE}</article>", head=head)
    assert (found.title, found.provenance["title"], found.author) == ("Heading", "heading", None)


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ("<time datetime='2023-07-11T10:00'>Tuesday</time>", "2023-07-11"),
        ("<time>July 2023</time>", "2023-07"),
        ("<p class='date'>4/5/2023</p>", "2023"),
        ("<span itemprop='datePublished' content='2023'>yesterday</span>", "2023"),
        ("<p class='date'>yesterday</p>", None),
        ("<p class='update'>A ship of 2019 was seen on 5 May 2021.</p>", None),
        ("<p>Copyright 2021</p>", None),
        (
            "<span class='last-updated'>2024-05-05</span><span class='post-date'>2023-01-02</span>",
            "2023-01-02",
        ),
        (
            "<span itemprop='dateModified' content='2024'></span><time itemprop='datePublished'>2023</time>",
            "2023",
        ),
        ("<time>2024</time><time pubdate>2023</time>", "2023"),
        ("<div class='updated'>Changed <time class='date'>2024-05-05</time></div>", None),
        ("<p>He was <span class='candidate'>1945</span></p>", None),
        ("<p>The war ended in <time>1945</time>, long ago.</p>", None),
        ("<ul><li><time>1945</time> The war ends</li></ul>", None),
        ("<p><time>2023</time></p>", "2023"),
        ("<div class='today-date'>Monday, May 6, 2024</div>", None),
    ],
)
def test_dates_are_those_that_are_written(body: str, published: str | None) -> None:
    found = article(f"<time datetime='1999-01-01'>now</time><article>{body}{PROSE}</article>")
    assert found.published == published


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ("<div class='date'>Monday, May 6, 2024</div>", None),
        ("<time>2024</time>", None),
        ("<time itemprop='datePublished'>2024</time>", "2024"),
    ],
)
def test_outside_an_article_only_what_says_so_is_its_date(body: str, published: str | None) -> None:
    assert article(f"<div>{body}{PROSE}</div>").published == published


@given(st.text(), st.text())
def test_the_text_is_normal(heading: str, words: str) -> None:
    try:
        text = read(
            f"<html><body><h1>{heading}</h1><p>{words}</p>{PROSE}</body></html>".encode("utf-8", "replace")
        ).text
    except InputError:
        return
    assert normalise(text) == text
