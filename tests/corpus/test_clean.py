"""Prose is told from page furniture, and every character belongs to exactly one block."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.corpus import CHUNKER_VERSION, BlockKind, blocks, split_article
from qa.corpus.clean import marker_length
from qa.models import FakeEmbedder
from qa.types import Article, ChunkerSettings
from tests.articles import load_all

PROSE = (
    "The harbour was closed on Monday because of a storm that had come up from the south overnight.",
    "Ships waited outside the bay, and the ferry did not sail before the wind had gone down again.",
    "By the evening the pilots were back at work, and the first of the grain ships had left the quay.",
)
CHUNKER = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=62, overlap_tokens=10)
HOSTILE = st.text(
    st.sampled_from(
        [*"aZ.!?:\"'”’ \t\n\n\n\r#-*•1)|/©_", "\x00", "\u00a0", "\u2028", "\ufeff", "\x1c", "\x85", "é", "\u0301", "中", "ש", "😀", "\u200d"]
    )
)  # fmt: skip
LINES = st.lists(
    st.sampled_from(
        [
            "Share:", "Related posts", "Leave a Comment", "Advertisement", "© 2022 X", "# Title", "## Part", "- item", "1. one",
            "---", "***", "Short line", "A line:", "and so on.", "John Smith", *PROSE, "", "", "", "title: x", "Photo: A/Reuters",
        ]
    ),
    max_size=25,
).map("\n".join)  # fmt: skip


def article(text: str, title: str = "The title") -> Article:
    return Article("a.md", title, text, hashlib.sha256(text.encode()).hexdigest())


def kinds(text: str, title: str = "The title") -> list[tuple[str, str]]:
    return [(block.kind.name, text[block.start : block.end]) for block in blocks(article(text, title))]


def page(*paragraphs: str) -> str:
    return "\n\n".join(["The title", *paragraphs])


def furniture(text: str) -> list[str]:
    return [content for kind, content in kinds(text) if kind == "FURNITURE"]


# --- laws ---------------------------------------------------------------------------------------------


@given(st.one_of(HOSTILE, LINES))
@example("---\ntitle: x\n---\n# x\n\n- a\n- b\n")
@example("- \u2028a")
@example("# \x1c")
def test_blocks_hold_every_visible_character_once(text: str) -> None:
    found = blocks(article(text, title=text.strip().split("\n")[0]))
    end = 0
    for block in found:
        assert text[end : block.start].strip() == ""
        assert end <= block.start < block.end <= len(text)
        content = text[block.start : block.end]
        assert content == content.strip()
        assert 0 <= marker_length(block, text) < len(content)
        end = block.end
    assert text[end:].strip() == ""


@given(LINES)
def test_an_article_with_words_has_prose_unless_all_is_furniture(text: str) -> None:
    found = {block.kind for block in blocks(article(text))} - {BlockKind.FURNITURE, BlockKind.FRONT_MATTER}
    assert not found or found & {BlockKind.PROSE, BlockKind.LIST_ITEM}


# --- furniture ----------------------------------------------------------------------------------------

FURNITURE = [
    "Press play to listen to this article",
    "Listen to this article (4 min)",
    "Leave a Comment",
    "Leave a Reply",
    "Post a comment",
    "3 Comments on “The harbour”",
    "One thought on “The harbour",
    "No responses to The harbour",
    "Comments (12)",
    "Your email address will not be published. Required fields are marked *",
    "Save my name, email, and website in this browser for the next time I comment.",
    "Share:",
    "Share this article",
    "Share on Facebook",
    "Tweet",
    "Follow us on Twitter",
    "Email this to a friend",
    "Facebook",
    "WhatsApp",
    "Copyright ©2022 Dow Jones & Company, Inc. All Rights Reserved. 87990cbe856818d5",
    "© 2023 The Gazette",
    "(c) 2021 The Gazette",
    "All rights reserved.",
    "Photo: A. Writer/Associated Press",
    "Photo by A. Writer",
    "Image credit: NASA",
    "Photo Credit: NASA",
    "Im 477055",
    "-/Agence France-Presse/Getty Images",
    "A. Writer / Reuters",
    "Sign up for our newsletter",
    "Subscribe to The Gazette today and never miss a story.",
    "Get our daily newsletter in your inbox",
    "Write to A. Writer at a.writer@example.org",
    "News in Association with Source link",
    "error: Content is protected !!",
    "Advertisement",
    "Article continues below",
    "If you want to know more about harbours, click here.",
    "Accept all cookies to continue",
    "This website uses cookies to improve your experience.",
    "Share:\nFacebook\nTwitter",
]


def test_a_byline_is_no_heading_and_a_heading_no_byline() -> None:
    prose = "The harbour was closed by a storm."
    text = "\n\n".join(["The title", "By Jane Doe", *[prose] * 5, "By Royal Appointment", prose])
    assert furniture(text) == ["By Jane Doe"]
    assert ("HEADING", "By Royal Appointment") in kinds(text)


@pytest.mark.parametrize("line", FURNITURE)
def test_furniture_anywhere(line: str) -> None:
    for text in (page(line, *PROSE), page(PROSE[0], line, *PROSE[1:]), page(*PROSE, line)):
        assert kinds(text) == [
            ("TITLE" if part == "The title" else "PROSE" if part in PROSE else "FURNITURE", part)
            for part in text.split("\n\n")
        ]


@pytest.mark.parametrize(
    "line",
    [
        "The newsletter is read by 40,000 people, and its editor says that more are signing up every day.",
        "Her newsletter, Get Our Harbour Back, was the first to report it.",
        "Copyright law does not cover the harbour's plans, the court said.",
        "He said that all rights reserved by the treaty would be kept.",
        "Share prices fell by a tenth after the storm.",
        "Shareholders were not amused.",
        "Shares in the port rose.",
        "Comments by the minister did not help.",
        "No comment on the storm was to be had from the ministry.",
        "Two responses to the crisis emerged: to wait, or to pay.",
        "No reply to the letter has come from the port.",
        "Photographs show the quay under water.",
        "Image by image, the archive was copied.",
        "Video by a witness showed the moment of the blast.",
        "Pinning down the cause will take months.",
        "Printing stopped at midnight.",
        "Reuters reported that the harbour would open again on Tuesday.",
        "Subscribers to the service were told on Friday that it had been hacked.",
        "Related posts in the ministry have been vacant since May, officials said.",
        "Readers of this article continue to ask where the cookies in the harbour's canteen come from.",
        "Twitter was down for an hour.",
        "Advertisements for the ferry were taken down.",
    ],
)
def test_prose_that_speaks_of_such_things_stays_prose(line: str) -> None:
    text = page(PROSE[0], line, *PROSE[1:])
    assert kinds(text)[1:] == [("PROSE", part) for part in text.split("\n\n")[1:]]


def test_a_credit_glued_to_a_caption() -> None:
    text = page(PROSE[0], PROSE[1] + " Photo: A. Writer/AP", PROSE[2])
    assert kinds(text)[2:4] == [("PROSE", PROSE[1]), ("FURNITURE", "Photo: A. Writer/AP")]


def test_the_newsletter_line_of_a_biography() -> None:
    text = page(
        *PROSE,
        "A. Writer is a columnist. Gazette subscribers can now receive alerts when stories are published.",
    )
    assert kinds(text)[-2:] == [
        ("PROSE", "A. Writer is a columnist."),
        ("FURNITURE", "Gazette subscribers can now receive alerts when stories are published."),
    ]


@pytest.mark.parametrize(
    "mark",
    ["Related posts", "Related Articles:", "More From Author", "More on this story", "You may also like", "Read next",
     "Recommended stories", "Trending", "Most popular", "Leave a reply", "2 thoughts on “The harbour”"],
)  # fmt: skip
def test_everything_after_such_a_line_is_furniture(mark: str) -> None:
    tail = [mark, "Another story, with a full stop.", "24 ships sunk", "A longer teaser: " + PROSE[0]]
    text = page(*PROSE, *PROSE, *tail)
    assert kinds(text) == [
        ("TITLE", "The title"),
        *(("PROSE", part) for part in PROSE * 2),
        *(("FURNITURE", part) for part in tail),
    ]


def test_an_inset_between_paragraphs_takes_nothing_with_it() -> None:
    rest = " ".join(PROSE * 2)
    text = page(*PROSE, "Read more", rest)
    assert ("PROSE", rest) in kinds(text)
    assert len(rest) > 400


def test_the_author_above_the_comment_form() -> None:
    text = page(*PROSE, "A. Writer", "A. Writer", "Leave a reply")
    assert furniture(text) == ["A. Writer", "A. Writer", "Leave a reply"]


def test_short_lines_above_the_furniture_are_not_swallowed() -> None:
    poem = ["The sea is grey", "The sky is low", "The ships are late", "The wind is slow"]
    text = page(*poem, "Share:")
    assert furniture(text) == [*poem[2:], "Share:"]


def test_the_page_title_under_the_headline() -> None:
    text = page("The title - News | The Gazette", *PROSE)
    assert kinds(text)[1] == ("FURNITURE", "The title - News | The Gazette")


def test_rules_are_furniture() -> None:
    assert furniture(page(PROSE[0], "---", PROSE[1], "* * *", PROSE[2])) == ["---", "* * *"]


# --- paragraphs ---------------------------------------------------------------------------------------


def test_paragraphs_broken_inside_a_sentence_are_joined() -> None:
    broken = "This shows support just as the Russian President\n\nVladimir Putin\n\nmassed troops around the country."
    assert kinds(page(PROSE[0], broken, PROSE[1])) == [
        ("TITLE", "The title"),
        ("PROSE", PROSE[0]),
        ("PROSE", broken),
        ("PROSE", PROSE[1]),
    ]


def test_finished_paragraphs_are_not_joined() -> None:
    text = page(PROSE[0], "iPhones were sold out.", "€5 was the price.", PROSE[1])
    assert [content for _, content in kinds(text)] == text.split("\n\n")


def test_list_items() -> None:
    items = ["- one thing", "* another\n  over two lines", "• a third", "1. first", "12) twelfth"]
    text = page(PROSE[0], "\n".join(items), PROSE[1])
    found = blocks(article(text))
    assert [(b.kind.name, text[b.start : b.end]) for b in found[2:-1]] == [
        ("LIST_ITEM", item) for item in items
    ]
    assert [marker_length(b, text) for b in found] == [0, 0, 2, 2, 2, 3, 4, 0]


# --- headings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "heading",
    ["Partnership benefits", "Future Prospects:", "## A part", "###### Deep ######", "Small deals vs. NATO"],
)
def test_headings(heading: str) -> None:
    assert (("HEADING", heading)) in kinds(page(PROSE[0], heading, PROSE[1]))


@pytest.mark.parametrize(
    "line",
    [
        "It rained.",
        "Did it rain?",
        "and then it rained",
        "One of these, perhaps,",
        "x" * 91,
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".title(),
    ],
)
def test_what_is_no_heading(line: str) -> None:
    assert not [kind for kind, _ in kinds(page(PROSE[0], line, PROSE[1])) if kind == "HEADING"]


def test_a_last_line_is_no_heading() -> None:
    assert kinds(page(*PROSE, "Partnership benefits"))[-1] == ("PROSE", "Partnership benefits")


@pytest.mark.parametrize(
    "text", ["# C#\n\nProse it is, and long enough.", "C#\n\nProse it is, and long enough."]
)
def test_the_title_line_is_not_prose(text: str) -> None:
    assert [kind for kind, _ in kinds(text, "C#")] == ["TITLE", "PROSE"]


@pytest.mark.parametrize(
    "text",
    [
        "The title",
        "# The title",
        "# The title\n\n## One\n\n## Two",
        "---\ntitle: The title\n---\nThe title\n",
    ],
)
def test_an_article_of_headings_keeps_them_as_prose(text: str) -> None:
    assert {kind for kind, _ in kinds(text)} - {"FRONT_MATTER"} == {"PROSE"}
    fake = FakeEmbedder()
    assert split_article(article(text), settings=CHUNKER, count_tokens=fake.count_tokens)


def test_front_matter_is_one_block_and_in_no_chunk() -> None:
    text = "---\ntitle: The title\n---\n\nThe title\n\n" + PROSE[0]
    assert kinds(text) == [
        ("FRONT_MATTER", "---\ntitle: The title\n---"),
        ("TITLE", "The title"),
        ("PROSE", PROSE[0]),
    ]


# --- the originals ------------------------------------------------------------------------------------

# Line numbers and first words of all that is not prose in them.
ORIGINAL_FURNITURE = {
    "000_29b12c1ee6ac41a7.txt": [(3, "Press play"), (92, "Leave a Comment")],
    "001_8c332a546bdb656a.txt": [
        (3, "From Ally"),
        (19, "More From"),
        (21, "Election Security"),
        (23, "24 Lives"),
    ],
    "002_92da5b072f7930f2.txt": [(51, "FP subscribers"), (53, "Share:")],
    "003_a8bb3dec37585fc3.txt": [
        (27, "Im 477055"),
        (51, "Photo:"),
        (67, "Im 477054"),
        (72, "-/Agence"),
        (86, "Write to"),
        (88, "Copyright"),
        (90, "News in"),
        (92, "Related Posts"),
        (94, "error:"),
    ],
    "004_b2293ca54a6dac5c.txt": [
        (3, "Russia & Turkey"),
        (18, "If you want"),
        (36, "Sodhi"),
        (38, "Sodhi"),
        (40, "One thought"),
        (42, "Leave a Reply"),
        (44, "Your email"),
    ],
}
ORIGINAL_HEADINGS = {
    "000_29b12c1ee6ac41a7.txt": [20, 50, 60, 78],
    "001_8c332a546bdb656a.txt": [],
    "002_92da5b072f7930f2.txt": [],
    "003_a8bb3dec37585fc3.txt": [],
    "004_b2293ca54a6dac5c.txt": [11, 20, 30],
}


@pytest.fixture(scope="module")
def originals(shared_dir: Path) -> tuple[Article, ...]:
    articles, skipped = load_all(shared_dir / "seeds")
    assert skipped == ()
    return articles


def line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def test_the_furniture_of_the_originals(originals: tuple[Article, ...]) -> None:
    assert [original.id for original in originals] == list(ORIGINAL_FURNITURE)
    for original in originals:
        text = original.text
        found = blocks(original)
        lines = {kind: [line_of(text, b.start) for b in found if b.kind is kind] for kind in BlockKind}
        expected = ORIGINAL_FURNITURE[original.id]
        assert lines[BlockKind.FURNITURE] == [line for line, _ in expected], original.id
        for block, (_, start) in zip(
            (b for b in found if b.kind is BlockKind.FURNITURE), expected, strict=True
        ):
            assert text[block.start : block.end].startswith(start)
        assert lines[BlockKind.HEADING] == ORIGINAL_HEADINGS[original.id]
        assert lines[BlockKind.TITLE] == [1]
        assert original.title == " ".join(text.split("\n")[0].split())


def test_chunks_of_the_originals_hold_all_prose_and_no_furniture(originals: tuple[Article, ...]) -> None:
    fake = FakeEmbedder()
    for original in originals:
        covered = bytearray(len(original.text))
        for chunk in split_article(original, settings=CHUNKER, count_tokens=fake.count_tokens):
            covered[chunk.start : chunk.end] = b"\x01" * (chunk.end - chunk.start)
        for block in blocks(original):
            inside = {covered[i] for i in range(block.start, block.end) if not original.text[i].isspace()}
            wanted = block.kind in {BlockKind.PROSE, BlockKind.LIST_ITEM}
            assert inside == {int(wanted)}, original.text[block.start : block.end]
