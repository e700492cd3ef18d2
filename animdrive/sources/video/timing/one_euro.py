"""Smoothing of what happens now: the One-Euro filter.

Casiez, Roussel and Vogel (2012), "1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input
in Interactive Systems" (CHI), sections 3 and 4. A first-order low-pass whose cutoff rises with the
speed of the signal: what rests is calm, what moves does not lag. Every output lies between the
one before it and the new input, so nothing overshoots.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.errors import InputError

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]


class OneEuro:
    """The filter for K channels at once, at whatever times the values come."""

    def __init__(
        self,
        *,
        cutoff_hz: float | Floats = 1.0,
        beta: float | Floats = 0.0,
        derivative_cutoff_hz: float = 1.0,
    ) -> None:
        """Begin without a past.

        Args:
            cutoff_hz: Cutoff of a channel at rest, Hz; one number or [K]. The lower, the calmer.
            beta: How much the cutoff rises with speed, Hz per unit per second; one number or [K].
            derivative_cutoff_hz: Cutoff of the speed itself, Hz.

        Raises:
            InputError: a cutoff is not above 0, or `beta` is below 0.
        """
        self._cutoff_hz = np.asarray(cutoff_hz, dtype=np.float64)
        self._beta = np.asarray(beta, dtype=np.float64)
        self._derivative_cutoff_hz = float(derivative_cutoff_hz)
        if not (self._cutoff_hz > 0).all() or not self._derivative_cutoff_hz > 0:
            raise InputError(
                f"OneEuro: cutoffs must be above 0 Hz, got {cutoff_hz} and {derivative_cutoff_hz}."
            )
        if not (self._beta >= 0).all():
            raise InputError(f"OneEuro.beta must be 0 or more, got {beta}.")
        self._value: Array | None = None
        self._speed: Array | None = None
        self._time_s = 0.0

    def reset(self) -> None:
        """Forget the past: the next values are taken as they are."""
        self._value = self._speed = None

    def step(self, values: Floats, time_s: float) -> Array:
        """Return [K] smoothed `values` [K] of the moment `time_s`, seconds.

        Raises:
            InputError: `time_s` does not lie after the one before it.
        """
        given = np.array(values, dtype=np.float64)
        if self._value is None or self._speed is None:
            self._value, self._speed = given, np.zeros_like(given)
            self._time_s = time_s
            return given.copy()
        step_s = time_s - self._time_s
        if not step_s > 0:
            raise InputError(f"OneEuro: time must rise, got {time_s} s after {self._time_s} s.")
        self._time_s = time_s
        speed = (given - self._value) / step_s
        self._speed = self._speed + _share(self._derivative_cutoff_hz, step_s) * (
            speed - self._speed
        )
        cutoff = self._cutoff_hz + self._beta * np.abs(self._speed)
        self._value = self._value + _share(cutoff, step_s) * (given - self._value)
        return self._value.copy()


def _share(cutoff_hz: float | Array, step_s: float) -> Array:
    """Return how much of a new value a first-order low-pass takes on within `step_s`."""
    turns = 2 * np.pi * np.asarray(cutoff_hz) * step_s
    return np.asarray(turns / (1 + turns))
