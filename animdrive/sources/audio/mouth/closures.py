"""Lips that must touch: the seal of P, B and M, the bite of F and V.

Viewers forgive an undershot vowel but not a P with open lips, so these are envelopes that reach
1 for every such phone, however fast the speech and however slow the frame rate. Their timing
follows lips measured with sensors: closing starts some 90 ms before the labelled onset, the lips
are about 80 % closed 10 ms before it and tightest up to 40 ms after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animdrive.contract import Segment

Envelope = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Timing:
    """How a contact of the lips comes and goes, seconds."""

    closing_s: float
    """From the first movement to contact."""
    contact_s: float
    """Contact after the phone's labelled onset."""
    early_s: Mapping[str, float]
    """Phone → release before its labelled end; P ends with a breath through open lips."""
    opening_s: float
    """From release to open."""


_SEAL = _Timing(
    closing_s=0.11, contact_s=0.02, early_s={"P": 0.045, "B": 0.03, "M": 0.025}, opening_s=0.075
)
_BITE = _Timing(closing_s=0.085, contact_s=0.015, early_s={"F": 0.01, "V": 0.01}, opening_s=0.065)
_QUICKEST_S = 0.035
_SAME_CONTACT_S = 0.02
_BETWEEN = 0.55
"""Share of the time between two contacts that closing, or opening, may take."""


def smoothstep(x: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return 0 below 0, 1 above 1, and ``3x² - 2x³`` between: no corner at either end."""
    clipped = np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0)
    eased: npt.NDArray[np.float64] = clipped * clipped * (3.0 - 2.0 * clipped)
    return eased


def seal(phones: Sequence[Segment], times_s: npt.NDArray[np.float64]) -> Envelope:
    """Return [T] how far the lips are closed for P, B and M: 1 is shut. Phones in time order."""
    return _contact(phones, _SEAL, times_s)


def bite(phones: Sequence[Segment], times_s: npt.NDArray[np.float64]) -> Envelope:
    """Return [T] how far the lower lip is at the upper teeth for F and V: 1 touches them."""
    return _contact(phones, _BITE, times_s)


def _contact(
    phones: Sequence[Segment],
    timing: _Timing,
    times_s: npt.NDArray[np.float64],
) -> Envelope:
    """Return [T] the envelope of all contacts; every one holds 1 for at least one frame."""
    step_s = float(times_s[1] - times_s[0]) if len(times_s) > 1 else 0.02
    shortest_s = max(0.02, 1.02 * step_s)
    spans: list[tuple[float, float]] = []
    touching_until_s = -np.inf
    for segment in phones:
        if segment.label not in timing.early_s:
            continue
        touch_s = segment.start_s + min(timing.contact_s, 0.4 * segment.duration_s)
        release_s = max(segment.end_s - timing.early_s[segment.label], touch_s + shortest_s)
        if segment.start_s - touching_until_s < _SAME_CONTACT_S:  # "lamp post": one long contact
            touch_s = spans.pop()[0]
        spans.append((touch_s, release_s))
        touching_until_s = segment.end_s
    open_ = np.ones(len(times_s))
    for index, (touch_s, release_s) in enumerate(spans):
        before_s = touch_s - spans[index - 1][1] if index else np.inf
        after_s = spans[index + 1][0] - release_s if index + 1 < len(spans) else np.inf
        closing_s = min(timing.closing_s, max(_QUICKEST_S, _BETWEEN * before_s))
        opening_s = min(timing.opening_s, max(_QUICKEST_S, _BETWEEN * after_s))
        low, high = np.searchsorted(times_s, [touch_s - closing_s, release_s + opening_s])
        now_s = times_s[low:high]
        come = smoothstep((now_s - touch_s + closing_s) / closing_s)
        go = smoothstep((release_s + opening_s - now_s) / opening_s)
        open_[low:high] *= 1.0 - come * go
    return 1.0 - open_
