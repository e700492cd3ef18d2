"""A model beside the truth and the linear rig, frame by frame: every figure of a validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature

import numpy as np

from animdrive.contract import Character
from animdrive.contract.capture import CapturedTake
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.deformer.data import curves_of
from animdrive.deformer.errors_table import (
    MOVES_MM,
    ErrorTable,
    Spread,
    distances_mm,
    regions_of,
    skin_vertices,
)
from animdrive.deformer.linear import LinearDeformer
from animdrive.deformer.model_file import DeformerModel
from animdrive.deformer.penetration import PenetrationCheck, PenetrationCount
from animdrive.deformer.quality import Blocks, Detail, Jitter, patch_borders
from animdrive.errors import InputError

CHUNK = 32
"""Frames that are made at once."""

Posed = Callable[[FloatArray, int], FloatArray]
"""Returns skin [V, 3] with the eyes as they stand at a frame of the take."""
Skin = LinearDeformer | DeformerModel


@dataclass(frozen=True, eq=False)
class WorstFrame:
    """Where a model is furthest from the truth, in one stretch of a take."""

    take: str
    """The take's name."""
    frame: int
    """Which of its frames."""
    rms_mm: float
    """RMS error of the moving skin there, mm."""
    skins: Mapping[str, FloatArray]
    """"truth", "model", "linear" → [V, 3] metres."""
    eye_rotation: FloatArray
    """[2, 3] radians."""


@dataclass(eq=False)
class Heat:
    """Errors vertex by vertex."""

    total: FloatArray
    """[V] mm, over all frames."""
    most: FloatArray
    """[V] mm, the largest."""
    frames: int = 0
    """How many were added."""

    def add(self, distances: FloatArray) -> None:
        """Add distances [n, V] mm."""
        self.total += distances.sum(axis=0)
        np.maximum(self.most, distances.max(axis=0), out=self.most)
        self.frames += len(distances)

    @property
    def mean(self) -> FloatArray:
        """[V] mm."""
        return np.asarray(self.total / max(self.frames, 1), dtype=np.float32)


@dataclass(eq=False)
class Penetrations:
    """Counts for the truth and each skin."""

    check: PenetrationCheck
    """What is looked for."""
    counts: dict[tuple[str, str], PenetrationCount] = field(default_factory=dict)
    """(check, whose skin) → count."""

    def add(self, whose: str, vertices: FloatArray) -> None:
        """Look at a frame [V, 3] metres, eyes posed."""
        for name, depths in self.check.depths(vertices).items():
            self.counts.setdefault((name, whose), PenetrationCount()).add(depths)


class Comparison:
    """Gathers what held-out takes say of a model, a take at a time."""

    def __init__(
        self,
        model: Skin,
        character: Character,
        moving: IntArray,
        *,
        with_capture: bool = False,
        worst_runs: int = 1,
    ) -> None:
        """Prepare.

        Args:
            model: What is measured.
            character: Whose face; V vertices.
            moving: Vertices that move, see `moving_skin`.
            with_capture: Whether the capture is measured against a truth of its own.
            worst_runs: A take is cut into so many equal stretches, each with its worst frame.
        """
        self.model, self.character, self.moving = model, character, moving
        self.linear = LinearDeformer(character.rig)
        skins = ("model", "linear", "capture") if with_capture else ("model", "linear")
        self.table = ErrorTable(skins, moving, regions_of(character))
        self.jitter = {name: Jitter() for name in ("error", "linear error", "model", "truth")}
        faces = _skin_faces(character)
        self.detail = Detail(faces, moving)
        borders = patch_borders(model, faces, moving)
        self.blocks = None if borders is None else Blocks(borders)
        count = len(character.rig.neutral.vertices)
        self.heat = {
            name: Heat(np.zeros(count, np.float32), np.zeros(count, np.float32))
            for name in ("model", "linear")
        }
        self.penetrations = Penetrations(PenetrationCheck(character))
        self.worst: list[WorstFrame] = []
        self.values: list[FloatArray] = []
        self.frames = 0
        self._runs = worst_runs

    def add(
        self,
        truth: CapturedTake,
        *,
        captured: CapturedTake | None = None,
        posed: Posed,
        penetration_step: int,
    ) -> None:
        """Compare a take.

        Args:
            truth: What is right, with curves and skin on one clock.
            captured: The capture itself, where `truth` is another, clean one.
            posed: Turns the eyes.
            penetration_step: Every so many frames penetrations are counted.
        """
        values = curves_of(captured or truth, self.character.rig)
        self.values.append(values)
        begin_take(self.model)
        self.detail.begin()
        for jitter in self.jitter.values():
            jitter.begin()
        worst: dict[int, tuple[float, int, Mapping[str, FloatArray]]] = {}
        name, total = truth.take.name, len(values)
        for start in range(0, total, CHUNK):
            run = slice(start, min(start + CHUNK, total))
            skins = {
                "truth": truth.vertices[run],
                "model": run_frames(self.model, values, run, truth.head_transform),
                "linear": self.linear.run(values[run]),
            }
            apart = {who: distances_mm(skins[who], skins["truth"]) for who in ("model", "linear")}
            for who, heat in self.heat.items():
                heat.add(apart[who])
            own = {} if captured is None else {
                "capture": distances_mm(captured.vertices[run], skins["truth"])
            }  # fmt: skip
            self.table.add(name, truth.take.kind, {**apart, **own})
            self._add_quality(skins)
            per_frame = np.sqrt(np.square(apart["model"][:, self.moving]).mean(axis=1))
            for number, rms in enumerate(per_frame):
                stretch = (start + number) * self._runs // total
                if stretch not in worst or rms > worst[stretch][0]:
                    kept = {who: skin[number].copy() for who, skin in skins.items()}
                    worst[stretch] = float(rms), start + number, kept
            for number in range(run.start, run.stop):
                if (self.frames + number) % penetration_step == 0:
                    for who, skin in skins.items():
                        self.penetrations.add(who, posed(skin[number - start], number))
        track = truth.take.track
        self.worst += [
            WorstFrame(name, frame, rms, kept, track.eye_rotation[frame])
            for rms, frame, kept in worst.values()
        ]
        self.frames += total

    def _add_quality(self, skins: Mapping[str, FloatArray]) -> None:
        error = skins["model"] - skins["truth"]
        beyond = skins["truth"] - skins["linear"]
        self.jitter["error"].add(error[:, self.moving])
        self.jitter["linear error"].add(beyond[:, self.moving])
        self.jitter["model"].add(skins["model"][:, self.moving])
        self.jitter["truth"].add(skins["truth"][:, self.moving])
        self.detail.add(skins["model"] - skins["linear"], beyond)
        if self.blocks is not None:
            self.blocks.add(error, beyond)

    def worst_first(self, count: int) -> list[WorstFrame]:
        """Return `count` of the worst frames, the worst of every take before the next of any."""
        ranked = sorted(self.worst, key=lambda w: -w.rms_mm)
        turn: dict[str, int] = {}
        order: list[tuple[int, int]] = []
        for place, frame in enumerate(ranked):
            turn[frame.take] = turn.get(frame.take, -1) + 1
            order.append((turn[frame.take], place))
        return [ranked[place] for _, place in sorted(order)[:count]]


def moving_skin(character: Character, frames: FloatArray, moved: FloatArray) -> None:
    """Raise `moved` [V] mm to how far each vertex leaves its rest in `frames` [n, V, 3] metres."""
    for start in range(0, len(frames), CHUNK):
        apart = distances_mm(frames[start : start + CHUNK], character.rig.neutral.vertices)
        np.maximum(moved, apart.max(axis=0), out=moved)


def chosen_skin(character: Character, moved: FloatArray) -> IntArray:
    """Return the vertices of skin that leave their rest by more than `MOVES_MM`.

    Raises:
        InputError: none does.
    """
    skin = skin_vertices(character)
    moving = skin[moved[skin] > MOVES_MM]
    if not len(moving):
        raise InputError(
            f"The skin of the held-out takes never leaves its rest by {MOVES_MM:g} mm; there is "
            f"nothing to measure. Hold a take out in which the face moves."
        )
    return moving


def fit_error(
    model: Skin, truth: CapturedTake, captured: CapturedTake, moving: IntArray, step: int,
    spread: Spread,
) -> None:  # fmt: skip
    """Add to `spread` the model's errors at every `step`-th frame of a take it learned from."""
    values = curves_of(captured, model.rig)
    begin_take(model)
    for start in range(0, len(values), CHUNK):
        run = slice(start, min(start + CHUNK, len(values)))
        picked = np.arange(run.start, run.stop)
        picked = picked[picked % step == 0]
        if has_memory(model):
            made = run_frames(model, values, run, truth.head_transform)[picked - start]
        elif len(picked):
            made = model.run(values[picked])
        if len(picked):
            own = truth.vertices[picked][:, moving]
            spread.add(distances_mm(np.ascontiguousarray(made[:, moving]), own))


def has_memory(model: Skin) -> bool:
    """Whether a frame depends on those before it."""
    return hasattr(model, "reset")


def begin_take(model: Skin) -> None:
    """Tell a model with a memory that another performance begins."""
    reset = getattr(model, "reset", None)
    if reset is not None:
        reset()


def run_frames(model: Skin, values: FloatArray, run: slice, head: FloatArray) -> FloatArray:
    """Return the skin of a run of frames; models that are moved by the head are given its motion.

    Args:
        model: Any deformer.
        values: [T, C] curves of the whole take.
        run: Which frames; those before came before.
        head: [T, 4, 4] of the take.
    """
    if "head" in signature(model.run).parameters:
        run_with: Callable[..., FloatArray] = model.run
        return run_with(values[run], head=head[run])
    return model.run(values[run])


def _skin_faces(character: Character) -> IntArray:
    """Return the faces between vertices of skin."""
    inside = np.zeros(len(character.rig.neutral.vertices), dtype=np.bool_)
    inside[skin_vertices(character)] = True
    faces = character.rig.neutral.faces
    return np.asarray(faces[inside[faces].all(axis=1)])
