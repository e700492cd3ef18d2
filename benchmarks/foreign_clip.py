"""A character of somebody else's, filmed as the animation in its own file moves it.

The file says everything: morph weights, and how the nodes of its eyes and its head turn.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation
from tracking_truth import Truth

from animdrive.capture.read_rig import read_rig
from animdrive.contract import ARKIT52, Camera, Character, Material
from animdrive.export.reading import arkit_name
from animdrive.files import written_aside
from animdrive.gltf.reader import Channel, GltfFile
from animdrive.media.writer import VideoWriter
from animdrive.render.look import LookConfig
from animdrive.render.scene import Renderer

EYE_DISTANCE_M = 0.063
"""Between the middles of an adult's eyes; the character is brought to this size."""


class ForeignTake:
    """The character of a glTF file and its animations, frame by frame."""

    def __init__(self, path: Path) -> None:
        """Read `path`, a .glb with one animated face."""
        self._file = GltfFile(path)
        read = read_rig(path, surfaces=True).character
        # `read_rig` has meshes with shapes first, others in the order of the scene.
        nodes = [index for index in self._walk() if self._file.nodes[index].mesh is not None]
        meshes = {index: self._file.mesh(self._file.nodes[index].mesh) for index in nodes}
        self._drawn = {
            index: meshes[index].primitives[0]
            for index in sorted(nodes, key=lambda index: not meshes[index].target_names)
        }
        self._channels: dict[tuple[int, str], Channel] = {
            (channel.node, channel.path): channel
            for number in range(self._file.count("animations"))
            for channel in self._file.animation(number).channels
        }
        weights = next(c for (_, path), c in self._channels.items() if path == "weights")
        names = self._file.target_names(self._file.nodes[weights.node].mesh)
        self.times_s = weights.times_s
        self.truth = np.zeros((len(self.times_s), len(ARKIT52)), np.float32)
        for column, name in enumerate(names):
            self.truth[:, ARKIT52.index(arkit_name(name) or name)] = weights.values[:, column]
        eyes = read.eye_pivots.astype(np.float64)
        self.scale = EYE_DISTANCE_M / float(np.linalg.norm(eyes[0] - eyes[1]))
        self.middle = eyes.mean(axis=0) * self.scale
        self.character = self._looking(read)

    def _walk(self) -> list[int]:
        below = {child for node in self._file.nodes for child in node.children}
        waiting = [n for n in range(len(self._file.nodes)) if n not in below]
        order = []
        while waiting:
            index = waiting.pop(0)
            order.append(index)
            waiting = [*self._file.nodes[index].children, *waiting]
        return order

    def _looking(self, read: Character) -> Character:
        """Return the character in metres of a human, its parts named as what they are made of."""
        picture = read.materials[0].texture
        rig = read.rig
        mesh = replace(rig.neutral, vertices=rig.neutral.vertices * np.float32(self.scale))
        rough = {"skin": 0.5, "eye": 0.15, "teeth": 0.3}
        materials = tuple(
            Material(name, roughness=value, texture=picture) for name, value in rough.items()
        )
        parts = []
        for part in read.parts:
            kind = "eye" if part.bone != "head" else "teeth" if "teeth" in part.name else "skin"
            name = part.bone if kind == "eye" else "teeth_upper" if kind == "teeth" else "skin"
            parts.append(replace(part, name=name, material=kind))
        return replace(
            read,
            rig=replace(rig, neutral=mesh, deltas=rig.deltas * np.float32(self.scale)),
            parts=tuple(parts),
            materials=materials,
            head_pivot=read.head_pivot * np.float32(self.scale),
            eye_pivots=read.eye_pivots * np.float32(self.scale),
        )

    def _worlds(self, time_s: float) -> dict[int, npt.NDArray[np.float64]]:
        world: dict[int, npt.NDArray[np.float64]] = {}
        above = {c: n for n, node in enumerate(self._file.nodes) for c in node.children}
        for index in self._walk():
            node = self._file.nodes[index]
            place = {"translation": node.translation, "rotation": node.rotation}
            for path in place:
                if (index, path) in self._channels:
                    place[path] = self._channels[index, path].at([time_s])[0]
            local = np.eye(4)
            local[:3, :3] = Rotation.from_quat(place["rotation"]).as_matrix() * node.scale
            local[:3, 3] = place["translation"]
            world[index] = world[above[index]] @ local if index in above else local
        return world

    def vertices(self, time_s: float) -> npt.NDArray[np.float32]:
        """Return [V, 3] metres at a moment of the animation."""
        world = self._worlds(time_s)
        rows = []
        for index, mesh in self._drawn.items():
            points = mesh.positions.astype(np.float64)
            if (index, "weights") in self._channels:
                weights = self._channels[index, "weights"].at([time_s])[0]
                points = points + np.tensordot(weights, mesh.offsets, 1)
            rows.append(points @ world[index][:3, :3].T + world[index][:3, 3])
        return (np.concatenate(rows) * self.scale).astype(np.float32)


def filmed(path: Path, folder: Path) -> Truth:
    """Return the truth of the take in `path`, filmed where `folder` does not have it."""
    clip, beside = folder / f"{path.stem}.mp4", folder / f"{path.stem}.npz"
    if not clip.is_file() or not beside.is_file():
        take = ForeignTake(path)
        film(take, clip)
        with written_aside(beside) as aside, aside.open("wb") as file:
            np.savez(file, values=take.truth)
    with np.load(beside) as data:
        values = data["values"]
    unknown = np.full(len(values), np.nan, np.float32)
    return Truth(path.stem, "foreign", clip, values, unknown, unknown)


def film(
    take: ForeignTake, path: Path, *, size_px: int = 640, seed: int = 0, distance_m: float = 0.75
) -> None:
    """Film `take` with sensor noise as H.264, at the rate of its keys."""
    fps = round(1 / float(np.median(np.diff(take.times_s))), 3)
    rng = np.random.default_rng(seed)
    middle = take.middle + np.array([0.010, -0.022, 0.0])
    camera = Camera(
        position=(middle + np.array([0.0, 0.0, distance_m])).astype(np.float32),
        target=middle.astype(np.float32),
        vertical_fov=2 * np.arctan(0.145 / distance_m),
        size_px=(size_px, size_px),
    )
    look = LookConfig(
        background_top=(0.25, 0.27, 0.30), background_bottom=(0.10, 0.11, 0.12), exposure=1.0
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        Renderer(take.character, camera=camera, look=look) as renderer,
        VideoWriter(path, size_px=(size_px, size_px), fps=fps) as writer,
    ):
        for time_s in take.times_s:
            image = renderer.draw(take.vertices(float(time_s))).astype(np.float32)
            image += rng.normal(0.0, 2.0, image.shape)
            writer.write(np.clip(image, 0, 255).astype(np.uint8))
