"""Making 4D captures: what is performed, by whom, through the simulator, into a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from animdrive.contract import Character, CurveTrack, Provenance
from animdrive.contract.stages import Progress, SimulatorFactory, no_progress
from animdrive.errors import InputError
from animdrive.files import existing_file, output_folder, write_text
from animdrive.pipeline.capture_settings import (
    CaptureConfig,
    capture_settings,
    described_capture,
    digest_of,
    digest_of_take,
    take_path,
)
from animdrive.pipeline.capture_work import simulated
from animdrive.pipeline.capture_write import (
    captured_take,
    check_formats,
    is_whole,
    read_truth,
    write_base,
    write_caches,
    write_take_file,
    write_truth,
)
from animdrive.pipeline.outputs import JobResult, shipped_weights
from animdrive.provenance import provenance_of
from animdrive.rig.lod import character_at, vertices_at
from animdrive.tissue.faults import faulted
from animdrive.tissue.take_spoken import Speak, SpokenLine
from animdrive.tissue.takes import PlannedTakes, plan_takes

DESCRIPTION = "capture.json"


def make_capture(
    folder: Path,
    *,
    character: Character,
    simulator: SimulatorFactory,
    config: CaptureConfig | None = None,
    clips: Sequence[Path] = (),
    workers: int = 1,
    inputs: Sequence[Path] = (),
    weights: Sequence[str] = ("head",),
    progress: Progress = no_progress,
) -> JobResult:
    """Make a 4D capture of `character` in `folder`.

    Run again with the same settings, it keeps the takes that are whole and makes the others.

    Args:
        folder: Where to; made where it is missing. Either empty or a capture of these settings.
        character: Whose face, at the standard level; the simulator must be of the same face.
        simulator: Builds what makes skin of curves.
        config: Settings.
        clips: Videos of faces, for takes of kind "clips".
        workers: Processes that simulate; 0 works in this one. Their number changes no result.
        inputs: Files that `character` was made from, for the provenance.
        weights: Names of the shipped files that take part, for the provenance.
        progress: Told of the stages.

    Raises:
        InputError: a setting, a clip or the folder cannot be used.
        BackendError: a format needs a package that is not installed.
        ContractError: the simulator gives no finite skin of this face.
    """
    config = config or CaptureConfig()
    clips = [existing_file(Path(clip), "clip") for clip in clips]
    check_formats(config.formats)
    made_by = simulator.settings
    result = JobResult()
    clock = perf_counter()
    with output_folder(folder) as folder:
        described = provenance_of(
            tuple((*inputs, *clips)),
            backend="capture",
            config={},
            weights=shipped_weights(*weights),
            seed=config.seed,
        )
        named = [row for row in described.inputs if row[0] in {clip.name for clip in clips}]
        settings = capture_settings(config, character, made_by, named)
        _check_folder(folder, settings)
        provenance = Provenance(
            inputs=described.inputs,
            backend="capture",
            config={"takes": list(config.kinds), "simulator": dict(made_by)},
            weights=described.weights,
            version=described.version,
            seed=config.seed,
        )
        planned = _planned(config, character, clips, result, progress)
        clock = result.timed("plan", clock)
        shown = character_at(character, config.level)
        _describe(folder, settings, planned, provenance, shown, whole=False)
        write_base(folder, shown, provenance, progress)
        clock = result.timed("base", clock)
        _capture(folder, settings, planned, provenance, character, simulator, config, workers,
                 result, progress)  # fmt: skip
        result.timed("simulate", clock)
        _describe(folder, settings, planned, provenance, shown, whole=True)
    return result


def speaker(fps: float) -> Speak:
    """Return what says a line with espeak-ng and turns the sound into curves at `fps`."""
    from animdrive.media.audio import resampled
    from animdrive.pipeline.jobs import LayerConfig
    from animdrive.sources.audio.speech import SpeechConfig, speech_curves
    from animdrive.sources.audio.voice import speak

    def say(line: SpokenLine) -> CurveTrack:
        sound = speak(line.text, voice=line.voice, words_per_minute=line.words_per_minute)
        config = SpeechConfig(fps=fps, seed=line.seed, language=line.language)
        audio = resampled(sound, sample_rate=16_000)
        track = speech_curves(audio, line.text, config=config).track
        emotion, amount = line.emotion
        return LayerConfig(emotions={emotion: amount} if amount else {}).applied(track)

    return say


def filmed(clip: Path, character: Character, fps: float) -> CurveTrack:
    """Return the curves of a video of a face at `fps`."""
    from animdrive.media.video import read_frames
    from animdrive.sources.video.face import FaceConfig, face_curves

    try:
        return face_curves(
            read_frames(clip, max_side_px=1280), character, config=FaceConfig(fps=fps)
        ).track
    except InputError as error:
        raise InputError(f"{clip}: {error}") from error


def _planned(
    config: CaptureConfig,
    character: Character,
    clips: Sequence[Path],
    result: JobResult,
    progress: Progress,
) -> PlannedTakes:
    progress("plan", 0.0)
    tracks = [(clip.stem, filmed(clip, character, config.fps)) for clip in clips]
    progress("plan", 0.3)
    say = speaker(config.fps) if "speech" in config.kinds else None
    planned = plan_takes(config.plan(), speak=say, clips=tracks)
    progress("plan", 1.0)
    result.notes += planned.notes
    return planned


def _capture(
    folder: Path,
    settings: Mapping[str, Any],
    planned: PlannedTakes,
    provenance: Provenance,
    character: Character,
    simulator: SimulatorFactory,
    config: CaptureConfig,
    workers: int,
    result: JobResult,
    progress: Progress,
) -> None:
    """Write the takes that are not there yet, each as soon as it is simulated."""
    from animdrive.export.take_file import read_take

    digests = {take.name: digest_of_take(settings, take) for take in planned.takes}
    shown = character_at(character, config.level)
    rest = shown.rig.neutral.vertices
    missing = [take for take in planned.takes if not is_whole(folder, take, digests[take.name])]
    for take in planned.takes:
        if take not in missing:  # whole, but perhaps not in every format that is asked for now
            lacking = [
                name
                for name in config.formats
                if name != "safetensors" and not take_path(folder, take.name, name).is_file()
            ]
            if lacking:
                kept = read_take(take_path(folder, take.name, "safetensors"), rest)
                write_caches(folder, kept, shown, lacking, provenance)
    count = len(character.rig.neutral.vertices)
    for take, skin in simulated(missing, simulator, count, workers=workers, progress=progress):
        captured = captured_take(take, vertices_at(character, config.level, skin), shown)
        if config.faults.any():
            rng = np.random.default_rng([config.seed, *digests[take.name].encode()[:8]])
            captured, truth = faulted(captured, shown.rig.neutral.faces, config.faults, rng)
            write_truth(take_path(folder, take.name, "truth"), truth)
        write_caches(folder, captured, shown, config.formats, provenance)
        # The file that makes a take whole comes last.
        write_take_file(folder, captured, rest, digests[take.name], provenance)
    result.figures |= {
        "takes": len(planned.takes),
        "kept": len(planned.takes) - len(missing),
        "vertices": len(rest),
        "fps": config.fps,
        "duration_s": round(sum(take.track.duration_s for take in planned.takes), 3),
        "frames": sum(len(take.track) for take in planned.takes),
        "frames_train": sum(len(t.track) for t in planned.takes if t.split == "train"),
        "frames_held_out": sum(len(t.track) for t in planned.takes if t.split == "held_out"),
    }
    result.outputs |= {"capture": folder / DESCRIPTION, "base": folder / "base.glb"}


def _describe(
    folder: Path,
    settings: Mapping[str, Any],
    planned: PlannedTakes,
    provenance: Provenance,
    character: Character,
    *,
    whole: bool,
) -> None:
    truths = {}
    for take in planned.takes:
        path = take_path(folder, take.name, "truth")
        if path.is_file():
            truths[take.name] = read_truth(path)
    description = described_capture(
        settings,
        planned.takes,
        provenance,
        whole=whole,
        names=character.rig.names,
        vertices=len(character.rig.neutral.vertices),
        held={
            "pairs": [list(pair) for pair in planned.held_pairs],
            "emotion_mixtures": [list(mixture) for mixture in planned.held_mixtures],
            "sentences": [
                take.about
                for take in planned.takes
                if take.kind == "speech" and take.split == "held_out"
            ],
        },
        truths=truths,
        notes=planned.notes,
    )
    text = json.dumps(description, indent=1, ensure_ascii=False)
    write_text(folder / DESCRIPTION, text + "\n")


def _check_folder(folder: Path, settings: Mapping[str, Any]) -> None:
    """Raise InputError unless `folder` is empty or holds (part of) a capture of these settings."""
    path = folder / DESCRIPTION
    if not path.is_file():
        if any(not entry.name.startswith(".part-") for entry in folder.iterdir()):
            raise InputError(
                f"{folder} has files in it, but no {DESCRIPTION}. Choose an empty folder."
            )
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        before, digest = found["settings"], found["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged. Remove the folder, or choose another one.") from error
    if digest != digest_of(settings):
        changed = sorted(
            key for key in {*before, *settings} if before.get(key) != settings.get(key)
        )
        raise InputError(
            f"{folder} holds a capture of other settings ({', '.join(changed)}); nothing was "
            f"changed. Choose another folder, or remove this one."
        )
