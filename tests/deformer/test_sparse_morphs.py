import numpy as np
import pytest
from small import small_character

from animdrive.deformer.product import FusedProduct
from animdrive.deformer.sparse_morphs import (
    CELL,
    STORAGE,
    DenseMorphs,
    cut_cells,
    mirrored_cells,
    sparse_morphs,
    with_twins,
)
from animdrive.deformer.symmetry import symmetry_of
from animdrive.rig.head import load_head

RIG = small_character().rig
COUNT = len(RIG.neutral.vertices)
PLACES = RIG.neutral.vertices.astype(np.float64)
EVERY = np.arange(COUNT, dtype=np.int32)


def random_morphs(seed=0, count=6):
    rng = np.random.default_rng(seed)
    own = np.sort(rng.choice(COUNT, 120, replace=False)).astype(np.int32)
    offsets = rng.normal(0, 1e-3, (count, len(own), 3)).astype(np.float32)
    return DenseMorphs(np.arange(count, dtype=np.int32), own, offsets, np.ones(count, np.float32))


def dense(group):
    out = np.zeros((len(group.columns), COUNT, 3), dtype=np.float32)
    out[:, group.vertices] = group.offsets
    return out


@pytest.mark.parametrize(
    ("storage", "off"), [("fp32", 0.0), ("fp16", 2e-6), ("int16", 1e-7), ("int8", 2e-5)]
)
def test_blocks_hold_what_was_put_in(storage, off):
    group = random_morphs()
    blocks = sparse_morphs(
        [group], cut_cells(PLACES, EVERY, None), COUNT, storage=storage, least_m=0.0
    )
    assert blocks.data.dtype == STORAGE[storage]
    np.testing.assert_allclose(blocks.dense(6, COUNT), dense(group), atol=off)


def test_what_moves_nothing_is_not_stored():
    group = random_morphs()
    group.offsets[2] *= 1e-5
    cells = cut_cells(PLACES, EVERY, None)
    blocks = sparse_morphs([group], cells, COUNT, storage="int8", least_m=1e-6)
    assert 2 not in blocks.column
    assert set(blocks.column) == {0, 1, 3, 4, 5}


def test_every_vertex_is_in_one_cell_and_cells_come_in_pairs():
    rig = load_head().rig
    partner = symmetry_of(rig).vertices.astype(np.int32)
    moved = np.flatnonzero((rig.deltas != 0).any(axis=(0, 2))).astype(np.int32)
    cells = cut_cells(rig.neutral.vertices.astype(float), moved, partner)
    assert np.diff(cells.starts).max() <= CELL
    np.testing.assert_array_equal(np.sort(cells.vertices), moved)
    mirrored = mirrored_cells(cells, partner)
    np.testing.assert_array_equal(mirrored[mirrored], np.arange(len(cells)))
    for cell, other in enumerate(mirrored):
        own = cells.vertices[cells.starts[cell] : cells.starts[cell + 1]]
        image = cells.vertices[cells.starts[other] : cells.starts[other + 1]]
        np.testing.assert_array_equal(partner[own], image)


def test_twins_are_mirror_images_without_a_number_more():
    partner = symmetry_of(RIG).vertices.astype(np.int32)
    cells = cut_cells(PLACES, EVERY, partner)
    blocks = sparse_morphs([random_morphs()], cells, COUNT, storage="fp32", least_m=0.0)
    both = with_twins(blocks, mirrored_cells(cells, partner), 6)
    assert both.data is blocks.data
    whole = both.dense(12, COUNT)
    np.testing.assert_array_equal(whole[6:], whole[:6][:, partner] * [-1, 1, 1])


def test_fewer_columns_leave_the_others_as_they_are():
    cells = cut_cells(PLACES, EVERY, None)
    blocks = sparse_morphs([random_morphs()], cells, COUNT, storage="fp32", least_m=0.0)
    keep = np.array([True, False, True, True, False, False])
    np.testing.assert_array_equal(blocks.kept(keep).dense(3, COUNT), blocks.dense(6, COUNT)[keep])


@pytest.mark.parametrize("storage", ["int8", "int16", "fp32"])
@pytest.mark.parametrize("frames", [1, 4, 5, 33, 70])
def test_the_fused_product_is_the_plain_sum(storage, frames):
    partner = symmetry_of(RIG).vertices.astype(np.int32)
    cells = cut_cells(PLACES, EVERY, partner)
    own = sparse_morphs([random_morphs()], cells, COUNT, storage=storage, least_m=0.0)
    learned = with_twins(own, mirrored_cells(cells, partner), 6)
    rig = sparse_morphs([random_morphs(1, 4)], cells, COUNT, storage="int16", least_m=0.0)
    rng = np.random.default_rng(2)
    curves = rng.random((frames, 4), dtype=np.float32) * (rng.random((frames, 4)) < 0.6)
    weights = rng.normal(size=(frames, 12)).astype(np.float32)
    made = FusedProduct(RIG.neutral.vertices, rig, learned)(curves.astype(np.float32), weights)
    plain = RIG.neutral.vertices + np.tensordot(curves, rig.dense(4, COUNT), 1)
    plain = plain + np.tensordot(weights, learned.dense(12, COUNT), 1)
    # Blocks that move nothing by a thousandth of a millimetre may be left out.
    np.testing.assert_allclose(made, plain, atol=16e-6)


def test_rest_is_exact():
    cells = cut_cells(PLACES, EVERY, None)
    blocks = sparse_morphs([random_morphs()], cells, COUNT, storage="int8", least_m=0.0)
    product = FusedProduct(RIG.neutral.vertices, blocks, blocks)
    for frames in (1, 40):
        none = np.zeros((frames, 6), dtype=np.float32)
        skin = product(none, none)
        assert (skin == RIG.neutral.vertices).all()
