"""What fills the list of passages: copies of one text take one place."""

from pathlib import Path

from qa.answer import Answerer
from qa.index import build_generation, open_generation
from qa.models import FakeEmbedder
from qa.types import Article, ChunkerSettings

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
