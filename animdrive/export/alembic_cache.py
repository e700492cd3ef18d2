"""Skin over time as Alembic, by way of Blender's Python module.

Blender is GPL: it is an extra that one may install, and only this file talks to it.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from animdrive.contract import Mesh
from animdrive.contract.capture import CapturedTake
from animdrive.contract.checks import FloatArray
from animdrive.errors import BackendError, InputError
from animdrive.export.frames import Frames
from animdrive.export.point_cache import write_pc2
from animdrive.files import written_aside

CURE = "Install it with: pip install 'animdrive[abc]'"


def check_alembic() -> None:
    """Raise BackendError unless Alembic can be written here."""
    try:
        import bpy  # noqa: F401
    except ImportError as error:
        raise BackendError(
            f"Alembic files need Blender's module bpy, which is not installed ({error}). {CURE}."
        ) from error


def write_alembic(captured: CapturedTake, mesh: Mesh, path: Path) -> None:
    """Write `captured` as ``.abc``, see `write_alembic_points`.

    Frame after frame of the skin's rate; where frames were lost the last one is held.

    Args:
        captured: What.
        mesh: Connections and texture coordinates.
        path: Where.

    Raises:
        BackendError: bpy is not installed.
        InputError: the file cannot be written.
    """
    check_alembic()
    skin, heads, fps = _on_every_frame(captured)
    write_alembic_points(skin, heads, fps, mesh, path, name=captured.take.name)


def write_alembic_points(
    skin: Frames, heads: FloatArray, fps: float, mesh: Mesh, path: Path, *, name: str
) -> None:
    """Write skin over time as ``.abc`` frame by frame, whole or not at all.

    A mesh "face" with texture coordinates under a transform "head" with the head's motion, metres
    and +Y up.

    Args:
        skin: N frames of V vertices.
        heads: [N, 4, 4] of the head; multiply column vectors from the left.
        fps: Frames per second.
        mesh: Connections and texture coordinates.
        path: Where.
        name: Of the performance.

    Raises:
        BackendError: bpy is not installed.
        InputError: the file cannot be written.
    """
    check_alembic()
    with written_aside(path) as aside, tempfile.TemporaryDirectory() as folder, quiet():
        cache = Path(folder) / "skin.pc2"
        write_pc2(skin, cache)
        _stage(mesh, cache, heads, fps, name)
        import bpy

        try:
            bpy.ops.wm.alembic_export(
                filepath=str(aside.absolute()), start=0, end=len(heads) - 1, uvs=True,
                apply_subdiv=False, as_background_job=False, evaluation_mode="RENDER",
            )  # fmt: skip
        except RuntimeError as error:
            raise InputError(f"Cannot write {path}: {error}") from error
        if not aside.stat().st_size:
            raise InputError(f"Cannot write {path}: Blender made no file.")


def _on_every_frame(captured: CapturedTake) -> tuple[FloatArray, FloatArray, float]:
    """Return skin [N, V, 3], head matrices [N, 4, 4] and rate, without gaps."""
    times, track = captured.times_s, captured.take.track
    fps = track.fps if len(times) < 2 else float(1 / np.median(np.diff(times)))
    places = np.round((times - times[0]) * fps).astype(int)
    held = np.searchsorted(places, np.arange(places[-1] + 1), side="right") - 1
    seconds = times[0] + np.arange(len(held)) / fps
    heads = np.clip(np.round(seconds * track.fps), 0, len(track) - 1).astype(int)
    return captured.vertices[held], captured.head_transform[heads], fps


def _stage(mesh: Mesh, cache: Path, heads: FloatArray, fps: float, name: str) -> None:
    """Build an empty Blender scene with the head in it."""
    import bpy
    from mathutils import Matrix

    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    rate = Fraction(fps).limit_denominator(1001)
    scene.render.fps, scene.render.fps_base = rate.numerator, float(rate.denominator)
    scene.frame_start, scene.frame_end = 0, len(heads) - 1
    data = bpy.data.meshes.new("face")
    data.from_pydata(mesh.vertices.tolist(), [], mesh.faces.tolist())
    layer = data.uv_layers.new(name="st")
    layer.data.foreach_set("uv", mesh.uv[mesh.faces.ravel()].ravel())
    # Blender is +Z up and its Alembic files +Y up: the turn here is undone on the way out.
    root = bpy.data.objects.new(name, None)
    root.rotation_euler = (math.pi / 2, 0, 0)
    head = bpy.data.objects.new("head", None)
    head.rotation_mode = "QUATERNION"
    head.parent = root
    face = bpy.data.objects.new("face", data)
    face.parent = head
    for thing in (root, head, face):
        scene.collection.objects.link(thing)
    player = face.modifiers.new("skin", "MESH_CACHE")
    player.cache_format, player.filepath = "PC2", str(cache)
    for frame, matrix in enumerate(heads):
        place, turn, _ = Matrix(matrix.tolist()).decompose()
        head.location, head.rotation_quaternion = place, turn
        head.keyframe_insert("location", frame=frame)
        head.keyframe_insert("rotation_quaternion", frame=frame)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what Blender prints off our output, while the block runs."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
