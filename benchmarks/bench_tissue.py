"""How fast skin is simulated, and how well it holds: contacts, volume, symmetry, pops, folds.

    python benchmarks/bench_tissue.py                        poses and one motion, simulated here
    python benchmarks/bench_tissue.py --curves               every curve at 1 as well, alone
    python benchmarks/bench_tissue.py --linear               the same of the linear rig
    python benchmarks/bench_tissue.py --prior                muscles as the table has them, unfitted
    python benchmarks/bench_tissue.py --capture DIR --every 10   takes that are already made

Contacts are measured on the final vertices against the meshes of teeth, gums, eyeballs and lips by
`tests/tissue/exact.py`, which shares no code with the simulation. Limits: no contact above 0.3 mm,
volume within 2 % of the soft tissue's, mirrored curves within 0.05 mm.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from common import REPOSITORY, peak_rss_mb, show

from animdrive.contract import ARKIT52, ARKIT_INDEX, Character, mirrored_name
from animdrive.deformer.linear import LinearDeformer
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.bones import soft_tissue_depth

sys.path.insert(0, str(REPOSITORY / "tests" / "tissue"))
from checks import Checker
from folds import Folds

Values = npt.NDArray[np.float64]

POSES: dict[str, dict[str, float]] = {
    "rest": {},
    "smile": {"mouthSmileLeft": 1, "mouthSmileRight": 1},
    "smile, cheeks up": {
        "mouthSmileLeft": 1, "mouthSmileRight": 1, "cheekSquintLeft": 1, "cheekSquintRight": 1},
    "brows raised": {"browInnerUp": 1, "browOuterUpLeft": 1, "browOuterUpRight": 1},
    "frown": {"browDownLeft": 1, "browDownRight": 1},
    "pucker": {"mouthPucker": 1},
    "funnel": {"mouthFunnel": 1},
    "jaw open": {"jawOpen": 1},
    "closed on an open jaw": {"jawOpen": 0.6, "mouthClose": 0.6},
    "bitten lip": {"mouthRollLower": 1, "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3},
    "rolled in": {"mouthRollLower": 1, "mouthRollUpper": 1},
    "pressed": {"mouthPressLeft": 1, "mouthPressRight": 1},
    "puffed": {"cheekPuff": 1},
    "sneer": {"noseSneerLeft": 1, "noseSneerRight": 1},
    "blink": {"eyeBlinkLeft": 1, "eyeBlinkRight": 1},
    "look up": {"eyeLookUpLeft": 1, "eyeLookUpRight": 1},
    "look down": {"eyeLookDownLeft": 1, "eyeLookDownRight": 1},
    "look aside, half shut": {
        "eyeLookOutLeft": 1, "eyeLookInRight": 1, "eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5},
    "anger": {
        "browDownLeft": 1, "browDownRight": 1, "noseSneerLeft": 0.6, "noseSneerRight": 0.6,
        "mouthPressLeft": 0.7, "mouthPressRight": 0.7, "eyeSquintLeft": 0.6, "eyeSquintRight": 0.6},
    "surprise": {
        "browInnerUp": 1, "browOuterUpLeft": 1, "browOuterUpRight": 1, "jawOpen": 0.5,
        "eyeWideLeft": 1, "eyeWideRight": 1},
    "sorrow": {"browInnerUp": 0.8, "mouthFrownLeft": 0.8, "mouthFrownRight": 0.8,
               "mouthShrugLower": 0.6},
    "one side": {"mouthSmileLeft": 1, "browOuterUpLeft": 1, "eyeBlinkLeft": 1, "jawLeft": 0.5},
}  # fmt: skip


def row_of(curves: dict[str, float]) -> Values:
    """Return [52] for the curves given."""
    row = np.zeros(len(ARKIT52))
    for name, value in curves.items():
        row[ARKIT_INDEX[name]] = value
    return row


class LinearSimulator:
    """The linear rig behind the same call, for comparison."""

    def __init__(self, character: Character) -> None:
        self._deformer = LinearDeformer(character.rig)
        self.names = character.rig.names

    def frames(self, values: Values, *, fps: float = 30.0) -> Iterator[npt.NDArray[np.float32]]:
        """Yield [V, 3] metres for each row of `values`."""
        yield from self._deformer.run(np.asarray(values, dtype=np.float32))


def simulator(character: Character, *, linear: bool, prior: bool) -> Any:
    """Return what is measured."""
    if linear:
        return LinearSimulator(character)
    from animdrive.tissue.simulate import TissueSimulator, simulator_for

    return TissueSimulator(character, prior_gains(character)) if prior else simulator_for(character)


def prior_gains(character: Character) -> Values:
    """Return [M + 1, C] contraction of every muscle as the table of anatomy has it."""
    from animdrive.tissue.facs import FACS_TABLE
    from animdrive.tissue.lip_fibres import compressors
    from animdrive.tissue.muscles import muscles_of

    rest, topology = character.rig.neutral.vertices.astype(np.float64), load_topology()
    muscles = (*muscles_of(rest, topology), *compressors(rest, topology))
    at = {muscle.name: i for i, muscle in enumerate(muscles)}
    gains = np.zeros((len(muscles) + 1, len(ARKIT52)))
    for row in FACS_TABLE:
        for name, value in row.sided().items():
            if name in at:
                column = ARKIT_INDEX[row.curve]
                gains[at[name], column] = value * muscles[at[name]].shortening
    return gains


class Report:
    """Gathers the figures of frames and prints them."""

    def __init__(self, character: Character) -> None:
        self.checker = Checker(character, load_topology())
        self.folds = Folds(self.checker)
        self.depth = soft_tissue_depth(self.checker.rest, load_topology())
        self.worst: dict[str, tuple[float, str]] = {}
        heads = ("lips", "teeth", "lids", "volume", "furrow", "cheek", "lines", "deep", "glab.",
                 "lips out")  # fmt: skip
        units = ("mm", "mm", "mm", "%", "mm", "mm", "", "mm", "mm", "mm")
        for first, words in (("pose", heads), ("", units)):
            print(f"  {first:<26}" + "".join(f"{word:>9}" for word in words))

    def frame(self, name: str, vertices: npt.NDArray[np.float32], row: Values) -> None:
        """Measure one frame and print its line."""
        check, folds = self.checker, self.folds
        skin = check.posed(vertices, row)
        contact = (check.lip_lip(skin), check.lip_teeth(skin), check.lid_eye(skin))
        volume = 100 * check.volume_change(skin, self.depth)
        lines, size = folds.forehead_lines_found(skin)
        # The whole head's volume holds throat and floor of the mouth, which follow an open jaw
        # as bodies; only with the jaw shut is its change the soft tissue's own.
        shut = row[ARKIT_INDEX["jawOpen"]] == 0
        what_volume = "volume" if shut else "volume with the jaw open"
        for what, value in zip(("lips", "teeth", "lids", what_volume), (*contact, abs(volume)),
                               strict=True):  # fmt: skip
            self.worst[what] = max(self.worst.get(what, (0.0, "")), (value, name))
        figures = (*contact, volume, folds.nasolabial_depth(skin), folds.cheek_bulge(skin),
                   lines, size, folds.glabella_fold(skin), folds.lip_protrusion(skin))  # fmt: skip
        print(f"  {name:<26}" + "".join(f"{value:>9.2f}" for value in figures), flush=True)

    def told(self) -> list[tuple[str, float, str]]:
        """Return the worst of every kind as rows."""
        return [
            (f"worst {what}, {name or 'none'}", value, "%" if "volume" in what else "mm")
            for what, (value, name) in self.worst.items()
        ]


def bench_poses(character: Character, work: Any, *, curves: bool) -> None:
    """Print every pose's figures, then time, symmetry, rest and acceleration."""
    report = Report(character)
    poses = dict(POSES)
    if curves:
        poses |= {name: {name: 1.0} for name in ARKIT52}
    for name, pose in poses.items():
        row = row_of(pose)
        report.frame(name, next(iter(work.frames(row[None]))), row)
    check = report.checker
    still = next(iter(work.frames(np.zeros((1, len(ARKIT52))))))
    mirrored = 0.0
    for name in ("one side", "anger"):
        row = row_of(POSES[name])
        order = [ARKIT_INDEX[mirrored_name(curve)] for curve in ARKIT52]
        pair = [next(iter(work.frames(r[None]))) for r in (row, row[order])]
        mirrored = max(mirrored, check.mirror_error(*pair))
    motion, taken = moved(work)
    linear, linear_taken = moved(LinearSimulator(character))
    show(
        "tissue",
        [
            *report.told(),
            ("rest away from neutral", 1e3 * float(np.abs(still - check.rest).max()), "mm"),
            ("mirrored curves away from the mirror image", mirrored, "mm"),
            ("greatest acceleration in a smooth motion", check.acceleration(motion), "mm/frame²"),
            ("the same of the linear rig", check.acceleration(linear), "mm/frame²"),
            ("time", taken, "s/frame"),
            ("against the linear rig", taken / linear_taken, "times"),
            ("peak memory", peak_rss_mb(), "MB"),
        ],
        sample=f"{len(poses)} poses, a motion of {len(motion)} frames, {check.skin_count} vertices",
    )


def moved(work: Any, frames: int = 24) -> tuple[npt.NDArray[np.float32], float]:
    """Return [T, V, 3] of a smooth motion from rest to a smile on an open jaw and back, s/frame."""
    t = np.sin(np.pi * np.linspace(0, 1, frames)) ** 2
    peak = row_of({"jawOpen": 0.7, "mouthSmileLeft": 1, "mouthSmileRight": 0.8, "browInnerUp": 1})
    start = perf_counter()
    result = np.stack(list(work.frames(t[:, None] * peak)))
    return result, (perf_counter() - start) / frames


def bench_capture(folder: Path, *, every: int) -> None:
    """Print the figures of takes that are written down."""
    from animdrive.pipeline.capture_read import read_capture

    capture = read_capture(folder)
    character = capture.character
    report = Report(character)
    count, fastest = 0, 0.0
    for take in capture.takes:
        captured = capture.read(take.name)
        total = report.checker.skin_count
        acceleration = report.checker.acceleration(captured.vertices[:, :total])
        fastest = max(fastest, acceleration)
        track = captured.take.track
        for frame in range(0, len(captured.vertices), every):
            row = np.zeros(len(ARKIT52))
            shown = round((captured.times_s[frame] - track.start_s) * track.fps)
            values = track.values[min(max(shown, 0), len(track) - 1)]
            for name, value in zip(track.names, values, strict=True):
                row[ARKIT_INDEX[name]] = value
            whole = bodies_with(character, captured.vertices[frame], row)
            report.frame(f"{take.name}:{frame}", whole, row)
            count += 1
    show(
        f"takes of {folder}",
        [*report.told(), ("greatest acceleration", fastest, "mm/frame²")],
        sample=f"{count} frames of {len(capture.takes)} takes, every {every}.",
    )


def bodies_with(
    character: Character, skin: npt.NDArray[np.float32], row: Values
) -> npt.NDArray[np.float64]:
    """Return [V, 3]: `skin` with the teeth, gums and eyes where the jaw and the rig put them."""
    from animdrive.tissue.bones import mandible_of

    whole = LinearDeformer(character.rig).run(row[None].astype(np.float32))[0].astype(np.float64)
    whole[: len(skin)] = skin
    rotation, shift = mandible_of(character).motion(row, ARKIT52)
    for name in ("teeth_lower", "gums_lower"):
        run = character.part(name).vertices
        rest = character.rig.neutral.vertices[run].astype(np.float64)
        whole[run] = rest @ rotation.T + shift
    return whole


def main() -> None:
    """Run what is asked for."""
    kind = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=kind)
    parser.add_argument("--curves", action="store_true", help="every curve at 1 too")
    parser.add_argument("--linear", action="store_true", help="the linear rig instead")
    parser.add_argument("--prior", action="store_true", help="gains as the table has them")
    parser.add_argument("--capture", type=Path, help="measure these takes instead")
    parser.add_argument("--every", type=int, default=10, help="frames of a take")
    asked = parser.parse_args()
    if asked.capture:
        bench_capture(asked.capture, every=asked.every)
        return
    character = load_head()
    work = simulator(character, linear=asked.linear, prior=asked.prior)
    bench_poses(character, work, curves=asked.curves)


if __name__ == "__main__":
    main()
