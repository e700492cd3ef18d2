"""Checks that the central types run once, when they are built."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import ContractError

FloatArray = npt.NDArray[np.float32]
"""float32, read-only inside the central types."""
IntArray = npt.NDArray[np.int32]
ByteArray = npt.NDArray[np.uint8]

Shape = tuple[int | str, ...]
"""A number is that length; a letter is any length."""


def _check_shape(what: str, shape: tuple[int, ...], expected: Shape) -> None:
    matches = len(shape) == len(expected) and all(
        isinstance(want, str) or want == got for want, got in zip(expected, shape, strict=True)
    )
    if not matches:
        wanted = ", ".join(str(n) for n in expected)
        raise ContractError(f"{what} must have shape [{wanted}], got {list(shape)}.")


def as_float(what: str, values: npt.ArrayLike, shape: Shape) -> FloatArray:
    """Return `values` as a read-only float32 copy of the given shape, every number finite.

    Raises:
        ContractError: the shape differs, or a value is NaN or infinite.
    """
    array = np.array(values, dtype=np.float32)
    _check_shape(what, array.shape, shape)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        count = int((~np.isfinite(array)).sum())
        raise ContractError(f"{what} is {array[where]} at index {where} ({count} such values).")
    array.setflags(write=False)
    return array


def as_int(what: str, values: npt.ArrayLike, shape: Shape) -> IntArray:
    """Return `values` as a read-only int32 copy of the given shape.

    Raises:
        ContractError: the shape differs, or a value is no integer of 32 bits.
    """
    given = np.asarray(values)
    if given.size and not np.issubdtype(given.dtype, np.integer):
        raise ContractError(f"{what} must hold integers, got {given.dtype}.")
    array = np.array(given, dtype=np.int32)
    _check_shape(what, array.shape, shape)
    if not np.array_equal(array, given):
        raise ContractError(f"{what} must hold integers of 32 bits, got {given.dtype} beyond.")
    array.setflags(write=False)
    return array


def as_bytes(what: str, values: npt.ArrayLike, shape: Shape) -> ByteArray:
    """Return uint8 `values` of the given shape, read-only.

    Takes ownership instead of copying, for pixels are big: do not write to the array you gave.
    """
    array: Any = np.asarray(values)
    if array.dtype != np.uint8:
        raise ContractError(f"{what} must hold uint8 pixels, got {array.dtype}.")
    _check_shape(what, array.shape, shape)
    array = array.view()
    array.setflags(write=False)
    checked: ByteArray = array
    return checked


def check_fps(what: str, fps: float) -> float:
    """Return `fps` as float; it must be finite and above 0."""
    if not (np.isfinite(fps) and fps > 0):
        raise ContractError(f"{what} must be above 0, got {fps}.")
    return float(fps)


def check_names(what: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return `names` as a tuple; every name must be there once and not be empty."""
    names = tuple(names)
    if len(set(names)) != len(names) or not all(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ContractError(f"{what} must be unique and not empty; repeated: {twice}.")
    return names


def check_unit_range(what: str, values: FloatArray, names: tuple[str, ...]) -> None:
    """Raise unless all of `values` [T, len(names)] lie in 0..1; the first offender is named."""
    if not values.size or (values.min() >= 0 and values.max() <= 1):
        return
    outside = np.argwhere((values < 0) | (values > 1))
    frame, column = (int(i) for i in outside[0])
    raise ContractError(
        f"{what}: '{names[column]}' is {values[frame, column]:.3f} at frame {frame}, outside 0..1 "
        f"({len(outside)} such values). Clip where the value is made, not here."
    )


def check_indices(what: str, indices: IntArray, count: int) -> None:
    """Raise unless all `indices` point into `count` vertices."""
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise ContractError(
            f"{what} reach from vertex {int(indices.min())} to {int(indices.max())}, but there "
            f"are {count} vertices."
        )


def put(instance: object, **values: Any) -> None:
    """Set fields of a frozen dataclass while it is being built."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)
