"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from animdrive.errors import InputError


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; renamed to `path` on success, removed on failure.

    The suffix is kept, for many writers choose their format by it.

    Raises:
        InputError: the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.parent / f".part-{secrets.token_hex(8)}{path.suffix}"
        aside.touch(exist_ok=False)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror or error}. Choose another output folder."
        ) from error
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with plain line feeds, whole or not at all."""
    with written_aside(path) as aside:
        aside.write_bytes(text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data`, whole or not at all."""
    with written_aside(path) as aside:
        aside.write_bytes(data)


def existing_file(path: Path, what: str = "file") -> Path:
    """Return `path` if it is a file with something in it.

    Raises:
        InputError: missing, a folder, empty or not readable.
    """
    path = Path(path)
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError(
            f"The name of the {what} {str(path)!a} is not valid Unicode. Rename the file."
        ) from None
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        raise InputError(f"{what} not found: {path}. Check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}. Check the path.") from error
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path} is a folder; give the {what} itself.")
    if found.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); nothing was made. Check the {what}.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} may not be read; change its permissions.")
    return path


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, as hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def output_folder(path: Path) -> Iterator[Path]:
    """Yield `path` as a folder that can be written to, made where it is missing.

    Entered before long work, so that nobody waits for a result that cannot be kept. If the work
    fails before it wrote anything, folders that were made for it are removed again.

    Raises:
        InputError: it is a file, or may not be written.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; give a folder for the output.")
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        _remove_empty(missing)
        raise InputError(
            f"Cannot write to the folder {path}: {error.strerror or error}. Choose another one."
        ) from error
    try:
        yield path
    except BaseException:
        _remove_empty(missing)
        raise


def _remove_empty(folders: list[Path]) -> None:
    """Remove `folders`, the innermost first, as far as they are there and empty."""
    with contextlib.suppress(OSError):
        for folder in folders:
            if folder.exists():
                folder.rmdir()
