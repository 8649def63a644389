"""Only what changed is embedded, what is gone is gone, and the result is that of a full build."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from qa.index import Generation, open_generation
from qa.index.doctor import embedded_texts
from qa.models import FakeEmbedder
from qa.types import BuildReport
from qa.wiring import build_index, open_answerer
from tests.articles import load_all
from tests.reliability.children import qa
from tests.reliability.conftest import MakeFigure
from tests.reliability.states import check_tidy, comparable, fake

ARTICLES = 1000
CHANGED = "note-0500.md"
REMOVED = "note-0700.md"
WORD = "xylophone"


def article(number: int) -> str:
    sentences = [
        f"Observation {i} of note {number} was made at harbour H{(number * 7 + i * 13) % 997}."
        for i in range(12)
    ]
    return f"# Note {number}\n\n{' '.join(sentences)}\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1,000 articles in `articles` and their index in `index`."""
    root = tmp_path_factory.mktemp("thousand")
    (root / "articles").mkdir()
    for number in range(ARTICLES):
        (root / "articles" / f"note-{number:04}.md").write_text(article(number), encoding="utf-8")
    report = build_index(root / "articles", fake(root / "index"))
    assert (report.added, report.chunks_embedded) == (ARTICLES, report.manifest.chunks)
    return root


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "copy"))


def edit(copy: Path) -> BuildReport:
    """Change one word in one sentence of one article, and index again."""
    path = copy / "articles" / CHANGED
    path.write_text(path.read_text().replace("Observation 6 of", f"{WORD} 6 of"), encoding="utf-8")
    return build_index(copy / "articles", fake(copy / "index"))


def counts(report: BuildReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.removed, report.unchanged


def texts_of(generation: Generation) -> list[str]:
    rows = range(generation.manifest.chunks)
    texts: list[str] = []
    for first in rows[::500]:
        texts += embedded_texts(generation, rows[first : first + 500], FakeEmbedder().count_tokens)
    return texts


def test_an_edit_embeds_only_the_chunks_it_changed(copy: Path, figure: MakeFigure) -> None:
    tried = figure(f"editing 1 of {ARTICLES:,} articles")
    before = open_generation(copy / "index")
    report = edit(copy)
    after = open_generation(copy / "index")
    old, new = texts_of(before), texts_of(after)
    changed = set(new) - set(old)
    tried.trials = 1
    tried.details = {"chunks": report.manifest.chunks, "chunks embedded": report.chunks_embedded}
    assert counts(report) == (0, 1, 0, ARTICLES - 1)
    assert report.chunks_embedded == len(changed) == sum(WORD in text for text in new)
    assert 1 <= len(changed) <= 2  # two where the sentence is in the overlap of neighbours
    rows = {text: row for row, text in enumerate(old)}
    kept = [(rows[text], row) for row, text in enumerate(new) if text not in changed]
    assert len(kept) == report.manifest.chunks - len(changed)
    was, now = (np.array(side) for side in zip(*kept, strict=True))
    assert np.array_equal(before.dense.vectors(was), after.dense.vectors(now))
    for row_before, row_after in kept:
        assert np.array_equal(before.sentences.of_chunk(row_before), after.sentences.of_chunk(row_after))


def test_a_deleted_article_is_gone_from_both_legs(copy: Path, figure: MakeFigure) -> None:
    tried = figure(f"deleting 1 of {ARTICLES:,} articles: passages of it on the next question")
    question = "Which observation 3 of note 700 was made?"
    assert open_answerer(fake(copy / "index")).ask(question).passages[0].chunk.article_id == REMOVED
    (copy / "articles" / REMOVED).unlink()
    report = build_index(copy / "articles", fake(copy / "index"))
    assert counts(report) == (0, 0, 1, ARTICLES - 1)
    assert report.chunks_embedded == 0
    generation = open_generation(copy / "index")
    count = generation.manifest.chunks
    ids = [chunk.article_id for first in range(0, count, 500) for chunk in chunks(generation, first)]
    assert len(ids) == count
    assert REMOVED not in ids
    vector = FakeEmbedder().embed_questions([question])[0]
    dense, _ = generation.dense.search(vector, count)
    lexical = np.flatnonzero(generation.lexical.scores(question))
    answer = open_answerer(fake(copy / "index")).ask(question, k=50)
    tried.trials = len(answer.passages)
    tried.failures += [p.chunk.article_id for p in answer.passages if p.chunk.article_id == REMOVED]
    tried.failures += [ids[row] for row in [*dense, *lexical] if ids[row] == REMOVED]
    assert not tried.failures
    assert generation.lexical.scores("700").max() == 0  # no other note has the word


def chunks(generation: Generation, first: int) -> list:  # type: ignore[type-arg]
    return generation.chunks(range(first, min(first + 500, generation.manifest.chunks)))


def test_an_incremental_index_is_the_one_a_full_build_makes(copy: Path, figure: MakeFigure) -> None:
    tried = figure("the same question to an incremental and to a rebuilt index")
    edit(copy)
    (copy / "articles" / REMOVED).unlink()
    (copy / "articles" / "note-0100a.md").write_text(article(5000), encoding="utf-8")
    incremental = build_index(copy / "articles", fake(copy / "index")).manifest
    rebuilt = build_index(copy / "articles", fake(copy / "rebuilt")).manifest
    assert incremental.digest == rebuilt.digest
    one, other = open_answerer(fake(copy / "index")), open_answerer(fake(copy / "rebuilt"))
    for number in range(50):
        question = f"Where was observation {number % 12} of note {number * 20} made?"
        tried.trials += 1
        if comparable(one.ask(question)) != comparable(other.ask(question)):
            tried.failures.append(question)
    assert not tried.failures
    equal = [name for name in rebuilt.files if rebuilt.files[name] == incremental.files[name]]
    tried.details["files equal byte for byte"] = f"{len(equal)} of {len(rebuilt.files)}"
    assert {"dense.faiss", "sentences.npy"} <= set(equal)


def test_a_run_that_changes_nothing_publishes_nothing(copy: Path, figure: MakeFigure) -> None:
    tried = figure(f"`qa index` of {ARTICLES:,} articles that did not change")
    index_dir = copy / "index"
    build_index(copy / "articles", fake(index_dir))
    before = stamps(index_dir)
    begun = time.perf_counter()
    report = build_index(copy / "articles", fake(index_dir))
    tried.details["seconds in the process"] = round(time.perf_counter() - begun, 2)
    assert not report.published
    assert counts(report) == (0, 0, 0, ARTICLES)
    assert report.chunks_embedded == 0
    begun = time.perf_counter()
    done = qa("index", copy / "articles", "--index-dir", index_dir)
    tried.details["seconds of the command"] = round(time.perf_counter() - begun, 2)
    tried.trials = 2
    assert done.returncode == 0, done.stderr
    assert stamps(index_dir) == before
    check_tidy(index_dir)


def stamps(index_dir: Path) -> dict[Path, tuple[int, int]]:
    """Return when each file was last written, and which it is; the lock says who wrote last."""
    files = [path for path in index_dir.rglob("*") if path.name != "LOCK"]
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in files}


def test_the_articles_are_those_of_the_folder(built: Path) -> None:
    articles, skipped = load_all(built / "articles")
    stored = [summary.sha256 for summary in open_generation(built / "index").articles()]
    assert stored == [one.sha256 for one in articles]
    assert skipped == ()
