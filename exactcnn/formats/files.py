"""Reading and writing whole files, with one clear error each."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from exactcnn.core.errors import InputError

__all__ = ["atomic_write", "atomic_write_all", "read_bytes", "read_text"]


def read_bytes(path: Path) -> bytes:
    """The file's content.

    Raises
    ------
    InputError: there is no such file, it is a folder, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file", source=str(path)) from None
    except IsADirectoryError:
        raise InputError("this is a folder", source=str(path), expected="a file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"the file cannot be read ({_reason(error)})", source=str(path)) from None


def read_text(path: Path) -> str:
    """The file's content as UTF-8 text; a byte order mark is dropped.

    Raises
    ------
    InputError: the file cannot be read, or is not UTF-8 (the line and the byte are named).
    """
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            "the file is not UTF-8 text",
            source=str(path),
            place=f"line {line}",
            found=f"the byte 0x{error.object[error.start]:02x}",
        ) from None


def atomic_write(path: Path, data: bytes | str) -> None:
    """Writes the whole file or nothing: into a temporary file beside it, which then takes its name.

    Text is written as UTF-8 with the line ends it has. A device or a pipe is written to as it is.

    Raises
    ------
    InputError: the folder does not exist, the path is a folder, or it cannot be written.
    """
    atomic_write_all({path: data})


def atomic_write_all(files: Mapping[Path, bytes | str]) -> None:
    """Writes files that belong together: none takes its name before all are written.

    Raises
    ------
    InputError: as atomic_write; the files that were there before stay.
    """
    ready: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            with _one_error(path):
                temporary = path.with_name(f".exactcnn-{os.getpid()}-{secrets.token_hex(8)}.tmp")
                ready[path] = temporary
                _write_beside(path, temporary, data.encode("utf-8") if isinstance(data, str) else data)
        for path, temporary in ready.items():
            with _one_error(path):
                if temporary.exists():
                    temporary.replace(path)
    except BaseException:
        for temporary in ready.values():
            with contextlib.suppress(OSError, ValueError):
                temporary.unlink()
        raise


def _write_beside(path: Path, temporary: Path, content: bytes) -> None:
    """Writes what is to take the path's name."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        # Renaming onto a device such as /dev/null would replace the device itself.
        path.write_bytes(content)
        return
    with temporary.open("xb") as file:
        file.write(content)


@contextlib.contextmanager
def _one_error(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InputError("the folder to write to does not exist", source=str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"the file cannot be written ({_reason(error)})", source=str(path)) from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
