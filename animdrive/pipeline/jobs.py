"""The two main jobs, a spoken line and a clip of a face, and the conversion of curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from animdrive.contract import CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Deformer, Layer, Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import existing_file, output_folder
from animdrive.pipeline.audio_assist import with_audio
from animdrive.pipeline.outputs import (
    JobResult,
    OutputConfig,
    Performance,
    check_formats,
    check_not_overwriting,
    face_weights,
    shipped_weights,
    skin_maker,
    skin_once,
    write_outputs,
)
from animdrive.pipeline.own_rig import check_own_rig
from animdrive.pipeline.person import KnownPerson, known_person
from animdrive.provenance import provenance_of

if TYPE_CHECKING:
    from animdrive.media.video import VideoInfo
    from animdrive.sources.audio.speech import SpeechConfig
    from animdrive.sources.audio.timings.timings import Timings
    from animdrive.sources.video.face import FaceConfig

_SPEECH_HZ = 16_000
_TRACKED_SIDE_PX = 1280
_EASE_S = 0.15


@dataclass(frozen=True)
class LayerConfig:
    """What is blended on top of a performance."""

    emotions: dict[str, float] = field(default_factory=dict)
    """Emotion → amount 0..1."""
    gains: dict[str, float] = field(default_factory=dict)
    """Curve → factor, before emotions."""
    offsets: dict[str, float] = field(default_factory=dict)
    """Curve → what is added, -1..1, before emotions."""

    def applied(
        self, track: CurveTrack, mood: Mapping[str, npt.NDArray[np.float64]] | None = None
    ) -> CurveTrack:
        """Return `track` with these layers on it; the same object where there are none.

        Args:
            track: The performance, T frames.
            mood: Emotion → [T] amounts 0..1 that the source itself asks for, under `emotions`.

        Raises:
            InputError: an unknown emotion or curve, or a number out of range.
        """
        from animdrive.layers.emotion import EmotionLayer
        from animdrive.layers.gain import GainOffset
        from animdrive.layers.mood import MoodLayer
        from animdrive.layers.stack import Stack

        layers: list[Layer] = []
        if self.gains or self.offsets:
            layers.append(GainOffset(self.gains, self.offsets))
        if mood:
            layers.append(MoodLayer(mood))
        if self.emotions:
            layers.append(EmotionLayer(self.emotions))
        return Stack(layers).apply(track)

    def check(self) -> None:
        """Raise InputError for a wrong name or number, before long work begins."""
        from animdrive.contract import ARKIT52

        self.applied(CurveTrack(ARKIT52, 30.0, [[0.0] * len(ARKIT52)]))  # type: ignore[arg-type]


def animate_audio(
    line: Path,
    folder: Path,
    *,
    text: str | None = None,
    timings: Path | None = None,
    config: SpeechConfig | None = None,
    layers: LayerConfig | None = None,
    output: OutputConfig | None = None,
    keep: tuple[Path, ...] = (),
    progress: Progress = no_progress,
) -> JobResult:
    """Turn a recording of speech into an animated face in `folder`.

    Args:
        line: Any sound file, or a video with a sound track.
        folder: Where the files go; made where it is missing.
        text: What is said, or None to have it recognised.
        timings: File that says what is said when, see `animdrive.sources.audio.timings.timings`;
            then `text` is not used.
        config: Settings of the front end.
        layers: Emotion, gains and offsets.
        output: Formats and preview.
        keep: Files beside the recording that no result may replace, such as the transcript's.
        progress: Told of each stage.

    Raises:
        InputError: the recording, the timings, a setting or the folder cannot be used.
    """
    from animdrive.media.audio import probe_audio
    from animdrive.rig.head import load_head
    from animdrive.sources.audio.speech import SpeechConfig
    from animdrive.sources.audio.timings.timings import read_timings

    config, layers, output = (
        config or SpeechConfig(),
        layers or LayerConfig(),
        output or OutputConfig(),
    )
    layers.check()
    check_own_rig(output)
    skin = skin_once(output.head_deformer, load_head().rig)
    line = existing_file(Path(line), "recording")
    given = None if timings is None else read_timings(timings)
    keep = keep if given is None else (*keep, given.path)
    check_not_overwriting(line.stem, folder, (line, *keep), output)
    probe_audio(line)
    with output_folder(folder) as folder:
        return _audio_job(line, folder, text, given, config, layers, output, skin, progress)


def _audio_job(
    line: Path,
    folder: Path,
    text: str | None,
    timings: Timings | None,
    config: SpeechConfig,
    layers: LayerConfig,
    output: OutputConfig,
    skin: Callable[[], Deformer],
    progress: Progress,
) -> JobResult:
    from animdrive.media.audio import read_audio
    from animdrive.rig.head import load_head
    from animdrive.sources.audio.mouth.visemes import viseme_segments
    from animdrive.sources.audio.speech import speech_curves

    result = JobResult()
    clock = perf_counter()
    progress("read", 0.0)
    audio = read_audio(line, sample_rate=_SPEECH_HZ, report=result.notes.append)
    progress("read", 1.0)
    clock = result.timed("read", clock)
    speech = speech_curves(audio, text, timings=timings, config=config, progress=progress)
    clock = result.timed("speech to curves", clock)
    track = layers.applied(speech.track, speech.mood)
    result.timed("layers", clock)
    result.notes += speech.notes
    result.figures = {
        "duration_s": round(audio.duration_s, 3),
        "frames": len(track),
        "fps": track.fps,
        "text": speech.text,
        "phones": sum(phone.label != "SIL" for phone in speech.phones.phones),
        "breaths": len(speech.breaths),
    }
    settings = {**asdict(config), "transcript": text is not None, **asdict(layers)}
    if timings is not None:
        settings["timings"] = timings.kind
    visemes = speech.visemes
    if output.visemes is not None:
        visemes = viseme_segments(speech.phones, classes=output.visemes.classes)
    character = load_head()
    performance = Performance(
        name=line.stem,
        character=character,
        track=track,
        provenance=provenance_of(
            (line,) if timings is None else (line, timings.path),
            backend="audio/given phones"
            if timings is not None and timings.phones
            else f"audio/{config.aligner}",
            config=settings,
            weights=shipped_weights(*face_weights(output.head_deformer, character.rig)),
            seed=config.seed,
        ),
        skin=skin,
        phones=speech.phones,
        visemes=visemes,
        sound=line,
    )
    write_outputs(performance, folder, result, config=output, progress=progress)
    return result


def animate_video(
    clip: Path,
    folder: Path,
    *,
    config: FaceConfig | None = None,
    layers: LayerConfig | None = None,
    output: OutputConfig | None = None,
    profile: Path | None = None,
    audio_assist: bool = False,
    sheet: bool = True,
    progress: Progress = no_progress,
) -> JobResult:
    """Turn a clip of a face into an animated face in `folder`.

    Args:
        clip: Any video with a face in it.
        folder: Where the files go; made where it is missing.
        config: Settings of the front end.
        layers: Emotion, gains and offsets.
        output: Formats and preview.
        profile: Who is in the clip, a file of 'animdrive calibrate'; None finds it in the clip.
        audio_assist: Whether what is said in the clip sharpens closures and tongue.
        sheet: Whether to draw a contact sheet of the take.
        progress: Told of each stage.

    Raises:
        InputError: the clip, a setting or the folder cannot be used, or nobody's face is in it.
    """
    from animdrive.media.video import probe_video
    from animdrive.rig.head import load_head
    from animdrive.sources.video.face import FaceConfig

    config, layers, output = (
        config or FaceConfig(),
        layers or LayerConfig(),
        output or OutputConfig(),
    )
    layers.check()
    check_own_rig(output)
    skin = skin_once(output.head_deformer, load_head().rig)
    check_formats(output.formats, has_phones=False)
    clip = existing_file(Path(clip), "clip")
    given = (clip,) if profile is None else (clip, profile)
    check_not_overwriting(clip.stem, folder, given, output)
    known, config = known_person(profile, config)
    if config.landmarker is not None:
        from animdrive.sources.video.tracking.tasks import check_landmarker

        check_landmarker(config.landmarker)
    info = probe_video(clip)
    with output_folder(folder) as folder:
        return _video_job(
            clip, folder, info, config, layers, output, skin, known, audio_assist, sheet, progress
        )


def _video_job(
    clip: Path,
    folder: Path,
    info: VideoInfo,
    config: FaceConfig,
    layers: LayerConfig,
    output: OutputConfig,
    skin: Callable[[], Deformer],
    known: KnownPerson | None,
    audio_assist: bool,
    sheet: bool,
    progress: Progress,
) -> JobResult:
    from animdrive.media.video import read_frames
    from animdrive.pipeline.video_report import write_report
    from animdrive.rig.head import load_head
    from animdrive.sources.video.face import face_curves

    result = JobResult()
    character = load_head()
    clock = perf_counter()
    frames = read_frames(clip, max_side_px=_TRACKED_SIDE_PX, report=result.notes.append)
    try:
        face = face_curves(
            frames,
            character,
            config=config,
            person=None if known is None else known.person,
            progress=progress,
            expected_frames=info.frame_count,
        )
    except InputError as error:
        raise InputError(f"{clip}: {error}") from error
    clock = result.timed("video to curves", clock)
    track = from_time_zero(face.track)
    assisted: dict[str, object] = {}
    if audio_assist:
        track, assisted = with_audio(clip, info, track, character, result, progress=progress)
        clock = result.timed("audio assist", clock)
    track = layers.applied(track)
    result.timed("layers", clock)
    result.notes += face.notes
    result.figures = {
        "duration_s": round(track.duration_s, 3),
        "source_frames": len(face.landmarks),
        "frames": len(track),
        "fps": round(track.fps, 4),
        "found_share": round(face.found_share, 4),
        "size_px": [info.width_px, info.height_px],
        **assisted,
    }
    performance = Performance(
        name=clip.stem,
        character=character,
        track=track,
        provenance=provenance_of(
            (
                clip,
                *(() if known is None else (known.path,)),
                *(() if config.landmarker is None else (config.landmarker,)),
            ),
            backend=f"video/{config.tracker if config.landmarker is None else 'tasks'}",
            config={
                **asdict(config),
                "landmarker": None if config.landmarker is None else config.landmarker.name,
                **asdict(layers),
                "audio_assist": audio_assist,
            },
            weights=shipped_weights(
                *face_weights(output.head_deformer, character.rig),
                *(("face_regressor",) if config.solver == "learned" else ()),
            ),
        ),
        skin=skin,
        sound=clip if info.has_audio else None,
        source_frames=lambda: read_frames(clip, max_side_px=_TRACKED_SIDE_PX),
    )
    write_outputs(performance, folder, result, config=output, progress=progress)
    clock = perf_counter()
    write_report(
        performance,
        face.landmarks,
        folder,
        result,
        sheet=sheet,
        visible_label=output.visible_label,
        progress=progress,
    )
    result.timed("report", clock)
    return result


def from_time_zero(track: CurveTrack) -> CurveTrack:
    """Return `track` with frames at rest in front, from time 0 on.

    A picture may begin later than the sound. Files without a start time would run ahead of the
    sound by as much. The face eases in over the last `_EASE_S` before it is first seen.
    """
    count = round(track.start_s * track.fps)
    if count <= 0:
        return track
    share = np.clip(1 - (count - np.arange(count)) / (_EASE_S * track.fps), 0, 1)
    share = (share * share * (3 - 2 * share)).astype(np.float32)

    def padded(values: FloatArray) -> FloatArray:
        lead = share.reshape(-1, *[1] * (values.ndim - 1)) * values[:1]
        return np.asarray(np.concatenate([lead, values]), dtype=np.float32)

    return CurveTrack(
        names=track.names,
        fps=track.fps,
        values=padded(track.values),
        head_rotation=padded(track.head_rotation),
        head_position=padded(track.head_position),
        eye_rotation=padded(track.eye_rotation),
        confidence=np.concatenate([np.zeros(count, np.float32), track.confidence]),
    )


def convert_curves(
    source: Path, target: Path, *, lod: str = "standard", deformer: str = "auto"
) -> JobResult:
    """Read curves in one format and write them in another, told by the suffixes.

    Args:
        source: Curves, in any format that can be read.
        target: File to write.
        lod: Level of detail of the face in a GLB: "low", "standard" or "high".
        deformer: What makes skin of curves in a GLB, see `OutputConfig.deformer`.

    Raises:
        InputError: an unknown suffix or level, a file that cannot be used or be written.
    """
    from animdrive.export import CURVE_WRITERS, read_curves, write_curves

    source, target = existing_file(Path(source), "curve file"), Path(target)
    suffix = target.suffix.lower().removeprefix(".")
    if suffix not in CURVE_WRITERS:
        known = ", ".join(f".{name}" for name in CURVE_WRITERS.names())
        raise InputError(f"Cannot write curves as '{target.name}'. Known: {known}.")
    if target.exists() and target.samefile(source):
        raise InputError(f"{target} is the input itself. Name another file.")
    if lod != "standard" and suffix != "glb":
        raise InputError(f"A level of detail is for a GLB; .{suffix} holds curves alone.")
    if deformer != "auto" and suffix != "glb":
        raise InputError(f"A deformer is for a GLB; .{suffix} holds curves alone.")
    result = JobResult()
    clock = perf_counter()
    track, notes = read_curves(source)
    clock = result.timed("read", clock)
    if suffix == "glb":  # it carries a character, and so says where it comes from
        from animdrive.export.gltf import write_glb
        from animdrive.pipeline.deformer_targets import targets_at
        from animdrive.rig.head import load_head
        from animdrive.rig.lod import character_at

        head = load_head()
        weights = shipped_weights(*face_weights(deformer, head.rig))
        learned = targets_at(head, lod, skin_maker(deformer, head.rig), track)
        provenance = provenance_of((source,), backend="convert", config={}, weights=weights)
        write_glb(character_at(head, lod), track, target, provenance=provenance, learned=learned)
    else:
        write_curves(track, target)
    result.timed("write", clock)
    result.notes += notes
    result.outputs[suffix] = target
    result.figures = {
        "frames": len(track),
        "fps": round(track.fps, 4),
        "duration_s": round(track.duration_s, 3),
        "start_s": round(track.start_s, 4),
        "curves": len(track.names),
    }
    return result
