"""Posteriors of phones to mouth curves, while they are spoken.

The same model as `curves`, made causal. Each phone pulls each articulator towards its pose, with
its hold and the probability that it is being said; pull and strength decay alike and are divided,
and what comes out is smoothed once more: a critically damped second order. So a consonant that does
not hold the lips leaves them to the vowel before it, and a short phone between firm ones
undershoots. Closures are laid
over that: they are switched by the probability of P, B and M (or F and V), with hysteresis, close
in 40 ms and are always reached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX
from animdrive.errors import ContractError
from animdrive.sources.audio.language.inventory import BILABIALS, LABIODENTALS, SILENCE, VOWELS
from animdrive.sources.audio.mouth.closures import smoothstep
from animdrive.sources.audio.mouth.curves import (
    REACH_S,
    MouthConfig,
    Values,
    lay_closures,
    soft_limit,
)
from animdrive.sources.audio.mouth.poses import GROUPS, POSES
from animdrive.sources.audio.sound import HOP_S

_TAU_PER_REACH = 0.3
"""Time constant of the smoothing, as part of how far a phone reaches after itself: half of the
spread of the Gaussian flanks in `curves`, for all of it comes as delay."""
_HALF_OF_DIPHTHONG_S = 0.07
"""Age at which a diphthong is half way to its second vowel."""
_GLIDE_S = 0.06
_ON, _OFF = 0.5, 0.3
"""Probability at which a closure begins and ends."""
_CLOSING_S, _OPENING_S = 0.04, 0.07
_BITING_S, _LETTING_S = 0.04, 0.06
_SPEAKS, _STOPS = 0.5, 0.8
"""Probability of silence below which the mouth wakes, and above which it goes to rest."""
_STOPS_S = 0.05
"""The latter for that long: the closure of a stop is silent, too."""
_WAKING_S, _RESTING_S = 0.05, 0.1
_QUIET_S = 0.15
"""Sound below the gate for that long is silence, whatever the posteriors say; shorter is a stop."""


_CURVES = [name for names in GROUPS.values() for name in names]


class _Contact:
    """The envelope of one contact of the lips: 0 open to 1 touching, one step per hop."""

    def __init__(self, closing_s: float, opening_s: float, held_s: float) -> None:
        self._up, self._down = HOP_S / closing_s, HOP_S / opening_s
        self._held = math.ceil(held_s / HOP_S)
        self._on = self._rising = False
        self._way = 0.0
        self._touching = 0

    def step(self, probability: float) -> float:
        self._on = probability > (_OFF if self._on else _ON)
        # Begun is reached, and held for a frame: viewers forgive a late P but not an open one.
        begun = 0 < self._touching < self._held or (self._touching == 0 and self._rising)
        if self._on or begun:
            self._way = min(1.0, self._way + self._up)
            self._rising = True
            if self._way >= 1.0 - 1e-9:
                self._way = 1.0
                self._touching += 1
        else:
            self._way = max(0.0, self._way - self._down)
            self._rising = False
            self._touching = 0
        return float(smoothstep(self._way))


class StreamMouth:
    """Mouth, jaw and tongue, one step for each frame of posteriors."""

    def __init__(
        self, symbols: Sequence[str], *, fps: float = 60.0, config: MouthConfig | None = None
    ) -> None:
        """Prepare for posteriors of P phones.

        Args:
            symbols: The P phones in column order.
            fps: Frames per second that will be shown; each closure is held for one of them.
            config: Dials.

        Raises:
            ContractError: a symbol has no pose, or silence is not among them.
        """
        unknown = [symbol for symbol in symbols if symbol not in POSES]
        if unknown or SILENCE not in symbols:
            what = f"'{unknown[0]}' has no pose" if unknown else f"'{SILENCE}' is not among them"
            raise ContractError(f"These phones cannot move the mouth: {what}.")
        self._silence = tuple(symbols).index(SILENCE)
        self._lips = np.array([symbol in BILABIALS for symbol in symbols])
        self._teeth = np.array([symbol in LABIODENTALS for symbol in symbols])
        self._vowels = np.array([symbol in VOWELS for symbol in symbols])
        self._glides = np.array([len(POSES[symbol]) > 1 for symbol in symbols])
        self._config = config or MouthConfig()
        self._articulators = _Articulators(symbols)
        dial = [self._config.jaw if n == "jawOpen" else self._config.lips for n in _CURVES]
        self._dials = np.array(dial)
        self._age_s = np.zeros(len(symbols))
        held_s = max(0.02, 1.02 / fps)
        self._seal = _Contact(_CLOSING_S, _OPENING_S, held_s)
        self._bite = _Contact(_BITING_S, _LETTING_S, held_s)
        self._speaks = False
        self._awake = 0.0
        self._quiet_s, self._silent_s = _QUIET_S, _STOPS_S

    @property
    def speaks(self) -> bool:
        """Whether somebody speaks, as of the last step."""
        return self._speaks

    def vowel(self, posteriors: npt.NDArray[np.float32]) -> float:
        """Return the probability [P] → 0..1 that a vowel is said."""
        return float(posteriors[self._vowels].sum())

    def step(
        self, posteriors: npt.NDArray[np.float32], *, heard: bool = True, stress: float = 0.0
    ) -> Values:
        """Return the curves [52] at the middle of the frame with these `posteriors` [P].

        Args:
            posteriors: Not negative, sum 1.
            heard: Whether the sound is above the gate.
            stress: How loud it is against usual speech, -1..1: it opens the jaw of a vowel by up
                to a fifth more or less.
        """
        given = posteriors.astype(np.float64)
        self._age_s = np.where(given > _OFF, self._age_s + HOP_S, 0.0)
        second = np.where(
            self._glides,
            smoothstep((self._age_s - _HALF_OF_DIPHTHONG_S) / _GLIDE_S + 0.5),
            0.0,
        )
        values = np.zeros((1, len(ARKIT52)))
        louder = 1.0 + 0.2 * stress * self._vowels
        moved = self._articulators.step(given, second, louder)
        values[0, self._articulators.columns] = moved * self._dials
        jaw = ARKIT_INDEX["jawOpen"]
        values[:, jaw] = soft_limit(values[:, jaw])
        shut = self._seal.step(float(given[self._lips].sum()))
        bitten = self._bite.step(float(given[self._teeth].sum()))
        lay_closures(values, np.array([shut]), np.array([bitten]))
        curves: Values = np.clip(values[0] * self._woken(float(given[self._silence]), heard), 0, 1)
        return curves

    def _woken(self, silence: float, heard: bool) -> float:
        """Return 1 in speech, exactly 0 in silence."""
        self._quiet_s = 0.0 if heard else self._quiet_s + HOP_S
        self._silent_s = self._silent_s + HOP_S if silence > _STOPS else 0.0
        if self._quiet_s >= _QUIET_S - 1e-9 or self._silent_s >= _STOPS_S - 1e-9:
            self._speaks = False
        elif heard and silence < _SPEAKS:
            self._speaks = True
        step = HOP_S / _WAKING_S if self._speaks else -HOP_S / _RESTING_S
        self._awake = min(max(self._awake + step, 0.0), 1.0)
        if self._awake < 1e-9:
            self._awake = 0.0
        return float(smoothstep(self._awake))


class _Articulators:
    """All groups of curves at once: pull by strength, smoothed."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.columns = [ARKIT_INDEX[name] for name in _CURVES]
        group_of = [at for at, names in enumerate(GROUPS.values()) for _ in names]
        groups = list(GROUPS)
        # Rows: every phone's first pose, then every phone's last.
        poses = [POSES[symbol][end] for end in (0, -1) for symbol in symbols]
        hold = np.array([[pose.hold[group] for group in groups] for pose in poses])
        targets = np.array([[pose.values.get(name, 0.0) for name in _CURVES] for pose in poses])
        self._strength = hold[:, group_of]
        self._pull = self._strength * targets
        self._jaw = np.array([groups[at] == "jaw" for at in group_of])
        reach_s = np.array([REACH_S[groups[at]][1] for at in group_of])
        self._take = 1 - np.exp(-HOP_S / (_TAU_PER_REACH * reach_s))
        self._pulled, self._held = np.zeros(len(_CURVES)), np.ones(len(_CURVES))  # silence, held
        self._now = np.zeros(len(_CURVES))

    def step(self, posteriors: Values, second: Values, louder: Values) -> Values:
        """Return the curves of `columns` for probabilities [P].

        Args:
            posteriors: [P].
            second: [P] how far each phone has gone from its first pose to its last, 0..1.
            louder: [P] factor of the jaw.
        """
        weights = np.concatenate([posteriors * (1 - second), posteriors * second])
        pull = weights @ self._pull
        loud_pull = (weights * np.tile(louder, 2)) @ self._pull
        # Two equal low-passes in a row, sampled exactly: a critically damped second order. The
        # division stands between them, so that a firm phone does not jerk a loose articulator.
        self._pulled += self._take * (np.where(self._jaw, loud_pull, pull) - self._pulled)
        self._held += self._take * (weights @ self._strength - self._held)
        self._now = self._now + self._take * (self._pulled / self._held - self._now)
        return self._now
