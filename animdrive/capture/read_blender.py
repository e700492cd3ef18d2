"""What only Blender's module reads: FBX curves of shape keys, and Alembic caches.

Blender is GPL: it is an extra that one may install. See also `animdrive.export.alembic_cache`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.capture.read_cache import GeometryCache
from animdrive.capture.read_cache_usd import fans
from animdrive.contract.checks import FloatArray, IntArray
from animdrive.errors import BackendError, InputError
from animdrive.export.alembic_cache import CURE, quiet
from animdrive.files import existing_file

_FINE_FPS = 1000
_RATES = (
    24.0, 24 / 1.001, 25.0, 30.0, 30 / 1.001, 48.0, 50.0, 60.0, 60 / 1.001, 90.0, 100.0, 120.0,
    240.0,
)  # fmt: skip
_STILL = 2e-6
"""Motion below this is rounding, in the unit of the file."""


def check_blender(what: str) -> None:
    """Raise BackendError unless Blender's module is there; `what` needs it."""
    try:
        import bpy  # noqa: F401
    except ImportError as error:
        raise BackendError(
            f"{what} need Blender's module bpy, which is not installed ({error}). {CURE}."
        ) from error


def read_alembic_cache(path: Path, *, rest: FloatArray, fps: float | None) -> GeometryCache:
    """Read the moving mesh of an Alembic file, in metres and +Y up, transforms above it applied.

    Of several meshes the one with as many vertices as `rest` is read, or else the largest.

    Args:
        path: The file.
        rest: [V, 3] metres, the face at rest.
        fps: Frames per second to sample at; None finds the rate that it was written at, among the
            usual ones: between two samples, and only there, everything moves on straight lines.

    Raises:
        BackendError: bpy is not installed.
        InputError: no such file, damaged, no mesh in it, or no usual rate fits.
    """
    check_blender("Alembic files")
    path = existing_file(path, "geometry cache")
    import bpy

    with quiet():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = bpy.context.scene
        scene.render.fps = _FINE_FPS  # the range of frames is told to the millisecond
        try:
            bpy.ops.wm.alembic_import(
                filepath=str(path.absolute()), as_background_job=False, set_frame_range=True
            )
        except RuntimeError as error:
            raise InputError(f"{path} is no Alembic file that can be opened: {error}") from error
        meshes = [thing for thing in bpy.data.objects if thing.type == "MESH"]
        if not meshes:
            raise InputError(f"{path} has no mesh in it. Export it again.")
        thing = max(
            meshes,
            key=lambda one: (len(one.data.vertices) == len(rest), len(one.data.vertices)),
        )
        span_s = (scene.frame_start / _FINE_FPS, scene.frame_end / _FINE_FPS)
        rate = fps or next((r for r in _RATES if _straight_between(scene, thing, span_s, r)), None)
        if rate is None:
            raise InputError(
                f"{path} was written at none of the usual frame rates. Say it with --cache-fps."
            )
        _set_rate(scene, rate)
        frames = []
        faces: tuple[IntArray, ...] = ()
        for number in _numbers(span_s, rate):
            scene.frame_set(int(number))
            places, counts, corners = _mesh_now(thing)
            frames.append(places)
            if not faces:
                faces = (fans(counts, corners),)
    if len({len(frame) for frame in frames}) > 1:
        raise InputError(
            f"{path}: the number of vertices changes from frame to frame. Export the frames as "
            f"numbered OBJs and import them with --wrap."
        )
    return GeometryCache(frames=np.stack(frames), faces=faces, fps=rate, unit="m")


def _set_rate(scene: Any, rate: float) -> None:
    scene.render.fps, scene.render.fps_base = round(rate), round(rate) / rate


def _numbers(span_s: tuple[float, float], rate: float) -> npt.NDArray[np.int64]:
    """Return the numbers of all frames of a span of time."""
    first, last = (round(second * rate) for second in span_s)
    return np.arange(first, last + 1)


def _straight_between(scene: Any, thing: Any, span_s: tuple[float, float], rate: float) -> bool:
    """Whether the mesh is written at `rate`: half way between frames it is their mean.

    So it is at multiples of the rate, which is why the lowest that fits is the right one.
    """
    _set_rate(scene, rate)
    numbers = _numbers(span_s, rate)[:-1]
    moved = False
    for number in numbers[:: max(len(numbers) // 24, 1)]:
        places = []
        for frame, share in ((number, 0.0), (number, 0.5), (number + 1, 0.0)):
            scene.frame_set(int(frame), subframe=share)
            places.append(_local(thing))
        before, middle, after = places
        moved = moved or float(np.abs(after - before).max()) > _STILL
        if np.abs(middle - (before + after) / 2).max() > _STILL:
            return False
    return moved


def _local(thing: Any) -> FloatArray:
    """Return [V * 3], the mesh as it is now in its own space."""
    import bpy

    shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    flat = np.zeros(3 * len(shown.data.vertices), dtype=np.float32)
    shown.data.vertices.foreach_get("co", flat)
    return flat


def _mesh_now(thing: Any) -> tuple[FloatArray, Any, Any]:
    """Return [V, 3] metres and +Y up, corners of every face, and the corners."""
    import bpy

    shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = shown.to_mesh()
    flat = np.zeros(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", flat)
    counts = np.zeros(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", counts)
    corners = np.zeros(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    world = np.array(shown.matrix_world, dtype=np.float64)
    x, y, z = (flat.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]).T
    shown.to_mesh_clear()
    places: FloatArray = np.stack([x, z, -y], axis=1).astype(np.float32)  # Blender is +Z up
    return places, counts.astype(np.int64), corners.astype(np.int64)


def read_fbx_weights(path: Path) -> tuple[tuple[str, ...], FloatArray, float]:
    """Return names of the shape keys of an FBX file, their values [T, C], and frames per second.

    Of several meshes the one with the most animated shape keys is read. Every whole frame of the
    file's rate is sampled.

    Raises:
        BackendError: bpy is not installed.
        InputError: no such file, damaged, or no shape key in it is animated.
    """
    check_blender("FBX files")
    path = existing_file(path, "curve file")
    import bpy

    with quiet():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        try:
            bpy.ops.import_scene.fbx(filepath=str(path.absolute()))
        except RuntimeError as error:
            raise InputError(f"{path} is no FBX file that can be opened: {error}") from error
        keyed = [keys for keys in bpy.data.shape_keys if _curves(keys)]
        if not keyed:
            raise InputError(
                f"{path} has no animated shape keys, so there are no curves to read. Export it "
                f"with its animation."
            )
        keys = max(keyed, key=lambda one: len(_curves(one)))
        curves = _curves(keys)
        scene = bpy.context.scene
        rate = float(scene.render.fps / scene.render.fps_base)
        reach = np.array([curve.range() for curve in curves.values()])
        frames = np.arange(np.floor(reach[:, 0].min()), np.ceil(reach[:, 1].max()) + 1)
        names = tuple(block.name for block in keys.key_blocks[1:])
        values = np.zeros((len(frames), len(names)), dtype=np.float32)
        for column, block in enumerate(keys.key_blocks[1:]):
            curve = curves.get(f'key_blocks["{block.name}"].value')
            values[:, column] = (
                [curve.evaluate(frame) for frame in frames] if curve else block.value
            )
    return names, values, rate


def _curves(keys: Any) -> dict[str, Any]:
    """Return the animated values of shape keys by their path; layered actions included."""
    action = keys.animation_data.action if keys.animation_data else None
    if action is None:
        return {}
    found = list(getattr(action, "fcurves", ()))
    for layer in getattr(action, "layers", ()):
        for strip in layer.strips:
            bag = strip.channelbag(keys.animation_data.action_slot)
            found += list(bag.fcurves) if bag else []
    return {curve.data_path: curve for curve in found if curve.data_path.endswith(".value")}
