"""Articles with every kind of text that has broken offsets before, and a folder's articles all at once."""

from pathlib import Path

from qa.corpus import load_folder
from qa.types import Article, Skipped

ARTICLES: dict[str, bytes] = {
    "plain.md": b"---\ntitle: The harbour\nsource: The Gazette\nauthor: A. Writer\npublished: 2023-07-11\n---\n\n"
    b"# The harbour\n\nThe harbour was closed on Monday because of a storm. Ships waited outside.\n",
    "folder/deep er/caf\u00e9 100%?#.md": "# Café ☕\n\nThe café sells 👩‍👩‍👧‍👦 family tickets. A ticket costs four euros.\n".encode(),
    "combining.txt": "Cafe\u0301 culture\n\nThe cafe\u0301 culture of Vienna began in 1683. It never ended.\n".encode(),
    "windows.txt": b"Trains\r\n\r\nThe night train leaves at nine.\r\nIt arrives in the morning.\r\n",
    "bom.txt": b"\xef\xbb\xbfBridges\n\nThe bridge carries forty thousand cars a day. It was built in 1932.\n",
    "rtl.txt": "السلام\n\nقال الوزير إن المحادثات بدأت في القاهرة. The minister spoke in Cairo.\n".encode(),
    "repeated.txt": b"Echo\n\n"
    + b"The echo answers the same words. The echo answers the same words.\n\n" * 4,
    "controls.txt": "Colours\n\nThe paint was \x1b[31mred\x1b[0m and \u202egnp.exe\u202c stayed. It dried fast.\n".encode(),
    "separators.txt": "Lines\n\nThe poem has a line\u2028and another line. It ends\u00a0here.\n".encode(),
    "cjk.txt": "新聞\n\n東京の港は月曜日に閉鎖された。船は外で待った。\n".encode(),
}
QUESTIONS = (
    "Why was the harbour closed?",
    "What does a family ticket to the café cost?",
    "When did the cafe\u0301 culture of Vienna begin?",
    "When does the night train leave?",
    "How many cars does the bridge carry?",
    "Where did the minister speak?",
    "What does the echo answer?",
    "Which colour was the paint?",
    "What does the poem have?",
    "東京の港",
    "How do I bake sourdough bread?",
    "👩‍👩‍👧‍👦",
    "\u0000",
    "\u202eWhy?",
    "' OR 1=1 --",
    "a " * 999,
)


def write_articles(folder: Path) -> Path:
    """Write the articles below `folder`."""
    for name, data in ARTICLES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def load_all(folder: Path) -> tuple[tuple[Article, ...], tuple[Skipped, ...]]:
    """Return the articles, and what could not become one."""
    found = list(load_folder(folder))
    return tuple(i for i in found if isinstance(i, Article)), tuple(
        i for i in found if isinstance(i, Skipped)
    )
