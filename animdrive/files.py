"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
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
        handle, name = tempfile.mkstemp(prefix=".part-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise InputError(
            f"Cannot write {path}: {error.strerror or error}. Choose another output folder."
        ) from error
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        # mkstemp makes files that only their owner may read; a result is for everybody.
        mask = os.umask(0)
        os.umask(mask)
        aside.chmod(0o666 & ~mask)
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
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the {what} itself.")
    if not path.exists():
        raise InputError(f"{what} not found: {path}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); nothing was made. Record or copy it again.")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} may not be read; change its permissions.")
    return path


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, as hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
