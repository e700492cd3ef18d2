"""What is asked of a capture: kinds of takes, frames, rate, seed."""

from __future__ import annotations

from dataclasses import dataclass

from animdrive.contract.capture import TAKE_KINDS
from animdrive.errors import InputError
from animdrive.tissue.sentences import TRAIN


@dataclass(frozen=True)
class TakePlan:
    """Settings of `plan_takes`."""

    kinds: tuple[str, ...] = TAKE_KINDS
    """Which kinds of takes, of `TAKE_KINDS`."""
    frames_train: int = 3000
    """At least so many frames to learn from."""
    frames_held: int = 600
    """At least so many frames for tests."""
    fps: float = 30.0
    """Frames per second, 12..120."""
    seed: int = 0
    """Seed of everything that is drawn."""
    languages: tuple[str, ...] = ("en",)
    """What is spoken, in turn."""
    mixtures: int = 0
    """Frames of quickly changing random mixtures to learn from, beside all others."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.kinds) - set(TAKE_KINDS))
        if unknown:
            raise InputError(
                f"Unknown kind of takes '{unknown[0]}'. Known: {', '.join(TAKE_KINDS)}."
            )
        if not self.kinds:
            raise InputError(f"No kind of takes was named. Known: {', '.join(TAKE_KINDS)}.")
        if len(set(self.kinds)) < len(self.kinds):
            raise InputError(f"A kind of takes is named twice in {', '.join(self.kinds)}.")
        if not 12 <= self.fps <= 120:
            raise InputError(f"A capture's fps must be in 12..120, got {self.fps:g}.")
        if self.frames_train < 1 or self.frames_held < 0:
            raise InputError(
                f"A capture needs frames: got {self.frames_train} to learn from and "
                f"{self.frames_held} held out."
            )
        if self.mixtures < 0:
            raise InputError(f"mixtures must be 0 or more frames, got {self.mixtures}.")
        if self.seed < 0:
            raise InputError(f"seed must be 0 or above, got {self.seed}.")
        for language in self.languages:
            if language not in TRAIN:
                known = ", ".join(TRAIN)
                raise InputError(f"No sentences in language '{language}'. There are: {known}.")
