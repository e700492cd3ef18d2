"""Curves to a table of what the skin does: performances found, deformed and measured in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from animdrive.contract import Character, CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Deformer, Progress, no_progress
from animdrive.errors import InputError
from animdrive.files import existing_file, output_folder
from animdrive.pipeline.outputs import JobResult, skin_maker
from animdrive.pipeline.speech_outputs import SPEECH_SUFFIXES

if TYPE_CHECKING:
    from animdrive.rig.skin_measures import SkinMeasures

SUFFIX = "measure.tsv"
"""What follows ``NAME.`` in the names of the tables."""
_PREFERRED = ("json", "glb", "gltf", "csv")
"""Which file of a performance is read, the first that is there: a CSV tells its rate less well."""
_BESIDE = tuple(
    f".{suffix.lower()}"
    for suffix in ("provenance.json", *(name for all_ in SPEECH_SUFFIXES.values() for name in all_))
)
"""Ends of the names of files that a job writes beside its curves."""


def measure_skin(
    source: Path,
    folder: Path | None = None,
    *,
    character: Character | None = None,
    deformer: str = "auto",
    progress: Progress = no_progress,
) -> JobResult:
    """Write what the skin does in each frame of `source` to ``NAME.measure.tsv``.

    Skin is made and measured in chunks of frames; only the curves of a take are held as a whole.
    What is measured: `animdrive.rig.skin_measures.SkinMeasures.measure`. Rest is the face that the
    deformer makes of curves at 0.

    Args:
        source: A file of curves, in any format that can be read; or a folder, of which every
            performance is measured: files with the same stem are one, and of these the first of
            JSON, GLB, CSV counts. Folders in it are not looked into.
        folder: Where tables go; None puts them beside the curves.
        character: Whose skin, of our topology; None takes our head.
        deformer: What makes the skin, as in `OutputConfig.deformer`.
        progress: Told of each performance.

    Returns:
        Outputs and figures by the names of the performances.

    Raises:
        InputError: no curves, curves that cannot be used, a character that cannot be measured or
            that the deformer was not made for, a folder that cannot be written.
    """
    from animdrive.deformer.shipped import default_deformer
    from animdrive.rig.head import load_head
    from animdrive.rig.skin_measures import SkinMeasures

    source = Path(source)
    found = _performances(source)
    result = JobResult()
    clock = perf_counter()
    character = character or load_head()
    deformer = default_deformer(character.rig) if deformer == "auto" else deformer
    skin = skin_maker(deformer, character.rig)
    rest = _rest_of(skin)
    ruler = SkinMeasures(character, rest=rest)
    clock = result.timed("load", clock)
    refused: list[InputError] = []
    into = (source if source.is_dir() else source.parent) if folder is None else Path(folder)
    with output_folder(into) as into:
        for name, paths in found.items():
            read, errors = _first_readable(paths)
            clock = result.timed("read", clock)
            if read is None:
                refused += errors
                continue
            path, track, notes = read
            result.notes += [f"{error} {path.name} was measured instead." for error in errors]
            result.notes += [f"{path.name}: {note}" for note in notes]
            target = into / f"{name}.{SUFFIX}"
            figures = _measured(track, skin, ruler, target, f"measure {name}", progress)
            result.outputs[name] = target
            result.figures[name] = {"source": str(path), "deformer": deformer, **figures}
            clock = result.timed("measure", clock)
        if not result.outputs:
            raise refused[0]
    result.notes += [f"Not measured: {error}" for error in refused]
    return result


def _performances(source: Path) -> dict[str, list[Path]]:
    """Return name → the files with its curves, the preferred one first.

    Raises:
        InputError: there is no such file or folder, or no curves are in it.
    """
    if not source.is_dir():
        path = existing_file(source, "curve file")
        return {path.stem: [path]}
    found: dict[str, list[Path]] = {}
    try:
        inside = sorted(source.iterdir())
    except OSError as error:
        raise InputError(f"{source} cannot be opened: {error.strerror}.") from error
    for path in inside:
        suffix = path.suffix.lower().removeprefix(".")
        beside = path.name.lower().endswith(_BESIDE) or path.name.startswith(".")
        if suffix in _PREFERRED and not beside and path.is_file():
            found.setdefault(path.stem, []).append(path)
    if not found:
        known = ", ".join(f".{name}" for name in _PREFERRED)
        raise InputError(
            f"{source} holds no curves ({known}). Give a folder that 'animdrive audio' or 'video' "
            "made, or a file of curves."
        )
    for paths in found.values():
        paths.sort(key=lambda path: _PREFERRED.index(path.suffix.lower().removeprefix(".")))
    return found


def _first_readable(
    paths: list[Path],
) -> tuple[tuple[Path, CurveTrack, tuple[str, ...]] | None, list[InputError]]:
    """Return the first of `paths` that holds curves, if one does, and why those before do not."""
    from animdrive.export import read_curves

    errors: list[InputError] = []
    for path in paths:
        try:
            track, notes = read_curves(path)
        except InputError as error:
            errors.append(error)
        else:
            return (path, track, notes), errors
    return None, errors


def _rest_of(deformer: Deformer) -> FloatArray:
    """Return [V, 3] metres, the face of curves at 0."""
    reset = getattr(deformer, "reset", None)
    if reset is not None:
        reset()
    rest: FloatArray = deformer.run(np.zeros((1, len(deformer.names)), dtype=np.float32))[0]
    return rest


def _measured(
    track: CurveTrack,
    deformer: Deformer,
    ruler: SkinMeasures,
    target: Path,
    stage: str,
    progress: Progress,
) -> dict[str, Any]:
    """Write the table of `track`; return its figures."""
    from animdrive.export.measures_tsv import Block, write_measures_tsv
    from animdrive.pipeline.deformer_points import chunks
    from animdrive.rig.skin_measures import COLUMNS

    total = np.zeros(len(COLUMNS))
    least, most = np.full(len(COLUMNS), np.inf), np.full(len(COLUMNS), -np.inf)
    times = track.times_s

    def blocks() -> Iterator[Block]:
        progress(stage, 0.0)
        for start, skin in chunks(deformer, track):
            values = ruler.measure(skin)
            np.add(total, values.sum(axis=0), out=total)
            np.minimum(least, values.min(axis=0), out=least)
            np.maximum(most, values.max(axis=0), out=most)
            stop = start + len(values)
            yield times[start:stop], values
            progress(stage, stop / len(track))

    write_measures_tsv(COLUMNS, blocks(), target)
    mean = total / len(track)
    return {
        "frames": len(track),
        "fps": round(track.fps, 4),
        "duration_s": round(track.duration_s, 3),
        "start_s": round(track.start_s, 4),
        "columns": {
            name: {"mean": round(float(a), 4), "min": round(float(b), 4), "max": round(float(c), 4)}
            for name, a, b, c in zip(COLUMNS, mean, least, most, strict=True)
        },
    }
