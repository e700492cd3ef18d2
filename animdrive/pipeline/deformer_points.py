"""A deformer's skin frame after frame, and into point caches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from animdrive.contract import Character, CurveTrack, Provenance
from animdrive.contract.checks import FloatArray
from animdrive.contract.stages import Deformer, Progress, no_progress
from animdrive.errors import InputError
from animdrive.provenance import aigc_label, provenance_dict

_CHUNK = 64
"""Frames of skin that are held at once."""


class SkinFrames:
    """A performance's skin, a chunk of frames at a time: see `animdrive.export.frames.Frames`."""

    def __init__(
        self,
        deformer: Deformer,
        character: Character,
        track: CurveTrack,
        *,
        posed: bool,
        progress: Progress = no_progress,
    ) -> None:
        """Prepare; nothing is made before it is asked for.

        Args:
            deformer: Who makes the skin.
            character: Whose.
            track: What, T frames.
            posed: Whether head and eyes are turned and moved.
            progress: Told of the stage "frames".
        """
        self.character, self.track, self.posed = character, track, posed
        self._deformer, self._progress = deformer, progress

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, V, 3)."""
        return (len(self.track), len(self.character.rig.neutral.vertices), 3)

    def __iter__(self) -> Iterator[FloatArray]:
        """Yield [V, 3] metres, T times."""
        from animdrive.rig.pose import posed_vertices

        track = self.track
        for start, skin in chunks(self._deformer, track):
            for offset, vertices in enumerate(skin):
                frame = start + offset
                if self.posed:
                    yield posed_vertices(
                        self.character,
                        vertices,
                        head_rotation=track.head_rotation[frame],
                        head_position=track.head_position[frame],
                        eye_rotation=track.eye_rotation[frame],
                    )
                else:
                    yield vertices
            self._progress("frames", (start + len(skin)) / len(track))


def chunks(deformer: Deformer, track: CurveTrack) -> Iterator[tuple[int, FloatArray]]:
    """Yield the first frame and the skin [N, V, 3] of chunk after chunk, from the beginning."""
    values = values_of(track, deformer.names)
    reset = getattr(deformer, "reset", None)
    if reset is not None:  # one that remembers what it made before
        reset()
    for start in range(0, len(values), _CHUNK):
        yield start, deformer.run(values[start : start + _CHUNK])


def values_of(track: CurveTrack, names: tuple[str, ...]) -> FloatArray:
    """Return [T, C] curve values in the order of `names`; curves that the track lacks rest."""
    values = np.zeros((len(track), len(names)), dtype=np.float32)
    for column, name in enumerate(names):
        if name in track.names:
            values[:, column] = track.curve(name)
    return values


def write_points(skin: SkinFrames, kind: str, out: Path, *, labels: dict[str, str]) -> None:
    """Write all vertices of every frame, whole or not at all.

    Args:
        skin: The performance.
        kind: "pc2", "mdd", "npz", "abc" or "usdc".
        out: Where.
        labels: What tells that it is synthetic, written where the format has a place for it.

    Raises:
        InputError: no frames, or the file cannot be written.
        BackendError: the format's package is not installed.
    """
    from animdrive.pipeline.capture_write import head_transform

    track, mesh = skin.track, skin.character.rig.neutral
    if not len(track):
        raise InputError(f"{out} was not written: the curves have no frames.")
    # Where the points themselves move with the head, their transform stays still.
    still = np.tile(np.eye(4, dtype=np.float32), (len(track), 1, 1))
    heads = still if skin.posed else head_transform(track, skin.character)
    times = np.arange(len(track)) / track.fps
    if kind == "pc2":
        from animdrive.export.point_cache import write_pc2

        write_pc2(skin, out)
    elif kind == "mdd":
        from animdrive.export.mdd import write_mdd

        write_mdd(skin, times, out)
    elif kind == "npz":
        from animdrive.export.npz_cache import write_npz

        write_npz(skin, out, beside=_beside(skin.character, track, heads, labels))
    elif kind == "abc":
        from animdrive.export.alembic_cache import write_alembic_points

        write_alembic_points(skin, heads, track.fps, mesh, out, name="performance")
    else:
        from animdrive.export.usd_cache import write_usd_points

        write_usd_points(skin, times, track, heads, mesh, out, labels=labels)


def _beside(
    character: Character, track: CurveTrack, heads: FloatArray, labels: dict[str, str]
) -> dict[str, Any]:
    """Return what an npz has beside the vertices."""
    neutral = character.rig.neutral
    return {
        "faces": neutral.faces,
        "uv": neutral.uv,
        "rest": neutral.vertices,
        "fps": np.array(track.fps),
        "start_s": np.array(track.start_s),
        "names": np.array(track.names),
        "values": track.values,
        "head_transform": heads,
        **{name: np.array(text) for name, text in labels.items()},
    }


def labels_of(provenance: Provenance) -> dict[str, str]:
    """Return what tells that a file is synthetic."""
    generator = str(provenance_dict(provenance)["generator"])
    return {"AIGC": aigc_label(provenance), "generator": generator}
