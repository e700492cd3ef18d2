"""Running sound made ready for a recogniser: its rate, its offset, its loudness. All causal.

Everything is computed in steps of one hop, 0.01 s, from the samples alone: the same sound gives
the same bits whatever the pieces in which it comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from animdrive.errors import InputError
from animdrive.sources.audio.sound import HOP_S, HOP_SAMPLES, SAMPLE_RATE

Samples = npt.NDArray[np.float32]

RATES_HZ = (1_000, 384_000)
"""Lowest and highest rate that is taken."""
_ZERO_CROSSINGS = 16
"""Half length of the resampling filter, in samples of the lower rate: it waits for 1 ms."""
_CUTOFF = 0.92
_BETA = 8.0
_DC_HZ = 20.0
_QUIETEST_DB = -120.0
_FAINTEST_DB = -82.0
"""Below this nothing is called speech, as in `sound`."""
_FALL_DB = (0.01, 0.1)
"""The measure of speech sinks by this per hop, in silence and while something softer is heard,"""
_SINKS_TO_DB = -55.0
"""not below this: a long pause must not make speech of the room's noise."""
_RISE_DB = 0.04
"""The measure of the floor rises by this per hop."""
_SPEECH_DB = -26.0
"""What is taken for the level of speech until some was heard."""
_FLOOR_DB = -60.0
_WANTED_DB = -23.0
"""The level that speech is brought to: what `sound` brings recordings to."""
_GAIN_DB = (-20.0, 30.0)
_GAIN_STEP_DB = 0.5
"""Most that the gain changes in a hop: 50 dB in a second."""


class StreamResampler:
    """Band-limited resampling to 16 kHz, piece by piece, in place in time.

    A windowed sinc (Kaiser, Smith 1984 "Digital audio resampling"), evaluated for blocks of one
    hop, so that the sums are the same whatever came when.
    """

    def __init__(self, rate: int) -> None:
        """Prepare for sound of `rate` samples per second.

        Raises:
            InputError: the rate is not in 1,000..384,000.
        """
        low, high = RATES_HZ
        if not low <= rate <= high:
            raise InputError(f"The rate must be in {low}..{high} samples per second, got {rate}.")
        common = math.gcd(rate, SAMPLE_RATE)
        self._up, self._down = SAMPLE_RATE // common, rate // common
        lower = min(rate, SAMPLE_RATE)
        half_s = _ZERO_CROSSINGS / lower
        self._half = 0 if rate == SAMPLE_RATE else math.ceil(half_s * rate)
        self._taps = np.arange(-self._half + 1, self._half + 1)
        offset = np.arange(self._up)[:, None] / self._up  # of the output from the input before it
        away_s = (self._taps[None, :] - offset) / rate
        window = np.i0(_BETA * np.sqrt(np.clip(1 - (away_s / half_s) ** 2, 0, 1))) / np.i0(_BETA)
        kernel = np.sinc(_CUTOFF * lower * away_s) * window
        kernel[np.abs(away_s) >= half_s] = 0.0
        # Each phase passes a constant unchanged, whatever the window cut off.
        self._kernel = kernel / kernel.sum(axis=1, keepdims=True) if self._half else kernel
        self._waiting = np.zeros(max(self._half - 1, 0))
        self._first = -max(self._half - 1, 0)  # input sample that _waiting[0] is
        self.hops = 0
        """Hops that were returned."""

    def push(self, samples: npt.ArrayLike) -> list[Samples]:
        """Take the next samples [N]; return the hops of 160 samples that are complete."""
        fresh = np.asarray(samples, dtype=np.float64)
        self._waiting = np.concatenate([self._waiting, fresh])
        hops: list[Samples] = []
        while True:
            out = self.hops * HOP_SAMPLES + np.arange(HOP_SAMPLES, dtype=np.int64)
            before, phase = np.divmod(out * self._down, self._up)
            before -= self._first
            if before[-1] + self._half >= len(self._waiting):
                break
            if self._half:
                windows = self._waiting[before[:, None] + self._taps]
                block = np.einsum("nk,nk->n", windows, self._kernel[phase])
            else:
                block = self._waiting[before]
            hops.append(block.astype(np.float32))
            self.hops += 1
        self._forget()
        return hops

    def _forget(self) -> None:
        needed = self.hops * HOP_SAMPLES * self._down // self._up - max(self._half - 1, 0)
        gone = max(0, needed - self._first)
        self._waiting = self._waiting[gone:]
        self._first += gone


@dataclass(frozen=True, eq=False)
class SoundHop:
    """0.01 s of sound, and what is known about its loudness when it ends."""

    samples: Samples
    """[160] at 16 kHz, without offset, brought to the level of speech."""
    level_db: float
    """Loudness of this hop and the one before it, dB, as `Sound.level_db`."""
    gate_db: float
    """Level below which nobody speaks."""
    speech_db: float
    """Level of the loudest speech of late."""

    @property
    def heard(self) -> bool:
        """Whether it is loud enough to be speech."""
        return self.level_db > self.gate_db


class StreamSound:
    """Sound at any rate to hops at 16 kHz with levels."""

    def __init__(self, rate: int) -> None:
        """Prepare for sound of `rate` samples per second.

        Raises:
            InputError: the rate is not in 1,000..384,000.
        """
        self._resampler = StreamResampler(rate)
        self._rate = rate
        self._taken = 0
        pole = math.exp(-2 * math.pi * _DC_HZ / SAMPLE_RATE)
        self._dc = (np.array([1.0, -1.0]) * (1 + pole) / 2, np.array([1.0, -pole]))
        self._dc_state = np.zeros(1)
        self._before = np.zeros(HOP_SAMPLES)
        self._last = 0.0
        self._speech_db, self._floor_db = _SPEECH_DB, _FLOOR_DB
        self._gain_db = 0.0

    def push(self, samples: npt.ArrayLike) -> list[SoundHop]:
        """Take the next samples [N], floats in -1..1; return the hops that are complete.

        What is not a number counts as silence.
        """
        given = np.nan_to_num(np.asarray(samples, dtype=np.float64), posinf=0.0, neginf=0.0)
        self._taken += len(given)
        return [self._hop(block) for block in self._resampler.push(given)]

    def finish(self, *, tail_s: float = 0.0) -> list[SoundHop]:
        """Return the last hops: silence follows the sound for `tail_s` and to a whole hop."""
        hops = math.ceil((self._taken / self._rate + tail_s) / HOP_S - 1e-6)
        done = self._resampler.hops
        silence = math.ceil((hops - done + 2) * HOP_S * self._rate) + 64 * math.ceil(
            self._rate / SAMPLE_RATE
        )
        blocks = self._resampler.push(np.zeros(silence))
        return [self._hop(block) for block in blocks[: hops - done]]

    def _hop(self, block: Samples) -> SoundHop:
        still, self._dc_state = lfilter(*self._dc, block, zi=self._dc_state)
        level = self._level_of(still)
        self._follow(level)
        lift = float(np.clip(_WANTED_DB - self._speech_db, *_GAIN_DB)) - self._gain_db
        gain_db = self._gain_db + float(np.clip(lift, -_GAIN_STEP_DB, _GAIN_STEP_DB))
        ramp = np.linspace(self._gain_db, gain_db, HOP_SAMPLES)
        self._gain_db = gain_db
        loud = still * 10 ** (ramp / 20)
        return SoundHop(
            samples=np.clip(loud, -1.0, 1.0).astype(np.float32),
            level_db=level,
            gate_db=self._gate_db,
            speech_db=self._speech_db,
        )

    @property
    def _gate_db(self) -> float:
        """Level below which nobody speaks, as `sound` sets it for a whole clip."""
        floor, speech = self._floor_db, self._speech_db
        gate = min(floor + min(max(0.25 * (speech - floor), 3.0), 15.0), speech - 3.0)
        return max(gate, _FAINTEST_DB)

    def _level_of(self, still: npt.NDArray[np.float64]) -> float:
        """Return the RMS level after pre-emphasis of this hop and the one before, as `sound`."""
        sharp = np.diff(still, prepend=self._last)
        sharp += 0.03 * np.concatenate([[self._last], still[:-1]])
        self._last = float(still[-1])
        mean = float(np.mean(sharp**2) + np.mean(self._before**2)) / 2
        self._before = sharp
        return 10 * math.log10(max(mean, 1e-12))

    def _follow(self, level: float) -> None:
        """Follow the loudest speech (up at once, down slowly) and the floor (the reverse)."""
        if level <= _QUIETEST_DB + 1:  # digital silence tells nothing of the room
            return
        if level < self._floor_db:
            self._floor_db += 0.2 * (level - self._floor_db)
        else:
            self._floor_db = min(self._floor_db + _RISE_DB, level)
        if level > self._speech_db:
            self._speech_db += 0.3 * (level - self._speech_db)
        elif self._speech_db > _SINKS_TO_DB:
            self._speech_db -= _FALL_DB[level > self._gate_db]
