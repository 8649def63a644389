"""Take the README's picture of the page: `python tests/browser/screenshot.py` writes docs/page.png."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from qa.settings import Settings  # noqa: E402 (a command, not a test: nothing has put the root on the path)
from qa.wiring import build_index  # noqa: E402
from tests.browser.conftest import CHROMIUM, FLAGS, ask  # noqa: E402
from tests.running import running  # noqa: E402

QUESTION = "Why won't NATO admit Ukraine?"
MAX_BYTES = 200_000


def main(picture: Path) -> None:
    """Serve the seeds with the real model, ask, and write what is seen."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        settings = Settings(index_dir=Path(folder) / "index")
        build_index(ROOT / "seeds", settings, progress=lambda stage, done, total: None)
        with running(settings.index_dir, model="default") as server:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
            page.goto(server.url)
            ask(page, QUESTION)
            page.locator("#question").evaluate("(field) => field.blur()")
            page.screenshot(path=picture)
            browser.close()
    size = picture.stat().st_size
    if size > MAX_BYTES:
        sys.exit(f"Wrote {size} bytes, expected at most {MAX_BYTES}.")
    sys.stdout.write(f"{picture.relative_to(ROOT)}: {size} bytes\n")


if __name__ == "__main__":
    main(ROOT / "docs" / "page.png")
