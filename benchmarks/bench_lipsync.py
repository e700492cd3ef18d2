"""How well mouths follow speech, on hand-labelled recordings beside the repository.

    python benchmarks/bench_lipsync.py                    with and without transcript, and lips
    python benchmarks/bench_lipsync.py --utterances 12    fewer of the recordings
    python benchmarks/bench_lipsync.py --hearing          phones and classes alone, in noise as well

    python benchmarks/bench_lipsync.py --line demo/line.csv demo/line.phones.tsv    one line alone

Phones and classes are scored by the shared scorer (../shared/eval), for our aligner and
pocketsphinx in the same run. The lips are measured on what
ships: a GLB is written as ``animdrive audio`` writes it, read back, and its vertices are looked at
(see lip_closure.py). A P, B or M counts as shut when no slit taller than half a millimetre is seen
from the front in one of its frames.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from common import show
from hearing import SPEECH, at_8_khz, clean, hear, in_noise, rows_of
from lip_closure import Closures, closures, closures_of_glb

from animdrive.contract import CurveTrack, Segment
from animdrive.deformer.linear import LinearDeformer
from animdrive.export import read_curves
from animdrive.pipeline.deformer_points import values_of
from animdrive.pipeline.outputs import (
    JobResult,
    OutputConfig,
    Performance,
    skin_once,
    write_outputs,
)
from animdrive.provenance import provenance_of
from animdrive.rig.head import load_head
from animdrive.sources.audio.speech import SpeechConfig


class Shipped:
    """The files that a performance ships as, one deformer after the other, and their lips."""

    def __init__(self, deformers: tuple[str, ...]) -> None:
        """Load `deformers`."""
        self.head = load_head()
        self._skins = {name: skin_once(name, self.head.rig) for name in deformers}
        self.found = dict.fromkeys(deformers, Closures((), (), ()))
        self._linear = Closures((), (), ())

    def add(self, source: Path, track: CurveTrack, phones: list[Segment]) -> None:
        """Write what `track` ships as, made from the file `source`, and look at its lips."""
        linear = LinearDeformer(self.head.rig)
        self._linear += closures(
            values_of(track, linear.names), phones, linear.run, fps=track.fps, character=self.head
        )
        for name, skin in self._skins.items():
            with tempfile.TemporaryDirectory() as folder:
                result = JobResult()
                performance = Performance(
                    name="line",
                    character=self.head,
                    track=track,
                    provenance=provenance_of((source,), backend="benchmark", config={}),
                    skin=skin,
                )
                config = OutputConfig(formats=("glb",), deformer=name)
                write_outputs(performance, Path(folder), result, config=config)
                found = closures_of_glb(result.outputs["glb"], phones, character=self.head)
            self.found[name] += found

    def rows(self) -> list[tuple[str, float, str]]:
        """Return rows for `show`."""
        made = []
        for name, found in self.found.items():
            got = {**found.figures(), **found.against(self._linear)}
            made += [
                (f"{name}: P/B/M shut in the middle", 100 * got["shut_middle"], "%"),
                (f"{name}: P/B/M shut over the whole width", 100 * got["shut_whole"], "%"),
                (f"{name}: slit in the middle, mean", got["middle_mm"], "mm"),
                (f"{name}: slit in the middle, largest", got["middle_largest_mm"], "mm"),
                (f"{name}: slit anywhere, mean", got["whole_mm"], "mm"),
                (f"{name}: slit anywhere, largest", got["whole_largest_mm"], "mm"),
                (f"{name}: middle stays shut, mean", 1e3 * got["held_s"], "ms"),
                (f"{name}: parted where curves shut", 100 * got["parted_share"], "% of frames"),
                (f"{name}: parted where curves shut, largest", got["parted_largest_mm"], "mm"),
                (f"{name}: opens, of the linear rig's way", 100 * got["opened"], "%"),
                (f"{name}: shut where curves open 2 mm", 100 * got["stuck_share"], "% of frames"),
                (f"{name}: lips apart in the middle, largest", got["apart_largest_mm"], "mm"),
                (f"{name}: lip in lip in a closure, mean", got["through_mm"], "mm"),
                (f"{name}: lip in lip in any frame, deepest", got["through_deepest_mm"], "mm"),
                (f"{name}: frames with lips deeper than 0.3 mm", 100 * got["through_share"], "%"),
            ]
        return made


def labelled(path: Path) -> list[Segment]:
    """Return the phones of a .phones.tsv."""
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return [Segment(float(row[0]), float(row[1]), row[2]) for row in rows]


def bench_hearing(names: list[str], *, aligners: tuple[str, ...]) -> None:
    """Score what the aligners hear: with transcripts, without, in noise, on a telephone."""
    for forced, spoil, how in (
        (True, clean, "transcript given"),
        (False, clean, "no transcript"),
        (True, in_noise, "transcript given, white noise at 5 dB"),
        (True, at_8_khz, "transcript given, 8 kHz"),
    ):
        speeds = {}
        for aligner in aligners:
            heard = hear(names, aligner=aligner, forced=forced, spoil=spoil)
            speeds[aligner] = heard.seconds / heard.spent_s
            rows = rows_of(heard, names)
            if aligner != aligners[0]:
                ratio = speeds[aligners[0]] / speeds[aligner]
                rows.append((f"{aligners[0]} is faster", ratio, "times"))
            show(
                f"{aligner}: {how}",
                rows,
                sample=f"{len(names)} TIMIT utterances, {heard.seconds:.0f} s, hand-labelled",
            )


def bench_lips(names: list[str], *, forced: bool, deformers: tuple[str, ...]) -> None:
    """Look at the lips of what ships for `names`, with their transcripts or without."""
    heard = hear(names, aligner=SpeechConfig().aligner, forced=forced)
    shipped = Shipped(deformers)
    for name, result in heard.results.items():
        shipped.add(SPEECH / f"{name}.wav", result.track, labelled(SPEECH / f"{name}.phones.tsv"))
    total = len(shipped.found[deformers[0]].rows)
    show(
        "lips, transcript given" if forced else "lips, no transcript",
        shipped.rows(),
        sample=f"{len(names)} TIMIT utterances, {heard.seconds:.0f} s, {total} P/B/M labelled",
    )


def bench_line(curves: Path, phones: Path, *, deformers: tuple[str, ...]) -> None:
    """Look at the lips of one line that ``animdrive audio`` made."""
    shipped = Shipped(deformers)
    track = read_curves(curves).track
    shipped.add(curves, track, labelled(phones))
    for name, found in shipped.found.items():
        print(f"\n{name}: phone, s, slit in the middle, anywhere, lips apart, lip in lip (mm)")
        for row in found.rows:
            each = (row.middle_mm, row.whole_mm, row.apart_mm, row.through_mm)
            print(f"  {row.phone}  {row.start_s:6.2f}", *(f"{figure:6.2f}" for figure in each))
    count = len(shipped.found[deformers[0]].rows)
    show(
        "lips of a line",
        shipped.rows(),
        sample=f"{curves.name}, {track.duration_s:.1f} s, {count} P/B/M",
    )


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--utterances", type=int, default=60)
    parser.add_argument("--deformers", default="hero,npc,linear", help="what is shipped")
    parser.add_argument("--aligners", default="acoustic,pocketsphinx", help="what is compared")
    parser.add_argument("--hearing", action="store_true", help="leave the lips out")
    parser.add_argument("--line", nargs=2, type=Path, metavar=("CSV", "PHONES_TSV"))
    options = parser.parse_args()
    deformers = tuple(options.deformers.split(","))
    if options.line:
        bench_line(*options.line, deformers=deformers)
        return 0
    names = sorted(path.stem for path in SPEECH.glob("timit_*.wav"))[: options.utterances]
    if not names:
        print(f"No recordings in {SPEECH}; nothing to score.")
        return 0
    bench_hearing(names, aligners=tuple(options.aligners.split(",")))
    if not options.hearing:
        bench_lips(names, forced=True, deformers=deformers)
        bench_lips(names, forced=False, deformers=deformers[:1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
