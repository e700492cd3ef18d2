import numpy as np
import pytest
from small import small_character

from animdrive.contract import Mesh, Rig
from animdrive.deformer.symmetry import mirrored_name, symmetry_of
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("mouthSmileLeft", "mouthSmileRight"),
        ("jawRight", "jawLeft"),
        ("eyeLookInLeft", "eyeLookInRight"),
        ("jawOpen", "jawOpen"),
    ],
)
def test_names_change_sides(name, other):
    assert mirrored_name(name) == other


def test_our_head_is_its_own_mirror_image():
    found = symmetry_of(load_head().rig)
    skin = len(load_topology().mirror)
    np.testing.assert_array_equal(found.vertices[:skin], load_topology().mirror)
    np.testing.assert_array_equal(found.vertices[found.vertices], np.arange(len(found.vertices)))


def test_a_crooked_face_has_no_symmetry():
    rig = small_character().rig
    assert symmetry_of(rig) is not None
    bent = rig.neutral.vertices.copy()
    bent[5, 1] += 1e-3
    shape = Mesh(bent, rig.neutral.faces, rig.neutral.uv)
    assert symmetry_of(Rig(shape, rig.names, rig.deltas)) is None


def test_a_curve_without_its_like_on_the_other_side_has_no_symmetry():
    rig = small_character().rig
    deltas = rig.deltas.copy()
    deltas[rig.names.index("mouthSmileLeft")] *= 1.5
    assert symmetry_of(Rig(rig.neutral, rig.names, deltas)) is None
    names = tuple("sneerLeft" if n == "mouthSmileLeft" else n for n in rig.names)
    assert symmetry_of(Rig(rig.neutral, names, rig.deltas)) is None
