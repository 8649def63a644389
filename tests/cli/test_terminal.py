"""What a person sees on a terminal: links, marks, widths, a table, an article around a quote."""

import os
import re
import signal
import socket
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.program import ANSI, HARBOUR, QUOTE, on_terminal, plain, qa, session

LINK = re.compile(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b\\(.*?)\x1b\]8;;\x1b\\")
LONG = "Long\n\n" + "\n".join(f"Line {number} of the article." for number in range(1, 101)) + "\n"


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An article longer than a screen, some names with blanks, and their index."""
    folder = tmp_path_factory.mktemp("long")
    (folder / "seeds").mkdir()
    (folder / "seeds" / "long.txt").write_text(LONG, encoding="utf-8")
    (folder / "seeds" / "a b é.md").write_text(
        f"---\ntitle: {'The tides of the year ' * 6}\n---\n\nThe tide comes in twice a day.\n",
        encoding="utf-8",
    )
    (folder / "seeds" / "港.txt").write_text(
        "東京の港\n\n東京の港は月曜日に閉鎖された。船は外で待った。\n", encoding="utf-8"
    )
    assert qa(folder, "index").returncode == 0
    return folder


def test_the_source_line_leads_to_the_file(place: Path) -> None:
    found = LINK.findall(on_terminal(place, "ask", HARBOUR, "-k", "2"))
    url = f"file://{socket.gethostname()}{place}/seeds/harbour.md"
    assert (url, "The harbour | The Gazette | A. Writer | 2023-07-11 | harbour.md:8") in [
        (link, plain(text)) for link, text in found
    ]
    assert len({link for link, _ in found}) == 2


def test_a_link_to_a_strange_name_is_a_url(long: Path) -> None:
    [link, *_] = [link for link, _ in LINK.findall(on_terminal(long, "ask", "When does the tide come in?"))]
    assert link.endswith("/seeds/a%20b%20%C3%A9.md")


def test_what_is_not_there_is_not_linked(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "tide.txt").write_text(
        "Tides\n\nThe tide comes in twice a day.\n", encoding="utf-8"
    )
    assert qa(tmp_path, "index").returncode == 0
    question = "When does the tide come in?"
    assert LINK.search(on_terminal(tmp_path, "ask", question))
    (tmp_path / "seeds").rename(tmp_path / "moved")
    assert not LINK.search(on_terminal(tmp_path, "ask", question))
    assert qa(tmp_path, "index", "moved").returncode == 0
    assert LINK.search(on_terminal(tmp_path, "ask", question))
    (tmp_path / "index" / "FOLDER").write_bytes(b"\0\xff\n")
    assert not LINK.search(on_terminal(tmp_path, "ask", question))


@pytest.mark.parametrize("arguments", [("ask", HARBOUR), ("articles",), ("show", "harbour.md", "--end", "9")])
@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_terminal_that_knows_no_escapes_gets_none(
    place: Path, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    assert "\x1b" not in on_terminal(place, *arguments, variables=variables)


@pytest.mark.parametrize("columns", [30, 60, 100])
def test_no_line_is_wider_than_the_terminal(long: Path, columns: int) -> None:
    for arguments in (("ask", "When does the tide come in?"), ("ask", "東京の港"), ("articles",)):
        shown = plain(on_terminal(long, *arguments, columns=columns))
        assert max(map(cell_len, shown.splitlines())) <= columns


def test_words_of_the_question_are_marked_in_other_passages(place: Path) -> None:
    shown = on_terminal(place, "ask", "Which cars does the harbour carry over the bridge, and why?")
    assert re.search(r"\x1b\[1m(bridge|cars|harbour|carries)\x1b\[0m", shown)
    assert "Why:" not in shown


def test_explaining_on_a_terminal_is_still_asked_for(place: Path) -> None:
    assert "Why:" in plain(on_terminal(place, "ask", HARBOUR, "--explain"))


def test_articles_are_a_table_whose_titles_give_way(long: Path) -> None:
    lines = plain(on_terminal(long, "articles", columns=60)).splitlines()
    assert lines[0].split() == ["article", "title", "source", "published", "chunks"]
    assert lines[1].startswith("a b é.md ")
    assert "…" in lines[1]
    assert len(lines) == 4


def test_a_part_is_shown_in_the_middle_of_the_screen(long: Path) -> None:
    quote = "Line 50 of the article."
    start = LONG.index(quote)
    arguments = ("show", "long.txt", "--start", str(start), "--end", str(start + len(quote)))
    shown = on_terminal(long, *arguments, rows=24)
    lines = shown.split("...", 1)[1].split("\n")
    assert f"\x1b[1;32m{quote}\x1b[0m" in lines
    numbers = [int(number) for number in re.findall(r"Line (\d+) of", shown)]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert abs((50 - numbers[0]) - (numbers[-1] - 50)) <= 1
    assert 18 <= len(numbers) <= 23
    assert qa(long, *arguments).stdout == quote.encode()
    assert on_terminal(long, *arguments, variables={"TERM": "dumb"}).endswith(f"\n{quote}\n")


def test_a_whole_article_is_shown_as_it_is(place: Path) -> None:
    shown = on_terminal(place, "show", "harbour.md")
    assert not ANSI.search(shown)
    assert QUOTE in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_wrong_moment_ends_quietly(
    place: Path, tmp_path: Path, number: signal.Signals
) -> None:
    fifo = tmp_path / "answer.json"
    os.mkfifo(fifo)
    with session(place, "verify", str(fifo)) as terminal, fifo.open("wb"):
        terminal.let_it_wait()
        if number == signal.SIGINT:
            terminal.type("\x03")
        else:
            terminal.process.send_signal(number)
        shown = terminal.read_to_end()
        assert (terminal.process.returncode, shown.replace("^C", "")) == (130, "")
