"""Wrapping: scans of any topology become motion of the rig's own vertices.

Scans that share one topology (`wrap_cache`) are registered once, in the frame nearest to rest; from
there every vertex of the rig rides in its triangle of the scan, so that what the scan's vertices
did is kept to the last bit. Scans whose topology changes from frame to frame (`wrap_scans`) are
registered one after the other: each starts where the rig's curves expect it, plus what the frame
before differed from that. A bare surface does not tell how skin slides in itself; that is then as
good as this expectation.

Teeth, tongue, eyes and what else no scanner sees follow the rig: by curves that are fitted to the
skin that was seen, so that they need no clock that is in step with the scanner's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.alignment import Similarity, aligned
from animdrive.capture.closest import Faces, Points, face_normals
from animdrive.capture.finding import Finding
from animdrive.capture.registration import COARSE, FINE, QUICK, Mask, Scan
from animdrive.capture.wrap_shell import Landmarks, RigShell
from animdrive.contract import Character
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import InputError

_MM = 1000.0
_KEPT = 0.95
"""How much of its difference from the linear rig a frame hands on to the next one."""
_OTHER_FACE_MM = 2.0
"""A scan that is at rest and so far from the rig's neutral on average is another face's."""
_FAR_MM = 1.0
_AT_REST = 1.0
"""Curves that add up to more than this in the frame nearest to rest are no rest."""


@dataclass(frozen=True, eq=False)
class Wrapped:
    """Scans as motion of the rig. N frames, V vertices of the rig."""

    vertices: FloatArray
    """[N, V, 3] metres, in the rig's axes."""
    missing: npt.NDArray[np.bool_]
    """[N, V] where a scan has no counterpart, though others have: a guess stands there. What no
    scan ever shows is not missing: it follows the rig."""
    finding: Finding
    """What was found and done."""


def wrap_cache(
    scans: npt.ArrayLike,
    faces: npt.ArrayLike,
    character: Character,
    *,
    values: npt.ArrayLike | None = None,
    landmarks: Landmarks | None = None,
    progress: Progress = no_progress,
) -> Wrapped:
    """Return a cache of one foreign topology as motion of the rig's vertices.

    Args:
        scans: [N, S, 3] in any unit, upright or not.
        faces: [F, 3] of the scan.
        character: The rig, V vertices, C curves.
        values: [N, C] curves at the frames of the scan as far as they are known, to find the frame
            nearest to rest and to guess at hidden parts; None: the first frame is taken as rest.
        landmarks: Points known on both sides.
        progress: Told of the stage "wrap".

    Raises:
        InputError: the scan is no triangle mesh, or nothing of it looks like the rig.
    """
    skin, triangles = _checked(scans, faces)
    wrapping = RigShell(character)
    given = _values(values, len(skin), wrapping)
    at = neutral_frame(values)
    progress("wrap", 0.0)
    place = aligned(skin[at][np.unique(triangles)], wrapping.rest)
    scan = Scan(place(skin[at]), triangles)
    start = wrapping.expected(given[at])
    fit = wrapping.registration.fit(
        scan, start, (*COARSE, *FINE), pins=wrapping.pins(landmarks, place)
    )
    wrapping.check(fit, place)
    # Along the normal of its triangle a vertex keeps the small distance that the fit left.
    normals = scan.normals[fit.closest.faces]
    above = ((fit.vertices - fit.closest.points) * normals).sum(axis=1)
    filler, shown = (
        wrapping.registration.filler(fit.seen),
        wrapping.curve_fitter(fit.seen, known=values is not None),
    )
    result = np.zeros((len(skin), wrapping.count, 3), dtype=np.float32)
    distance = []
    for frame, points in enumerate(skin):
        posed = place(points)
        own = triangles[fit.closest.faces]
        ridden = np.einsum("pc,pcx->px", fit.closest.weights, posed[own])
        ridden += above[:, None] * face_normals(posed, own)
        weights = shown(ridden - (fit.vertices - start), given[frame])
        expected = wrapping.expected(weights) + (fit.vertices - start)
        result[frame] = wrapping.whole(filler(expected, ridden), weights)
        distance.append(np.abs(above[fit.seen]))
        progress("wrap", (frame + 1) / len(skin))
    there = {"neutral_frame": at, "curves_there": round(float(given[at].sum()), 2)}
    offset = np.linalg.norm(fit.vertices - start, axis=1)[fit.seen]
    finding = _finding(
        "registered once, in the frame nearest to rest, and carried along",
        place, np.concatenate(distance), fit.seen, float(offset.mean()),
        wrapping.folded(result), there,
    )  # fmt: skip
    return Wrapped(result, np.zeros(result.shape[:2], dtype=np.bool_), finding)


def wrap_scans(
    scans: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]],
    character: Character,
    *,
    values: npt.ArrayLike | None = None,
    count: int | None = None,
    landmarks: Landmarks | None = None,
    progress: Progress = no_progress,
) -> Wrapped:
    """Return raw scans, each of a topology of its own, as motion of the rig's vertices.

    Args:
        scans: N times vertices [S, 3] and faces [F, 3], all in one unit and place; the first one
            near rest where it can be.
        character: The rig, V vertices, C curves.
        values: [N, C] curves at the frames of the scan as far as they are known.
        count: N, for the progress, where `values` are not known.
        landmarks: Points known on both sides, in the first scan.
        progress: Told of the stage "wrap".

    Raises:
        InputError: there is no scan, or nothing of one looks like the rig.
    """
    wrapping = RigShell(character)
    known = None if values is None else np.asarray(values, dtype=np.float64)
    total = count if known is None else len(known)
    given = np.zeros(wrapping.curves) if known is None else known[0]
    place: Similarity | None = None
    apart = np.zeros_like(wrapping.rest)
    skins, masks, distance, first = [], [], [], 0.0
    for frame, pair in enumerate(scans):
        (points, *_), triangles = _checked([pair[0]], pair[1], frame)
        if known is not None:
            if frame >= len(known):
                raise InputError(f"There are more scans than the {len(known)} frames of curves.")
            given = known[frame]
        stages, pins = QUICK, None
        if place is None:
            place = aligned(points[np.unique(triangles)], wrapping.rest)
            stages, pins = (*COARSE, *FINE), wrapping.pins(landmarks, place)
        scan = Scan(place(points), triangles)
        weights = given
        if frame:
            apart = _KEPT * apart
            weights = wrapping.rig_fit(scan, given, apart)
        start = wrapping.expected(weights) + apart
        fit = wrapping.registration.fit(scan, start, stages, pins=pins)
        wrapping.check(fit, place, frame)
        apart = fit.vertices - wrapping.expected(weights)
        if not frame:
            first = float(np.linalg.norm(apart, axis=1)[fit.seen].mean())
        if known is None:
            given = weights
        skins.append(wrapping.whole(fit.vertices, weights))
        masks.append(fit.seen)
        distance.append(fit.closest.distance[fit.seen])
        if total:
            progress("wrap", min((frame + 1) / total, 1.0))
    if place is None:
        raise InputError("There is no scan to wrap.")
    if known is not None and len(skins) != len(known):
        raise InputError(f"There are {len(skins)} scans, but {len(known)} frames of curves.")
    result = np.stack(skins)
    missing = np.zeros(result.shape[:2], dtype=np.bool_)
    seen = np.stack(masks)
    missing[:, wrapping.shell] = ~seen & seen.any(axis=0)
    progress("wrap", 1.0)
    finding = _finding(
        "every frame registered, starting from the one before",
        place, np.concatenate(distance), seen, first,
        wrapping.folded(result), {},
    )  # fmt: skip
    return Wrapped(result, missing, finding)


def neutral_frame(values: npt.ArrayLike | None) -> int:
    """Return the frame of `values` [N, C] nearest to rest; the first where there are none."""
    if values is None:
        return 0
    return int(np.abs(np.asarray(values, dtype=np.float64)).sum(axis=1).argmin())


def _checked(
    scans: npt.ArrayLike | Sequence[npt.ArrayLike], faces: npt.ArrayLike, frame: int | None = None
) -> tuple[npt.NDArray[Any], Faces]:
    where = "The scan" if frame is None else f"The scan of frame {frame}"
    skin = np.asarray(scans)
    triangles = np.asarray(faces, dtype=np.int32)
    if skin.ndim != 3 or skin.shape[2] != 3 or not len(skin):
        raise InputError(f"{where} must be [N, S, 3] points, got {list(skin.shape)}.")
    if triangles.ndim != 2 or triangles.shape[1] != 3 or not len(triangles):
        raise InputError(
            f"{where} has no triangles, and points alone cannot be wrapped. Give the mesh too."
        )
    if triangles.min() < 0 or triangles.max() >= skin.shape[1]:
        raise InputError(
            f"{where} has {skin.shape[1]} vertices, but a face names vertex {triangles.max()}."
        )
    if not np.isfinite(skin).all():
        raise InputError(f"{where} has points that are not finite numbers. Clean it first.")
    return skin, triangles


def _values(values: npt.ArrayLike | None, frames: int, wrapping: RigShell) -> Points:
    if values is None:
        return np.zeros((frames, wrapping.curves))
    given = np.asarray(values, dtype=np.float64)
    if given.shape != (frames, wrapping.curves):
        raise InputError(
            f"Curves for wrapping must be [{frames}, {wrapping.curves}], got {list(given.shape)}."
        )
    return given


def _finding(
    how: str,
    place: Similarity,
    distance: Points,
    seen: Mask,
    apart_m: float,
    folded: int,
    more: dict[str, float],
) -> Finding:
    figures: dict[str, Any] = {
        "unit": place.unit,
        "moved": not place.still,
        "scale": round(place.scale, 4),
        "surface_median_mm": round(_MM * float(np.median(distance)), 4),
        "surface_p99_mm": round(_MM * float(np.quantile(distance, 0.99)), 4),
        "seen": round(float(seen.mean()), 4),
        "from_rig_mm": round(_MM * apart_m, 3),
        "folded_triangles": folded,
        **more,
    }
    line = (
        f"wrapped: {how}; {figures['surface_median_mm']:.3f} mm from the scan (median), "
        f"{figures['surface_p99_mm']:.2f} mm (p99); {100 * figures['seen']:.1f} % of the skin seen"
    )
    if not place.still:
        line += f"; the scan, in {place.unit}, was moved into place"
    severe = figures["surface_p99_mm"] > _FAR_MM
    if figures["from_rig_mm"] > _OTHER_FACE_MM:
        severe = True
        line += (
            f"; at rest it is {figures['from_rig_mm']:.1f} mm from the rig: another face or pose"
        )
    if figures.get("curves_there", 0.0) > _AT_REST:
        severe = True
        line += (
            f"; no frame is near rest (curves add up to {figures['curves_there']:.1f} in frame "
            f"{figures['neutral_frame']}), so places along the skin are rough: begin takes at rest"
        )
    return Finding("wrap", line, figures, severe)
