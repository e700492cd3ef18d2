import numpy as np
import pytest

from animdrive.contract import (
    Camera,
    Character,
    FaceFit,
    Material,
    Mesh,
    MeshTrack,
    MotionField,
    Part,
    Rig,
)
from animdrive.errors import ContractError

MESH = Mesh(np.eye(3), [[0, 1, 2]], np.zeros((3, 2)))
RIG = Rig(MESH, ("a", "b"), np.arange(18).reshape(2, 3, 3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"faces": [[0, 1, 3]]}, r"reach from vertex 0 to 3, but there are 3 vertices"),
        ({"faces": [[0, 1, -1]]}, r"reach from vertex -1 to 1"),
        ({"faces": [[0.0, 1.0, 2.0]]}, r"Mesh\.faces must hold integers, got float64"),
        ({"faces": [[2**32, 1, 2]]}, r"Mesh\.faces must hold integers of 32 bits"),
        ({"faces": [[0, 1]]}, r"Mesh\.faces must have shape \[F, 3\], got \[1, 2\]"),
        ({"vertices": np.zeros((3, 2))}, r"Mesh\.vertices must have shape \[V, 3\]"),
        ({"vertices": np.full((3, 3), np.inf)}, r"Mesh\.vertices is inf at index \(0, 0\) \(9 "),
        ({"uv": np.zeros((2, 2))}, r"Mesh\.uv must have shape \[3, 2\], got \[2, 2\]"),
        ({"uv": np.full((3, 2), 1.5)}, r"Mesh\.uv: 'u' is 1\.500"),
    ],
)
def test_broken_meshes_are_refused(changes, message):
    fields = {"vertices": np.eye(3), "faces": [[0, 1, 2]], "uv": np.zeros((3, 2))}
    with pytest.raises(ContractError, match=message):
        Mesh(**(fields | changes))


def test_rig():
    np.testing.assert_array_equal(RIG.delta("b"), np.arange(9, 18).reshape(3, 3))
    with pytest.raises(ContractError, match="Rig has no curve 'c'"):
        RIG.delta("c")
    with pytest.raises(ContractError, match=r"Rig\.deltas must have shape \[2, 3, 3\], got \[1,"):
        Rig(MESH, ("a", "b"), np.zeros((1, 3, 3)))
    with pytest.raises(ContractError, match=r"Rig\.names must be unique"):
        Rig(MESH, ("a", "a"), np.zeros((2, 3, 3)))


def character(**changes):
    fields = {
        "rig": RIG,
        "parts": (Part("skin", slice(0, 3), slice(0, 1), "m"),),
        "materials": (Material("m"),),
        "head_pivot": np.zeros(3),
        "eye_pivots": np.zeros((2, 3)),
        "head_weight": np.ones(3),
        "landmarks": np.zeros(0, np.int32),
        "regions": {"jaw": [0, 2]},
    }
    return Character(**(fields | changes))


def test_character_finds_its_parts_materials_and_regions():
    who = character()
    assert who.part("skin").material == "m"
    assert who.material("m").roughness == 0.5
    np.testing.assert_array_equal(who.regions["jaw"], [0, 2])
    with pytest.raises(TypeError):
        who.regions["jaw"] = np.zeros(1)
    with pytest.raises(ContractError, match="Character has no part 'tongue'"):
        who.part("tongue")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"parts": (Part("skin", slice(0, 3), slice(0, 1), "x"),)},
            "Part 'skin' names no material: 'x'",
        ),
        (
            {"parts": (Part("skin", slice(1, 3), slice(0, 1), "m"),)},
            "Part 'skin' does not follow on the part before it",
        ),
        (
            {"parts": (Part("skin", slice(0, 2), slice(0, 1), "m"),)},
            "parts do not cover the rig's vertices and faces",
        ),
        ({"head_weight": np.full(3, 1.5)}, r"head_weight: 'head_weight' is 1\.500"),
        ({"head_weight": np.ones(4)}, r"head_weight must have shape \[3\], got \[4\]"),
        ({"head_pivot": np.zeros(2)}, r"head_pivot must have shape \[3\]"),
        ({"eye_pivots": np.zeros((1, 3))}, r"eye_pivots must have shape \[2, 3\]"),
        ({"landmarks": np.zeros((1, 1), int)}, r"landmarks must have shape \[P\]"),
        ({"landmarks": [0, 3]}, r"landmarks reach from vertex 0 to 3, but there are 3 vertices"),
        ({"regions": {"jaw": [0.5]}}, r"regions\['jaw'\] must hold integers"),
        ({"regions": {"jaw": [-1]}}, r"regions\['jaw'\] reach from vertex -1 to -1"),
    ],
)
def test_broken_characters_are_refused(changes, message):
    with pytest.raises(ContractError, match=message):
        character(**changes)


@pytest.mark.parametrize("what", ["texture", "normal_texture"])
def test_broken_textures_are_refused(what):
    with pytest.raises(ContractError, match=rf"Material\.{what} must hold uint8 pixels, got float"):
        Material("m", **{what: np.zeros((2, 2, 3))})
    with pytest.raises(ContractError, match=rf"Material\.{what} must have shape \[H, W, 3\]"):
        Material("m", **{what: np.zeros((2, 2, 4), np.uint8)})


def test_mesh_track():
    assert MeshTrack([[0, 1, 2]], 30.0, np.zeros((4, 3, 3))).vertices.dtype == np.float32
    for wrong in (np.zeros((3, 3)), np.zeros((1, 3, 2)), np.full((1, 3, 3), np.nan)):
        with pytest.raises(ContractError, match=r"MeshTrack\.vertices must be finite \[T, V, 3\]"):
            MeshTrack([[0, 1, 2]], 30.0, wrong)
    with pytest.raises(ContractError, match=r"MeshTrack\.fps must be above 0"):
        MeshTrack([[0, 1, 2]], 0.0, np.zeros((1, 3, 3)))


def test_camera():
    with pytest.raises(ContractError, match=r"Camera\.vertical_fov must be in 0\.\.π, got 4"):
        Camera(np.zeros(3), np.ones(3), 4, (10, 10))
    with pytest.raises(ContractError, match=r"Camera\.position must have shape \[3\]"):
        Camera(np.zeros(2), np.ones(3), 0.5, (10, 10))


def test_motion_field():
    MotionField(25.0, np.zeros((2, 4, 5, 2)), np.ones((2, 4, 5)))
    with pytest.raises(ContractError, match=r"MotionField\.grid must have shape"):
        MotionField(25.0, np.zeros((2, 4, 5, 3)), np.ones((2, 4, 5)))
    with pytest.raises(ContractError, match=r"MotionField\.occlusion must have shape \[2, 4, 5\]"):
        MotionField(25.0, np.zeros((2, 4, 5, 2)), np.ones((2, 4, 4)))
    with pytest.raises(ContractError, match=r"MotionField\.occlusion: 'occlusion' is 2\.000"):
        MotionField(25.0, np.zeros((2, 4, 5, 2)), np.full((2, 4, 5), 2))


def test_face_fit():
    fields = {
        "shape": np.zeros(5),
        "expression": np.zeros(4),
        "rotation": np.zeros(3),
        "camera": Camera(np.zeros(3), np.ones(3), 0.5, (10, 10)),
        "position_map": np.zeros((8, 8, 3)),
        "texture": np.zeros((16, 16, 3), np.uint8),
    }
    assert FaceFit(**fields).texture.shape == (16, 16, 3)
    with pytest.raises(ContractError, match=r"FaceFit\.position_map must have shape \[8, 8, 3\]"):
        FaceFit(**(fields | {"position_map": np.zeros((8, 7, 3))}))
    with pytest.raises(ContractError, match=r"FaceFit\.rotation must have shape \[3\]"):
        FaceFit(**(fields | {"rotation": np.zeros(4)}))
    with pytest.raises(ContractError, match=r"FaceFit\.texture must hold uint8 pixels"):
        FaceFit(**(fields | {"texture": np.zeros((16, 16, 3))}))
