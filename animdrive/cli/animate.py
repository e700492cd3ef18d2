"""``animdrive audio`` and ``animdrive video``: a recording becomes an animated face."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animdrive.cli.console import print_result, shown_progress
from animdrive.cli.options import (
    CAPTURED,
    AsJson,
    AutoEmotion,
    Breaths,
    Captured,
    DeformerName,
    Effort,
    Emotion,
    Formats,
    Gain,
    Lod,
    MouthModelFile,
    Offset,
    Out,
    Retarget,
    RigFile,
    Size,
    VisibleLabel,
    layer_config,
    output_config,
)
from animdrive.errors import InputError


def audio_cli(
    line: Annotated[Path, typer.Argument(help="Sound file, or a video with a sound track.")],
    out: Out,
    text: Annotated[str | None, typer.Option(help="What is said. Makes timing exact.")] = None,
    text_file: Annotated[Path | None, typer.Option(help="File with what is said, UTF-8.")] = None,
    timings: Annotated[
        Path | None,
        typer.Option(
            help="What is said when, taken as it is: phones, words or lines of a .TextGrid, .tsv, "
            ".json (MFA, WhisperX), .srt or .vtt."
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            help="Language that is spoken: en, zh, de, es, fr, ja or any other code of espeak-ng; "
            "auto tells it from the script of the text, Latin letters being English; without a "
            "text it is English, unless it does not sound so."
        ),
    ] = "auto",
    aligner: Annotated[
        str,
        typer.Option(
            help="What finds phones in the sound: acoustic (our own network, any language) or "
            "pocketsphinx (English phones)."
        ),
    ] = "acoustic",
    emotion: Emotion = None,
    gain: Gain = None,
    offset: Offset = None,
    fps: Annotated[float, typer.Option(help="Frames per second, 1..240.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Seed of blinks, glances and head motion.")] = 0,
    jaw: Annotated[float, typer.Option(help="How far the jaw opens, 0..2.")] = 1.0,
    lips: Annotated[float, typer.Option(help="How strongly lips are shaped, 0..2.")] = 1.0,
    captured: Captured = CAPTURED,
    mouth_model: MouthModelFile = None,
    effort: Effort = 1.0,
    breaths: Breaths = True,
    auto_emotion: AutoEmotion = 0.0,
    formats: Formats = None,
    size: Size = 512,
    visible_label: VisibleLabel = False,
    lod: Lod = "standard",
    deformer: DeformerName = "auto",
    rig: RigFile = None,
    retarget: Retarget = None,
    viseme_map: Annotated[
        Path | None,
        typer.Option(help="JSON table of phones and visemes, in place of the documented ones."),
    ] = None,
    dat_fps: Annotated[
        float, typer.Option(help="Frames per second of rhubarb-dat, 24..100.")
    ] = 24.0,
    as_json: AsJson = False,
) -> None:
    """Turn a spoken line into curves, a GLB and a preview.

    Example: animdrive audio line.wav -o out --text "Hello there."
    """
    from animdrive.pipeline.jobs import animate_audio
    from animdrive.sources.audio.expression.expression import ExpressionConfig
    from animdrive.sources.audio.mouth.curves import MouthConfig
    from animdrive.sources.audio.speech import SpeechConfig

    if timings is not None and (text is not None or text_file is not None):
        raise InputError("--timings says what is said, too; leave --text and --text-file out.")
    output = output_config(
        formats, size, visible_label, lod, deformer, viseme_map, dat_fps, rig, retarget
    )
    layers = layer_config(emotion, gain, offset)
    config = SpeechConfig(
        fps=fps,
        seed=seed,
        language=language,
        aligner=aligner,
        mouth=MouthConfig(jaw=jaw, lips=lips, captured=captured),
        mouth_model=mouth_model,
        expression=ExpressionConfig(effort=effort, breaths=breaths, auto_emotion=auto_emotion),
    )
    with shown_progress() as progress:
        result = animate_audio(
            line,
            out,
            text=_transcript(text, text_file),
            config=config,
            layers=layers,
            output=output,
            timings=timings,
            keep=tuple(path for path in (text_file, viseme_map) if path is not None),
            progress=progress,
        )
    print_result("audio", str(line), result, as_json=as_json)


def _transcript(text: str | None, text_file: Path | None) -> str | None:
    from animdrive.files import existing_file

    if text is not None and text_file is not None:
        raise InputError("--text and --text-file are both given; use one.")
    if text_file is None:
        return text
    try:
        return existing_file(text_file, "text file").read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{text_file} is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from error


def video_cli(
    clip: Annotated[Path, typer.Argument(help="Video of a face: mp4, mov, webm, avi, mkv.")],
    out: Out,
    emotion: Emotion = None,
    gain: Gain = None,
    offset: Offset = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second, 1..240. Default: the clip's own.")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Who is in the clip, of 'animdrive calibrate'.")
    ] = None,
    audio_assist: Annotated[
        bool,
        typer.Option(
            "--audio-assist", help="Sharpen closures and tongue by what is said in the clip."
        ),
    ] = False,
    face: Annotated[
        str,
        typer.Option(
            help="Whose face: largest, left, right, a number counted by size, or x,y in pixels."
        ),
    ] = "largest",
    landmarker: Annotated[
        Path | None,
        typer.Option(help="A face_landmarker.task of MediaPipe to track with. Default: Face Mesh."),
    ] = None,
    sheet: Annotated[
        bool,
        typer.Option(help="Draw a contact sheet: the clip, its landmarks and our face, as PNG."),
    ] = True,
    formats: Formats = None,
    size: Size = 512,
    visible_label: VisibleLabel = False,
    lod: Lod = "standard",
    deformer: DeformerName = "auto",
    rig: RigFile = None,
    retarget: Retarget = None,
    as_json: AsJson = False,
) -> None:
    """Turn a clip of a face into curves, a GLB and a preview beside the clip.

    Example: animdrive video clip.mp4 -o out
    """
    from animdrive.pipeline.jobs import animate_video
    from animdrive.sources.video.face import FaceConfig

    output = output_config(formats, size, visible_label, lod, deformer, rig=rig, retarget=retarget)
    layers = layer_config(emotion, gain, offset)
    with shown_progress() as progress:
        result = animate_video(
            clip,
            out,
            config=FaceConfig(fps=fps, face=face, landmarker=landmarker),
            layers=layers,
            output=output,
            profile=profile,
            audio_assist=audio_assist,
            sheet=sheet,
            progress=progress,
        )
    print_result("video", str(clip), result, as_json=as_json)


def convert_cli(
    source: Annotated[Path, typer.Argument(help="Curves: .csv (Live Link Face), .json, .glb.")],
    target: Annotated[Path, typer.Argument(help="File to write; its suffix names the format.")],
    lod: Lod = "standard",
    deformer: DeformerName = "auto",
    as_json: AsJson = False,
) -> None:
    """Convert curves between formats.

    Example: animdrive convert take.csv take.glb
    """
    from animdrive.pipeline.jobs import convert_curves

    result = convert_curves(source, target, lod=lod, deformer=deformer)
    print_result("convert", str(source), result, as_json=as_json)
