"""Lids turn about the eyeball and meet."""

import numpy as np
import pytest

from animdrive.contract import ARKIT52
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.lids import CORNEA_MM, LidMotion, Lids, lid_motion

MM = 1e-3
REST = dict.fromkeys(ARKIT52, 0.0)


@pytest.fixture(scope="module", params=["left", "right"])
def lids(request):
    head, topology = load_head(), load_topology()
    skin = head.rig.neutral.vertices[: topology.counts[-1]].astype(np.float64)
    centre = head.eye_pivots[0 if request.param == "left" else 1]
    return Lids(skin, topology, request.param, centre, 12 * MM)


def test_at_rest_the_rings_lie_where_the_skin_has_them(lids):
    skin = load_head().rig.neutral.vertices
    for ring, place in zip(lids.rings, lids.place(LidMotion()), strict=True):
        np.testing.assert_allclose(place, skin[ring], atol=1e-6)


def test_closed_lids_meet_over_the_whole_width(lids):
    margin = lids.place(LidMotion(closing=1.0))[0] / MM
    upper, lower = margin[lids.upper], margin[~lids.upper]
    line = np.sort(lower[:, 0])
    height = np.interp(upper[:, 0], line, lower[np.argsort(lower[:, 0]), 1])
    assert np.abs(upper[:, 1] - height)[1:-1].max() < 0.6


def test_whatever_else_is_asked_closing_wins(lids):
    plain = lids.place(LidMotion(closing=1.0))[0]
    busy = lids.place(LidMotion(closing=1.0, upper_mm=2.6, lower_mm=-0.9))[0]
    np.testing.assert_allclose(busy, plain, atol=1e-9)


@pytest.mark.parametrize("closing", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("pitch", [-0.4, 0.0, 0.5])
def test_the_margin_keeps_its_distance_to_the_eye(lids, closing, pitch):
    motion = LidMotion(closing=closing, pitch_rad=pitch)
    moved = lids.place(motion)[0] / MM - lids.centre
    rest = lids.place(LidMotion())[0] / MM - lids.centre
    clear = np.linalg.norm(moved, axis=1) - lids.surface(moved, pitch, 0.0)
    before = np.linalg.norm(rest, axis=1) - lids.surface(rest, 0.0, 0.0)
    front = moved[:, 2] > 0.5 * lids.radius
    assert (clear - before)[front].min() > -0.1


def test_the_cornea_stands_out_where_the_eye_looks(lids):
    ahead, aside = np.array([[0, 0, 12.0]]), np.array([[12.0, 0, 0]])
    assert lids.surface(ahead, 0, 0)[0] == pytest.approx(lids.radius + CORNEA_MM)
    assert lids.surface(aside, 0, 0)[0] == pytest.approx(lids.radius)
    assert lids.surface(ahead, 0.6, 0)[0] < lids.radius + CORNEA_MM


def test_lids_follow_the_gaze_and_both_sides_are_mirror_images():
    down = lid_motion(REST | {"eyeLookDownLeft": 1.0}, "left")
    assert down.upper_mm < -2
    assert down.pitch_rad > 0
    wide = lid_motion(REST | {"eyeWideRight": 1.0}, "right")
    assert wide.upper_mm > 2
    out_left = lid_motion(REST | {"eyeLookOutLeft": 1.0}, "left")
    out_right = lid_motion(REST | {"eyeLookOutRight": 1.0}, "right")
    assert out_left.shift_mm == -out_right.shift_mm > 0
    assert lid_motion(REST, "left") == LidMotion()
