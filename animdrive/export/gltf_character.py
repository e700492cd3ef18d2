"""A character at rest as a glTF document: everything of a GLB but the performance."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pygltflib as gl

from animdrive.contract import Character, Material, Part
from animdrive.contract.checks import FloatArray
from animdrive.errors import BackendError
from animdrive.gltf.document import Document
from animdrive.rig.normals import NormalSolver, welds
from animdrive.rig.pose import EYE_BONES

FIRST_VERTEX = "firstVertex"
"""Key of a primitive's extras: its first vertex in the rig's order, which nodes do not keep."""
_MOVED_M = 1e-6
"""Offsets below this are left out: a thousandth of a millimetre."""
_TURNED = 2e-3
"""Changes of a normal below this are left out: a tenth of a degree."""
_JPEG_QUALITY = 92


@dataclass(frozen=True, eq=False)
class Stage:
    """A document with a character at rest, and where to put the performance."""

    document: Document
    """Shared: take a `Document.copy` before adding to it."""
    root: int
    """Node that carries everything; translated."""
    head: int
    """Joint that the head turns about; rotated."""
    eyes: tuple[int, int]
    """Nodes of the left and the right eye; rotated."""
    morphed: tuple[int, ...]
    """Nodes whose meshes have the rig's curves as morph targets."""


_stages: WeakKeyDictionary[Character, Stage] = WeakKeyDictionary()


def stage_of(character: Character, *, generator: str) -> Stage:
    """Return the stage of `character`, built once and kept as long as the character lives."""
    stage = _stages.get(character)
    if stage is None or stage.document.gltf.asset.generator != generator:
        stage = _stages[character] = _build(character, generator)
    return stage


def _build(character: Character, generator: str) -> Stage:
    document = Document(generator=generator)
    materials = {
        material.name: _add_material(document, material) for material in character.materials
    }
    shape = _Shape(character)
    pivot = character.head_pivot.astype(float)

    eyes: list[int] = []
    morphed: list[int] = []
    for bone, eye_pivot in zip(EYE_BONES, character.eye_pivots.astype(float), strict=True):
        node = gl.Node(name=bone, translation=list(eye_pivot - pivot))
        parts = [part for part in character.parts if part.bone == bone]
        if parts:
            node.mesh, moves = _add_mesh(document, shape, parts, materials, bone, origin=eye_pivot)
        eyes.append(document.add("nodes", node))
        if parts and moves:
            morphed.append(eyes[-1])
    head = document.add("nodes", gl.Node(name="head", translation=list(pivot), children=eyes))
    root = document.add("nodes", gl.Node(name="root", children=[head]))

    scene = [root]
    parts = [part for part in character.parts if part.bone not in EYE_BONES]
    if parts:
        skin = gl.Node(name="head_mesh", skin=_add_skin(document, root, head, pivot))
        skin.mesh, moves = _add_mesh(document, shape, parts, materials, "head", skinned=True)
        scene.append(document.add("nodes", skin))
        if moves:
            morphed.append(scene[-1])
    document.gltf.scene = document.add("scenes", gl.Scene(nodes=scene))
    return Stage(document, root, head, (eyes[0], eyes[1]), tuple(morphed))


class _Shape:
    """Normals of a character at rest, and what each curve adds to them."""

    def __init__(self, character: Character) -> None:
        neutral, deltas = character.rig.neutral, character.rig.deltas
        count = len(neutral.vertices)
        apart = NormalSolver(neutral.faces, count)(neutral.vertices)
        solver = NormalSolver(neutral.faces, count, weld=welds(neutral.vertices, apart))
        self.character = character
        self.normals = solver(neutral.vertices)
        self.normal_deltas = solver(neutral.vertices + deltas) - self.normals
        self.weights, self.joints = _skin_weights(character.head_weight)


def _skin_weights(
    head_weight: FloatArray,
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint8]]:
    """Return [V, 4] weights and joints for the shoulders (0) and the head (1)."""
    head = np.rint(head_weight.astype(np.float64) * 65535).astype(np.uint16)
    weights = np.zeros((len(head), 4), dtype=np.uint16)
    weights[:, 0], weights[:, 1] = 65535 - head, head
    joints = np.zeros((len(head), 4), dtype=np.uint8)
    joints[:, 1] = head > 0  # a joint without weight must be written as 0
    return weights, joints


def _add_skin(document: Document, root: int, head: int, pivot: npt.NDArray[np.float64]) -> int:
    bind = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    bind[1, :3, 3] = -pivot
    by_column = np.ascontiguousarray(bind.transpose(0, 2, 1)).reshape(2, 16)
    skin = gl.Skin(
        name="neck",
        joints=[root, head],
        skeleton=root,
        inverseBindMatrices=document.add_array(by_column),
    )
    return document.add("skins", skin)


def _add_mesh(
    document: Document,
    shape: _Shape,
    parts: list[Part],
    materials: dict[str, int],
    name: str,
    *,
    origin: npt.NDArray[np.float64] | None = None,
    skinned: bool = False,
) -> tuple[int, bool]:
    """Add one mesh with a primitive per part; return its index and whether curves move it."""
    rig = shape.character.rig
    moves = any((np.abs(rig.deltas[:, part.vertices]) > _MOVED_M).any() for part in parts)
    mesh = gl.Mesh(name=name, primitives=[])
    for part in parts:
        run = part.vertices
        positions = rig.neutral.vertices[run]
        if origin is not None:
            positions = positions - origin.astype(np.float32)
        uv = rig.neutral.uv[run].copy()
        uv[:, 1] = 1.0 - uv[:, 1]  # v runs down in glTF
        faces = (rig.neutral.faces[part.faces] - run.start).ravel()
        index_type = np.uint16 if len(positions) < 0xFFFF else np.uint32
        vertex = gl.ARRAY_BUFFER
        attributes = gl.Attributes(
            POSITION=document.add_array(positions, target=vertex, bounds=True),
            NORMAL=document.add_array(shape.normals[run], target=vertex),
            TEXCOORD_0=document.add_array(uv, target=vertex),
        )
        if skinned:
            attributes.JOINTS_0 = document.add_array(shape.joints[run], target=vertex)
            attributes.WEIGHTS_0 = document.add_array(
                shape.weights[run], target=vertex, normalized=True
            )
        primitive = gl.Primitive(
            attributes=attributes,
            indices=document.add_array(faces.astype(index_type), target=gl.ELEMENT_ARRAY_BUFFER),
            material=materials[part.material],
            extras={FIRST_VERTEX: run.start},
        )
        if moves:
            primitive.targets = _targets(document, shape, run)
        mesh.primitives.append(primitive)
    if moves:
        mesh.weights = [0.0] * len(rig.names)
        mesh.extras = {"targetNames": list(rig.names)}
    return document.add("meshes", mesh), moves


def _targets(document: Document, shape: _Shape, run: slice) -> list[dict[str, int]]:
    """Add a morph target per curve for the vertices `run`; still ones share an empty accessor."""
    count = run.stop - run.start
    nothing = document.add_zeros(count, 3)
    targets = []
    for curve in range(len(shape.character.rig.names)):
        target = {}
        for attribute, offsets, least in (
            ("POSITION", shape.character.rig.deltas[curve, run], _MOVED_M),
            ("NORMAL", shape.normal_deltas[curve, run], _TURNED),
        ):
            rows = np.flatnonzero((np.abs(offsets) > least).any(axis=1))
            target[attribute] = (
                document.add_sparse(count, rows, offsets[rows]) if len(rows) else nothing
            )
        targets.append(target)
    return targets


def _add_material(document: Document, material: Material) -> int:
    surface = gl.PbrMetallicRoughness(
        baseColorFactor=list(material.base_color),
        metallicFactor=material.metallic,
        roughnessFactor=material.roughness,
    )
    see_through = material.base_color[3] < 1.0
    made = gl.Material(
        name=material.name,
        pbrMetallicRoughness=surface,
        alphaMode="BLEND" if see_through else "OPAQUE",
        alphaCutoff=None,  # only means something in the mode MASK
        emissiveFactor=list(material.emissive),
    )
    if material.texture is not None:
        texture = document.add_texture(
            _jpeg(material.texture), "image/jpeg", name=f"{material.name}_albedo"
        )
        surface.baseColorTexture = gl.TextureInfo(index=texture)
    if material.normal_texture is not None:
        texture = document.add_texture(
            _jpeg(material.normal_texture), "image/jpeg", name=f"{material.name}_normal"
        )
        made.normalTexture = gl.NormalMaterialTexture(index=texture)
    return document.add("materials", made)


def _jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return RGB `pixels` as JPEG with full colour resolution, which normal maps need."""
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise BackendError("OpenCV cannot write JPEG; see 'animdrive doctor' for the cure.")
    return bytes(encoded)
