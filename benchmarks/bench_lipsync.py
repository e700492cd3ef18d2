"""How well mouths follow speech, on hand-labelled recordings beside the repository.

    python benchmarks/bench_lipsync.py                    with and without transcript
    python benchmarks/bench_lipsync.py --utterances 12    fewer of the recordings

Phones and classes are scored by the shared scorer (../shared/eval). The lips are measured on the
vertices of our own head, which the curves move: a P, B or M counts as shut when the gap of the
inner lips falls below half a millimetre in one of its frames.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from types import ModuleType

import numpy as np
import numpy.typing as npt
import soundfile
from common import SHARED, show

from animdrive.contract import ARKIT52, AudioClip, CurveTrack
from animdrive.rig.head import load_head
from animdrive.sources.audio.speech import SpeechResult, speech_curves

SPEECH = SHARED / "data" / "speech"
UPPER_LIP, LOWER_LIP = 13, 14
"""MediaPipe landmarks in the middle of the inner lips."""
SHUT_MM = 0.5


def shared_module(name: str) -> ModuleType:
    """Return a module of ../shared/eval."""
    spec = importlib.util.spec_from_file_location(name, SHARED / "eval" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"There is no {name}.py in {SHARED / 'eval'}.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def clip_of(name: str) -> AudioClip:
    """Return a recording."""
    samples, rate = soundfile.read(SPEECH / f"{name}.wav", dtype="float32")
    return AudioClip(samples=samples, sample_rate=rate)


def lip_gap_mm(track: CurveTrack) -> npt.NDArray[np.float64]:
    """Return [T] millimetres between the middles of the inner lips."""
    head = load_head()
    upper, lower = (int(head.landmarks[point]) for point in (UPPER_LIP, LOWER_LIP))
    neutral = head.rig.neutral.vertices[upper, 1] - head.rig.neutral.vertices[lower, 1]
    offsets = np.array([d[upper, 1] - d[lower, 1] for d in map(head.rig.delta, ARKIT52)])
    return np.asarray(1e3 * (neutral + track.values @ offsets))


def shut_share(name: str, result: SpeechResult) -> tuple[int, int]:
    """Return how many of the labelled P, B and M are shut on the head, of how many."""
    gap, times = lip_gap_mm(result.track), result.track.times_s
    shut = total = 0
    for row in (SPEECH / f"{name}.phones.tsv").read_text().splitlines()[1:]:
        start, end, phone = row.split("\t")[:3]
        if phone in ("P", "B", "M"):
            inside = (times > float(start) - 0.04) & (times < float(end) + 0.04)
            shut += bool(gap[inside].min() < SHUT_MM)
            total += 1
    return shut, total


def bench(names: list[str], *, forced: bool) -> None:
    """Score `names`, with their transcripts or without."""
    scorer, boundary = shared_module("score_visemes"), shared_module("boundary")
    speech_curves(clip_of(names[0]), "warm up")
    if not forced:
        speech_curves(clip_of(names[0]))
    seconds = spent = 0.0
    shut = total = 0
    with tempfile.TemporaryDirectory() as folder:
        classes, phones = Path(folder) / "classes", Path(folder) / "phones"
        classes.mkdir()
        phones.mkdir()
        for name in names:
            clip = clip_of(name)
            text = (SPEECH / f"{name}.txt").read_text() if forced else None
            before = perf_counter()
            result = speech_curves(clip, text)
            spent += perf_counter() - before
            seconds += clip.duration_s
            one, of = shut_share(name, result)
            shut, total = shut + one, total + of
            for target, file, segments in (
                (classes, f"{name}.tsv", result.visemes),
                (phones, f"{name}.phones.tsv", result.phones.phones),
            ):
                rows = [f"{s.start_s:.4f}\t{s.end_s:.4f}\t{s.label}\n" for s in segments]
                (target / file).write_text("start_s\tend_s\tlabel\n" + "".join(rows))
        score = scorer.score(str(SPEECH), str(classes), "timit_", names=set(names))
        onsets = boundary.evaluate(str(SPEECH), str(phones), "timit_")
    show(
        "transcript given" if forced else "no transcript",
        [
            ("macro-F1 of closed, labiodental, rounded, open", score["macroF1_4"], "%"),
            ("P/B/M recall", score["bilabial_recall"], "%"),
            ("P/B/M recall, strict", score["bilabial_recall_strict"], "%"),
            ("closed precision in speech", score["closed_precision_speech"], "%"),
            ("F/V recall", score["labiodental_recall"], "%"),
            ("mouth open in silence", score["mouth_open_in_sil"], "%"),
            ("P/B/M with lips shut on our head", 100 * shut / total, "%"),
            ("phone onsets, median error", onsets["matched"]["median_abs"], "ms"),
            ("phone onsets within 20 ms", onsets["matched"]["within20"], "%"),
            ("phone error rate", onsets["PER"], "%"),
            ("speed to curves", seconds / spent, "x real time"),
        ],
        sample=f"{len(names)} TIMIT utterances, {seconds:.0f} s, {total} P/B/M",
    )


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--utterances", type=int, default=60)
    options = parser.parse_args()
    names = sorted(path.stem for path in SPEECH.glob("timit_*.wav"))[: options.utterances]
    if not names:
        print(f"No recordings in {SPEECH}; nothing to score.")
        return 0
    bench(names, forced=True)
    bench(names, forced=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
