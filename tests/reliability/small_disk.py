"""Build on disks of every size, inside a mount namespace of its own: `unshare -m python -m tests.reliability.small_disk`.

Arguments: a work folder, folder and digest of the old and of the new state, the step between sizes in
pages. Prints one JSON object a line.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from qa.errors import StorageError
from qa.wiring import build_index, open_answerer
from tests.reliability.states import QUESTION, fake

PAGE = 4096
LAST_PAGES = 300  # far more than the states of these tests need


def main(work: str, old: str, new: str, step: str) -> None:
    """Try one size after the other, then fill a disk and ask."""
    disk = Path(work)
    for pages in range(0, LAST_PAGES, int(step)):
        line = _try(disk, Path(old), Path(new), pages)
        _print(line)
        if line["outcome"] == "published":
            break
    _print(_ask_on_a_full_disk(disk, Path(old)))


def _try(disk: Path, old: Path, new: Path, pages: int) -> dict[str, object]:
    """Index the old state, leave so many pages free, and index the new one."""
    _mount(disk)
    try:
        index_dir = disk / "index"
        first = build_index(old, fake(index_dir)).manifest
        room = shutil.disk_usage(disk).used + pages * PAGE
        _run("mount", "-o", f"remount,size={room}", str(disk))
        line: dict[str, object] = {"pages": pages, "outcome": "published", "message": ""}
        try:
            build_index(new, fake(index_dir))
        except StorageError as error:
            line |= {"outcome": "refused", "message": str(error)}
        answerer = open_answerer(fake(index_dir))
        answerer.ask(QUESTION)
        line["generation"] = answerer.generation.manifest.generation
        line["old"] = first.generation
        line["left"] = sorted(path.name for path in index_dir.iterdir())
    finally:
        _unmount(disk)
    return line


def _ask_on_a_full_disk(disk: Path, old: Path) -> dict[str, object]:
    """Fill the disk to the last byte, then ask in this process and by the command."""
    _mount(disk)
    try:
        index_dir = disk / "index"
        build_index(old, fake(index_dir))
        with (disk / "ballast").open("wb", buffering=0) as file:
            size = PAGE
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2
        free = shutil.disk_usage(disk).free
        answered = sum(open_answerer(fake(index_dir)).ask(QUESTION).status == "answered" for _ in range(20))
        environment = os.environ | {"QA_MODEL": "fake", "QA_REFUSE_BELOW": "0", "TMPDIR": str(disk)}
        command = [sys.executable, "-m", "qa", "ask", QUESTION, "--index-dir", str(index_dir)]
        codes = [
            subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL).returncode
            for _ in range(2)
        ]
    finally:
        _unmount(disk)
    return {"outcome": "asked", "free": free, "answered": answered, "codes": codes}


def _mount(disk: Path) -> None:
    disk.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", "size=16m", "qa-test", str(disk))


def _unmount(disk: Path) -> None:
    _run("umount", "-l", str(disk))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _print(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
