"""What one process wrote, another one reads."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
from qa.settings import Settings
from qa.wiring import build_index, open_answerer

settings = Settings(model="fake", store=sys.argv[1])
if sys.argv[2] == "build":
    build_index(Path(sys.argv[3]), settings)
else:
    print(open_answerer(settings).ask("What does the bridge cost?").passages[0].chunk.article_id)
"""


def test_another_process_opens_a_folder_of_milvus_lite(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "bridge.md").write_text("# The bridge\n\nIt costs four million crowns.\n", encoding="utf-8")
    store = f"milvus://{tmp_path / 'lite'}"

    def run(what: str) -> str:
        command = [sys.executable, "-c", SCRIPT, store, what, str(articles)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout

    run("build")
    assert run("ask").strip() == "bridge.md"
    (articles / "road.md").write_text("# The road\n\nIt is closed.\n", encoding="utf-8")
    run("build")
    assert run("ask").strip() == "bridge.md"
