"""Millimetres of a face whose pose is known."""

from dataclasses import replace

import numpy as np
import pytest

from animdrive.errors import ContractError, InputError
from animdrive.rig.head import load_head
from animdrive.rig.lod import character_at
from animdrive.rig.skin_measures import AGAINST_REST, COLUMNS, SkinMeasures
from animdrive.rig.topology import load_topology

MM = 1e-3


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def ruler(head):
    return SkinMeasures(head)


def posed(head, **curves):
    """Return [1, V, 3], the linear rig at `curves`."""
    skin = head.rig.neutral.vertices.copy()
    for name, value in curves.items():
        skin += np.float32(value) * head.rig.delta(name)
    return skin[None]


def figures(ruler, skin):
    return dict(zip(COLUMNS, ruler.measure(skin)[0], strict=True))


def test_differences_are_exactly_zero_at_rest(head, ruler):
    rest = figures(ruler, posed(head))
    assert len(AGAINST_REST) == 5
    assert all(rest[name] == 0 for name in AGAINST_REST)
    assert not np.signbit(ruler.measure(posed(head))).any()
    assert rest["lip_aperture_mm"] < 0.1
    corners = head.rig.neutral.vertices[head.landmarks[[61, 291]], 0] / MM
    assert rest["mouth_width_mm"] == pytest.approx(np.ptp(corners), abs=1e-4)


def test_rest_can_be_another_face(head):
    smile = posed(head, mouthSmileLeft=1, jawOpen=0.2)
    ruler = SkinMeasures(head, rest=smile[0])
    assert all(figures(ruler, smile)[name] == 0 for name in AGAINST_REST)
    assert figures(ruler, posed(head))["jaw_drop_mm"] < -1


def test_jaw_and_lips_open_with_the_jaw(head, ruler):
    rows = [figures(ruler, posed(head, jawOpen=value)) for value in (0, 0.25, 0.5, 1)]
    for name in ("lip_aperture_mm", "lip_aperture_middle_mm", "jaw_drop_mm", "chin_drop_mm"):
        values = [row[name] for row in rows]
        assert np.diff(values).min() > 2, name
    for row in rows:
        assert row["jaw_travel_mm"] >= row["jaw_drop_mm"]
        assert row["lip_aperture_mm"] >= row["lip_aperture_middle_mm"]


def test_teeth_that_were_moved_tell_how_far(head, ruler):
    skin = posed(head)
    skin[:, head.part("teeth_lower").vertices] += np.float32([1, -4, -8]) * MM
    row = figures(ruler, skin)
    assert row["jaw_drop_mm"] == pytest.approx(4, abs=1e-3)
    assert row["jaw_travel_mm"] == pytest.approx(9, abs=1e-3)
    assert row["chin_drop_mm"] == 0


def test_a_jaw_to_the_front_travels_without_a_drop(head, ruler):
    row = figures(ruler, posed(head, jawForward=1))
    assert row["jaw_travel_mm"] > 3
    assert abs(row["jaw_drop_mm"]) < 0.5 * row["jaw_travel_mm"]


@pytest.mark.parametrize("lip", ["upper", "lower"])
def test_a_lip_in_front_protrudes_by_its_way(head, ruler, lip):
    skin = posed(head)
    skin[:, head.regions[f"lips_{lip}"]] += np.float32([0, 0, 3]) * MM
    row = figures(ruler, skin)
    other = {"upper": "lower", "lower": "upper"}[lip]
    assert row[f"{lip}_lip_protrusion_mm"] == pytest.approx(3, abs=1e-3)
    assert abs(row[f"{other}_lip_protrusion_mm"]) <= 3


def test_a_pucker_is_narrow_and_in_front_and_a_smile_is_wide(head, ruler):
    rest, pucker, smile = (
        figures(ruler, posed(head, **curves))
        for curves in ({}, {"mouthPucker": 1}, {"mouthSmileLeft": 1, "mouthSmileRight": 1})
    )
    assert pucker["mouth_width_mm"] < rest["mouth_width_mm"] - 5 < smile["mouth_width_mm"] - 10
    assert min(pucker["upper_lip_protrusion_mm"], pucker["lower_lip_protrusion_mm"]) > 2


def test_a_blink_shuts_its_own_lids(head, ruler):
    rest = figures(ruler, posed(head))
    for side, other in (("Left", "right"), ("Right", "left")):
        row = figures(ruler, posed(head, **{f"eyeBlink{side}": 1}))
        assert row[f"lid_aperture_{side.lower()}_mm"] < 0.5
        assert row[f"lid_aperture_{other}_mm"] == rest[f"lid_aperture_{other}_mm"] > 8
    wide = figures(ruler, posed(head, eyeWideLeft=1))
    assert wide["lid_aperture_left_mm"] > rest["lid_aperture_left_mm"] + 1


def test_a_mirrored_face_swaps_lids_and_nothing_else(head, ruler):
    skin = posed(head, jawOpen=0.3, mouthSmileLeft=0.8, eyeBlinkLeft=0.6, eyeWideRight=0.5)
    mirror = load_topology().mirror
    mirrored = skin.copy()
    mirrored[:, : len(mirror)] = skin[:, mirror] * np.float32([-1, 1, 1])
    here, there = figures(ruler, skin), figures(ruler, mirrored)
    assert here["lid_aperture_left_mm"] < here["lid_aperture_right_mm"] - 3
    swapped = {"lid_aperture_left_mm": "lid_aperture_right_mm"}
    swapped |= {b: a for a, b in swapped.items()}
    for name in COLUMNS:
        assert there[swapped.get(name, name)] == pytest.approx(here[name], abs=0.02), name


def test_many_frames_are_measured_as_each_alone(head, ruler):
    skin = np.concatenate([posed(head, jawOpen=value) for value in (0, 0.4, 0.9)])
    alone = np.concatenate([ruler.measure(frame[None]) for frame in skin])
    np.testing.assert_array_equal(ruler.measure(skin), alone)


def test_a_coarser_face_measures_alike(head, ruler):
    coarse = character_at(head, "low")
    here = figures(ruler, posed(head, jawOpen=0.5, eyeWideLeft=1))
    there = figures(SkinMeasures(coarse), posed(coarse, jawOpen=0.5, eyeWideLeft=1))
    for name in COLUMNS:
        assert there[name] == pytest.approx(here[name], abs=0.8), name


def test_what_cannot_be_measured_is_refused(head, ruler):
    with pytest.raises(InputError, match=r"no landmarks.*our own topology"):
        SkinMeasures(replace(head, landmarks=np.zeros(0, np.int32)))
    parts = tuple(
        replace(part, name="dentures") if part.name == "teeth_lower" else part
        for part in head.parts
    )
    with pytest.raises(InputError, match="no part 'teeth_lower'"):
        SkinMeasures(replace(head, parts=parts))
    with pytest.raises(ContractError, match=r"shape \[1, 17261, 3\], got \[1, 5, 3\]"):
        ruler.measure(np.zeros((1, 5, 3), np.float32))
