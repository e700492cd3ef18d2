"""How well mouths follow real ones: lips and jaws with sensors, and captured performances.

    python benchmarks/bench_lips.py                       both
    python benchmarks/bench_lips.py --sensors             lips and jaw of a speaker with sensors
    python benchmarks/bench_lips.py --captures            mouth curves captured with a camera

**Sensors.** The phones are taken as they are labelled, so that only coarticulation is judged; lips
and jaw are measured on the skin, as `animdrive measure` does, at the sensors' 100 Hz. One sentence
of one speaker tells little: the rules come from phonetics, not from it.

**Captures.** Each file is predicted by a model of the others: shapes, weights and the offset
between sound and curves come from the files that are trained on. Loudness alone is the floor.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bench_lipsync import SPEECH, labelled
from common import SHARED, show

from animdrive.contract import ARKIT52, PhoneTrack, Segment
from animdrive.pipeline.outputs import skin_maker
from animdrive.rig.head import load_head
from animdrive.rig.skin_measures import COLUMNS, SkinMeasures
from animdrive.sources.audio.mouth.curves import MouthConfig, mouth_from_phones

Values = npt.NDArray[np.float64]
LAGS_S = np.arange(-12, 13) / 100
SENSORS = "haskins_F01_s01"
SHARES = (0.0, 0.3, 0.5, 1.0)
CAPTURES = SHARED / "data" / "arkit"


def correlation(a: Values, b: Values) -> float:
    """Return Pearson's r."""
    return float(np.corrcoef(a, b)[0, 1])


def best_lag(ours: Values, real: Values, use: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the lag (s, above 0: ours comes late) at which two signals at 100 Hz agree best."""
    at = np.flatnonzero(use)
    at = at[(at >= 12) & (at < len(real) - 12)]
    found = [correlation(ours[at + round(lag * 100)], real[at]) for lag in LAGS_S]
    return float(LAGS_S[int(np.argmax(found))]), max(found)


def closing(
    signal: Values, times: Values, phone: Segment, *, lips_mm: float
) -> tuple[float, float, float]:
    """Return when lips begin to close, are 80 % closed and tightest, ms against a P, B or M.

    The closing stroke goes from the widest aperture of the 250 ms before the tightest.
    """
    near = np.flatnonzero((times > phone.start_s - 0.06) & (times < phone.end_s + 0.06))
    tight = near[int(np.argmin(signal[near]))]
    shut = near[np.flatnonzero(signal[near] <= signal[tight] + lips_mm)[0]]  # first so tight
    before = np.flatnonzero((times > times[tight] - 0.25) & (times <= times[tight]))
    widest = before[int(np.argmax(signal[before]))]
    stroke = signal[widest] - signal[tight]
    moving = np.flatnonzero(signal[widest : tight + 1] < signal[widest] - 0.05 * stroke)[0]
    most = np.flatnonzero(signal[widest : tight + 1] < signal[widest] - 0.8 * stroke)[0]
    moments = times[[widest + moving, widest + most, shut]] - phone.start_s
    begin, eighty, tightest = (float(moment) * 1e3 for moment in moments)
    return begin, eighty, tightest


def bench_sensors(deformers: tuple[str, ...]) -> None:
    """Compare skin with the sensors of one sentence."""
    table = np.genfromtxt(SPEECH / f"{SENSORS}.ema.tsv", names=True)
    phones = labelled(SPEECH / f"{SENSORS}.phones.tsv")
    times = table["time_s"]
    spoken = [phone for phone in phones if phone.label != "SIL"]
    use = (times > spoken[0].start_s - 0.1) & (times < spoken[-1].end_s + 0.1)
    real = {"lip aperture": table["lip_aperture_mm"], "jaw drop": -table["jaw_z"]}
    head = load_head()
    curves = mouth_from_phones(PhoneTrack(phones=tuple(phones)), times)
    for name in deformers:
        skin = skin_maker(name, head.rig)
        columns = [ARKIT52.index(curve) for curve in skin.names if curve in ARKIT52]
        given = np.zeros((len(times), len(skin.names)), dtype=np.float32)
        given[:, [curve in ARKIT52 for curve in skin.names]] = curves[:, columns]
        rest = skin.run(np.zeros((1, len(skin.names)), dtype=np.float32))[0]
        table_mm = SkinMeasures(head, rest=rest).measure(skin.run(given))
        ours = {
            "lip aperture": table_mm[:, COLUMNS.index("lip_aperture_middle_mm")],
            "jaw drop": table_mm[:, COLUMNS.index("jaw_drop_mm")],
        }
        rows = []
        for what, signal in ours.items():
            lag, most = best_lag(signal, real[what], use)
            rows += [
                (f"{what}: correlation", correlation(signal[use], real[what][use]), ""),
                (f"{what}: correlation at the best lag", most, ""),
                (f"{what}: best lag (+ is late)", 1e3 * lag, "ms"),
            ]
        for who, signal, tight_mm in (
            ("skin", ours["lip aperture"], 0.3),
            ("sensors", real["lip aperture"], 0.0),
        ):
            found = [
                closing(signal, times, p, lips_mm=tight_mm) for p in phones if p.label in "PBM"
            ]
            for what, moments in zip(
                ("closing begins", "80 % closed", "tightest"), np.array(found).T, strict=True
            ):
                rows.append((f"{who}: {what}, median of P/B/M", float(np.median(moments)), "ms"))
        for what in ours:
            for who, signal in (("skin", ours[what]), ("sensors", real[what])):
                low, high = np.percentile(signal[use], [2, 98])
                for label in ("S", "CH", "AA", "AE"):
                    mean = np.mean([_middle(signal, times, p) for p in phones if p.label == label])
                    rows.append(
                        (
                            f"{who}: {what} in {label}",
                            100 * (mean - low) / (high - low),
                            "% of range",
                        )
                    )
        show(
            f"lips and jaw, {name} skin",
            rows,
            sample=f"{SENSORS}, {len(phones)} phones as labelled",
        )


def bench_captures(folder: Path) -> None:
    """Predict each captured performance by a mouth of the others, by rules, and by both."""
    from animdrive.pipeline.mouth_captures import find_captures, phones_heard, read_capture_file
    from animdrive.pipeline.mouth_train import MouthScore, left_out, score_curves
    from animdrive.sources.audio.mouth.mouth_model import LEARNABLE, both_sides
    from animdrive.sources.audio.mouth.mouth_training import MouthTrainConfig, mouth_capture
    from animdrive.sources.audio.sound import HOP_S

    files = [read_capture_file(*pair) for pair in find_captures(folder)]
    phones = {file.name: phones_heard(file) for file in files}
    captures = [mouth_capture(f.name, f.audio, f.track, phones[f.name].phones) for f in files]
    columns = [ARKIT52.index(name) for name in LEARNABLE]
    scores: dict[str, list[MouthScore]] = {"learned": []}
    for capture, curves, made in left_out(captures, config=MouthTrainConfig()):
        scores["learned"].append(score_curves(made, curves, capture))
        times = (np.arange(len(made)) + 0.5) * HOP_S
        heard = {
            ARKIT52[at]: made[:, column]
            for column, name in enumerate(curves)
            for at in both_sides(name)
        }
        for share in SHARES:
            mouth = mouth_from_phones(
                phones[capture.name], times, captured=heard, config=MouthConfig(captured=share)
            )
            score = score_curves(mouth[:, columns], LEARNABLE, capture)
            scores.setdefault(f"rules and {100 * share:.0f} % of it", []).append(score)
    rows = [(f"{s.name}: jawOpen, loudness alone", s.floor, "") for s in scores["learned"]]
    for score in scores["learned"]:
        rows += [(f"{score.name}: {name}, learned", r, "") for name, r in score.curves.items()]
        rows.append((f"{score.name}: mean of active curves", score.mean, ""))
        rows.append((f"{score.name}: the same, curves that it saw move", score.mean_seen, ""))
    for what, found in scores.items():
        rows += [
            (f"{what}: jawOpen", float(np.mean([s.curves["jawOpen"] for s in found])), ""),
            (f"{what}: mean of active curves", float(np.mean([s.mean for s in found])), ""),
        ]
    seen = float(np.mean([score.mean_seen for score in scores["learned"]]))
    rows.append(("learned: mean of curves that it saw move", seen, ""))
    seconds = sum(len(capture.mels) for capture in captures) * HOP_S
    show(
        "captured performances, each left out of training in turn: correlation",
        rows,
        sample=f"{len(captures)} performances, {seconds:.0f} s, no transcript",
    )


def _middle(signal: Values, times: Values, phone: Segment) -> float:
    return float(np.interp((phone.start_s + phone.end_s) / 2, times, signal))


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sensors", action="store_true")
    parser.add_argument("--captures", action="store_true")
    parser.add_argument("--deformers", default="hero,linear")
    options = parser.parse_args()
    both = options.sensors == options.captures
    if both or options.sensors:
        bench_sensors(tuple(options.deformers.split(",")))
    if both or options.captures:
        bench_captures(CAPTURES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
