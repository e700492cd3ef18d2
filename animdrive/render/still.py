"""One picture of a character, as a PNG file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy.typing as npt

from animdrive.contract import Camera, Character
from animdrive.errors import InputError
from animdrive.files import write_bytes
from animdrive.render.compose import Image, labelled
from animdrive.render.look import LookConfig
from animdrive.render.scene import Renderer

_HEADER_BYTES = 8 + 25
"""The signature and the IHDR chunk, after which text may stand (PNG, third edition, 5.6)."""


def render_still(
    character: Character,
    vertices: npt.ArrayLike,
    path: Path,
    *,
    size_px: tuple[int, int] | None = None,
    camera: Camera | None = None,
    look: LookConfig | None = None,
    visible_label: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Draw `character` with its posed `vertices` [V, 3] metres and write a PNG to `path`.

    Args:
        character: Whom to draw.
        vertices: [V, 3] metres, posed.
        path: Where to, ending in ``.png``.
        size_px: Width and height, pixels; by default the camera's, or 512 × 512.
        camera: Where from; by default a portrait from the front.
        look: Light and background.
        visible_label: Whether to write "AI generated" into the picture.
        metadata: Written into the file as text, key by key.

    Raises:
        InputError: `path` does not end in ``.png`` or cannot be written.
        DeviceError: this machine has no renderer.
    """
    with Renderer(character, size_px=size_px, camera=camera, look=look) as renderer:
        image = renderer.draw(vertices)
    write_png(labelled(image) if visible_label else image, path, metadata=metadata)


def write_png(image: Image, path: Path, *, metadata: Mapping[str, str] | None = None) -> None:
    """Write `image` [H, W, 3] RGB as PNG, with `metadata` as its text.

    Raises:
        InputError: `path` does not end in ``.png`` or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"Stills are PNG files; {path.name} should end in .png.")
    _, data = cv2.imencode(".png", image[..., ::-1])
    encoded = data.tobytes()
    texts = b"".join(_text_chunk(key, text) for key, text in (metadata or {}).items())
    write_bytes(path, encoded[:_HEADER_BYTES] + texts + encoded[_HEADER_BYTES:])


def _text_chunk(key: str, text: str) -> bytes:
    """Return an uncompressed iTXt chunk (PNG, third edition, 11.3.3.4); keys are Latin-1."""
    keyword = key.encode("latin-1", "replace")[:79] or b"Comment"
    body = b"iTXt" + keyword + b"\0\0\0\0\0" + text.encode("utf-8")
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
