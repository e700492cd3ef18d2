"""Trained deformers as safetensors files: mapped into memory, checked, never executed.

The header's ``animdrive`` holds JSON: ``format``, ``kind`` (a name of `MODELS`), the model's own
description (``names``, ``rig``, ``config``) and what it was made from. Arrays are read from disk
when they are first touched.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from animdrive.contract import Rig
from animdrive.contract.checks import FloatArray
from animdrive.deformer import MODELS
from animdrive.errors import AnimdriveError, ContractError, InputError, WeightsError
from animdrive.files import existing_file, write_bytes

Arrays = dict[str, npt.NDArray[Any]]

FORMAT = "animdrive-deformer-1"
"""Name and version of the layout."""
_LARGEST_HEADER = 1 << 24
_TYPES: dict[str, Any] = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32,
    "I16": np.int16, "I8": np.int8, "U8": np.uint8, "U16": np.uint16, "U32": np.uint32,
    "BOOL": np.bool_,
}  # fmt: skip


@runtime_checkable
class DeformerModel(Protocol):
    """A deformer that can be kept in a file."""

    kind: str
    """Its name in `MODELS`."""
    rig: Rig
    """Whose skin it makes."""
    names: tuple[str, ...]
    """The C curves it takes, in column order."""

    @property
    def runtime_bytes(self) -> int:
        """Bytes that are held to run."""
        ...

    def run(self, values: npt.ArrayLike) -> FloatArray:
        """Return [T, V, 3] metres, head and eyes unrotated, for curve `values` [T, C]."""
        ...

    def stored(self) -> tuple[Arrays, dict[str, Any]]:
        """Return arrays, and a description that has ``names`` and ``rig`` (`rig_digest`)."""
        ...

    @classmethod
    def from_stored(cls, rig: Rig, arrays: Arrays, described: dict[str, Any]) -> Self:
        """Return the model of `stored`."""
        ...


def write_model(
    model: DeformerModel, path: Path, *, labels: Mapping[str, Any] | None = None
) -> None:
    """Write `model` to a safetensors file, whole or not at all.

    Args:
        model: What.
        path: Where.
        labels: Written beside: figures, provenance; plain JSON values.

    Raises:
        InputError: the file cannot be written.
    """
    from safetensors.numpy import save

    arrays, described = model.stored()
    header = {**(labels or {}), **described, "format": FORMAT, "kind": model.kind}
    text = json.dumps(header, ensure_ascii=False, sort_keys=True)
    data = save({n: np.ascontiguousarray(a) for n, a in arrays.items()}, {"animdrive": text})
    write_bytes(Path(path), data)


def read_model(path: Path, rig: Rig) -> DeformerModel:
    """Return the deformer in a file, for `rig`.

    Raises:
        InputError: no such file, no deformer, damaged, or made for another rig.
    """
    path = existing_file(Path(path), "deformer")
    described = model_header(path)
    kind = str(described["kind"])
    if kind not in MODELS or kind == "linear":
        known = ", ".join(name for name in MODELS.names() if name != "linear")
        raise InputError(f"{path} holds a '{kind}', which is not known. Known: {known}.")
    try:
        model: DeformerModel = MODELS.load(kind).from_stored(rig, mapped_arrays(path), described)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (WeightsError, ContractError, KeyError, ValueError, TypeError, IndexError) as error:
        raise InputError(
            f"{path} is damaged ({_said(error)}). Nothing was loaded; train it anew."
        ) from error
    return model


def _said(error: Exception) -> str:
    if isinstance(error, AnimdriveError):
        return str(error).rstrip(".")
    return f"{type(error).__name__}: {error}"


def model_header(path: Path) -> dict[str, Any]:
    """Return what a deformer's file says of itself.

    Raises:
        InputError: it is no deformer, or damaged.
    """
    path = existing_file(Path(path), "deformer")
    try:
        header = _header(path)[0]
        described = json.loads(header["__metadata__"]["animdrive"])
        if described["format"] != FORMAT:
            raise InputError(f"{path} is a '{described['format']}'; only '{FORMAT}' is known.")
        described["kind"], described["names"], described["rig"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not a deformer, or damaged ({type(error).__name__}: {error}). Deformers "
            f"are made with 'animdrive deformer train'."
        ) from error
    result: dict[str, Any] = described
    return result


def mapped_arrays(path: Path) -> Arrays:
    """Return the arrays of a safetensors file, mapped: read-only, loaded where they are touched.

    Raises:
        InputError: the file does not hold together.
    """
    try:
        header, begin = _header(path)
        size = path.stat().st_size - begin
        arrays: Arrays = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            dtype = np.dtype(_TYPES[entry["dtype"]])
            shape = tuple(int(n) for n in entry["shape"])
            start, stop = (int(n) for n in entry["data_offsets"])
            if min((0, *shape)) < 0 or not 0 <= start <= stop <= size:
                raise ValueError(f"'{name}' lies outside of the file")
            if stop - start != math.prod(shape) * dtype.itemsize:
                raise ValueError(f"'{name}' has {stop - start} bytes for the shape {list(shape)}")
            if stop == start:
                arrays[name] = np.zeros(shape, dtype=dtype)
                continue
            arrays[name] = np.memmap(path, dtype, mode="r", offset=begin + start, shape=shape)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}). Nothing was loaded.") from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"{path} is damaged ('{name}' has numbers that are not finite).")
    return arrays


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return a safetensors file's header and where its data begins."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(_LARGEST_HEADER, path.stat().st_size - 8):
            raise ValueError("no header")
        header = json.loads(stream.read(length))
    if not isinstance(header, dict):
        raise ValueError("no header")
    return header, 8 + length
