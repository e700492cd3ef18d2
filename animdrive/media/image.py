"""Picture files to arrays and back."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from animdrive.contract.checks import ByteArray, as_bytes
from animdrive.errors import InputError
from animdrive.files import existing_file, written_aside

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_JPEG_QUALITY = 95


def read_image(path: Path) -> ByteArray:
    """Read a picture as RGB.

    Turned as its EXIF orientation says; transparent ones lie on white; of 16 bits the upper 8 are
    kept; CMYK, palette and grey become RGB; of an animation, the first picture. Colour profiles
    are not applied.

    Args:
        path: png, jpg, webp, tiff, bmp or whatever else Pillow reads.

    Returns:
        uint8 [H, W, 3], C-contiguous.

    Raises:
        InputError: missing, empty, no picture, cut off, or so big that it must be a mistake.
    """
    path = existing_file(Path(path), "picture")
    return decode_image(path, str(path))


def decode_image(source: Path | BinaryIO, what: str) -> ByteArray:
    """Read a picture as `read_image` does, from a file or from bytes; messages call it `what`.

    Raises:
        InputError: no picture, cut off, or so big that it must be a mistake.
    """
    try:
        with _warnings_settled(), Image.open(source) as picture:
            return np.ascontiguousarray(_as_rgb(ImageOps.exif_transpose(picture)))
    except UnidentifiedImageError as error:
        raise InputError(
            f"{what} is not a picture that can be read. Give png, jpg, webp or tiff."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(
            f"{what} has more than {Image.MAX_IMAGE_PIXELS} pixels. Make it smaller."
        ) from error
    except Exception as error:  # Pillow's decoders fail in many ways on damage
        raise InputError(f"{what} is cut off or damaged ({error}). Copy it again.") from error


def has_transparency(data: bytes) -> bool:
    """Whether a picture file says that parts of it are see-through; False where it is none."""
    try:
        with _warnings_settled(), Image.open(io.BytesIO(data)) as picture:
            return bool(picture.has_transparency_data)
    except Exception:  # noqa: BLE001 - Pillow's decoders fail in many ways on damage
        return False


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its beginning, whatever its name."""
    try:
        with _warnings_settled(), Image.open(path):
            return True
    except Exception:  # noqa: BLE001 - Pillow's decoders fail in many ways on damage
        return False


def write_image(image: ByteArray, path: Path) -> None:
    """Write RGB uint8 [H, W, 3] as .png (exact) or .jpg (quality 95), whole or not at all.

    Raises:
        InputError: another suffix, or the folder cannot be written.
        ContractError: no RGB picture.
    """
    path = Path(path)
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"Cannot write {path} as a picture; end its name in .png or .jpg.")
    pixels = as_bytes("write_image: image", image, ("H", "W", 3))
    with written_aside(path) as aside:
        Image.fromarray(np.ascontiguousarray(pixels)).save(aside, kind, quality=_JPEG_QUALITY)


@contextlib.contextmanager
def _warnings_settled() -> Iterator[None]:
    """Make an error of the warning that a picture is huge; silence those about its metadata."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _as_rgb(picture: Image.Image) -> ByteArray:
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # 16-bit grey, which Pillow's own conversion would clip to white.
        grey = np.asarray(picture).astype(np.int64)
        picture = Image.fromarray(np.clip(grey >> 8, 0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        picture = Image.alpha_composite(white, layer)
    return np.asarray(picture.convert("RGB"))
