"""The table of muscle strengths that ships, and what it may contain."""

import numpy as np
import pytest

from animdrive.contract import ARKIT52, mirrored_name
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.calibrate import FLOOR, _mirrored
from animdrive.tissue.drive import AIR
from animdrive.tissue.facs import FACS_TABLE
from animdrive.tissue.simulate import gain_rows, load_gains, muscles_with_lips


@pytest.fixture(scope="module")
def rows():
    names = [muscle.name for muscle in muscles_with_lips(load_head(), load_topology())]
    return {name: i for i, name in enumerate((*names, AIR))}


@pytest.fixture(scope="module")
def gains(rows):
    return load_gains(ARKIT52, tuple(name for name in rows if name != AIR))


def test_there_is_a_row_for_every_muscle_and_one_for_the_air(rows, gains):
    assert gains.shape == (gain_rows(load_head()), 52) == (len(rows), 52)
    assert np.isfinite(gains).all()
    assert gains.min() >= 0


def test_a_curve_uses_no_muscle_that_anatomy_does_not_name(rows, gains):
    for column, anatomy in enumerate(FACS_TABLE):
        named = {rows[name] for name in anatomy.sided() if name in rows}
        if anatomy.curve == "cheekPuff":
            named.add(rows[AIR])
        used = set(np.flatnonzero(gains[:, column] > 0).tolist())
        assert used <= named, anatomy.curve


def test_left_and_right_curves_pull_alike(rows, gains):
    for column, curve in enumerate(ARKIT52):
        other = gains[:, ARKIT52.index(mirrored_name(curve))]
        if curve.startswith(("jawLeft", "jawRight", "mouthLeft", "mouthRight")):
            continue  # these name a direction, not a side
        np.testing.assert_allclose(_mirrored(gains[:, column], rows), other, atol=1e-6)


def test_mirroring_twice_changes_nothing(rows):
    some = np.random.default_rng(0).random(len(rows))
    np.testing.assert_array_equal(_mirrored(_mirrored(some, rows), rows), some)


def test_muscles_of_a_unit_act_together(rows, gains):
    frown = gains[:, ARKIT52.index("browDownLeft")]
    main = frown[rows["depressor_supercilii_left"]]
    assert frown[rows["corrugator_supercilii_left"]] > 0.2 * FLOOR * main > 0


def test_bodies_are_not_moved_by_fibres(rows, gains):
    bodies = [row for name, row in rows.items() if "palpebra" in name]
    assert len(bodies) == 6
    assert (gains[bodies] == 0).all()


def test_a_smile_is_the_zygomaticus(rows, gains):
    smile = gains[:, ARKIT52.index("mouthSmileLeft")]
    assert smile[rows["zygomaticus_major_left"]] > 0.2
    assert smile[rows["zygomaticus_major_right"]] == 0
