"""The folder that was indexed is remembered beside the index, as far as it can be."""

from pathlib import Path

import pytest

from qa.index import indexed_folder, remember_folder


@pytest.mark.parametrize("name", ["articles", "two\nlines", "caf\udce9"])
def test_it_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / "index").mkdir()
    monkeypatch.chdir(tmp_path)
    remember_folder(Path("index"), Path(name))
    remember_folder(Path("index"), Path(name))
    assert indexed_folder(tmp_path / "index") == tmp_path / name
    assert (tmp_path / "index" / "FOLDER").stat().st_mode & 0o777 == 0o600
    (tmp_path / name).rmdir()
    assert indexed_folder(tmp_path / "index") is None


@pytest.mark.parametrize("data", [b"", b"articles", b"/\0", b"/" + b"x" * 300, b"\xff"])
def test_what_is_no_folder_counts_as_unknown(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "FOLDER").write_bytes(data)
    assert indexed_folder(tmp_path) is None


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    remember_folder(tmp_path / "nowhere", tmp_path)
    (tmp_path / "FOLDER").symlink_to(tmp_path / "other")
    remember_folder(tmp_path, tmp_path)
    assert not (tmp_path / "other").exists()
    assert indexed_folder(tmp_path / "nowhere") is None
