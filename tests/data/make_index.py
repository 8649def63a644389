"""Write the golden index of this format: `python tests/data/make_index.py`. Once released it is never written again."""

import shutil
import sys
from pathlib import Path

from qa.index.manifest import FORMAT_VERSION
from qa.settings import Settings
from qa.wiring import build_index

HERE = Path(__file__).resolve().parent
ARTICLES = {
    "lighthouse.md": "---\nauthor: A. Keeper\n---\n\n# The lighthouse\n\n"
    "The lighthouse of Skerry was lit in 1811. Its lamp burned whale oil. "
    "A storm put it out on the ninth of March, and the keeper rowed ashore for help.\n",
    "orchard.txt": "The orchard\n\nThe orchard behind the café grows forty kinds of apple. "
    "Most of them ripen in September. Nobody remembers who planted the oldest tree.\n",
}


def main() -> None:
    """Write the articles, and index them with the model without weights."""
    target = HERE / f"index-format-{FORMAT_VERSION}"
    if target.exists():
        sys.exit(f"{target} is there already: a golden index must open for ever, not be made anew.")
    articles = HERE / "articles"
    articles.mkdir(exist_ok=True)
    for name, text in ARTICLES.items():
        (articles / name).write_text(text, encoding="utf-8")
    build_index(articles, Settings(model="fake", index_dir=target))
    for name in ("LOCK", "FOLDER"):  # of the machine that it was made on
        (target / name).unlink()
    shutil.rmtree(articles)


if __name__ == "__main__":
    main()
