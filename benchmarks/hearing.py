"""How well phones are found in recordings with hand-made labels: used by bench_lipsync.py."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np
import soundfile
from common import SHARED
from scipy.signal import resample_poly
from threadpoolctl import threadpool_limits

from animdrive.contract import AudioClip
from animdrive.errors import AnimdriveError
from animdrive.sources.audio.speech import SpeechConfig, SpeechResult, speech_curves

SPEECH = SHARED / "data" / "speech"
Spoil = Callable[[AudioClip, int], AudioClip]
"""Makes a recording worse; the number is a seed."""


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


def clean(clip: AudioClip, seed: int) -> AudioClip:
    """Return the recording as it is."""
    return clip


def in_noise(clip: AudioClip, seed: int) -> AudioClip:
    """Return it in white noise 5 dB below its mean power."""
    power = float(np.mean(clip.samples.astype(np.float64) ** 2)) * 10 ** (-5 / 10)
    noise = np.random.default_rng(seed).normal(0.0, np.sqrt(power), len(clip.samples))
    return AudioClip(
        samples=np.clip(clip.samples + noise, -1, 1).astype(np.float32),
        sample_rate=clip.sample_rate,
    )


def at_8_khz(clip: AudioClip, seed: int) -> AudioClip:
    """Return it as a telephone has it: 8000 samples a second."""
    samples = resample_poly(clip.samples, 8000, clip.sample_rate).astype(np.float32)
    return AudioClip(samples=np.clip(samples, -1, 1), sample_rate=8000)


@dataclass
class Heard:
    """What an aligner found in some recordings."""

    results: dict[str, SpeechResult] = field(default_factory=dict)
    """By recording; those that failed are missing."""
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Of sound."""
    spent_s: float = 0.0


def hear(names: Sequence[str], *, aligner: str, forced: bool, spoil: Spoil = clean) -> Heard:
    """Run an aligner over recordings, in one thread, after a warm-up."""
    heard = Heard()
    config = SpeechConfig(aligner=aligner, language="en")
    with threadpool_limits(1):
        speech_curves(clip_of(names[0]), "warm up" if forced else None, config=config)
        for seed, name in enumerate(names):
            clip = spoil(clip_of(name), seed)
            text = (SPEECH / f"{name}.txt").read_text() if forced else None
            before = perf_counter()
            try:
                heard.results[name] = speech_curves(clip, text, config=config)
            except AnimdriveError as error:
                heard.failed.append(f"{name}: {error}")
            heard.spent_s += perf_counter() - before
            heard.seconds += clip.duration_s
    return heard


def scores(heard: Heard, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the shared scorers say of classes and of onsets for some of the recordings."""
    scorer, boundary = shared_module("score_visemes"), shared_module("boundary")
    with tempfile.TemporaryDirectory() as folder:
        classes, phones = Path(folder) / "classes", Path(folder) / "phones"
        classes.mkdir()
        phones.mkdir()
        for name in names:
            if name not in heard.results:
                continue
            result = heard.results[name]
            for target, file, segments in (
                (classes, f"{name}.tsv", result.visemes),
                (phones, f"{name}.phones.tsv", result.phones.phones),
            ):
                rows = [f"{s.start_s:.4f}\t{s.end_s:.4f}\t{s.label}\n" for s in segments]
                (target / file).write_text("start_s\tend_s\tlabel\n" + "".join(rows))
        return (
            scorer.score(str(SPEECH), str(classes), "timit_", names=set(names)),
            boundary.evaluate(str(SPEECH), str(phones), "timit_"),
        )


def rows_of(heard: Heard, names: Sequence[str]) -> list[tuple[str, float, str]]:
    """Return rows for `common.show`: classes, onsets, women and men apart, failures, speed."""
    score, onsets = scores(heard, names)
    women = [name for name in names if name.split("-")[1][0] == "f"]
    men = [name for name in names if name not in women]
    apart = [
        (f"macro-F1, {who}", scores(heard, group)[0]["macroF1_4"], "%")
        for who, group in (("women", women), ("men", men))
        if women and men
    ]
    return [
        ("macro-F1 of closed, labiodental, rounded, open", score["macroF1_4"], "%"),
        *apart,
        ("P/B/M recall", score["bilabial_recall"], "%"),
        ("P/B/M recall, strict", score["bilabial_recall_strict"], "%"),
        ("closed precision in speech", score["closed_precision_speech"], "%"),
        ("F/V recall", score["labiodental_recall"], "%"),
        ("mouth open in silence", score["mouth_open_in_sil"], "%"),
        ("phone onsets, median error", onsets["matched"]["median_abs"], "ms"),
        ("phone onsets within 20 ms", onsets["matched"]["within20"], "%"),
        ("phone onsets, 95th percentile", onsets["matched"]["p95"], "ms"),
        ("phone error rate", onsets["PER"], "%"),
        ("recordings that failed", len(heard.failed), f"of {len(names)}"),
        ("speed to curves, one thread", heard.seconds / heard.spent_s, "x real time"),
    ]
