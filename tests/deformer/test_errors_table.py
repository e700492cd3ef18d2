import numpy as np
import pytest
from small import small_character

from animdrive.deformer.errors_table import (
    BIN_MM,
    ErrorTable,
    Spread,
    distances_mm,
    regions_of,
    skin_vertices,
)
from animdrive.errors import ContractError
from animdrive.rig.head import load_head

RNG = np.random.default_rng(3)


def spread_of(*parts):
    spread = Spread()
    for part in parts:
        spread.add(np.asarray(part, dtype=np.float32))
    return spread


def test_figures_are_those_of_the_values():
    values = RNG.gamma(1.0, 0.8, (40, 500)).astype(np.float32)
    figures = spread_of(values).figures()
    assert figures.mean == pytest.approx(values.mean(), rel=1e-5)
    assert figures.rms == pytest.approx(np.sqrt((values.astype(float) ** 2).mean()), rel=1e-5)
    assert figures.max == values.max()
    for share, value in ((95, figures.p95), (99, figures.p99)):
        assert value == pytest.approx(np.percentile(values, share), abs=2 * BIN_MM)


def test_pieces_add_up_to_the_whole():
    values = RNG.gamma(1.0, 0.8, 999)
    whole, pieces = spread_of(values).figures(), spread_of(values[:10], [], values[10:]).figures()
    assert whole.rounded() == pieces.rounded()


def test_what_lies_beyond_the_bins_keeps_its_size():
    figures = spread_of([0.0, 123.0]).figures()
    assert (figures.max, figures.mean) == (123.0, 61.5)
    assert figures.p99 == pytest.approx(40.0)


def test_nothing_counted_is_zero():
    assert set(Spread().figures().rounded().values()) == {0.0}


def test_a_row_for_everything_each_kind_take_and_region():
    table = ErrorTable(("model", "linear"), np.array([0, 1]), {"left": np.array([2])})
    near, far = np.array([[1.0, 3.0, 9.0]], np.float32), np.array([[2.0, 6.0, 18.0]], np.float32)
    table.add("a_1", "speech", {"model": near, "linear": far})
    table.add("a_2", "speech", {"model": 0 * near, "linear": far})
    rows = {(row.group, row.name): row for row in table.rows()}
    assert list(rows) == [
        ("all", "moving skin"),
        ("kind", "speech"),
        ("take", "a_1"),
        ("take", "a_2"),
        ("region", "left"),
    ]
    assert rows["take", "a_1"].figures["model"].mean == 2.0  # vertex 2 does not move
    assert rows["all", "moving skin"].figures["model"].mean == 1.0
    assert rows["region", "left"].figures["model"].max == 9.0
    assert rows["take", "a_1"].ratio() == pytest.approx(0.5)
    assert rows["take", "a_2"].ratio() == 0.0
    assert rows["all", "moving skin"].ratio() == pytest.approx(0.5 / np.sqrt(2))
    assert table.total().name == "moving skin"


def test_a_perfect_baseline_has_no_ratio():
    table = ErrorTable(("model", "linear"), np.array([0]), {})
    table.add("a", "rom", {"model": np.ones((1, 1)), "linear": np.zeros((1, 1))})
    assert table.total().ratio() is None


def test_a_skin_that_is_not_given_is_named():
    table = ErrorTable(("model", "linear"), np.array([0]), {})
    with pytest.raises(ContractError, match="distances of model, linear are needed, got model"):
        table.add("a", "rom", {"model": np.zeros((1, 1))})
    with pytest.raises(ContractError, match="nothing was added"):
        table.total()


def test_distances_are_lengths_in_millimetres():
    one = RNG.normal(0, 0.1, (3, 7, 3)).astype(np.float32)
    other = one + np.array([0.003, 0.0, 0.004], np.float32)
    np.testing.assert_allclose(distances_mm(one, other), 5.0, rtol=1e-4)
    np.testing.assert_array_equal(distances_mm(one, one), 0.0)


def test_skin_is_skin_and_ears_but_no_tooth():
    head = load_head()
    skin = set(skin_vertices(head).tolist())
    for part in head.parts:
        inside = set(range(part.vertices.start, part.vertices.stop)) <= skin
        assert inside == (part.name in ("skin", "ear_left", "ear_right"))


def test_a_face_without_a_skin_by_name_is_skin_all_over():
    from dataclasses import replace

    face = small_character()
    parts = tuple(replace(part, name=f"part_{n}") for n, part in enumerate(face.parts))
    renamed = replace(face, parts=parts)
    assert len(skin_vertices(renamed)) == len(face.rig.neutral.vertices)


def test_regions_of_both_sides_are_one():
    head = load_head()
    regions = regions_of(head)
    assert "lips_upper" in regions
    assert "cheek_left" not in regions
    both = np.concatenate([head.regions["cheek_left"], head.regions["cheek_right"]])
    assert set(regions["cheek"].tolist()) == set(both.tolist())
