"""What is heard sharpens what is seen: closures of the lips, and the tongue.

Pictures tell where the mouth is; they blur what is over in two frames, and do not show the tongue.
Sound tells that the lips were shut for a P, not what the face looked like. So the sound only ever
finishes what the picture has begun: lips that were seen to approach each other at about the time
of a P, B or M are brought together at the moment when they were seen nearest; a lip that was seen
to rise for an F or V touches the teeth; the tongue shows where the mouth is seen open. A mouth that
is seen closed is never opened, and lips that are seen apart stay apart.

First the sound must belong to the mouth: the opening of the lips is correlated with the loudness of
the voice and with the jaw that the sound alone would give, at all delays, after the manner in
which lip-sync is measured (Chung and Zisserman 2016, "Out of time: automated lip sync in the wild":
the offset is where the agreement peaks, the confidence how far the peak stands above the others).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, ARKIT_INDEX, Character, CurveTrack
from animdrive.errors import ContractError
from animdrive.sources.video.fitting.expression import arkit_deltas
from animdrive.sources.video.fitting.solver import Measurements, nearest
from animdrive.sources.video.indices import INNER_LIP_PAIRS
from animdrive.sources.video.timing.timeline import eased, runs

Array = npt.NDArray[np.float64]

_LEAST_SPEECH_S = 1.0
"""Seconds of speech below which nothing can be said about who speaks."""
_IN_SYNC_S = 0.13
"""Sound this early or late belongs: beyond it viewers notice (ITU-R BT.1359, detectability)."""
_SEARCHED_S, _FAR_S = 1.0, 0.4
"""Delays that are tried, and from where on they tell what chance agreement is."""
_LEAST_AGREEMENT = 0.25
"""Correlation below which mouth and sound do not belong together,"""
_OVER_CHANCE = 2.5
"""or fewer standard deviations above what it is at wrong delays."""
_WINDOW_S = 1.5
"""How far on each side agreement is looked at for the confidence of a moment."""
_NEAR_S = 0.09
"""A closure is seen this close to where it is heard, seconds."""
_AROUND_S = 0.25
"""How wide the lips were around it, seconds."""
_TOUCHING_M = 0.6e-3
"""Lips this near each other touch already."""
_NARROW_M = 4.0e-3
"""Lips farther apart than this when a P is heard do not say it."""
_OPEN_M = 3.0e-3
"""Lips this far apart show all of the tongue."""
_BITE_LEAVES = 0.45
"""Share of the gap that is left where the lower lip touches the upper teeth."""
_BITE_ROLLS = 0.5
"""How far the lower lip rolls in for it, mouthRollLower."""
_GIVING = ("jawOpen", "mouthClose", "mouthFunnel", "mouthUpperUp", "mouthLowerDown")
"""Curves (by the start of their name) that close the lips; all but mouthClose only ever lessen."""


@dataclass(frozen=True, eq=False)
class HeardMouth:
    """What the sound says of the mouth, at the frames of a track. T frames."""

    sealed: Array
    """[T] 0..1 how far the lips are closed for P, B, M."""
    bitten: Array
    """[T] 0..1 how far the lower lip is at the upper teeth for F, V."""
    curves: Array
    """[T, 52] the curves that the sound alone gives."""
    loud_db: Array
    """[T] loudness, dB."""
    speaking: npt.NDArray[np.bool_]
    """[T] whether a phone is said."""


@dataclass(frozen=True, eq=False)
class Assisted:
    """A track after the sound had its say."""

    track: CurveTrack
    """The curves."""
    note: str
    """What was done, or why nothing was, in a sentence or two."""
    figures: dict[str, Any] = field(default_factory=dict)
    """The same in numbers."""


def assisted(track: CurveTrack, heard: HeardMouth, character: Character) -> Assisted:
    """Sharpen the mouth of `track` by what was heard.

    Args:
        track: Curves from pictures, `ARKIT52`. T frames.
        heard: What was said, at the same frames.
        character: Whose curves they are.

    Raises:
        ContractError: the two are not of the same length.
    """
    if len(track) != len(heard.sealed):
        raise ContractError(
            f"Audio assist: the track has {len(track)} frames, the sound {len(heard.sealed)}."
        )
    seen = np.asarray(track.confidence > 0)
    said_s = float((heard.speaking & seen).sum() / track.fps)
    if said_s < _LEAST_SPEECH_S:
        return _left_out(track, f"only {said_s:.1f} s of speech are heard", {})
    rows = _gap_rows(character)
    values = track.values.astype(np.float64)
    gap = np.maximum(values @ rows.T, 0.0).mean(axis=1)
    agreement, delay_s, above = agreement_of(gap, heard, seen, track.fps)
    told: dict[str, Any] = {
        "agreement": round(agreement, 3),
        "delay_s": round(delay_s, 3),
        "above_chance": round(above, 2),
    }
    if agreement < _LEAST_AGREEMENT or above < _OVER_CHANCE:
        return _left_out(
            track, f"the mouth does not move with the sound (correlation {agreement:.2f})", told
        )
    if abs(delay_s) > _IN_SYNC_S:
        way = "after" if delay_s > 0 else "before"
        return _left_out(
            track, f"the sound comes {abs(delay_s):.2f} s {way} the mouth it belongs to", told
        )
    heard = _earlier(heard, round(delay_s * track.fps))
    trust = _local_trust(gap, heard, seen, track.fps) * track.confidence
    closing = _events(heard.sealed, gap, trust, track.fps)
    biting = _events(heard.bitten, gap, trust, track.fps)
    changed = _closed(values, rows, closing.share, biting.share * (1 - _BITE_LEAVES))
    roll = ARKIT_INDEX["mouthRollLower"]
    changed[:, roll] = np.maximum(changed[:, roll], _BITE_ROLLS * biting.share)
    tongue = ARKIT_INDEX["tongueOut"]
    open_now = np.clip(np.maximum(changed @ rows.T, 0.0).mean(axis=1) / _OPEN_M, 0.0, 1.0)
    shown = trust * open_now * heard.curves[:, tongue]
    changed[:, tongue] = np.maximum(changed[:, tongue], shown)
    changed = np.clip(changed, 0.0, 1.0)
    moved = np.abs(changed - values).max(axis=1)
    told |= {
        "closures": closing.counts,
        "bites": biting.counts,
        "tongue_frames": int((changed[:, tongue] > values[:, tongue] + 0.05).sum()),
        "frames_changed": int((moved > 0.01).sum()),
        "mean_change": round(float(moved[moved > 0.01].mean()) if (moved > 0.01).any() else 0.0, 3),
        "closed_at_s": [round(float(at / track.fps), 2) for at in closing.at],
        "bitten_at_s": [round(float(at / track.fps), 2) for at in biting.at],
    }
    note = (
        f"Audio assist: of {sum(closing.counts.values())} closures heard (P, B, M) "
        f"{closing.counts['already']} were seen closed, {closing.counts['sharpened']} were "
        f"sharpened, {closing.counts['left']} left as seen; of {sum(biting.counts.values())} bites "
        f"(F, V) {biting.counts['sharpened']} sharpened; the tongue shows in "
        f"{told['tongue_frames']} frames. {told['frames_changed']} of {len(track)} frames changed."
    )
    return Assisted(track.with_values(changed), note, told)


def _left_out(track: CurveTrack, why: str, told: dict[str, Any]) -> Assisted:
    note = f"Audio assist left the curves as they were seen: {why}."
    return Assisted(track, note, {**told, "left_out": why})


def _earlier(heard: HeardMouth, frames: int) -> HeardMouth:
    """Return the sound `frames` earlier, silence where it ran out: as the mouth goes with it."""

    def moved(values: npt.NDArray[Any], rest: float) -> npt.NDArray[Any]:
        result = np.full_like(values, rest)
        count = len(values) - abs(frames)
        source, target = max(frames, 0), max(-frames, 0)
        result[target : target + count] = values[source : source + count]
        return result

    return HeardMouth(
        sealed=moved(heard.sealed, 0.0),
        bitten=moved(heard.bitten, 0.0),
        curves=moved(heard.curves, 0.0),
        loud_db=moved(heard.loud_db, float(heard.loud_db.min())),
        speaking=moved(heard.speaking, False),
    )


def _gap_rows(character: Character) -> Array:
    """Return [K, 52] metres, what each curve adds to the gaps between the lips."""
    deltas = arkit_deltas(character).astype(np.float64)
    return np.stack([deltas[:, up, 1] - deltas[:, low, 1] for up, low in INNER_LIP_PAIRS])


def agreement_of(
    gap: Array, heard: HeardMouth, seen: npt.NDArray[np.bool_], fps: float
) -> tuple[float, float, float]:
    """Return how well mouth and sound agree at their best delay, that delay, and its surety.

    Args:
        gap: [T] metres between the lips as seen.
        heard: What is said.
        seen: [T] where the face was seen.
        fps: Frames per second.

    Returns:
        Correlation -1..1; seconds by which the sound comes after the mouth; standard deviations by
        which the correlation stands above that at wrong delays.
    """
    lips, voice = _brisk(gap, fps), _voice(heard, fps)
    use = seen & _near_speech(heard.speaking, fps)
    most = min(round(_SEARCHED_S * fps), max(len(gap) // 3, 1))
    delays = np.arange(-most, most + 1)
    found = np.array([_correlation(lips, voice, use, int(delay)) for delay in delays])
    # Lips move before their sound (about 0.05 s): a little early is the best guess among equals.
    best = int(np.argmax(found - 0.02 * np.abs(delays) / max(most, 1)))
    far = np.abs(delays - delays[best]) / fps > _FAR_S
    if far.sum() < 5:
        return float(found[best]), float(delays[best] / fps), 0.0
    spread = float(found[far].std())
    above = (found[best] - float(found[far].mean())) / max(spread, 1e-6)
    return float(found[best]), float(delays[best] / fps), float(above)


def _brisk(values: Array, fps: float) -> Array:
    """Return `values` [T] without what changes more slowly than syllables do."""
    from scipy.ndimage import gaussian_filter1d

    quick = gaussian_filter1d(values, max(0.03 * fps, 0.5), mode="nearest")
    return np.asarray(quick - gaussian_filter1d(values, 0.5 * fps, mode="nearest"))


def _voice(heard: HeardMouth, fps: float) -> Array:
    """Return [T] how open the sound says the mouth is: half its loudness, half its phones."""
    jaw = heard.curves[:, ARKIT_INDEX["jawOpen"]] * (1 - heard.sealed)
    loud = _brisk(np.clip(heard.loud_db, np.quantile(heard.loud_db, 0.95) - 40, None), fps)
    shape = _brisk(jaw, fps)
    return np.asarray(loud / max(loud.std(), 1e-9) + shape / max(shape.std(), 1e-9))


def _near_speech(speaking: npt.NDArray[np.bool_], fps: float) -> npt.NDArray[np.bool_]:
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(speaking, iterations=max(1, round(0.2 * fps))))


def _correlation(lips: Array, voice: Array, use: npt.NDArray[np.bool_], delay: int) -> float:
    """Return the correlation of the lips with the voice `delay` frames later."""
    count = len(lips) - abs(delay)
    first = slice(max(-delay, 0), max(-delay, 0) + count)
    second = slice(max(delay, 0), max(delay, 0) + count)
    both = use[first]
    if both.sum() < 10:
        return 0.0
    x, y = lips[first][both], voice[second][both]
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 1e-12 else 0.0


def _local_trust(gap: Array, heard: HeardMouth, seen: npt.NDArray[np.bool_], fps: float) -> Array:
    """Return [T] 0..1 how far the sound is believed at each moment."""
    from scipy.ndimage import uniform_filter1d

    lips, voice = _brisk(gap, fps), _voice(heard, fps)
    width = max(3, 2 * round(_WINDOW_S * fps) + 1)

    def mean(values: Array) -> Array:
        return np.asarray(uniform_filter1d(values * seen, width, mode="constant"))

    share = np.maximum(mean(np.ones(len(gap))), 1e-6)
    x, y = mean(lips) / share, mean(voice) / share
    cross = mean(lips * voice) / share - x * y
    power = (mean(lips**2) / share - x**2) * (mean(voice**2) / share - y**2)
    correlation = cross / np.sqrt(np.maximum(power, 1e-18))
    return np.asarray(np.clip((correlation - 0.05) / 0.25, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class _Events:
    """Contacts of the lips: how far each frame is to be closed, and how many were what."""

    share: Array
    counts: dict[str, int]
    at: list[int]


def _events(envelope: Array, gap: Array, trust: Array, fps: float) -> _Events:
    """Return what to do about each contact that `envelope` [T] tells of."""
    share = np.zeros(len(gap))
    counts = {"already": 0, "sharpened": 0, "left": 0}
    at: list[int] = []
    near, around = max(1, round(_NEAR_S * fps)), max(2, round(_AROUND_S * fps))
    for run in runs(envelope > 0.5):
        middle = run.start + int(np.argmax(envelope[run]))
        window = slice(max(run.start - near, 0), run.stop + near)
        lowest = window.start + int(np.argmin(gap[window]))
        least = float(gap[lowest])
        if least < _TOUCHING_M:
            counts["already"] += 1
            continue
        widest = float(gap[max(lowest - around, 0) : lowest + around + 1].max())
        narrowing = np.clip((0.85 - least / max(widest, 1e-9)) / 0.25, 0.0, 1.0)
        narrow = np.clip((_NARROW_M - least) / (0.25 * _NARROW_M), 0.0, 1.0)
        strength = float(trust[lowest] * narrowing * narrow)
        if strength < 0.15:
            counts["left"] += 1
            continue
        counts["sharpened"] += 1
        at.append(lowest)
        # Moved to where the lips were seen nearest; sure enough is sure: half a P is none.
        moved = _moved(envelope, run, lowest - middle)
        firm = float(eased(np.array(strength / 0.5)))
        share = np.maximum(share, firm * moved)
    return _Events(share, counts, at)


def _moved(envelope: Array, run: slice, by: int) -> Array:
    """Return [T] the one contact about `run` alone, flanks and all, `by` frames later."""
    start, stop = run.start, run.stop
    while start > 0 and 0 < envelope[start - 1] <= envelope[start]:
        start -= 1
    while stop < len(envelope) and 0 < envelope[stop] <= envelope[stop - 1]:
        stop += 1
    moved = np.zeros(len(envelope))
    frames = np.arange(start, stop) + by
    inside = (frames >= 0) & (frames < len(envelope))
    moved[frames[inside]] = envelope[start:stop][inside]
    return moved


def _closed(values: Array, rows: Array, *shares: Array) -> Array:
    """Return the curves [T, 52] nearest to `values` whose gaps are smaller by the largest share."""
    share = np.max(shares, axis=0)
    gaps = np.maximum(values @ rows.T, 0.0)
    touched = share > 1e-3
    low, high = values.copy(), values.copy()
    for column, name in enumerate(ARKIT52):
        if name == "mouthClose":
            high[:, column] = 1.0
        elif name.startswith(_GIVING):
            low[:, column] = 0.0
    trust = np.where(touched[:, None], (0.05e-3) ** -2, 0.0) * np.ones(len(rows))
    wanted = Measurements(rows, gaps * (1 - share[:, None]), trust)
    closed = nearest(values, np.full(len(ARKIT52), 0.25), wanted, low=low, high=high)
    # Whatever the solver makes of gaps that contradict each other, nothing may open.
    opened = np.maximum(closed @ rows.T, 0.0).mean(axis=1) > gaps.mean(axis=1) + 1e-6
    closed[opened] = values[opened]
    return closed
