"""Phones to visemes: held mouth classes for a timeline, and the 15 Oculus visemes as curves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from animdrive.contract import OVR15, PhoneTrack, Segment, VisemeTrack
from animdrive.errors import InputError
from animdrive.sources.audio.language.phones import CLASS_OF_PHONE, VISEME_OF_PHONE, plain_phone

_HALF_BLEND_S = 0.03
"""Half the time in which one viseme passes into the next, at most."""


def viseme_segments(
    phones: PhoneTrack, *, classes: Mapping[str, str] = CLASS_OF_PHONE
) -> tuple[Segment, ...]:
    """Return the mouth classes of `NAME.visemes.tsv` over time, equal neighbours merged.

    Args:
        phones: Phones in order.
        classes: Phone → mouth class.

    Returns:
        Segments labelled "closed", "labiodental", "rounded", "open", "other" or "rest".

    Raises:
        ContractError: a label is not a phone.
    """
    segments: list[Segment] = []
    for phone in phones.phones:
        label = classes[plain_phone(phone.label)]
        before = segments[-1] if segments else None
        if before and before.label == label and phone.start_s - before.end_s < 1e-6:
            segments[-1] = Segment(before.start_s, phone.end_s, label)
        else:
            segments.append(Segment(phone.start_s, phone.end_s, label))
    return tuple(segments)


def viseme_track(
    phones: PhoneTrack, *, fps: float = 60.0, table: Mapping[str, str] = VISEME_OF_PHONE
) -> VisemeTrack:
    """Return how strongly each of the 15 Oculus visemes shows at every frame.

    Neighbours pass into each other over 0.06 s, less for short ones, along half a cosine; the
    weights of a frame sum to 1. Silence is "sil".

    Args:
        phones: Phones in order, from 0 s on.
        fps: Frames per second, above 0.
        table: Phone → a name of `OVR15`.

    Raises:
        ContractError: a label is not a phone.
        InputError: `fps` is not above 0.
    """
    if not fps > 0:
        raise InputError(f"fps must be above 0, got {fps}.")
    times = np.arange(max(1, round(phones.end_s * fps))) / fps
    values = np.zeros((len(times), len(OVR15)))
    said = phones.phones
    passes = [_passage(before, after) for before, after in pairwise(said)]
    for index, phone in enumerate(said):
        come = passes[index - 1] if index else (-1.0, 0.5)
        go = passes[index] if index < len(passes) else (times[-1] + 1.0, 0.5)
        low, high = np.searchsorted(times, [come[0] - come[1], go[0] + go[1]])
        now = times[low:high]
        column = OVR15.index(table[plain_phone(phone.label)])
        values[low:high, column] += _risen(now, *come) - _risen(now, *go)
    if not said:
        values[:, 0] = 1.0
    return VisemeTrack(names=OVR15, fps=fps, values=np.clip(values, 0.0, 1.0))


def _passage(before: Segment, after: Segment) -> tuple[float, float]:
    """Return when one phone passes into the next, and half the time that it takes."""
    half_s = min(_HALF_BLEND_S, before.duration_s / 2, after.duration_s / 2)
    return (before.end_s + after.start_s) / 2, max(half_s, 1e-6)


def _risen(
    times: npt.NDArray[np.float64], middle_s: float, half_s: float
) -> npt.NDArray[np.float64]:
    x = np.clip((times - middle_s) / half_s, -1.0, 1.0)
    risen: npt.NDArray[np.float64] = 0.5 + 0.5 * np.sin(0.5 * np.pi * x)
    return risen
