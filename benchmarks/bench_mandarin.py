"""How well mouths follow Mandarin, on recordings beside the repository.

    python benchmarks/bench_mandarin.py

With the script: onsets against the labels of zh_SSB00050015 (made by another aligner, initials and
finals), lips for every B, P and M, and rounding for every final with a rounded vowel. Without it:
the same cases, at the times where the script puts them (where there are labels, at those). Lips
are measured on what ships, as in bench_lipsync.py: a GLB is written and read back.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from bench_lipsync import Shipped
from common import show
from hearing import SPEECH, clip_of

from animdrive.contract import CurveTrack, Segment
from animdrive.sources.audio.language.inventory import BILABIALS
from animdrive.sources.audio.speech import SpeechConfig, SpeechResult, speech_curves

LABELLED = "zh_SSB00050015"
LONG = "azure_zhcn_continuous_mode_sample"
UNSCRIPTED = ("a2f_Claire_joy_mandarin", "a2f_Claire_outofbreath_mandarin")
ROUNDED = frozenset(("UW", "y", "o", "UH", "W", "ɥ"))
"""Phones that make a final a rounded one: u, ü, o, and the glides before other vowels."""
ROUND_ENOUGH = 0.4
"""Sum of mouthPucker and mouthFunnel; a U is held at 1.05, an A at 0."""
ROUND = ("mouthPucker", "mouthFunnel")
OPEN_ENOUGH = 0.2
"""jawOpen; an A is held at 0.55, a T at 0.12."""
AROUND_S = 0.04
"""How far beside a phone its shape may be."""


@dataclass(frozen=True)
class Cases:
    """What the lips must do when, seconds."""

    closed: list[Segment]
    """B, P and M."""
    rounded: list[Segment]
    """Rounded phones, or finals that hold one."""
    opened: list[Segment]
    """Open vowels, or finals that hold one: a mouth that is always shut fails in these."""


def cases_of_phones(phones: tuple[Segment, ...]) -> Cases:
    """Return the cases among found phones."""
    return Cases(
        [phone for phone in phones if phone.label in BILABIALS],
        [phone for phone in phones if phone.label in ROUNDED],
        [phone for phone in phones if phone.label in ("a", "AA")],
    )


def labelled_parts() -> list[Segment]:
    """Return initials and finals of the labelled recording; "" is silence."""
    rows = (SPEECH / f"{LABELLED}.phones.tsv").read_text().splitlines()[1:]
    parts = []
    for row in rows:
        start, end, label, _ = row.split("\t")
        name = "" if label == "SIL" else re.sub(r"\d$", "", label)
        parts.append(Segment(float(start), float(end), name or "SIL"))
    return parts


def cases_of_labels(parts: list[Segment]) -> Cases:
    """Return the cases among labelled initials and finals."""
    closed = [Segment(p.start_s, p.end_s, p.label.upper()) for p in parts if p.label in "bpm"]
    rounded = [p for p in parts if re.search("u|o|v", p.label)]
    return Cases(closed, rounded, [p for p in parts if "a" in p.label])


def onsets(parts: list[Segment], result: SpeechResult) -> list[float]:
    """Return how much later than its label, in s, each initial and each final begins.

    Raises:
        SystemExit: a character is missing.
    """
    labels = [part for part in parts if part.label != "SIL"]
    # One label or two for a character: an initial and a final, or a final alone.
    pairs: list[list[Segment]] = []
    for part in labels:
        if re.fullmatch("[bpmfdtnlgkhjqxzcsr]|[zcs]h", part.label):
            pairs.append([part])
        elif pairs and len(pairs[-1]) == 1:
            pairs[-1].append(part)
        else:
            pairs.append([part])
    words = result.phones.words
    if len(pairs) != len(words):
        raise SystemExit(f"{len(words)} characters are found, {len(pairs)} are labelled.")
    late = []
    for word, pair in zip(words, pairs, strict=True):
        own = [p.start_s for p in result.phones.phones if word.start_s <= p.start_s < word.end_s]
        late += [found - label.start_s for found, label in zip(own, pair, strict=False)]
    return late


def share(track: CurveTrack, cases: list[Segment], names: tuple[str, ...], least: float) -> float:
    """Return the share of `cases` in which the sum of some curves reaches `least`."""
    amount = track.values[:, [list(track.names).index(name) for name in names]].sum(axis=1)
    times = np.arange(len(amount)) / track.fps
    hits = []
    for case in cases:
        near = (times >= case.start_s - AROUND_S) & (times <= case.end_s + AROUND_S)
        hits.append(bool(near.any()) and float(amount[near].max()) >= least)
    return float(np.mean(hits)) if hits else float("nan")


def rows_of(name: str, result: SpeechResult, cases: Cases) -> list[tuple[str, float, str]]:
    """Return what the lips do in `cases`."""
    shipped = Shipped(("hero",))
    shipped.add(SPEECH / f"{name}.wav", result.track, cases.closed)
    figures = shipped.found["hero"].figures()
    times = np.arange(len(result.track)) / result.track.fps
    quiet = np.zeros(len(times), dtype=bool)
    for phone in result.phones.phones:
        if phone.label == "SIL":
            quiet |= (times >= phone.start_s + 0.2) & (times <= phone.end_s - 0.2)
    for breath in result.breaths:  # through open lips
        quiet &= (times < breath.start_s - 0.2) | (times > breath.end_s + 0.2)
    jaw = result.track.values[:, list(result.track.names).index("jawOpen")]
    return [
        (f"B/P/M with lips shut, of {len(cases.closed)}", 100 * figures["shut_middle"], "%"),
        (
            f"rounded finals with round lips, of {len(cases.rounded)}",
            100 * share(result.track, cases.rounded, ROUND, ROUND_ENOUGH),
            "%",
        ),
        (
            f"open vowels with open mouth, of {len(cases.opened)}",
            100 * share(result.track, cases.opened, ("jawOpen",), OPEN_ENOUGH),
            "%",
        ),
        (
            "mouth open inside pauses",
            100 * float(np.mean(jaw[quiet] > 0.02)) if quiet.any() else 0.0,
            "%",
        ),
    ]


def main() -> int:
    """Measure all recordings that are there."""
    if not (SPEECH / f"{LABELLED}.wav").exists():
        print(f"No recordings in {SPEECH}; nothing to score.")
        return 0
    zh = SpeechConfig(language="zh")
    speech_curves(clip_of(LABELLED), "热", config=zh)
    for name in (LABELLED, LONG):
        clip, text = clip_of(name), (SPEECH / f"{name}.txt").read_text()
        began = perf_counter()
        with_text = speech_curves(clip, text)
        spent = perf_counter() - began
        without = speech_curves(clip, config=zh)
        cases = cases_of_phones(with_text.phones.phones)
        where = "at the times of the script"
        rows = []
        if name == LABELLED:
            parts = labelled_parts()
            cases, where = cases_of_labels(parts), "at the labels"
            late = 1e3 * np.array(onsets(parts, with_text))
            rows = [
                ("onsets, median error", float(np.median(np.abs(late))), "ms"),
                ("onsets, later than the labels, median", float(np.median(late)), "ms"),
                ("onsets within 20 ms", 100 * float(np.mean(np.abs(late) <= 20)), "%"),
                ("onsets within 50 ms", 100 * float(np.mean(np.abs(late) <= 50)), "%"),
            ]
        sample = f"{name}, {clip.duration_s:.0f} s"
        rows += [
            *rows_of(name, with_text, cases),
            ("speed", clip.duration_s / spent, "x real time"),
        ]
        show("script given", rows, sample=sample)
        show(f"no script, --language zh, {where}", rows_of(name, without, cases), sample=sample)
    for name in UNSCRIPTED:
        result = speech_curves(clip_of(name), config=zh)
        own = cases_of_phones(result.phones.phones)
        show(
            "no script, --language zh, at the times of the phones that are heard",
            rows_of(name, result, own),
            sample=f"{name}, {result.phones.end_s:.0f} s",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
