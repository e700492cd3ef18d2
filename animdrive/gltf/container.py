"""Opening a glTF file: its JSON and its buffers, checked before anything is used."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import unquote

from animdrive.errors import InputError
from animdrive.files import existing_file

Json = dict[str, Any]

_SUFFIXES = (".glb", ".gltf")


def damaged(path: Path, why: str) -> InputError:
    """Return the error of a file that does not hold together."""
    return InputError(f"{path} is not a usable glTF file: {why}. Export it again.")


def is_count(value: Any) -> TypeGuard[int]:
    """Tell whether a value out of JSON is a whole number from 0; True is none."""
    return type(value) is int and value >= 0


def read_container(path: Path) -> tuple[Json, list[bytes]]:
    """Return the JSON of a .glb or .gltf file and its buffers.

    Raises:
        InputError: missing, not glTF 2.0, cut short, or a buffer is missing.
    """
    path = existing_file(Path(path), "glTF file")
    data = path.read_bytes()
    if data[:4] == b"glTF":
        text, binary = _glb_chunks(path, data)
    else:
        text, binary = data, None
        if path.suffix.lower() not in _SUFFIXES or not data.lstrip()[:1] == b"{":
            raise damaged(path, "it begins with neither 'glTF' nor JSON")
    try:
        document = json.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise damaged(path, f"its JSON cannot be read ({type(error).__name__})") from error
    version = document.get("asset") if isinstance(document, dict) else None
    if not isinstance(version, dict) or not str(version.get("version", "")).startswith("2."):
        raise damaged(path, "it does not say that it is glTF version 2")
    buffers = document.get("buffers", [])
    if not isinstance(buffers, list):
        raise damaged(path, "'buffers' is not a list")
    return document, [_buffer(path, number, entry, binary) for number, entry in enumerate(buffers)]


def _glb_chunks(path: Path, data: bytes) -> tuple[bytes, bytes | None]:
    if len(data) < 20:
        raise damaged(path, f"it is cut short after {len(data)} bytes")
    _, version, total = struct.unpack_from("<4sII", data)
    if version != 2:
        raise damaged(path, f"it is version {version}, and only version 2 can be read")
    if total > len(data):
        raise damaged(path, f"it is cut short: {len(data)} of {total} bytes are there")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= total:
        length, kind = struct.unpack_from("<I4s", data, at)
        if at + 8 + length > total:
            raise damaged(path, f"a part of it reaches to byte {at + 8 + length} of {total}")
        chunks.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length
    if b"JSON" not in chunks:
        raise damaged(path, "its description (the JSON part) is missing")
    return chunks[b"JSON"], chunks.get(b"BIN\0")


def _buffer(path: Path, number: int, entry: Any, binary: bytes | None) -> bytes:
    size = entry.get("byteLength") if isinstance(entry, dict) else None
    if not is_count(size):
        raise damaged(path, f"buffer {number} has no length")
    uri = entry.get("uri")
    if uri is None:
        # Compressed files declare a second, empty buffer as a fallback; leave it empty.
        data = binary if number == 0 and binary is not None else b""
        if number == 0 and binary is None:
            raise damaged(path, "its binary part is missing")
        if number:
            return b""
    elif isinstance(uri, str) and uri.startswith("data:"):
        try:
            data = base64.b64decode(uri.partition(",")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise damaged(path, f"buffer {number} is not base64") from error
    else:
        name = Path(unquote(str(uri)))
        if name.is_absolute() or ".." in name.parts or "://" in str(uri):
            raise damaged(path, f"buffer {number} lies outside its folder: {uri}")
        data = existing_file(path.parent / name, f"buffer of {path.name}").read_bytes()
    if len(data) < size:
        raise damaged(path, f"buffer {number} is cut short: {len(data)} of {size} bytes are there")
    return data[:size]
