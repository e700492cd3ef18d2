"""Where a live speaker looks: at the listener, away as speech begins, back as it ends.

The rules of `gaze`, made incremental: an end of speech is acted upon when it is there, not before.
"""

from __future__ import annotations

import numpy as np

from animdrive.sources.audio.expression.life import Values
from animdrive.sources.audio.mouth.closures import smoothstep

_AT_S, _AWAY_S = (7.92, 3.13), (0.43, 0.93)
"""Mean time at the listener and away, silent and talking (Lee, Badler and Badler 2002, "Eyes
alive", table 1)."""
_LEAST_S, _AT_MOST, _AWAY_MOST_S = 0.35, 3.0, 2.4
_BEGINNING_AWAY = 0.7
"""How often who begins to speak looks away (Kendon 1967),"""
_BEGINNING_AWAY_S = (0.5, 1.2)
"""and for how long."""
_AWAY_DEG = (1.5, 4.1, 12.0)
"""Least, usual further and most turn of the eyes when they look away."""
_TURNS = (0.1554, 0.0646, 0.1769, 0.0744, 0.1680, 0.0789, 0.2038, 0.0779)
"""How often that goes right, up and right, up, and so on around, in steps of 45 degrees."""
_FACE_DEG, _FACE_STAYS_S = 0.7, (0.4, 1.8)
"""Between the eyes and the mouth of the listener, and how long at each."""
_SACCADE_S, _SACCADE_PER_DEG_S = 0.025, 0.0024


class StreamGaze:
    """Eyes at the listener, away, and back: one fixation after the other."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._jump_s, self._from, self._to = -1.0, np.zeros(2), self._on_face()
        self._next_s = float(rng.uniform(*_FACE_STAYS_S)) - 0.5
        self._away = False
        self._leaves_s = float(rng.exponential(_AT_S[1]))
        self._lasts_s = 0.0  # of the next look away, where something asked for it
        self.talks = False

    def begins(self, time_s: float) -> None:
        """Somebody begins to speak: as a rule the eyes turn away."""
        chance, lasts_s = self._rng.uniform(), self._rng.uniform(*_BEGINNING_AWAY_S)
        if chance < _BEGINNING_AWAY and not self._away:
            self._leaves_s = time_s
            self._lasts_s = float(lasts_s)

    def ends(self, time_s: float) -> None:
        """What was said ends: the eyes come back to the listener."""
        if self._away:
            self._next_s = min(self._next_s, time_s)

    def at(self, time_s: float) -> Values:
        """Return [2] pitch and yaw, radians, 0 at the listener; time never goes back."""
        if not self._away and time_s >= self._leaves_s:
            lasts_s = self._lasts_s or float(
                np.clip(self._rng.exponential(_AWAY_S[self.talks]), _LEAST_S, _AWAY_MOST_S)
            )
            self._away, self._lasts_s = True, 0.0
            self._jump(time_s, self._aside())
            self._next_s = time_s + lasts_s
        elif time_s >= self._next_s:
            if self._away:
                stays_s = float(self._rng.exponential(_AT_S[self.talks]))
                most_s = _AT_MOST * _AT_S[self.talks]
                self._leaves_s = time_s + float(np.clip(stays_s, _LEAST_S, most_s))
                self._away = False
            self._jump(time_s, self._on_face())
            self._next_s = time_s + float(self._rng.uniform(*_FACE_STAYS_S))
        turn = self._to - self._from
        lasts = _SACCADE_S + _SACCADE_PER_DEG_S * float(np.degrees(np.hypot(*turn)))
        gaze: Values = self._from + float(smoothstep((time_s - self._jump_s) / lasts)) * turn
        return gaze

    def _jump(self, time_s: float, aim: Values) -> None:
        self._from, self._to, self._jump_s = self._to, aim, time_s

    def _on_face(self) -> Values:
        aim: Values = np.radians(_FACE_DEG) * self._rng.normal(size=2).clip(-1.6, 1.6)
        return aim

    def _aside(self) -> Values:
        least, usual, most = _AWAY_DEG
        size = min(least + float(self._rng.exponential(usual)), most)
        turn = self._rng.choice(8, p=np.asarray(_TURNS) / sum(_TURNS)) * np.pi / 4
        # To the subject's right yaw is below 0, and up is a pitch below 0; lids hide half of that.
        aim: Values = np.radians(size) * np.array([-0.7 * np.sin(turn), -np.cos(turn)])
        return aim
