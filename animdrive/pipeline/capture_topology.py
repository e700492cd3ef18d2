"""A geometry cache into the topology of a rig: checked, put in order, or wrapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.capture.finding import Finding
from animdrive.capture.read_cache import GeometryCache
from animdrive.capture.topology import match_topology
from animdrive.capture.wrap import neutral_frame, wrap_cache, wrap_scans
from animdrive.contract import Character, CurveTrack, Mesh, Part, Rig
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError

Holes = npt.NDArray[np.bool_]

_FAR_M = 0.03
"""No part is so far from its place in the head."""
_LOOKS = 6
"""So many frames tell whether a part is in order."""


@dataclass(frozen=True)
class TopologyConfig:
    """How a cache comes into the rig's topology."""

    check: bool = True
    """Whether order and faces of the vertices are checked; their number always is."""
    wrap: bool = False
    """Whether a scan of another topology is registered to the rig."""
    mesh: Path | None = None
    """OBJ with the faces of a cache whose format has none, for wrapping."""


def in_rig_topology(
    path: Path,
    cache: GeometryCache,
    holes: Holes | None,
    character: Character,
    track: CurveTrack,
    times_s: npt.NDArray[np.float64],
    *,
    config: TopologyConfig,
    progress: Progress = no_progress,
) -> tuple[FloatArray, Holes | None, tuple[Finding, ...]]:
    """Return skin [N, V, 3] in the order of the rig, holes [N, V], and what was found.

    Args:
        path: Of the cache, for messages.
        cache: N frames in metres, finite.
        holes: [N, W] where the cache had no numbers; None: nowhere.
        character: Whose face, V vertices.
        track: What is performed.
        times_s: [N] time of every frame by the clock of the curves, as far as it is known.
        config: How.
        progress: Told "topology" and "wrap".

    Raises:
        InputError: another topology, and wrapping is not asked for or does not come close.
    """
    count = len(character.rig.neutral.vertices)
    if config.wrap:
        return _wrapped(path, cache, character, track, times_s, config, progress)
    if not cache.same_topology or cache.counts != (count,):
        raise InputError(_mismatch(path, cache, character))
    vertices = cache.stacked()
    if not config.check:
        return vertices, holes, ()
    progress("topology", 0.0)
    faces = cache.faces[0] if cache.faces else None
    rest = character.rig.neutral
    values = _values_at(track, times_s)
    match = match_topology(rest, vertices[neutral_frame(values)], faces)
    progress("topology", 1.0)
    if match.order is None:
        raise InputError(
            f"{path}: {match.finding.line} Give the rig of this cache, or import it with --wrap, "
            f"which registers the rig to the scan."
        )
    if match.kind == "same" and faces is None:
        _check_parts(path, character, vertices, values)
    if match.kind == "reordered":
        vertices = np.ascontiguousarray(vertices[:, match.order])
        holes = None if holes is None else holes[:, match.order]
    return vertices, holes, (match.finding,)


def _check_parts(
    path: Path, character: Character, vertices: FloatArray, values: FloatArray
) -> None:
    """Raise InputError where a small part, such as an eye, is not where the rig has it.

    Among all edges of a head those of an eye are too few to tell, and two eyes are alike. A wrong
    order is wrong in every frame, a tongue that is out is not: some frames are looked at, each
    beside the rig at rest and as its curves bend it.

    Args:
        path: Of the cache, for messages.
        character: V vertices.
        vertices: [N, V, 3] metres.
        values: [N, C] curves, as far as they are known.
    """
    if len(character.parts) < 2:
        return
    rig = character.rig
    doubtful = list(character.parts)
    for frame in np.unique(np.linspace(0, len(vertices) - 1, _LOOKS).round().astype(int)):
        bent = rig.neutral.vertices + np.tensordot(values[frame], rig.deltas, axes=1)
        for shape in (rig.neutral.vertices, bent.astype(np.float32)):
            placed = _onto(vertices[frame], shape)
            doubtful = [part for part in doubtful if not _fits(rig, part, shape, placed)]
            if not doubtful:
                return
    raise InputError(
        f"{path}: the vertices of the part '{doubtful[0].name}' are in another order than the "
        f"rig's, or of another mesh. Give the rig that it was made with, or trust it with "
        f"--no-topology."
    )


def _onto(frame: FloatArray, shape: FloatArray) -> FloatArray:
    """Return `frame` [V, 3] turned and moved onto `shape` [V, 3], for the head may have moved."""
    from scipy.spatial.transform import Rotation

    middle = shape.mean(axis=0)
    there = frame - frame.mean(axis=0)
    turn, _ = Rotation.align_vectors(shape - middle, there)
    placed: FloatArray = (turn.apply(there) + middle).astype(np.float32)
    return placed


def _fits(rig: Rig, part: Part, shape: FloatArray, placed: FloatArray) -> bool:
    """Whether the vertices of `part` are where `shape` has them, with its edges."""
    run = part.vertices
    if np.median(np.linalg.norm(placed[run] - shape[run], axis=1)) > _FAR_M:
        return False
    faces = rig.neutral.faces[part.faces] - run.start
    mesh = Mesh(shape[run], faces, rig.neutral.uv[run])
    return not len(faces) or match_topology(mesh, placed[run]).kind == "same"


def _values_at(track: CurveTrack, times_s: npt.NDArray[np.float64]) -> FloatArray:
    """Return [N, C], the curves of `track` at `times_s` [N] by straight lines."""
    columns = [np.interp(times_s, track.times_s, column) for column in track.values.T]
    values: FloatArray = np.stack(columns, axis=1).astype(np.float32)
    return values


def _mismatch(path: Path, cache: GeometryCache, character: Character) -> str:
    count = len(character.rig.neutral.vertices)
    if cache.counts == (count,):
        return (
            f"{path}: the faces change from frame to frame, though every frame has the rig's "
            f"{count} vertices. Import it with --wrap."
        )
    found = _listed(cache.counts)
    for part in character.parts:
        if cache.counts == (part.vertices.stop - part.vertices.start,):
            return (
                f"{path} has {found} vertices per frame, but the rig has {count}. Its part "
                f"'{part.name}' has as many: import it with --mesh '{part.name}'."
            )
    return (
        f"{path} has {found} vertices per frame, but the rig has {count}. Give the rig of this "
        f"cache, or import it with --wrap, which registers the rig to the scan."
    )


def _listed(counts: Sequence[int]) -> str:
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _wrapped(
    path: Path,
    cache: GeometryCache,
    character: Character,
    track: CurveTrack,
    times_s: npt.NDArray[np.float64],
    config: TopologyConfig,
    progress: Progress,
) -> tuple[FloatArray, Holes | None, tuple[Finding, ...]]:
    faces = cache.faces or _faces_of(config.mesh, path, cache)
    values = _values_at(track, times_s)
    if len(faces) == 1:
        wrapped = wrap_cache(cache.stacked(), faces[0], character, values=values, progress=progress)
    else:
        scans = zip(cache.frames, faces, strict=True)
        wrapped = wrap_scans(scans, character, values=values, count=len(cache), progress=progress)
    missing = wrapped.missing if wrapped.missing.any() else None
    return wrapped.vertices, missing, (wrapped.finding,)


def _faces_of(mesh: Path | None, path: Path, cache: GeometryCache) -> tuple[IntArray, ...]:
    """Return the faces of a cache whose format has none, out of an OBJ of the same mesh."""
    if mesh is None:
        raise InputError(
            f"{path} has no faces, without which a scan cannot be wrapped. Give an OBJ of the same "
            f"mesh with --cache-mesh."
        )
    from animdrive.export.obj import read_obj

    found = read_obj(mesh)
    if cache.counts != (len(found.vertices),):
        raise InputError(
            f"{mesh} has {len(found.vertices)} vertices, but the frames of {path} have "
            f"{_listed(cache.counts)}. Give an OBJ of the same mesh."
        )
    return (found.faces,)
