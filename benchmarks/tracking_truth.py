"""Clips of which every curve is known: heads of ours that nothing was trained on, filmed.

People are drawn from the seeds that are kept for tests; what they do is what phones recorded of
people (`../shared/data/arkit`). Each has a lens, a light, a background and a sensor's noise of its
own, and goes through our H.264. Some move as the curves say, linearly; some as the shipped learned
skin does: what it adds on the shipped head is added to theirs, vertex by vertex.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from common import SHARED

from animdrive.contract import ARKIT52, Camera, Character, CurveTrack
from animdrive.contract.tracks import as_arkit
from animdrive.errors import InputError
from animdrive.export import read_curves
from animdrive.files import written_aside
from animdrive.media.writer import VideoWriter
from animdrive.pipeline.outputs import skin_maker
from animdrive.render.look import LookConfig
from animdrive.render.scene import Renderer
from animdrive.rig.head import load_head
from animdrive.rig.identity_people import painted, person_character, sampled_person
from animdrive.rig.pose import eye_rotation_from_looks, posed_vertices
from animdrive.rig.slits import lip_slit, middle_of_lips

RECORDED = SHARED / "data" / "arkit"
FIRST_SEED = 900_000
"""People from here on are kept for tests: no training draws them."""
FPS = 30.0
_TEXELS = 1024
_CHUNK = 30

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Take:
    """One clip to be filmed."""

    name: str
    person: int
    """Which of the people of `FIRST_SEED` on."""
    group: str = "front"
    """"front", "turned" (about 30° aside), "neutral" (at rest, from -30° to 30°), or "driven"
    (somebody else's character, moved by recorded curves)."""
    source: str = ""
    """Recorded curves, a file of `RECORDED`; none: at rest."""
    start_s: float = 0.0
    """Where in the recording."""
    seconds: float = 10.0
    yaw_deg: float = 0.0
    """How far the head is turned, more or less."""
    fov_deg: float = 24.0
    """The lens: angle over the height of the picture. A phone held near has 45 to 60."""
    size_px: tuple[int, int] = (640, 640)
    fill: float = 0.62
    """Share of the picture's height that the head takes."""
    learned: bool = False
    """Whether skin moves as the shipped learned skin does, or linearly."""
    noise: float = 3.0
    """Of the sensor, standard deviation in steps of 255."""
    light: int = 0
    """Row of `LIGHTS`."""


LIGHTS = (
    LookConfig(background_top=(0.30, 0.33, 0.36), background_bottom=(0.12, 0.12, 0.13)),
    LookConfig(
        key_direction=(0.7, 0.35, 0.6),
        key_color=(2.2, 2.3, 2.6),
        fill_color=(0.2, 0.2, 0.22),
        background_top=(0.05, 0.05, 0.07),
        background_bottom=(0.16, 0.13, 0.10),
    ),
    LookConfig(
        key_direction=(0.1, 0.9, 0.5),
        key_color=(2.4, 2.4, 2.3),
        sky_color=(0.6, 0.63, 0.66),
        background_top=(0.55, 0.60, 0.68),
        background_bottom=(0.30, 0.34, 0.22),
        exposure=0.8,
    ),
    LookConfig(
        key_direction=(-0.9, 0.1, 0.4),
        key_color=(2.9, 2.2, 1.6),
        fill_color=(0.15, 0.18, 0.25),
        sky_color=(0.22, 0.22, 0.25),
        background_top=(0.10, 0.06, 0.04),
        background_bottom=(0.02, 0.02, 0.02),
        exposure=0.7,
    ),
)
"""Studio, cool from the other side, outdoors from above, warm and hard from aside."""

_ROM, _CALM = "alexdjulin_alex_rom_3.csv", "MySlate_161_iPhone_cal.csv"
_LIVELY, _SPOKEN = "MySlate_165_iPhone_cal.csv", "1114_2_01_arkit_mouth_30fps.csv"

TAKES = (
    Take("front_rom_lids", 1, source=_ROM, start_s=22, light=0),
    Take("front_rom_mouth", 2, source=_ROM, start_s=62, light=2, learned=True, fov_deg=46),
    Take("front_rom_tongue", 3, source=_ROM, start_s=84, light=1, learned=True, fov_deg=32),
    Take("front_rom_end", 4, source=_ROM, start_s=118, light=3, noise=5.0, size_px=(1280, 720)),
    Take("front_lively", 5, source=_LIVELY, start_s=0, light=2, fov_deg=52, learned=True),
    Take("front_spoken", 6, source=_SPOKEN, start_s=10, light=0, learned=True, fov_deg=36),
    Take("left_rom", 7, "turned", _ROM, 42, yaw_deg=30, light=1, fov_deg=34),
    Take("right_rom", 8, "turned", _ROM, 96, yaw_deg=-30, light=0, fov_deg=26, learned=True),
    Take("left_lively", 9, "turned", _LIVELY, 10, yaw_deg=30, light=2, learned=True),
    Take("right_rom_jaw", 10, "turned", _ROM, 72, yaw_deg=-30, light=3, fov_deg=48),
    Take("neutral_tele", 11, "neutral", seconds=6, light=0),
    Take("neutral_phone", 12, "neutral", seconds=6, light=2, fov_deg=52),
    Take("neutral_hard", 13, "neutral", seconds=6, light=1, fov_deg=34),
)
"""What is filmed. Windows were chosen so that together all curves move."""

DRIVEN = (
    Take("driven_rom", 50, "driven", _ROM, 62, light=0, fov_deg=30),
    Take("driven_lively", 51, "driven", _LIVELY, 0, light=2, fov_deg=44),
    Take("driven_left", 52, "driven", _ROM, 96, yaw_deg=30, light=1, fov_deg=26),
    Take("driven_neutral", 53, "neutral", seconds=6, light=0, fov_deg=34),
)
"""What somebody else's character does, beside the take in its own file."""

QUICK = ("front_rom_mouth", "front_lively", "left_rom", "neutral_phone")


@dataclass(frozen=True, eq=False)
class Truth:
    """A filmed take: what was done in it. T frames."""

    name: str
    group: str
    clip: Path
    values: Floats
    """[T, 52]"""
    yaw_deg: Floats
    """[T] how far the head was turned."""
    slits_mm: Floats
    """[T] tallest slit between the lips within 6 mm of the middle; NaN where it is not known."""


def track_of(take: Take) -> CurveTrack:
    """Return the curves of a take at `FPS`, eyes turned as the eyeLook curves say."""
    frames = round(take.seconds * FPS)
    if not take.source:
        return CurveTrack(ARKIT52, FPS, np.zeros((frames, len(ARKIT52)), np.float32))
    recorded = as_arkit(read_curves(RECORDED / take.source).track)
    at_s = take.start_s + np.arange(frames) / FPS
    places = np.clip(at_s * recorded.fps, 0, len(recorded) - 1)
    columns = [np.interp(places, np.arange(len(recorded)), c) for c in recorded.values.T]
    # Nobody looks in and out, or up and down, at once: what the eye is seen to do is the rest.
    values = np.stack(columns, axis=1).astype(np.float32)
    for side in ("Left", "Right"):
        for one, other in (("In", "Out"), ("Up", "Down")):
            a, b = (ARKIT52.index(f"eyeLook{way}{side}") for way in (one, other))
            both = np.minimum(values[:, a], values[:, b])
            values[:, a] -= both
            values[:, b] -= both
    return CurveTrack(ARKIT52, FPS, values)


def head_turns(take: Take) -> Floats:
    """Return [T, 3] radians, how the head moves; the same for a take always."""
    rng = np.random.default_rng(take.person)
    time = np.arange(round(take.seconds * FPS)) / FPS
    turns = np.zeros((len(time), 3))
    for axis, reach in enumerate(np.radians([4.0, 5.0, 3.0])):
        for _ in range(3):
            rate, phase = rng.uniform(0.08, 0.5), rng.uniform(0, 2 * np.pi)
            turns[:, axis] += reach / 3 * np.sin(2 * np.pi * rate * time + phase)
    if take.group == "neutral":
        turns *= 0.3
        turns[:, 1] += np.radians(30) * np.sin(2 * np.pi * time / take.seconds)
    turns[:, 1] += np.radians(take.yaw_deg)
    return turns.astype(np.float32)


def camera_of(take: Take, head: Character) -> Camera:
    """Return a camera in front of the face that sees it through the take's lens."""
    own = head.rig.neutral.vertices[head.head_weight >= 0.95]
    low, high = own.min(axis=0), own.max(axis=0)
    middle = (low + high) / 2
    fov = np.radians(take.fov_deg)
    away = float(high[1] - low[1]) / take.fill / 2 / np.tan(fov / 2) + float(high[2] - middle[2])
    return Camera(
        position=(middle + np.array([0.0, 0.0, away])).astype(np.float32),
        target=middle.astype(np.float32),
        vertical_fov=float(fov),
        size_px=take.size_px,
    )


def skins(take: Take, head: Character, values: Floats) -> Iterator[Floats]:
    """Yield [V, 3] metres per frame, head and eyes unturned."""
    rig, ours = head.rig, load_head().rig
    learned = skin_maker("hero", ours) if take.learned else None
    if learned is not None and learned.names != rig.names:
        raise InputError("The learned skin takes other curves than the rig.")
    for start in range(0, len(values), _CHUNK):
        some = values[start : start + _CHUNK]
        skin = rig.neutral.vertices + np.tensordot(some, rig.deltas, 1)
        if learned is not None:
            linear = ours.neutral.vertices + np.tensordot(some, ours.deltas, 1)
            skin = skin + (learned.run(some) - linear)
        yield from skin.astype(np.float32)


def filmed(take: Take, folder: Path, character: Callable[[], Character] | None = None) -> Truth:
    """Return a take's truth; the clip is made where `folder` has none of the same settings.

    Args:
        take: What.
        folder: Where clips are kept.
        character: Gives who performs; None is one of our people.
    """
    clip, beside = folder / f"{take.name}.mp4", folder / f"{take.name}.npz"
    wanted = json.dumps(asdict(take), sort_keys=True)
    if not clip.is_file() or not beside.is_file() or not _same(beside, wanted):
        _film(take, clip, beside, wanted, _person(take) if character is None else character())
    with np.load(beside) as data:
        return Truth(take.name, take.group, clip, data["values"], data["yaw_deg"], data["slits_mm"])


def _same(beside: Path, wanted: str) -> bool:
    with np.load(beside) as data:
        return str(data["settings"]) == wanted


def _person(take: Take) -> Character:
    person = sampled_person(FIRST_SEED + take.person)
    head = person_character(replace(person, tone=None))
    return head if person.tone is None else painted(head, person.tone, size=_TEXELS)


def _film(take: Take, clip: Path, beside: Path, settings: str, head: Character) -> None:
    track, turns = track_of(take), head_turns(take)
    moving = [n for n, d in zip(head.rig.names, head.rig.deltas, strict=True) if d.any()]
    # What a character cannot show is no truth of the film.
    track = track.with_values(track.values * np.isin(ARKIT52, moving))
    eyes = eye_rotation_from_looks(track)
    columns = [ARKIT52.index(name) for name in head.rig.names]
    slit = lip_slit(head) if "lips_upper" in head.regions else None
    slits = np.full(len(track), np.nan, np.float32)
    rng = np.random.default_rng(take.person)
    clip.parent.mkdir(parents=True, exist_ok=True)
    width, height = take.size_px
    with (
        Renderer(head, camera=camera_of(take, head), look=LIGHTS[take.light]) as renderer,
        VideoWriter(clip, size_px=take.size_px, fps=FPS) as writer,
    ):
        for frame, skin in enumerate(skins(take, head, track.values[:, columns])):
            if slit is not None:
                slits[frame] = slit.heights_mm(skin)[middle_of_lips(slit)].max()
            posed = posed_vertices(
                head,
                skin,
                head_rotation=turns[frame],
                head_position=np.zeros(3, np.float32),
                eye_rotation=eyes[frame],
            )
            image = renderer.draw(posed) + take.noise * rng.standard_normal(
                (height, width, 3), dtype=np.float32
            )
            writer.write(np.clip(image, 0, 255).astype(np.uint8))
    kept: dict[str, Any] = {
        "values": track.values,
        "yaw_deg": np.degrees(turns[:, 1]),
        "slits_mm": slits,
        "settings": settings,
    }
    with written_aside(beside) as aside, aside.open("wb") as file:
        np.savez(file, **kept)
