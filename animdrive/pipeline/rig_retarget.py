"""A profile proposed for a rig: what each curve does on it, compared with what it does on our head.

Both are measured in shares of the distance between the eyes, so that size does not count. The
jaw's opening and the mouth's closing are compared by the gap that they make between the lips'
middles, for a closure must shut there exactly what the jaw opens. All others are compared by how
far they move the patch of skin that they move most, so that neither the number of vertices nor
their spacing counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, Character
from animdrive.errors import InputError
from animdrive.layers.retarget import CurveRetarget, RetargetProfile, write_profile
from animdrive.pipeline.outputs import JobResult
from animdrive.pipeline.own_rig import OwnRig, own_rig
from animdrive.pipeline.own_rig_looks import eye_distance_m

_PATCH = 0.05
"""Area of the patch, in squares of the distance between the eyes: about 2 cm²."""
_STILL = 0.004
"""Curves that move their patch by less than this share (0.25 mm) cannot be compared."""
_GAINS = (0.4, 2.5)
"""Proposed gains stay in this range: beyond, two rigs mean different things by a name."""
_EVEN = 0.05
"""Gains this near to 1 are taken as 1."""
_BY_GAP = ("jawOpen", "mouthClose")
_AS_MEANT = ("eyeBlinkLeft", "eyeBlinkRight", "tongueOut")
"""Curves of which 1 means the same on every rig (shut, out), however far that is."""
_MIDDLE = 0.12
"""How far to the side of the middle the lips are looked at, in distances between the eyes."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A profile, and what was measured for it."""

    profile: RetargetProfile
    ours_mm: dict[str, float]
    """What each curve does on our head: mm of motion, or of the lips' gap for some."""
    theirs_mm: dict[str, float]
    """The same on the rig, brought to the size of our head."""
    notes: tuple[str, ...]
    """What could not be compared."""


def proposed_profile(rig: OwnRig) -> Proposal:
    """Return a profile with which `rig` moves as far as our head does for the same curves."""
    from animdrive.rig.head import load_head

    head = load_head()
    both = [name for name in ARKIT52 if name in rig.read.rig.names and name in head.rig.names]
    size_mm = 1e3 * eye_distance_m(head)
    measured = [_measured(character, both) for character in (head, rig.read)]
    curves: dict[str, CurveRetarget] = {}
    uncertain: list[str] = []
    for name in both:
        ours, theirs = (table[name] for table in measured)
        gain = 1.0
        if name in _AS_MEANT or name.startswith("eyeLook"):
            pass
        elif ours > _STILL and theirs > _STILL:
            gain = float(np.clip(ours / theirs, *_GAINS))
            if not _GAINS[0] < ours / theirs < _GAINS[1]:
                uncertain.append(name)
        else:
            uncertain.append(name)
        curves[name] = CurveRetarget(gain=1.0 if abs(gain - 1) < _EVEN else round(gain, 2))
    notes = []
    if uncertain:
        notes.append(
            f"Too different to be compared; look at them on the rig: {', '.join(uncertain)}."
        )
    ours_mm, theirs_mm = (
        {name: round(size_mm * table[name], 2) for name in both} for table in measured
    )
    return Proposal(RetargetProfile(curves, rig.path.name), ours_mm, theirs_mm, tuple(notes))


def write_proposed_profile(rig_path: Path, out: Path) -> JobResult:
    """Write the profile proposed for the rig in `rig_path` to `out`, a .json.

    Raises:
        InputError: the rig cannot be used, or `out` cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() != ".json":
        raise InputError(f"A profile is JSON; end the name of {out} in .json.")
    rig = own_rig(rig_path)
    if out.exists() and rig.path.is_file() and out.samefile(rig.path):
        raise InputError(f"{out} is the rig itself. Choose another -o.")
    proposal = proposed_profile(rig)
    write_profile(proposal.profile, out)
    result = JobResult(outputs={"profile": out}, notes=[*rig.notes, *proposal.notes])
    gains: dict[str, Any] = {name: one.gain for name, one in proposal.profile.curves.items()}
    result.figures = {
        "gains": gains,
        "ours_mm": proposal.ours_mm,
        "theirs_mm": proposal.theirs_mm,
        "scale": round(rig.scale, 4),
    }
    return result


def _measured(character: Character, names: list[str]) -> dict[str, float]:
    """Return what each curve does, in distances between the eyes."""
    size = eye_distance_m(character)
    part = character.part("skin")
    run = part.vertices
    points = character.rig.neutral.vertices[run].astype(np.float64) / size
    areas = _areas(points, character.rig.neutral.faces[part.faces] - run.start)
    moved = {name: character.rig.delta(name)[run].astype(np.float64) / size for name in names}
    lips = _lips(points, moved)
    table = {}
    for name, way in moved.items():
        if lips is not None and name in _BY_GAP:
            upper, lower = (float(weights @ way[:, 1]) for weights in lips)
            table[name] = abs(upper - lower)
        else:
            table[name] = _patch_motion(np.linalg.norm(way, axis=1), areas)
    return table


def _areas(points: npt.NDArray[np.float64], faces: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return [V], the area that belongs to each vertex."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    third = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    areas = np.zeros(len(points))
    np.add.at(areas, faces, third[:, None])
    return areas


def _patch_motion(far: npt.NDArray[np.float64], areas: npt.NDArray[np.float64]) -> float:
    """Return how far the patch goes that goes farthest, weighted by area."""
    order = np.argsort(-far, kind="stable")
    area = np.minimum(np.cumsum(areas[order]), _PATCH)
    share = np.diff(area, prepend=0.0)
    return float(share @ far[order] / max(share.sum(), 1e-12))


def _lips(
    points: npt.NDArray[np.float64], moved: dict[str, npt.NDArray[np.float64]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """Return [V] weights of the middle of the upper and of the lower lip; None: not to be found.

    The lips are what rolls in, near the middle.
    """
    found = []
    for name in ("mouthRollUpper", "mouthRollLower"):
        if name not in moved:
            return None
        far = np.linalg.norm(moved[name], axis=1)
        aside = np.abs(points[:, 0] - _middle_x(points, far))
        far = np.where(aside < _MIDDLE, far, 0.0)
        if not far.max() > _STILL:
            return None
        weights = np.where(far > 0.7 * far.max(), far, 0.0)
        found.append(weights / weights.sum())
    return found[0], found[1]


def _middle_x(points: npt.NDArray[np.float64], far: npt.NDArray[np.float64]) -> float:
    return float(far @ points[:, 0] / max(far.sum(), 1e-12))
