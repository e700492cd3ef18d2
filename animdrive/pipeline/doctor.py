"""What works on this machine, found out by doing it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "off", "broken"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    """What."""
    state: State
    """"ok"; "off" for what work goes on without; "broken" for what a main job needs."""
    found: str
    """What was found, or why not."""
    cure: str = ""
    """What to do about it."""

    def as_dict(self) -> dict[str, str]:
        """Return it as plain values."""
        return asdict(self)


def examined() -> list[Check]:
    """Look at everything that the jobs need, in the order in which they need it."""
    rows: tuple[tuple[str, Callable[[], str], State, str], ...] = (
        ("python", _python, "broken", "Use Python 3.11 or 3.12."),
        ("shipped files", _shipped, "broken", "Reinstall animdrive, or check the files out again."),
        ("video codecs", _codecs, "broken", "pip install 'av>=14'"),
        ("face tracking", _tracking, "broken", "pip install mediapipe==0.10.21"),
        ("speech model", _speech, "broken", "pip install 'pocketsphinx>=5.0.3,<6'"),
        (
            "pronunciation",
            _espeak,
            "off",
            "pip install espeakng-loader (unknown words are guessed)",
        ),
        ("Mandarin text", _mandarin, "off", "pip install 'pypinyin>=0.53'"),
        ("Japanese kanji", _japanese, "off", "pip install 'animdrive[ja]' (49 MB)"),
        ("renderer", _renderer, "off", "apt install libegl1 libgl1-mesa-dri (previews need it)"),
        ("USD captures", _usd, "off", "pip install 'animdrive[usd]'"),
        ("Alembic captures", _alembic, "off", "pip install 'animdrive[abc]' (Blender, 374 MB)"),
        ("packed rigs", _packed_rigs, "off", "pip install 'animdrive[meshopt]'"),
        (
            "microphone",
            _microphone,
            "off",
            "pip install 'animdrive[mic]'; apt install libportaudio2",
        ),
        ("GPU", _gpu, "off", ""),
    )
    return [_checked(*row) for row in rows]


def _checked(name: str, look: Callable[[], str], otherwise: State, cure: str) -> Check:
    try:
        return Check(name, "ok", look())
    except Exception as error:  # noqa: BLE001 - whatever a broken part raises is the finding
        reason = " ".join(str(error).split()) or type(error).__name__
        return Check(name, otherwise, reason, cure)


def _python() -> str:
    version = platform.python_version_tuple()
    if (int(version[0]), int(version[1])) not in ((3, 11), (3, 12)):
        raise RuntimeError(f"Python {platform.python_version()}")
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def _shipped() -> str:
    from animdrive.weights import checked_path, manifest

    for name in manifest():
        checked_path(name)
    return f"{len(manifest())} files, checksums right"


def _codecs() -> str:
    import av

    for name in ("libx264", "aac"):
        av.Codec(name, "w")
    for name in ("h264", "hevc", "vp9", "opus", "mp3"):
        av.Codec(name, "r")
    return f"PyAV {av.__version__}: H.264 and AAC out; H.264, HEVC, VP9, Opus, MP3 in"


def _tracking() -> str:
    from importlib.metadata import version

    import numpy as np

    from animdrive.contract import VideoFrame
    from animdrive.contract.stages import no_progress
    from animdrive.sources.video import TRACKERS

    blank = VideoFrame(np.zeros((64, 64, 3), np.uint8), 0.0)
    TRACKERS.load(TRACKERS.names()[0])().track([blank], progress=no_progress)
    return f"mediapipe {version('mediapipe')}, face mesh with irises"


def _speech() -> str:
    from importlib.metadata import version

    from animdrive.sources.audio.sphinx.decoder import lookup

    if not lookup("hello"):
        raise RuntimeError("the English dictionary is empty")
    return f"pocketsphinx {version('pocketsphinx')}, English"


def _espeak() -> str:
    from animdrive.sources.audio.espeak import ipa, voices

    said = ipa("animdrive")
    return f"espeak-ng says 'animdrive' as {said}, and speaks {len(voices())} languages and regions"


def _mandarin() -> str:
    from animdrive.sources.audio.language.mandarin import mandarin_words

    return f"pypinyin reads 你好 as {' '.join(word.spelling for word in mandarin_words('你好'))}"


def _japanese() -> str:
    from importlib.metadata import version

    from animdrive.sources.audio.language.japanese import japanese_words

    _, unread, notes = japanese_words("水")
    if unread:
        raise RuntimeError(notes[0])
    return f"SudachiPy {version('sudachipy')}"


def _renderer() -> str:
    from animdrive.render.context import renderer_info

    return renderer_info()


def _usd() -> str:
    from importlib.metadata import version

    from animdrive.export.usd_stage import check_usd

    check_usd()
    return f"usd-core {version('usd-core')}"


def _alembic() -> str:
    from importlib.metadata import version
    from importlib.util import find_spec

    if find_spec("bpy") is None:  # not imported: it takes over the terminal's signals
        raise RuntimeError("Blender's module bpy is not installed")
    return f"bpy {version('bpy')}"


def _packed_rigs() -> str:
    from importlib.metadata import version

    from animdrive.gltf.compression import check_meshopt

    check_meshopt()
    return f"meshoptimizer {version('meshoptimizer')}"


def _microphone() -> str:
    from animdrive.pipeline.live_microphone import microphone_name

    return microphone_name()


def _gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError("no CUDA device; everything runs on the CPU")
    return str(torch.cuda.get_device_name(0))
