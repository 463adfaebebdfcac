"""Whole files: all or nothing, and one clear error."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from exactcnn.core.errors import InputError
from exactcnn.formats.files import atomic_write, atomic_write_all, read_bytes, read_text


def test_written_text_and_bytes_are_read_back(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a.txt", "naïve\r\nline\n")
    assert read_bytes(tmp_path / "a.txt") == "naïve\r\nline\n".encode()
    assert read_text(tmp_path / "a.txt") == "naïve\r\nline\n"
    atomic_write(tmp_path / "a.txt", b"\x00\xff")
    assert read_bytes(tmp_path / "a.txt") == b"\x00\xff"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_written_file_has_ordinary_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    atomic_write(tmp_path / "written", b"")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    atomic_write(target, "old")

    def broken(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(InputError, match=r"a\.txt: the file cannot be written \(No space left on device\)"):
        atomic_write(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("wrong", ["missing/b.txt", "folder"])
def test_files_that_belong_together_are_written_together(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "folder").mkdir()
    atomic_write_all({tmp_path / "a.txt": "old", tmp_path / "b.txt": b"old"})
    for names in (["a.txt", wrong], [wrong, "a.txt"]):
        with pytest.raises(InputError):
            atomic_write_all({tmp_path / name: "new" for name in names})
        assert (tmp_path / "a.txt").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.txt", "folder"]


def test_a_full_disk_leaves_both_old_files(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    files = {tmp_path / "a.stmt": "old", tmp_path / "a.cert": "old"}
    atomic_write_all(files)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, before[1]))
    try:
        with pytest.raises(InputError, match=r"a\.cert: the file cannot be written \(File too large\)"):
            atomic_write_all({tmp_path / "a.stmt": "new", tmp_path / "a.cert": 4096 * "x"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {p: p.read_text() for p in tmp_path.iterdir()} == files


def test_a_device_is_written_to_and_stays_a_device() -> None:
    atomic_write(Path(os.devnull), "gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing/a.txt", "the folder to write to does not exist"),
        ("folder", "the file cannot be written"),
        ("file/a.txt", "the file cannot be written"),
        ("a\0b", "the file cannot be written"),
        ("a\0b/a.txt", "the file cannot be written"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError) as caught:
        atomic_write(tmp_path / path, "text")
    assert caught.value.source == str(tmp_path / path)
    assert caught.value.message.startswith(message)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "there is no such file"),
        ("folder", "this is a folder"),
        ("file/a", "the file cannot be read"),
        ("a\0b", "the file cannot be read"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError) as caught:
        read_text(tmp_path / path)
    assert caught.value.source == str(tmp_path / path)
    assert caught.value.message.startswith(message)


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfname")
    assert read_text(tmp_path / "a") == "name"


def test_text_that_is_not_utf8_is_refused_by_line_and_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\ntwo\nthr\xe9e\n")
    with pytest.raises(InputError, match=r"a: line 3: the file is not UTF-8 text; found the byte 0xe9$"):
        read_text(tmp_path / "a")
