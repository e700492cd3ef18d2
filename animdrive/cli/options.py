"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animdrive.errors import InputError

if TYPE_CHECKING:
    from animdrive.pipeline.jobs import LayerConfig
    from animdrive.pipeline.outputs import OutputConfig

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Formats = Annotated[
    str | None,
    typer.Option(
        help="What to write, by comma: csv,json,tsv,glb,mp4 (default: all of these); for speech "
        "also textgrid, rhubarb-tsv, rhubarb-json, rhubarb-xml, rhubarb-dat, ovr-json, azure-json."
    ),
]
Emotion = Annotated[
    list[str] | None,
    typer.Option(help="Emotion on top, NAME:AMOUNT such as happy:0.5. May be given again."),
]
Gain = Annotated[
    list[str] | None,
    typer.Option(help="Factor for one curve, such as jawOpen:1.2. May be given again."),
]
Offset = Annotated[
    list[str] | None,
    typer.Option(help="Added to one curve, such as mouthSmileLeft:0.1. May be given again."),
]
Size = Annotated[int, typer.Option(help="Height of the preview, pixels, even.")]
CAPTURED = 0.0
"""How far the mouth follows captured performances where nothing is said of it; the same as
`animdrive.sources.audio.curves.MouthConfig.captured`, which is not loaded for a help text."""
Captured = Annotated[
    float,
    typer.Option(
        help="How far jaw and lips follow a mouth learned from captured performances, 0 (rules) "
        "to 1. Closures are always the rules'.",
    ),
]
MouthModelFile = Annotated[
    Path | None,
    typer.Option(help="Mouth to follow, a model of 'train-mouth'. Default: the one that ships."),
]
Effort = Annotated[
    float,
    typer.Option(help="How far jaw and lips follow a whisper or a shout, 0 (not) to 2."),
]
Breaths = Annotated[
    bool, typer.Option("--breaths/--no-breaths", help="Open the mouth for breaths that are heard.")
]
AutoEmotion = Annotated[
    float,
    typer.Option(
        metavar="STRENGTH",
        help="Show a mood read from the voice, 0 (off) to 1. It is a guess: see "
        "docs/emotion_from_voice.md.",
    ),
]
VisibleLabel = Annotated[
    bool, typer.Option("--visible-label", help='Write "AI generated" into the preview.')
]
RigFile = Annotated[
    Path | None,
    typer.Option(
        help="Your own rig performs: a .glb or .gltf whose morph targets are called as ARKit's, or "
        "a folder of OBJs. Default: our head."
    ),
]
Retarget = Annotated[
    str | None,
    typer.Option(
        help="How curves change for your rig: a profile of 'animdrive rig retarget', or auto."
    ),
]
Lod = Annotated[
    str, typer.Option(help="Level of detail of the face: low (for games), standard or high.")
]
DeformerName = Annotated[
    str,
    typer.Option(
        "--deformer",
        help="What makes skin of curves: hero, npc, linear, or a model of 'deformer train'. "
        "Default: hero.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def layer_config(
    emotion: Iterable[str] | None, gain: Iterable[str] | None, offset: Iterable[str] | None
) -> LayerConfig:
    """Return the layers that the options ask for.

    Raises:
        InputError: an option is not written as NAME:NUMBER, or a name is unknown.
    """
    from animdrive.layers.emotion import parse_emotion
    from animdrive.pipeline.jobs import LayerConfig

    return LayerConfig(
        emotions=dict(parse_emotion(text) for text in emotion or ()),
        gains=dict(_named_number("--gain", text) for text in gain or ()),
        offsets=dict(_named_number("--offset", text) for text in offset or ()),
    )


def output_config(
    formats: str | None,
    size: int,
    visible_label: bool,
    lod: str = "standard",
    deformer: str = "auto",
    viseme_map: Path | None = None,
    dat_fps: float = 24.0,
    rig: Path | None = None,
    retarget: str | None = None,
) -> OutputConfig:
    """Return how results are written."""
    from animdrive.pipeline.outputs import OutputConfig, parse_formats

    visemes = None
    if viseme_map is not None:
        from animdrive.sources.audio.mouth.viseme_maps import read_viseme_maps

        visemes = read_viseme_maps(viseme_map)

    return OutputConfig(
        formats=None if formats is None else parse_formats(formats),
        preview_size_px=size,
        visible_label=visible_label,
        lod=lod,
        deformer=deformer,
        visemes=visemes,
        dat_fps=dat_fps,
        rig=rig,
        retarget=None if retarget is None else Path(retarget),
    )


def _named_number(option: str, text: str) -> tuple[str, float]:
    name, colon, number = text.partition(":")
    try:
        return name.strip(), float(number)
    except ValueError:
        example = "jawOpen:1.2" if option == "--gain" else "mouthSmileLeft:0.1"
        what = f"'{number}' is not a number" if colon else "the number is missing"
        raise InputError(f"{option} {text}: {what}; write it as {example}.") from None
