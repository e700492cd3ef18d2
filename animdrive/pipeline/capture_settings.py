"""What a capture is made with, and how its files are described."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from animdrive import __version__
from animdrive.contract import Character, Provenance
from animdrive.contract.capture import TAKE_KINDS, Take
from animdrive.errors import DeviceError, InputError
from animdrive.provenance import provenance_dict
from animdrive.rig.lod import check_level
from animdrive.tissue.faults import Faults
from animdrive.tissue.take_plan import TakePlan

CAPTURE_FORMAT = "animdrive-capture-1"
"""Name and version of the folder's layout."""
CACHE_FORMATS: tuple[str, ...] = ("safetensors", "pc2", "npz", "usd", "abc")
"""How the skin of a take is written; the first one always is, for it is what is read back."""
CACHE_SUFFIX = {
    "safetensors": "safetensors",
    "pc2": "pc2",
    "npz": "npz",
    "usd": "usdc",
    "abc": "abc",
}
_QUICK = ("rom", "pairs", "emotions", "random")
PRESETS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "full": (3000, 600, TAKE_KINDS),
    "small": (150, 50, _QUICK),
}
"""Name → frames to learn from, frames held out, kinds of takes."""


@dataclass(frozen=True)
class CaptureConfig:
    """Settings of `animdrive.pipeline.capture.make_capture`."""

    kinds: tuple[str, ...] = TAKE_KINDS
    """Kinds of takes."""
    frames_train: int = PRESETS["full"][0]
    """At least so many frames to learn from."""
    frames_held: int = PRESETS["full"][1]
    """At least so many frames held out."""
    fps: float = 30.0
    """Frames per second."""
    seed: int = 0
    """Seed of everything that is drawn."""
    level: str = "standard"
    """Level of detail of the skin that is written: a name of `animdrive.rig.lod.LEVELS`."""
    faults: Faults = field(default_factory=Faults)
    """What is wrong with the scanner."""
    formats: tuple[str, ...] = ("safetensors", "pc2")
    """How takes are written; safetensors always is."""
    languages: tuple[str, ...] = ("en",)
    """What is spoken."""
    mixtures: int = 0
    """Frames of quickly changing random mixtures to learn from, beside `frames_train`."""

    def __post_init__(self) -> None:
        self.plan()
        check_level(self.level)
        for name in self.formats:
            if name not in CACHE_FORMATS:
                known = ", ".join(CACHE_FORMATS)
                raise InputError(f"Unknown format '{name}'. Known: {known}.")

    def plan(self) -> TakePlan:
        """Return the settings of the takes."""
        return TakePlan(
            kinds=self.kinds,
            frames_train=self.frames_train,
            frames_held=self.frames_held,
            fps=self.fps,
            seed=self.seed,
            languages=self.languages,
            mixtures=self.mixtures,
        )


def preset_of(name: str) -> tuple[int, int, tuple[str, ...]]:
    """Return frames to learn from, frames held out and kinds of takes of a preset.

    Raises:
        InputError: there is none of that name.
    """
    if name not in PRESETS:
        raise InputError(f"Unknown preset '{name}'. Known: {', '.join(PRESETS)}.")
    return PRESETS[name]


def clips_or_demo(kinds: Sequence[str], clips: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return `clips`, or where takes of clips are asked for and none is given, the demo's.

    Raises:
        InputError: clips are given, but no takes of clips are asked for.
    """
    if "clips" not in kinds:
        if clips:
            raise InputError("A clip was given, but no takes of kind 'clips'. Add it to --takes.")
        return ()
    if clips:
        return clips
    from animdrive.pipeline.demo import demo_clip

    try:
        return (demo_clip(),)
    except DeviceError:
        return ()


def capture_settings(
    config: CaptureConfig,
    character: Character,
    simulator: Mapping[str, object],
    clips: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Return all that the bytes of a capture's takes depend on, as plain values.

    Formats and mixtures are not among them: more can be added to takes that are there.
    """
    settings = asdict(config)
    del settings["formats"], settings["mixtures"]
    described: dict[str, Any] = plain(
        {
            "format": CAPTURE_FORMAT,
            "version": __version__,
            **settings,
            "face": digest_of_character(character),
            "simulator": dict(simulator),
            "clips": [list(clip) for clip in clips],
        }
    )
    return described


def plain(value: Any) -> Any:
    """Return `value` as it comes back from JSON."""
    return json.loads(json.dumps(value, default=str))


def digest_of(settings: Mapping[str, Any]) -> str:
    """Return the sha256 of settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def digest_of_take(settings: Mapping[str, Any], take: Take) -> str:
    """Return the sha256 of one take: its curves and all that makes skin of them."""
    hashed = hashlib.sha256(digest_of(settings).encode())
    hashed.update(f"{take.name} {take.kind} {take.split} {take.about}".encode())
    track = take.track
    for array in (track.values, track.head_rotation, track.head_position, track.eye_rotation):
        hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()


def digest_of_character(character: Character) -> str:
    """Return the sha256 of a face: its shape at rest, its connections, its curves."""
    rig = character.rig
    hashed = hashlib.sha256(",".join(rig.names).encode())
    for array in (rig.neutral.vertices, rig.neutral.faces, rig.deltas):
        hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()


def described_capture(
    settings: Mapping[str, Any],
    takes: Sequence[Take],
    provenance: Provenance,
    *,
    whole: bool,
    names: Sequence[str],
    vertices: int,
    held: Mapping[str, Any],
    truths: Mapping[str, Any],
    notes: Sequence[str],
) -> dict[str, Any]:
    """Return what ``capture.json`` says."""
    return {
        "format": CAPTURE_FORMAT,
        "whole": whole,
        "digest": digest_of(settings),
        "units": {"length": "m", "time": "s", "angle": "rad", "curves": "0..1"},
        "axes": "right-handed, +Y up, the face looks along +Z, +X is the subject's left",
        "fps": settings["fps"],
        "seed": settings["seed"],
        "vertices": vertices,
        "curves": list(names),
        "base": {"mesh": "base.obj", "head": "base.safetensors", "linear_rig": "base.glb"},
        "head": (
            "The head's own motion is not in the skin: head_transform [T, 4, 4] of a take is to be "
            "multiplied onto it from the left. Eyes are not turned: eye_rotation [T, 2, 3]."
        ),
        "held_out": dict(held),
        "faults_truth": dict(truths),
        "takes": [
            {
                "name": take.name,
                "kind": take.kind,
                "split": take.split,
                "frames": len(take.track),
                "about": take.about,
            }
            for take in takes
        ],
        "notes": list(notes),
        "settings": dict(settings),
        "provenance": provenance_dict(provenance),
    }


def take_path(folder: Path, name: str, kind: str) -> Path:
    """Return where a take's file of a cache format (or its "csv", or its "truth") lies."""
    suffix = {"truth": "truth.safetensors", "csv": "csv"}.get(kind) or CACHE_SUFFIX[kind]
    return folder / "takes" / f"{name}.{suffix}"
