"""Skin over time from the formats that other programs keep it in: geometry caches.

A cache is read as it stands in the file, in its unit and with its axes; holes and frames that are
lost are kept as such, for what comes after knows what to do with them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract.capture import BoolArray
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import InputError
from animdrive.registry import Registry

CACHE_READERS = Registry(
    "geometry cache",
    {
        "obj": "animdrive.capture.read_cache_files:read_obj_sequence",
        "pc2": "animdrive.capture.read_cache_files:read_pc2_cache",
        "mdd": "animdrive.capture.read_cache_files:read_mdd_cache",
        "npy": "animdrive.capture.read_cache_numpy:read_npy_cache",
        "npz": "animdrive.capture.read_cache_numpy:read_npz_cache",
        "safetensors": "animdrive.capture.read_cache_numpy:read_take_cache",
        "usd": "animdrive.capture.read_cache_usd:read_usd_cache",
        "usda": "animdrive.capture.read_cache_usd:read_usd_cache",
        "usdc": "animdrive.capture.read_cache_usd:read_usd_cache",
        "usdz": "animdrive.capture.read_cache_usd:read_usd_cache",
        "abc": "animdrive.capture.read_blender:read_alembic_cache",
    },
)
"""Formats by file suffix; each takes a path, ``rest`` and ``fps`` and returns `GeometryCache`."""


@dataclass(frozen=True, eq=False)
class GeometryCache:
    """Skin over time as a file has it. N frames.

    All frames have V vertices, unless every one is a scan of its own.
    """

    frames: Sequence[FloatArray] | FloatArray
    """N arrays [W, 3], or one array [N, V, 3]; may hold numbers that are not finite."""
    faces: tuple[IntArray, ...] = ()
    """Triangles [F, 3]: of all frames one array, or one for each; none where the file has none."""
    fps: float | None = None
    """Frames per second; None where the file does not tell."""
    times_s: npt.NDArray[np.float64] | None = None
    """[N] rising, seconds; None where the file does not tell."""
    numbers: npt.NDArray[np.int64] | None = None
    """[N] rising number of every frame, from 0, where frames are numbered: gaps are lost frames."""
    unit: str | None = None
    """"m" (the numbers are metres, +Y up) where the file tells its unit and axes; None: unknown."""
    missing: BoolArray | None = None
    """[N, V] where the file says that nothing was seen; None where it says nothing."""
    notes: tuple[str, ...] = ()
    """One sentence each, for the user."""
    files: tuple[Path, ...] = ()
    """What was read."""

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def counts(self) -> tuple[int, ...]:
        """The different numbers of vertices of its frames, rising."""
        if isinstance(self.frames, np.ndarray):
            return (int(self.frames.shape[1]),)
        return tuple(sorted({len(frame) for frame in self.frames}))

    @property
    def same_topology(self) -> bool:
        """Whether all frames are the same mesh, so far as the file tells."""
        return len(self.counts) == 1 and len(self.faces) <= 1

    def stacked(self) -> FloatArray:
        """Return [N, V, 3] of a cache whose frames all have V vertices."""
        if isinstance(self.frames, np.ndarray):
            array: FloatArray = self.frames
            return array
        return np.stack(list(self.frames)).astype(np.float32)


def read_cache(path: Path | str, rest: FloatArray, *, fps: float | None = None) -> GeometryCache:
    """Read a geometry cache in any known format.

    Args:
        path: A file; or of numbered OBJs their folder, one of them, or a pattern such as
            ``scans/face_*.obj``, ``face_####.obj`` or ``face_%04d.obj``.
        rest: [V, 3] metres, the face at rest: our own takes keep what differs from it.
        fps: Frames per second to sample at, in formats that have no frames of their own.

    Raises:
        InputError: no such file, an unknown suffix, empty, damaged or cut off, or pickled.
        BackendError: its format needs a package that is not installed.
    """
    path = Path(path)
    kind = "obj" if path.is_dir() else path.suffix.lower().removeprefix(".")
    if kind not in CACHE_READERS:
        known = ", ".join(f".{name}" for name in CACHE_READERS.names())
        what = f"the suffix '.{kind}'" if kind else "no suffix"
        raise InputError(
            f"{path} has {what}; geometry caches are read from {known} and folders of numbered "
            f"OBJs. Rename or convert it."
        )
    cache: GeometryCache = CACHE_READERS.load(kind)(path, rest=rest, fps=fps)
    if not len(cache) or not cache.counts[-1]:
        raise InputError(f"{path} has no frames or no vertices in it. Export it again.")
    return cache if cache.files else replace(cache, files=(path,))


def timed(
    path: Path | str, cache: GeometryCache, fps: float | None, *, frames: int, curve_fps: float
) -> tuple[npt.NDArray[np.float64], str]:
    """Return the time of every frame [N], seconds, and where it comes from, for people.

    Args:
        path: The file, for messages.
        cache: What was read.
        fps: What the user says, which goes before what the file says; None says nothing.
        frames: How many frames the curves have.
        curve_fps: Their rate: taken for a cache without one that has as many frames.

    Raises:
        InputError: nobody says how fast it is.
    """
    if fps is not None and not (np.isfinite(fps) and fps > 0):
        raise InputError(f"The rate of the cache must be above 0, got {fps:g}.")
    if fps is None and cache.times_s is not None:
        return cache.times_s, "times of the file"
    places = np.arange(len(cache)) if cache.numbers is None else cache.numbers
    rate, source = fps, "as given"
    if rate is None:
        rate, source = cache.fps, "as the file says"
    if rate is None:
        if int(places[-1]) + 1 != frames:
            raise InputError(
                f"{path} does not tell its frame rate, and has {int(places[-1]) + 1} frames where "
                f"the curves have {frames}. Say it with --cache-fps."
            )
        rate, source = curve_fps, "as the curves, which have as many frames"
    return places / rate, f"{rate:g} per second, {source}"


_RUN = re.compile(r"\d+")


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return a key that sorts ``face_9`` before ``face_10``."""
    parts = re.split(r"(\d+)", name.lower())
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in parts if part)


def last_number(stem: str) -> int | None:
    """Return the last run of digits of a file's stem; None where it has none."""
    runs = _RUN.findall(stem)
    return int(runs[-1]) if runs else None
