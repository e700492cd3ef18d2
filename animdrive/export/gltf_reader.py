"""Curves out of a GLB or glTF file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.contract.checks import FloatArray
from animdrive.errors import InputError
from animdrive.export.reading import (
    CurveRead,
    arkit_columns,
    arkit_name,
    check_length,
    unit_values,
    with_eyes,
)
from animdrive.gltf.reader import Animation, Channel, GltfFile
from animdrive.rig.pose import EYE_BONES, angles_from_quaternion

_USUAL = (24.0, 25.0, 30.0, 48.0, 50.0, 60.0, 24 / 1.001, 30 / 1.001, 60 / 1.001)


def read_glb_curves(path: Path) -> CurveRead:
    """Read the first take that moves ARKit morph targets.

    Files written by `write_glb` come back as they went in, but for `CurveTrack.confidence`. Of
    other files the frame rate is found from the key times; keys that do not lie on even frames are
    sampled evenly. The turning of nodes called "head", "eye_left" and "eye_right" and the moving
    of "root" are read too.

    Raises:
        InputError: no such file, damaged, or no animation of ARKit morph targets in it.
    """
    file = GltfFile(Path(path))
    animation, weights = _find_take(file)
    names = file.target_names(file.nodes[weights.node].mesh)
    columns, notes = arkit_columns(file.path, names)
    fps, even = rate_of_keys(weights.times_s)
    count = round((weights.times_s[-1] - weights.times_s[0]) * fps) + 1
    check_length(file.path, count)
    times = weights.times_s[0] + np.arange(count) / fps
    if even:
        times = weights.times_s
    else:
        notes += (f"Its keys do not lie on even frames; it was sampled at {fps:g} per second.",)
    values = np.zeros((len(times), len(ARKIT52)))
    sampled = weights.at(times)
    for name, column in columns.items():
        values[:, ARKIT52.index(name)] = sampled[:, column]
    clipped, clip_notes = unit_values(file.path, values)
    eyes = [_turning(file, animation, name, times) for name in EYE_BONES]
    track = CurveTrack(
        names=ARKIT52,
        fps=fps,
        values=clipped,
        head_rotation=_turning(file, animation, "head", times),
        head_position=_moving(file, animation, times),
        eye_rotation=np.stack(eyes, axis=1),
        start_s=float(weights.times_s[0]) + _start_s(animation),
    )
    track, eye_notes = with_eyes(track)
    return CurveRead(track, notes + clip_notes + eye_notes)


def _find_take(file: GltfFile) -> tuple[Animation, Channel]:
    """Return the first animation with ARKit weights, and of its channels the one with most."""
    for index in range(file.count("animations")):
        animation = file.animation(index)
        weights = [channel for channel in animation.channels if channel.path == "weights"]
        arkit = [
            sum(arkit_name(name) is not None for name in file.target_names(mesh))
            for mesh in (file.nodes[channel.node].mesh for channel in weights)
        ]
        if arkit and max(arkit) > 0:
            return animation, weights[int(np.argmax(arkit))]
    raise InputError(
        f"{file.path} holds no animation of morph targets with ARKit names, so there are no curves "
        "to read. Export it with its animation."
    )


def rate_of_keys(times_s: npt.NDArray[np.float64]) -> tuple[float, bool]:
    """Return frames per second of key times [K], and whether every key lies on a frame."""
    if len(times_s) < 2:
        return 30.0, True
    step = float(np.median(np.diff(times_s)))
    slots = np.rint((times_s - times_s[0]) / step)
    if (np.diff(slots) == 1).all():
        step = float((times_s[-1] - times_s[0]) / slots[-1])
    fps = 1.0 / step
    # Key times are float32: a minute into the file they are good to a few millionths of a second.
    slack_s = 1e-5 + 4e-7 * abs(float(times_s[-1]))
    candidates = [*_USUAL, float(round(fps)), round(fps, 3), fps]
    frames = np.arange(len(times_s))
    for rate in candidates:
        if rate > 0 and np.abs(times_s - times_s[0] - frames / rate).max() <= slack_s:
            return rate, True
    nearest = min(_USUAL, key=lambda rate: abs(rate - fps))
    return (nearest if abs(nearest / fps - 1.0) < 0.02 else fps), False


def _channel(file: GltfFile, animation: Animation, name: str, path: str) -> Channel | None:
    node = file.node_named(name)
    for channel in animation.channels:
        if channel.node == node and channel.path == path:
            return channel
    return None


def _turning(
    file: GltfFile, animation: Animation, name: str, times: npt.NDArray[np.float64]
) -> FloatArray:
    channel = _channel(file, animation, name, "rotation")
    if channel is None:
        return np.zeros((len(times), 3), dtype=np.float32)
    return angles_from_quaternion(channel.at(times))


def _moving(file: GltfFile, animation: Animation, times: npt.NDArray[np.float64]) -> FloatArray:
    channel = _channel(file, animation, "root", "translation")
    if channel is None:
        return np.zeros((len(times), 3), dtype=np.float32)
    return channel.at(times) - file.nodes[channel.node].translation


def _start_s(animation: Animation) -> float:
    """Return when the performance began, which `write_glb` keeps beside the animation."""
    start = animation.extras.get("start_s")
    return float(start) if isinstance(start, int | float) and np.isfinite(start) else 0.0
