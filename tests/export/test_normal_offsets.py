import numpy as np
from small_deformer import small_character

from animdrive.export.normal_offsets import NormalOffsets
from animdrive.rig.normals import vertex_normals


def test_at_full_is_the_way_to_the_normals_of_the_shape():
    character = small_character()
    rig = character.rig
    moved = rig.neutral.vertices + rig.delta("jawOpen")
    offsets = NormalOffsets(character)
    np.testing.assert_allclose(
        offsets.rest + offsets.at_full(rig.delta("jawOpen")),
        vertex_normals(moved, rig.neutral.faces),
        atol=1e-6,
    )


def test_around_rest_is_the_same_for_both_signs_and_zero_for_nothing():
    character = small_character()
    offsets, shape = NormalOffsets(character), character.rig.delta("mouthFunnel")
    change = offsets.around_rest(shape, 0.3)
    np.testing.assert_allclose(offsets.around_rest(-shape, 0.3), -change, atol=1e-5)
    np.testing.assert_allclose(offsets.around_rest(0 * shape, 0.3), 0, atol=1e-6)


def test_around_rest_is_nearer_to_small_weights_of_either_sign():
    character = small_character()
    rig = character.rig
    offsets, shape = NormalOffsets(character), 3 * rig.delta("mouthFunnel")
    off = {"full": 0.0, "around": 0.0}
    for weight in (-0.3, 0.3):
        moved = rig.neutral.vertices + weight * shape
        truth = vertex_normals(moved, rig.neutral.faces) - offsets.rest
        off["full"] += np.abs(weight * offsets.at_full(shape) - truth).mean()
        off["around"] += np.abs(weight * offsets.around_rest(shape, 0.3) - truth).mean()
    assert off["around"] < 0.5 * off["full"]
