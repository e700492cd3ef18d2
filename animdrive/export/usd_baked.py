"""A character that performs, as USD: blend shapes and joints, as engines and film tools read them.

``/character`` is a ``SkelRoot`` with a ``Skeleton`` of the joints "root", "head", "eye_left" and
"eye_right", one mesh per part with a ``BlendShape`` for every curve or learned target that moves
it, and a ``SkelAnimation`` with the joints' motion and the weights of all shapes at every frame.
Reference: Pixar, "UsdSkel schemas" (BlendShape, SkelAnimation, SkelBindingAPI).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character, CurveTrack, Material, Part
from animdrive.contract.checks import FloatArray
from animdrive.export.learned import LearnedTargets
from animdrive.export.normal_offsets import NormalOffsets
from animdrive.export.usd_stage import check_usd, new_stage
from animdrive.files import written_aside
from animdrive.rig.pose import EYE_BONES, quaternion_from_angles

_MOVED_M = 1e-7
"""Offsets below this are left out."""
_JOINTS = ("root", "root/head", "root/head/eye_left", "root/head/eye_right")


def write_usd_baked(
    character: Character,
    track: CurveTrack,
    path: Path,
    *,
    learned: LearnedTargets | None = None,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Write `character` performing `track` as ``.usdc`` or ``.usda``, whole or not at all.

    One time code is one frame. Materials have their colour alone, of a texture the mean.

    Args:
        character: Who.
        track: What; with no frames, the character is written at rest.
        path: Where.
        learned: Targets on top of the rig's own, with their weights at the track's frames; those
            that move nothing in this performance are left out.
        labels: Written into the layer, such as the provenance.

    Raises:
        BackendError: usd-core is not installed.
        InputError: the file cannot be written.
        ContractError: `learned` is of another rig or of other frames.
    """
    check_usd()
    from pxr import UsdSkel

    rig = character.rig
    if learned is not None:
        learned = learned.checked(
            vertices=len(rig.neutral.vertices), frames=len(track), names=rig.names
        ).used()
    with written_aside(path) as aside:
        stage = new_stage(aside, path, fps=track.fps, frames=len(track), labels=labels)
        root = UsdSkel.Root.Define(stage, "/character")
        stage.SetDefaultPrim(root.GetPrim())
        _write_skeleton(stage, character)
        shapes = _Shapes(character, learned)
        looks = {m.name: _write_material(stage, m) for m in character.materials}
        for part in character.parts:
            _write_part(stage, character, part, shapes, looks[part.material])
        _write_animation(stage, character, track, learned, shapes)
        stage.GetRootLayer().Save()
        del stage


@dataclass(frozen=True, eq=False)
class _Shape:
    token: str
    offsets: FloatArray
    least_m: float
    usual: float = 0.0
    """How large a learned target's weight mostly is; 0 for a curve."""
    low: float = 0.0
    """Its share of the base, see `LearnedTargets.unsigned`."""
    span: float = 1.0
    """Offsets are written times this."""


class _Shapes:
    """The rig's shapes and the learned targets under names that USD allows, and normals."""

    def __init__(self, character: Character, learned: LearnedTargets | None) -> None:
        rig = character.rig
        self.every = [_Shape(name, rig.deltas[row], _MOVED_M) for row, name in enumerate(rig.names)]
        self.learned_normals = learned is None or learned.normals
        self.names = [shape.token for shape in self.every]
        if learned is not None:
            written = learned.unsigned()
            self.names += written.names
            self.every += [
                _Shape(name, offsets, *(float(number) for number in numbers))
                for name, offsets, numbers in zip(
                    learned.names,
                    learned.offsets,
                    zip(learned.least_m(), learned.usual(), written.low, written.span, strict=True),
                    strict=True,
                )
            ]
        self.tokens = _tokens(self.names)
        self._solver = NormalOffsets(character)
        self.normals = self._solver.rest

    def normal_offsets(self, shape: _Shape) -> FloatArray | None:
        """Return [V, 3], what a shape adds to the normals, or None where that is left out."""
        if shape.usual and not self.learned_normals:
            return None
        if shape.usual:
            return self._solver.around_rest(shape.offsets, shape.usual)
        return self._solver.at_full(shape.offsets)


def _tokens(names: list[str]) -> list[str]:
    """Return `names` as identifiers, no two the same."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if plain and not plain[0].isdigit() else f"_{plain}"
        token, number = plain, 1
        while token in found:
            number += 1
            token = f"{plain}_{number}"
        found.append(token)
    return found


def _write_skeleton(stage: Any, character: Character) -> None:
    from pxr import Gf, UsdSkel, Vt

    skeleton = UsdSkel.Skeleton.Define(stage, "/character/skeleton")
    skeleton.CreateJointsAttr(Vt.TokenArray(list(_JOINTS)))
    places = _joint_places(character)
    local = places - np.stack([np.zeros(3), places[0], places[1], places[1]])
    for create, where in (
        (skeleton.CreateBindTransformsAttr, places),
        (skeleton.CreateRestTransformsAttr, local),
    ):
        moved = [Gf.Matrix4d(1).SetTranslate(Gf.Vec3d(*place.tolist())) for place in where]
        create(Vt.Matrix4dArray(moved))
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets(
        ["/character/performance"]
    )


def _joint_places(character: Character) -> npt.NDArray[np.float64]:
    """Return [4, 3] metres, where the joints are at rest."""
    eyes = character.eye_pivots.astype(np.float64)
    return np.stack([np.zeros(3), character.head_pivot.astype(np.float64), *eyes])


def _write_material(stage: Any, material: Material) -> Any:
    from pxr import Gf, Sdf, UsdShade

    colour = np.array(material.base_color[:3], dtype=np.float64)
    if material.texture is not None:
        texture = material.texture.astype(np.float64) / 255
        # sRGB to linear, IEC 61966-2-1.
        linear = np.where(texture <= 0.04045, texture / 12.92, ((texture + 0.055) / 1.055) ** 2.4)
        colour *= linear.mean(axis=(0, 1))
    place = f"/character/materials/{_tokens([material.name])[0]}"
    made = UsdShade.Material.Define(stage, place)
    surface = UsdShade.Shader.Define(stage, f"{place}/surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    kinds = Sdf.ValueTypeNames
    surface.CreateInput("diffuseColor", kinds.Color3f).Set(Gf.Vec3f(*colour.tolist()))
    surface.CreateInput("roughness", kinds.Float).Set(float(material.roughness))
    surface.CreateInput("metallic", kinds.Float).Set(float(material.metallic))
    surface.CreateInput("opacity", kinds.Float).Set(float(material.base_color[3]))
    made.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
    return made


def _write_part(
    stage: Any, character: Character, part: Part, shapes: _Shapes, material: Any
) -> None:
    """Write one mesh with its blend shapes, bound to the skeleton."""
    from pxr import Sdf, UsdGeom, UsdShade, UsdSkel, Vt

    neutral, run = character.rig.neutral, part.vertices
    place = f"/character/{_tokens([part.name])[0]}"
    mesh = UsdGeom.Mesh.Define(stage, place)
    faces = neutral.faces[part.faces] - run.start
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray([3] * len(faces)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(faces.reshape(-1).astype(np.int32)))
    rest = np.ascontiguousarray(neutral.vertices[run])
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(rest))
    mesh.CreateExtentAttr(UsdGeom.PointBased.ComputeExtent(mesh.GetPointsAttr().Get()))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(shapes.normals[run])))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    uv = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar(
        "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
    )
    uv.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(neutral.uv[run])))
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets(["/character/skeleton"])
    joints, weights = _bones(character, part)
    width = joints.shape[1]
    indices = binding.CreateJointIndicesPrimvar(constant=False, elementSize=width)
    indices.Set(Vt.IntArray.FromNumpy(joints.reshape(-1)))
    amounts = binding.CreateJointWeightsPrimvar(constant=False, elementSize=width)
    amounts.Set(Vt.FloatArray.FromNumpy(weights.reshape(-1)))
    used: list[str] = []
    count = run.stop - run.start
    base, base_turned = np.zeros((count, 3), "f4"), np.zeros((count, 3), "f4")
    every = np.arange(count)
    # The base, where there is one, is the last token and has no shape of its own.
    for token, shape in zip(shapes.tokens, shapes.every, strict=False):
        offsets = shape.offsets[run]
        rows = np.flatnonzero((np.abs(offsets) > shape.least_m).any(axis=1))
        if not len(rows):
            continue
        moved, turned = offsets[rows], shapes.normal_offsets(shape)
        base[rows] += shape.low * moved
        if turned is not None:
            turned = turned[run][rows]
            base_turned[rows] += shape.low * turned
            turned = shape.span * turned
        _write_shape(stage, f"{place}/{token}", rows, shape.span * moved, turned)
        used.append(token)
    if base.any():
        turned = base_turned if shapes.learned_normals else None
        _write_shape(stage, f"{place}/{shapes.tokens[-1]}", every, base, turned)
        used.append(shapes.tokens[-1])
    if used:
        binding.CreateBlendShapesAttr(Vt.TokenArray(used))
        binding.CreateBlendShapeTargetsRel().SetTargets([f"{place}/{token}" for token in used])


def _write_shape(
    stage: Any,
    place: str,
    rows: npt.NDArray[np.int64],
    offsets: FloatArray,
    turned: FloatArray | None,
) -> None:
    from pxr import UsdSkel, Vt

    def vectors(values: FloatArray) -> Any:
        return Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(values, dtype=np.float32))

    blend = UsdSkel.BlendShape.Define(stage, place)
    blend.CreateOffsetsAttr(vectors(offsets))
    blend.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(rows.astype(np.int32)))
    if turned is not None:
        blend.CreateNormalOffsetsAttr(vectors(turned))


def _bones(
    character: Character, part: Part
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return joints and weights of a part, [V, 1] of an eye or [V, 2] of shoulders and head."""
    count = part.vertices.stop - part.vertices.start
    if part.bone in EYE_BONES:
        joint = 2 + EYE_BONES.index(part.bone)
        return np.full((count, 1), joint, dtype=np.int32), np.ones((count, 1), dtype=np.float32)
    head = character.head_weight[part.vertices].astype(np.float32)
    joints = np.tile(np.array([0, 1], dtype=np.int32), (count, 1))
    return joints, np.ascontiguousarray(np.stack([1 - head, head], axis=1))


def _write_animation(
    stage: Any,
    character: Character,
    track: CurveTrack,
    learned: LearnedTargets | None,
    shapes: _Shapes,
) -> None:
    from pxr import Gf, UsdSkel, Vt

    rig = character.rig
    weights = np.zeros((len(track), len(shapes.tokens)), dtype=np.float32)
    for column, name in enumerate(rig.names):
        if name in track.names:
            weights[:, column] = track.curve(name)
    if learned is not None:
        weights[:, len(rig.names) :] = learned.unsigned().weights
    performance = UsdSkel.Animation.Define(stage, "/character/performance")
    performance.CreateJointsAttr(Vt.TokenArray(list(_JOINTS)))
    performance.CreateBlendShapesAttr(Vt.TokenArray(shapes.tokens))
    places = _joint_places(character)
    local = places - np.stack([np.zeros(3), places[0], places[1], places[1]])
    moves = performance.CreateTranslationsAttr()
    turns = performance.CreateRotationsAttr()
    sizes = performance.CreateScalesAttr()
    amounts = performance.CreateBlendShapeWeightsAttr()
    sizes.Set(Vt.Vec3hArray([Gf.Vec3h(1, 1, 1)] * len(_JOINTS)))
    still = np.array([[0.0, 0.0, 0.0, 1.0]] * len(_JOINTS), dtype=np.float32)
    moves.Set(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(local, dtype=np.float32)))
    turns.Set(_quaternions(still))
    amounts.Set(Vt.FloatArray([0.0] * len(shapes.tokens)))
    if not len(track):
        return
    head = quaternion_from_angles(track.head_rotation)
    eyes = [quaternion_from_angles(track.eye_rotation[:, eye]) for eye in (0, 1)]
    for frame in range(len(track)):
        code = float(frame)
        place = local.copy()
        place[0] += track.head_position[frame]
        moves.Set(Vt.Vec3fArray.FromNumpy(place.astype(np.float32)), code)
        four = np.stack([still[0], head[frame], eyes[0][frame], eyes[1][frame]])
        turns.Set(_quaternions(four), code)
        amounts.Set(Vt.FloatArray.FromNumpy(weights[frame]), code)


def _quaternions(turns: FloatArray) -> Any:
    """Return [J, 4] quaternions x, y, z, w as USD keeps them."""
    from pxr import Gf, Vt

    return Vt.QuatfArray([Gf.Quatf(w, x, y, z) for x, y, z, w in turns.tolist()])
