"""What fills the list of passages: copies of one text take one place."""

from pathlib import Path

import pytest

from qa.answer import Answerer
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.types import Answer, Article, ChunkerSettings, Mention
from tests.planted import EDITS, report, words

CHUNKER = ChunkerSettings(version=1, max_tokens=200, overlap_tokens=30)
WIRE = (
    "The harbour was closed on Monday after the storm broke the eastern mole. "
    "Pilots had warned the council for years that the mole was weak. "
    "Repairs will take until spring, the harbour master said."
)
OTHER = "Fishing boats from the harbour now land their catch two hours to the north, and prices have doubled."


def ask(folder: Path, texts: dict[str, str], question: str, k: int = 5) -> list[str]:
    articles = [Article(id=name, title="", text=text, sha256=name) for name, text in sorted(texts.items())]
    build_generation(lambda: articles, folder, embedder=FakeEmbedder(), chunker=CHUNKER)
    answer = Answerer(open_generation(folder), FakeEmbedder(), refuse_below=0.0).ask(question, k=k)
    assert [passage.rank for passage in answer.passages] == list(range(1, len(answer.passages) + 1))
    return [passage.chunk.article_id for passage in answer.passages]


def test_a_wire_report_that_three_papers_printed_takes_one_place(tmp_path: Path) -> None:
    edited = WIRE.replace("on Monday", "on 3 March").replace("The harbour was", "Our harbour was")
    texts = {"a.txt": WIRE, "b.txt": WIRE, "c.txt": edited, "d.txt": OTHER}
    found = ask(tmp_path, texts, "Why was the harbour closed?")
    assert sorted(found) in (["a.txt", "d.txt"], ["c.txt", "d.txt"])


def test_of_equal_copies_the_first_article_stays(tmp_path: Path) -> None:
    assert ask(tmp_path, {"b.txt": WIRE, "a.txt": WIRE}, "Why was the harbour closed?") == ["a.txt"]


def test_copies_do_not_cost_a_place(tmp_path: Path) -> None:
    texts = {f"copy{number}.txt": WIRE for number in range(20)} | {"other.txt": OTHER}
    assert len(ask(tmp_path, texts, "Why was the harbour closed?", k=2)) == 2


def test_what_shares_only_its_subject_is_no_copy(tmp_path: Path) -> None:
    again = "The harbour opened again on Friday once the eastern mole had been repaired for good."
    assert len(ask(tmp_path, {"a.txt": WIRE, "b.txt": again, "c.txt": OTHER}, "harbour mole")) == 3


# --- copies of whole articles, which are cut into chunks elsewhere ------------------------------------


SENTENCES = [f"wire {paragraph} {sentence}" for paragraph in range(6) for sentence in range(4)]


def asked(name: str) -> str:
    """Return what to ask about a sentence of the report."""
    return " ".join(words(name, 12)[2:9])


def related(number: int) -> str:
    """Return one of twenty reports that share three words with a question, five for each question."""
    parts = report(f"other {number}").split("\n\n")
    names = [SENTENCES[(number * len(parts) + place) % len(SENTENCES)] for place in range(len(parts))]
    shared = [" ".join([*asked(name).split()[:3], *words(f"other {number}", 9)]) for name in names]
    return "\n\n".join(f"{some.capitalize()}. {part}" for some, part in zip(shared, parts, strict=True))


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    """An index of a report that ten papers printed, each in its own way, and of twenty others."""
    texts = {f"copy-{number}.md": EDITS[kind](report("wire"), kind) for number, kind in enumerate(EDITS)}
    assert len(texts) == 10
    texts |= {f"other-{number}.md": related(number) for number in range(20)}
    articles = [
        Article(id=name, title=f"Title of {name}", text=text, sha256=name, source=f"Paper {name[5:-3]}")
        for name, text in texts.items()
    ]
    folder = tmp_path_factory.mktemp("index")
    build_generation(lambda: articles, folder, embedder=FakeEmbedder(), chunker=CHUNKER)
    return Answerer(open_generation(folder), FakeEmbedder(), refuse_below=0.0)


def papers(answer: Answer) -> list[str]:
    """Return the copies that have a place."""
    return sorted({each.chunk.article_id for each in answer.passages if "copy" in each.chunk.article_id})


@pytest.mark.parametrize("name", SENTENCES)
def test_ten_copies_of_an_article_take_one_place_among_the_first_five(copied: Answerer, name: str) -> None:
    answer = copied.ask(asked(name))
    assert len(answer.passages) == 5
    assert len(papers(answer)) == 1
    assert papers(answer) == [answer.passages[0].chunk.article_id]


def test_what_only_a_copy_says_is_found(copied: Answerer) -> None:
    kind = "a paragraph in the middle"
    added = words(f"more {kind}", 96)
    answer = copied.ask(" ".join(added[20:30]))
    assert answer.passages[0].chunk.article_id == f"copy-{list(EDITS).index(kind)}.md"
    assert answer.citations[0].also_in == ()


def test_a_citation_names_the_copies_that_hold_its_quote(copied: Answerer) -> None:
    numbers: set[int] = set()
    for name in SENTENCES:
        first = copied.ask(asked(name)).citations[0]
        generation = copied.generation
        assert len(generation.copies(first.article_id)) == 9
        assert first.also_in == tuple(
            Mention(name, f"Title of {name}", f"Paper {name[5:-3]}")
            for name in generation.copies(first.article_id)
            if " ".join(first.quote.split()) in " ".join(generation.article(name).text.split())
        )
        numbers.add(len(first.also_in))
    assert max(numbers) == 9
    assert min(numbers) < 8


def test_a_citation_names_no_copy_that_says_it_otherwise_and_twenty_at_most(tmp_path: Path) -> None:
    text = report("wire")
    quote = text[: text.index(".") + 1]
    texts = {f"{number:02}.md": text for number in range(24)} | {
        "edited.md": text.replace(quote, "It was other.")
    }
    articles = [Article(id=name, title="", text=body, sha256=name) for name, body in sorted(texts.items())]
    build_generation(lambda: articles, tmp_path, embedder=FakeEmbedder(), chunker=CHUNKER)
    answer = Answerer(open_generation(tmp_path), FakeEmbedder(), refuse_below=0.0).ask(quote)
    assert (answer.citations[0].quote, answer.citations[0].article_id) == (quote, "00.md")
    assert [copy.article_id for copy in answer.citations[0].also_in] == [f"{n:02}.md" for n in range(1, 21)]
    texts = {"a.md": text, "edited.md": texts["edited.md"]}
    articles = [Article(id=name, title="", text=body, sha256=name) for name, body in sorted(texts.items())]
    build_generation(lambda: articles, tmp_path, embedder=FakeEmbedder(), chunker=CHUNKER)
    answer = Answerer(open_generation(tmp_path), FakeEmbedder(), refuse_below=0.0).ask(quote)
    assert (answer.citations[0].quote, answer.citations[0].also_in) == (quote, ())
