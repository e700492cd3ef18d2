"""The slit that is seen between lips and between lids, on edges moved by known ways."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from animdrive.errors import InputError
from animdrive.rig.head import load_head
from animdrive.rig.slits import LIP_STEP_MM, lid_slit, lip_slit, middle_of_lips

MM = 1e-3


@pytest.fixture(scope="module")
def head():
    return load_head()


def moved(head, region, way_mm, *, within_mm=np.inf):
    """Return the face at rest with a region moved by `way_mm` [3]."""
    skin = head.rig.neutral.vertices.copy()
    points = head.regions[region]
    points = points[np.abs(skin[points, 0]) <= within_mm * MM]
    skin[points] += np.asarray(way_mm, np.float32) * MM
    return skin


@pytest.mark.parametrize("gap", [0.3, 1.0, 6.0])
def test_lips_are_as_far_apart_as_they_were_moved(head, gap):
    slit = lip_slit(head)
    # Resting lips lie on each other, so what they are apart counts from a mouth that is ajar.
    ajar, apart = (
        slit.heights_mm(moved(head, "lips_lower", (0, -way, 0), within_mm=20))
        for way in (1, 1 + gap)
    )
    middle = middle_of_lips(slit)
    np.testing.assert_allclose(apart[middle], ajar[middle] + gap, atol=1e-3)
    np.testing.assert_allclose(ajar[middle], 1, atol=0.1)


def test_only_height_counts(head):
    slit = lip_slit(head)
    skin = head.rig.neutral.vertices
    np.testing.assert_allclose(
        slit.heights_mm(skin + np.float32([0, 0.02, 0.05])), slit.heights_mm(skin), atol=1e-4
    )
    forward = moved(head, "lips_lower", (0, 0, 4), within_mm=20)
    middle = middle_of_lips(slit)
    np.testing.assert_allclose(
        slit.heights_mm(forward)[middle], slit.heights_mm(skin)[middle], atol=1e-4
    )


def test_lips_that_overlap_have_no_slit(head):
    slit = lip_slit(head)
    shut = slit.heights_mm(moved(head, "lips_lower", (0, 1, 0), within_mm=20))
    assert not shut[middle_of_lips(slit)].any()


def test_the_middle_is_twelve_millimetres_wide(head):
    slit = lip_slit(head)
    columns = slit.columns[middle_of_lips(slit)]
    np.testing.assert_allclose(columns, np.arange(-6, 6.01, LIP_STEP_MM))


@pytest.mark.parametrize("side", ["left", "right"])
def test_lids_are_as_far_apart_as_they_were_moved(head, side):
    slit = lid_slit(head, side)
    rest = slit.heights_mm(head.rig.neutral.vertices)
    wide = slit.heights_mm(moved(head, f"lid_upper_{side}", (0, 2, 0)))
    np.testing.assert_allclose(wide, rest + 2, atol=1e-3)
    other = lid_slit(head, "right" if side == "left" else "left")
    np.testing.assert_array_equal(
        other.heights_mm(moved(head, f"lid_upper_{side}", (0, 2, 0))),
        other.heights_mm(head.rig.neutral.vertices),
    )
    assert rest[0] == pytest.approx(10.5, abs=1.5)  # a human eye's at rest


def test_the_column_of_a_lid_is_its_pupils(head):
    for eye, side in enumerate(("left", "right")):
        assert lid_slit(head, side).columns == pytest.approx(head.eye_pivots[eye, :1] / MM)


@pytest.mark.parametrize("region", ["lips_lower", "lid_upper_right"])
def test_a_head_without_the_region_is_refused(head, region):
    without = replace(head, regions={n: i for n, i in head.regions.items() if n != region})
    slit_of = lip_slit if region.startswith("lips") else partial(lid_slit, side="right")
    with pytest.raises(InputError, match=f"no region '{region}'.*our own topology"):
        slit_of(without)
