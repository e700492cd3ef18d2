"""Blinks, glances, nods and brows for speech that is still going on.

The rules of `life`, made incremental: what a line's future would tell there (a pause that comes,
an accent that comes) is acted upon here when it is there. The same seed and the same speech give
the same motion; each part draws from a stream of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.errors import InputError
from animdrive.rig.pose import looks_from_eye_rotation
from animdrive.sources.audio.expression.life import Life, LifeConfig, Values
from animdrive.sources.audio.live.stream_gaze import StreamGaze
from animdrive.sources.audio.mouth.closures import smoothstep
from animdrive.sources.audio.sound import HOP_S

_BLINK, _HEAD, _GAZE, _BROWS = range(4)
_CLOSING_S, _SHUT_S, _OPENING_S = 0.1, 0.025, 0.2
_BLINK_GAP_S = (0.9, 3.4, 8.0)
"""Shortest, usual and longest time between blinks: about 17 in a minute."""
_SWAY_RAD = np.radians([1.0, 1.8, 0.9])
"""Usual wander of the head, pitch, yaw and roll."""
_NOD_RAD = np.radians(2.6)
_PAUSE_S = 0.2
"""Silence that long is a pause."""
_EARLY_S = 1.2
"""A blink that is due within this time is brought forward to a pause."""
_BEGINS_AFTER_S = 0.6
"""Speech after a silence that long begins anew."""
_ACCENT_GAP_S = 0.28
_ACCENT_LEAST = 0.35
_VOWEL = 0.5
_PASSED_DB = 1.0
"""A vowel has been at its loudest when it is softer again by this."""
_USUAL_STEP_DB = 0.7
_LEARNED = 3
"""Vowels after which the usual loudness is known."""
_NOD_S = (0.2, 0.4)
_BROW_S = (0.16, 0.18, 0.4)


@dataclass(frozen=True)
class _Nod:
    begin_s: float
    size: float


@dataclass(frozen=True)
class _Raise:
    begin_s: float
    inner: float
    outer: float


@dataclass
class _Sway:
    """A slow wander through random poses: a cubic through each pair, smooth across them.

    Slopes are those of Catmull and Rom (1974), so that only the pose after the next is drawn
    ahead, and not the whole line.
    """

    rng: np.random.Generator
    times: list[float] = field(default_factory=list)
    poses: list[Values] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.times.append(-2.0)
        self.poses.append(self._pose())
        for _ in range(3):
            self._draw()

    def _pose(self) -> Values:
        drawn: Values = self.rng.normal(0.0, 1.0, 3).clip(-1.8, 1.8) * _SWAY_RAD
        return drawn

    def _draw(self) -> None:
        self.times.append(self.times[-1] + float(self.rng.uniform(0.8, 2.0)))
        self.poses.append(self._pose())

    def at(self, time_s: float) -> Values:
        """Return [3] the pose at `time_s`, which never goes back."""
        while time_s >= self.times[2]:
            self.times.pop(0)
            self.poses.pop(0)
            self._draw()
        (t0, t1, t2, t3), (p0, p1, p2, p3) = self.times[:4], self.poses[:4]
        span = t2 - t1
        slope_1, slope_2 = (p2 - p0) / (t2 - t0) * span, (p3 - p1) / (t3 - t1) * span
        x = (time_s - t1) / span
        pose: Values = (
            (2 * x**3 - 3 * x**2 + 1) * p1
            + (x**3 - 2 * x**2 + x) * slope_1
            + (3 * x**2 - 2 * x**3) * p2
            + (x**3 - x**2) * slope_2
        )
        return pose


def _stream(seed: int, part: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, part])))


class StreamLife:
    """What a live speaker's face does besides speaking."""

    def __init__(
        self, *, seed: int = 0, fps: float = 60.0, config: LifeConfig | None = None
    ) -> None:
        """Begin at 0 s.

        Args:
            seed: 0 or above; another seed is another take.
            fps: Frames per second that are shown: each blink shows a shut one.
            config: What moves, and how much.

        Raises:
            InputError: `seed` is negative.
        """
        if seed < 0:
            raise InputError(f"seed must be 0 or above, got {seed}.")
        self._config = config or LifeConfig()
        self._blink_rng = _stream(seed, _BLINK)
        self._gaze = StreamGaze(_stream(seed, _GAZE))
        self._head_rng = _stream(seed, _HEAD)
        self._brow_rng = _stream(seed, _BROWS)
        self._sway = _Sway(self._head_rng.spawn(1)[0])
        self._held_s = max(_SHUT_S, 1.02 / fps)
        self._due_s = float(self._blink_rng.uniform(0.4, 1.6))
        self._blink_s = -9.0
        self._nods: list[_Nod] = []
        self._raises: list[_Raise] = []
        self._time_s = 0.0
        self._silent_s = _BEGINS_AFTER_S
        self._usual_db: float | None = None
        self._peak_db: float | None = None
        self._judged = False
        self._vowels = 0
        self._accent_s = -9.0

    def hear(self, *, speaks: bool, vowel: float, level_db: float) -> None:
        """Take what was heard in the next hop.

        Args:
            speaks: Whether somebody speaks.
            vowel: Probability that it is a vowel.
            level_db: How loud it is.
        """
        self._time_s += HOP_S
        if speaks and self._silent_s >= _BEGINS_AFTER_S:
            self._gaze.begins(self._time_s)
        self._gaze.talks = speaks
        self._silent_s = 0.0 if speaks else self._silent_s + HOP_S
        if abs(self._silent_s - _PAUSE_S) < HOP_S / 2:
            self._pause()
        if speaks and vowel > _VOWEL:
            self._peak_db = max(self._peak_db or level_db, level_db)
            if level_db < self._peak_db - _PASSED_DB:
                self._judge_vowel()
        else:
            self._judge_vowel()
            self._peak_db, self._judged = None, False

    def _pause(self) -> None:
        """Speakers blink as they pause (Nakano and Kitazawa 2010), and look at who listens."""
        self._gaze.ends(self._time_s)
        if self._due_s - self._time_s < _EARLY_S:
            earliest_s = self._blink_s + _BLINK_GAP_S[0]
            self._due_s = max(min(self._due_s, self._time_s), earliest_s)

    def _judge_vowel(self) -> None:
        """Find an accent: a vowel that is louder than usual, when its loudest moment has passed."""
        if self._peak_db is None or self._judged:
            return
        self._judged = True
        self._vowels += 1
        if self._usual_db is None:
            self._usual_db = self._peak_db
        louder_db = self._peak_db - self._usual_db
        # A running median: it moves by the side, not by the size, of what it hears.
        self._usual_db += _USUAL_STEP_DB * float(np.sign(louder_db))
        strength = float(np.clip(louder_db / 8.0, 0.0, 1.0))
        gap_s = self._time_s - self._accent_s
        if self._vowels <= _LEARNED or strength < _ACCENT_LEAST or gap_s < _ACCENT_GAP_S:
            return
        self._accent_s = self._time_s
        nods, brows = float(self._head_rng.uniform()), float(self._brow_rng.uniform())
        if nods >= 0.35:
            self._nods.append(_Nod(self._time_s, _NOD_RAD * strength * (0.6 + 0.4 * nods)))
        if strength >= 0.5 and brows >= 0.4:
            self._raises.append(
                _Raise(self._time_s, inner=0.28 * strength, outer=0.21 * brows * strength)
            )

    def at(self, time_s: float) -> Life:
        """Return the face (T = 1) at `time_s`, which never goes back, after what was heard so far.

        Values are [1, 52], head rotation [1, 3], eye rotation [1, 2, 3], as in `life`.
        """
        config = self._config
        head = self._sway.at(time_s) * config.head
        head[0] += self._nodding(time_s) * config.head
        eyes = np.zeros((1, 2, 3))
        gaze = self._gaze.at(time_s)
        # The vestibulo-ocular reflex, as in `life`.
        eyes[0, :, :2] = config.gaze * (gaze - 0.9 * head[:2])
        values = np.zeros((1, len(ARKIT52)))
        for name, look in looks_from_eye_rotation(eyes).items():
            values[:, ARKIT_INDEX[name]] = look
        shut = self._blink(time_s)
        if config.blinks:
            values[0, ARKIT_INDEX["eyeBlinkLeft"]] = shut
            values[0, ARKIT_INDEX["eyeBlinkRight"]] = shut
        inner, outer = self._brows(time_s)
        values[0, ARKIT_INDEX["browInnerUp"]] = config.brows * inner
        values[0, ARKIT_INDEX["browOuterUpLeft"]] = config.brows * outer
        values[0, ARKIT_INDEX["browOuterUpRight"]] = config.brows * outer
        return Life(values=np.clip(values, 0.0, 1.0), head_rotation=head[None], eye_rotation=eyes)

    def _blink(self, time_s: float) -> float:
        shortest, usual, longest = _BLINK_GAP_S
        if time_s >= self._due_s:
            self._blink_s = self._due_s
            gap = float(np.exp(self._blink_rng.normal(np.log(usual - 0.35), 0.45)))
            self._due_s += float(np.clip(gap, shortest, longest))
        since = time_s - self._blink_s
        close = smoothstep(since / _CLOSING_S)
        whole_s = _CLOSING_S + self._held_s + _OPENING_S
        return float(close * smoothstep((whole_s - since) / _OPENING_S))

    def _nodding(self, time_s: float) -> float:
        down_s, up_s = _NOD_S
        whole_s = down_s + up_s
        self._nods = [nod for nod in self._nods if time_s - nod.begin_s < whole_s]
        return sum(
            nod.size
            * float(smoothstep((time_s - nod.begin_s) / down_s))
            * float(smoothstep((nod.begin_s + whole_s - time_s) / up_s))
            for nod in self._nods
        )

    def _brows(self, time_s: float) -> tuple[float, float]:
        rise_s, hold_s, fall_s = _BROW_S
        whole_s = rise_s + hold_s + fall_s
        self._raises = [r for r in self._raises if time_s - r.begin_s < whole_s]
        inner = outer = 0.0
        for lift in self._raises:
            raised = float(smoothstep((time_s - lift.begin_s) / rise_s)) * float(
                smoothstep((lift.begin_s + whole_s - time_s) / fall_s)
            )
            inner, outer = max(inner, lift.inner * raised), max(outer, lift.outer * raised)
        return inner, outer
