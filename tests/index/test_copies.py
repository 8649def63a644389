"""Copies are found whatever was done to them, and nothing else is taken for one."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from qa.corpus import load_folder
from qa.index import build_generation, open_generation
from qa.index.copies import CopyFinder, signature_of
from qa.models import FakeEmbedder
from qa.types import Article, ChunkerSettings
from tests.planted import EDITS, report, words

CHUNKER = ChunkerSettings(version=1, max_tokens=60, overlap_tokens=10)
SETS = {"clapnq_dev": 5, "cookbook_docs": 0, "multihop_rag_sample_facts": 1, "xquad/en": 0, "xquad/de": 0}
"""Copies in the sets of the evaluation data, each looked at: one passage of Wikipedia, or one sentence, twice."""


def article(name: str, text: str, language: str | None = "en") -> Article:
    return Article(id=name, title=f"Title of {name}", text=text, sha256=name, language=language)


def originals(*articles: Article) -> dict[str, str]:
    finder = CopyFinder()
    for each in articles:
        finder.add(each.id, signature_of(each))
    return finder.originals({each.id: each for each in articles}.__getitem__)


def of_texts(texts: Mapping[str, str]) -> dict[str, str]:
    return originals(*(article(name, text) for name, text in texts.items()))


@pytest.mark.parametrize("kind", EDITS)
def test_a_copy_is_found_whatever_was_done_to_it(kind: str) -> None:
    texts = {f"{number}.md": report(f"report {number}") for number in range(20)}
    copies = {f"{name}.copy.md": EDITS[kind](text, name) for name, text in texts.items()}
    assert of_texts(texts | copies) == {f"{name}.copy.md": name for name in texts}


def test_articles_that_are_no_copies_are_in_no_group() -> None:
    assert of_texts({f"{number}.md": report(f"report {number}") for number in range(50)}) == {}


@pytest.mark.parametrize("share", [0.9, 0.7, 0.55])
def test_a_cut_copy_is_one_down_to_half_of_the_original(share: float) -> None:
    text = report("whole")
    assert of_texts({"a.md": text, "b.md": text[: round(len(text) * share)]}) == {"b.md": "a.md"}


def test_a_short_article_that_a_long_one_quotes_is_no_copy() -> None:
    text = report("whole")
    quoted = "\n\n".join(text.split("\n\n")[:2])
    assert of_texts({"long.md": text, "short.md": quoted}) == {}


def test_a_footer_that_all_pages_have_makes_no_copies() -> None:
    footer = report("footer", paragraphs=1)
    pages = {f"{n}.md": f"{report(f'page {n}', paragraphs=2)}\n\n{footer}" for n in range(30)}
    assert of_texts(pages) == {}


def test_reports_of_a_series_are_no_copies() -> None:
    def weekly(number: int) -> str:
        names = words(f"week {number}", 40)
        return " ".join(
            f"In the harbour of {names[i]} the council met for {names[i + 1]} hours and heard about {names[i + 2]}."
            for i in range(0, 36, 3)
        )

    assert of_texts({f"{number}.md": weekly(number) for number in range(20)}) == {}


def test_short_texts_of_one_form_are_no_copies() -> None:
    notice = "This {} needs more sources. Please help to improve it by adding some. Unsourced text may go. ({} 2013)"
    assert of_texts({"a.md": notice.format("article", "May"), "b.md": notice.format("section", "June")}) == {}
    assert of_texts({"a.md": notice.format("article", "May"), "b.md": notice.format("article", "May")}) == {
        "b.md": "a.md"
    }


def test_headings_page_furniture_and_front_matter_do_not_count() -> None:
    text = report("whole")
    dressed = f"---\nsource: The Echo\n---\n\n# Another headline\n\n{text}\n\nAll rights reserved.\n\nPhoto: A. Person\n"
    assert of_texts({"a.md": text, "b.md": dressed}) == {"b.md": "a.md"}


def test_an_article_without_words_is_no_copy() -> None:
    assert of_texts({"a.md": "", "b.md": "", "c.md": "...", "d.md": "..."}) == {}


def test_articles_of_a_word_or_two_are_copies_when_they_are_the_same() -> None:
    assert of_texts({"a.md": "Closed today.", "b.md": "Closed  today!", "c.md": "Open today."}) == {
        "b.md": "a.md"
    }


def test_a_language_without_spaces_has_words_too() -> None:
    text = "東京の港は月曜日に閉鎖された。船は外で待った。嵐が東の防波堤を壊したためだと港長は述べた。修理は春までかかる。"
    other = (
        "大阪の図書館は来年の四月に新しい建物へ移る。市長によると、蔵書は百万冊を超え、夜も開いているという。"
    )
    found = originals(
        article("a", text, "ja"), article("b", f"{text}以上。", "ja"), article("c", other, "ja")
    )
    assert found == {"b": "a"}


def test_copies_of_copies_are_one_group_named_by_the_first_id() -> None:
    parts = report("whole", paragraphs=9).split("\n\n")
    whole, beginning, end = ("\n\n".join(part) for part in (parts, parts[:6], parts[3:]))
    assert of_texts({"a.md": beginning, "b.md": end}) == {}
    assert of_texts({"c.md": whole, "a.md": beginning, "b.md": end}) == {"b.md": "a.md", "c.md": "a.md"}


def test_the_order_of_articles_does_not_matter() -> None:
    texts = {f"{n}.{kind}.md": EDITS[kind](report(f"{n}"), kind) for n in range(3) for kind in EDITS}
    found = of_texts(texts)
    assert len(found) == 3 * (len(EDITS) - 1)
    assert of_texts(dict(reversed(texts.items()))) == found


# --- in an index --------------------------------------------------------------------------------------


def write(folder: Path) -> Path:
    folder.mkdir()
    for name in ("one", "two"):
        for number, kind in enumerate(EDITS):
            (folder / f"{name}-{number}.md").write_text(EDITS[kind](report(name), kind), encoding="utf-8")
    (folder / "single.md").write_text(report("single"), encoding="utf-8")
    return folder


def build(folder: Path, index: Path) -> None:
    build_generation(lambda: load_folder(folder), index, embedder=FakeEmbedder(), chunker=CHUNKER)


def test_an_index_knows_its_copies(tmp_path: Path) -> None:
    build(write(tmp_path / "articles"), tmp_path / "index")
    generation = open_generation(tmp_path / "index")
    copy_of = {summary.id: summary.copy_of for summary in generation.articles()}
    group = tuple(f"one-{number}.md" for number in range(len(EDITS)))
    assert copy_of == {
        **{name: "one-0.md" for name in group},
        **{name.replace("one", "two"): "two-0.md" for name in group},
        **dict.fromkeys(("one-0.md", "two-0.md", "single.md")),
    }
    assert generation.manifest.copies == 2 * (len(group) - 1)
    assert generation.copies("one-3.md") == tuple(name for name in group if name != "one-3.md")
    assert generation.copies("one-0.md") == group[1:]
    assert generation.copies("single.md") == ()


def test_equal_folders_make_equal_stores_in_every_process(tmp_path: Path) -> None:
    folder = write(tmp_path / "articles")
    code = (
        "import sys; from pathlib import Path; from tests.index.test_copies import build;"
        "build(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    stores: set[bytes] = set()
    for seed in ("0", "1", "4711"):
        index = tmp_path / f"index-{seed}"
        subprocess.run(
            [sys.executable, "-c", code, folder, index],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        [store] = index.glob("gen-*/articles.sqlite")
        stores.add(store.read_bytes())
    assert len(stores) == 1


def test_a_copy_that_comes_or_goes_changes_the_group_of_the_rest(tmp_path: Path) -> None:
    folder = write(tmp_path / "articles")
    build(folder, tmp_path / "index")
    (folder / "one-0.md").unlink()
    build(folder, tmp_path / "index")
    build(folder, tmp_path / "rebuilt")
    incremental, rebuilt = open_generation(tmp_path / "index"), open_generation(tmp_path / "rebuilt")
    assert incremental.copies("one-2.md")[0] == "one-1.md"
    assert incremental.manifest.files["articles.sqlite"] == rebuilt.manifest.files["articles.sqlite"]


# --- on the evaluation data ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_in_real_articles_only_copies_are_found(name: str, shared_dir: Path) -> None:
    assert len(originals(*real(shared_dir, name))) == SETS[name]


@pytest.mark.parametrize(
    "name", ["clapnq_dev", "xquad/de"]
)  # prose: an edit of documentation changes what is code
def test_planted_copies_of_real_articles_are_found(name: str, shared_dir: Path) -> None:
    articles = real(shared_dir, name)
    long = [each for each in articles if len(each.text.split()) >= 80][::10]
    planted = {
        f"{each.id}~{kind}": replace(each, id=f"{each.id}~{kind}", text=edit(each.text, kind))
        for kind, edit in EDITS.items()
        for each in long
    }
    found = originals(*articles, *planted.values())
    group = {copy: found.get(copy, copy) for copy in [*planted, *(each.id for each in articles)]}
    missed = [copy for copy in planted if group[copy] != group[copy.partition("~")[0]]]
    assert len(missed) <= len(planted) * 0.05, missed


def real(shared_dir: Path, name: str) -> list[Article]:
    return [each for each in load_folder(shared_dir / "eval" / name) if isinstance(each, Article)]
