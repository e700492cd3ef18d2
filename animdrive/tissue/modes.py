"""Corrective expression modes: what faces do that the linear rig cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError

MODE_COUNT = 27
"""Modes that are shipped."""
_SPARE = 37
"""Directions that are carried along besides those wanted: what a chunk drops is lost for good."""


@dataclass(frozen=True, eq=False)
class CorrectiveModes:
    """Directions of a face beyond its linear rig, the strongest first. K modes, V vertices."""

    modes: FloatArray
    """[K, V, 3] metres: the displacement at one standard deviation of its coefficient."""
    share: FloatArray
    """[K] of the squared residual that each explains, 0..1."""
    residual_mm: float
    """Root mean square of the residuals before, per vertex, mm."""
    left_mm: float
    """And after the best fit of all K."""


def corrective_modes(
    residuals: Iterable[FloatArray], *, count: int = MODE_COUNT, mirror: IntArray | None = None
) -> CorrectiveModes:
    """Return the principal directions of residuals through the origin.

    A face at rest has no residual, so the origin is kept rather than the mean. The data pass once,
    chunk by chunk, through an incremental singular value decomposition: Ross, Lim, Lin and Yang
    (2008), "Incremental learning for robust visual tracking", section 2.1, without its mean. The
    largest entry of a mode is positive, so that signs do not depend on the machine.

    Args:
        residuals: Chunks [n, V, 3] metres of captured minus linear skin.
        count: K.
        mirror: [V] mirror partner of each vertex; given, every residual counts as seen in a mirror
            too, and the modes are symmetric or antisymmetric, up to what is dropped on the way.

    Raises:
        InputError: no residual, fewer independent ones than `count`, or not finite.
    """
    kept = count + _SPARE
    basis: npt.NDArray[np.float64] | None = None  # [k, 3V], rows scaled by singular values
    total, rows, vertices = 0.0, 0, 0
    for chunk in residuals:
        if not np.isfinite(chunk).all():
            raise InputError("A residual is not a finite number; the capture is damaged.")
        both = [chunk] if mirror is None else [chunk, mirrored_residual(chunk, mirror)]
        flat = np.concatenate(both).reshape(len(chunk) * len(both), -1).astype(np.float64)
        total += float((flat * flat).sum())
        rows, vertices = rows + len(flat), chunk.shape[1]
        basis = _strongest(flat if basis is None else np.concatenate([basis, flat]), kept)
    if basis is None or not rows:
        raise InputError("There are no frames to find modes in.")
    strength = (basis * basis).sum(axis=1)
    if len(basis) < count or strength[count - 1] <= 1e-12 * strength[0]:
        found = int((strength > 1e-12 * max(float(strength[0]), 1e-300)).sum())
        raise InputError(
            f"The frames differ from the linear rig in {found} independent ways, fewer than the "
            f"{count} modes asked for. Capture more frames."
        )
    basis, strength = basis[:count], strength[:count]
    largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=1)[:, None], axis=1)
    basis = basis * np.sign(largest)
    left = max(total - float(strength.sum()), 0.0)
    return CorrectiveModes(
        modes=(basis / np.sqrt(rows)).reshape(count, -1, 3).astype(np.float32),
        share=(strength / total).astype(np.float32),
        residual_mm=1000 * float(np.sqrt(total / rows / vertices)),
        left_mm=1000 * float(np.sqrt(left / rows / vertices)),
    )


def mirrored_residual(residual: FloatArray, mirror: IntArray) -> FloatArray:
    """Return residuals [n, V, 3] as they are in a mirror at x = 0."""
    return np.asarray(residual[:, mirror] * np.array([-1, 1, 1]), dtype=np.float32)


def packed_modes(modes: CorrectiveModes) -> dict[str, npt.NDArray[np.generic]]:
    """Return `modes` as 16-bit steps with a scale for each, for a safetensors file.

    A step is 1/32767 of a mode's largest entry: below 0.001 mm for modes of less than 30 mm.
    """
    largest = np.maximum(np.abs(modes.modes).max(axis=(1, 2)), 1e-12)
    steps = np.round(modes.modes / largest[:, None, None] * 32767).astype(np.int16)
    return {
        "modes": steps,
        "scale": (largest / 32767).astype(np.float32),
        "share": modes.share,
        "error_mm": np.array([modes.residual_mm, modes.left_mm], dtype=np.float32),
    }


def unpacked_modes(arrays: dict[str, npt.NDArray[np.generic]]) -> CorrectiveModes:
    """Return the inverse of `packed_modes`."""
    steps = arrays["modes"].astype(np.float32)
    before, after = (float(x) for x in arrays["error_mm"].astype(np.float64))
    return CorrectiveModes(
        modes=steps * arrays["scale"].astype(np.float32)[:, None, None],
        share=arrays["share"].astype(np.float32),
        residual_mm=before,
        left_mm=after,
    )


def _strongest(rows: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Return [k, W] orthogonal rows, k at most `count`, with the strongest of `rows`' Gram matrix.

    By the eigenvectors of the small Gram matrix: there are far fewer rows than columns.
    """
    values, vectors = np.linalg.eigh(rows @ rows.T)
    order = np.argsort(values)[::-1][:count]
    order = order[values[order] > 1e-14 * max(float(values[order[0]]), 1e-300)]
    return np.asarray(vectors[:, order].T @ rows)
