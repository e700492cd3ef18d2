"""Running sound to frames of a face: sound → posteriors → mouth, and life beside it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveFrame
from animdrive.errors import ContractError, InputError
from animdrive.sources.audio.expression.life import LifeConfig
from animdrive.sources.audio.language.inventory import SILENCE
from animdrive.sources.audio.live.stream_life import StreamLife
from animdrive.sources.audio.live.stream_mouth import StreamMouth
from animdrive.sources.audio.live.stream_protocol import PhoneStream
from animdrive.sources.audio.live.stream_sound import SoundHop, StreamSound
from animdrive.sources.audio.mouth.curves import MouthConfig
from animdrive.sources.audio.sound import HOP_S

LONGEST_LOOK_AHEAD_S = 0.08
"""A phone stream that waits longer is not live."""
TAIL_S = 0.3
"""Silence that follows the sound at its end, so that nobody is left with an open mouth."""
_STRESS_BELOW_DB = 5.0
"""The level of a usual vowel lies so far below that of the loudest speech;"""
_STRESS_DB = 8.0
"""so much above it is loudest."""
_STRESS_KEEPS = math.exp(-HOP_S / 0.05)


@dataclass(frozen=True)
class StreamConfig:
    """Settings of `StreamFace`."""

    fps: float = 60.0
    """Frames per second of the result, 1..240."""
    seed: int = 0
    """Seed of blinks, glances, head and brows, 0 or above; the mouth does not depend on it."""
    mouth: MouthConfig = field(default_factory=MouthConfig)
    """Dials of the mouth."""
    life: LifeConfig = field(default_factory=LifeConfig)
    """Dials of everything else that moves."""

    def __post_init__(self) -> None:
        if not 1 <= self.fps <= 240:
            raise InputError(f"fps must be in 1..240, got {self.fps}.")
        if self.seed < 0:
            raise InputError(f"seed must be 0 or above, got {self.seed}.")


class StreamFace:
    """Turns sound into frames while it comes.

    Causal: a frame depends on no sound later than `look_ahead_s` after it, and never on the pieces
    in which the sound came.
    """

    def __init__(
        self, phones: PhoneStream, *, rate: int, config: StreamConfig = StreamConfig()
    ) -> None:
        """Begin at 0 s.

        Args:
            phones: A fresh recogniser, of which this takes possession.
            rate: Samples per second of the sound that will come, 1,000..384,000.
            config: Settings.

        Raises:
            InputError: the rate is out of range.
            ContractError: the recogniser waits longer than 0.08 s, has another hop than 0.01 s,
                or phones without a pose.
        """
        if not 0 <= phones.look_ahead_s <= LONGEST_LOOK_AHEAD_S + 1e-9:
            raise ContractError(
                f"This phone stream looks {phones.look_ahead_s:g} s ahead; "
                f"at most {LONGEST_LOOK_AHEAD_S:g} s is live."
            )
        if abs(phones.hop_s - HOP_S) > 1e-9:
            raise ContractError(f"This phone stream's hop is {phones.hop_s:g} s, not {HOP_S:g} s.")
        self._phones = phones
        self._config = config
        self._sound = StreamSound(rate)
        self._mouth = StreamMouth(phones.symbols, fps=config.fps, config=config.mouth)
        self._life = StreamLife(seed=config.seed, fps=config.fps, config=config.life)
        self._hops: deque[SoundHop] = deque()  # heard, but not yet recognised
        self._at_rest = np.array([symbol == SILENCE for symbol in phones.symbols], np.float32)
        self._stress = 0.0
        self._steps = 0
        self._before = self._now = np.zeros(len(ARKIT52))
        self._next = 0

    @property
    def look_ahead_s(self) -> float:
        """Seconds of sound after a frame's own that are heard before it is made, at most.

        The recogniser's, and a hop and a half: hops are whole, and a frame stands between the
        middles of two.
        """
        return self._phones.look_ahead_s + 1.5 * HOP_S

    def push(self, samples: npt.ArrayLike) -> list[CurveFrame]:
        """Take the next samples [N], floats in -1..1; return the frames that became final."""
        return self._recognised(self._sound.push(samples))

    def finish(self) -> list[CurveFrame]:
        """Return the rest: frames to the end of the sound, and `TAIL_S` beyond, at rest at last.

        Nothing is pushed afterwards.
        """
        frames = self._recognised(self._sound.finish(tail_s=TAIL_S))
        frames += self._moved(self._phones.finish())
        # A recogniser may keep its last windows to itself.
        frames += self._moved(np.repeat(self._at_rest[None], len(self._hops), axis=0))
        return frames

    def _recognised(self, hops: list[SoundHop]) -> list[CurveFrame]:
        frames: list[CurveFrame] = []
        for hop in hops:
            # Hop by hop, so that a recogniser's rounding cannot depend on the pieces either.
            self._hops.append(hop)
            frames += self._moved(self._phones.push(hop.samples))
        return frames

    def _moved(self, posteriors: npt.NDArray[np.float32]) -> list[CurveFrame]:
        """Take frames of posteriors [F, P] one by one."""
        frames: list[CurveFrame] = []
        for row in posteriors:
            if not self._hops:  # of padding
                break
            hop = self._hops.popleft()
            louder = (hop.level_db - hop.speech_db + _STRESS_BELOW_DB) / _STRESS_DB
            aim = float(np.clip(louder, -1.0, 1.0))
            self._stress = aim + _STRESS_KEEPS * (self._stress - aim)
            self._before = self._now
            self._now = self._mouth.step(row, heard=hop.heard, stress=self._stress)
            self._life.hear(
                speaks=self._mouth.speaks,
                vowel=self._mouth.vowel(row),
                level_db=hop.level_db,
            )
            self._steps += 1
            frames += self._shown()
        return frames

    def _shown(self) -> list[CurveFrame]:
        """Return the frames up to the middle of the newest hop."""
        frames: list[CurveFrame] = []
        middle = self._steps - 0.5  # in hops
        while (at := self._next / self._config.fps / HOP_S) <= middle + 1e-9:
            share = min(max(at - (middle - 1.0), 0.0), 1.0)
            mouth = self._before + share * (self._now - self._before)
            life = self._life.at(self._next / self._config.fps)
            frames.append(
                CurveFrame(
                    number=self._next,
                    fps=self._config.fps,
                    values=(mouth + life.values[0]).astype(np.float32),  # they share no column
                    head_rotation=life.head_rotation[0].astype(np.float32),
                    eye_rotation=life.eye_rotation[0].astype(np.float32),
                )
            )
            self._next += 1
        return frames
