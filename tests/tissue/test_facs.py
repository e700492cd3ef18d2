"""The table from curves to action units to muscles."""

import pytest

from animdrive.contract import ARKIT52, mirrored_name
from animdrive.tissue.facs import FACS_TABLE, OTHER_MUSCLES, SOURCES
from animdrive.tissue.muscle_table import COURSES

ROWS = {row.curve: row for row in FACS_TABLE}
MIMETIC = {course.name for course in COURSES} | {
    f"compressor_labii_{lip}" for lip in ("upper", "lower")
}
"""The compressor's fibres run through the lips: `animdrive.tissue.lip_fibres`."""


def test_every_curve_has_its_row_in_order():
    assert tuple(row.curve for row in FACS_TABLE) == ARKIT52


def test_every_muscle_named_is_known_and_every_mimetic_muscle_is_used():
    named = {muscle for row in FACS_TABLE for muscle in row.muscles}
    assert named <= MIMETIC | set(OTHER_MUSCLES)
    assert named >= MIMETIC


@pytest.mark.parametrize("row", FACS_TABLE, ids=lambda row: row.curve)
def test_rows_are_whole(row):
    assert row.muscles
    assert all(0 < value <= 1 for value in row.muscles.values())
    assert max(row.muscles.values()) >= 0.5
    assert row.action_units
    assert all(unit.lstrip("LR")[:2] in ("AU", "AD") or unit[1:].isdigit()
               for unit in row.action_units)  # fmt: skip
    assert row.note
    assert row.source
    assert set(row.source) <= set(SOURCES)


@pytest.mark.parametrize("row", FACS_TABLE, ids=lambda row: row.curve)
def test_the_other_side_is_the_mirror_image(row):
    partner = ROWS[mirrored_name(row.curve)]
    flipped = {"left": "right", "right": "left", "both": "both"}
    assert partner.side == flipped[row.side]
    assert partner.muscles == row.muscles


def test_a_left_curve_uses_left_muscles_but_the_jaw_is_swung_by_the_other_side():
    for row in FACS_TABLE:
        if row.curve.endswith("Left"):
            assert row.side == ("right" if row.curve == "jawLeft" else "left")


def test_sides_are_written_into_the_names():
    assert ROWS["mouthSmileLeft"].sided()["zygomaticus_major_left"] == 1.0
    both = ROWS["mouthPucker"].sided()
    assert both["incisivus_superior_left"] == both["incisivus_superior_right"] > 0
    assert len(both) == 2 * len(ROWS["mouthPucker"].muscles)


@pytest.mark.parametrize(
    ("curve", "unit", "muscle"),
    [
        ("browInnerUp", "AU1", "frontalis_medial"),
        ("browOuterUpLeft", "AU2", "frontalis_lateral"),
        ("browDownLeft", "AU4", "corrugator_supercilii"),
        ("eyeWideLeft", "AU5", "levator_palpebrae"),
        ("cheekSquintLeft", "AU6", "orbicularis_oculi_orbital_lower"),
        ("eyeSquintLeft", "AU7", "orbicularis_oculi_palpebral_lower"),
        ("noseSneerLeft", "AU9", "levator_labii_superioris_alaeque_nasi"),
        ("mouthUpperUpLeft", "AU10", "levator_labii_superioris"),
        ("mouthSmileLeft", "AU12", "zygomaticus_major"),
        ("mouthDimpleLeft", "AU14", "buccinator_upper"),
        ("mouthFrownLeft", "AU15", "depressor_anguli_oris"),
        ("mouthLowerDownLeft", "AU16", "depressor_labii_inferioris"),
        ("mouthShrugLower", "AU17", "mentalis"),
        ("mouthStretchLeft", "AU20", "risorius"),
        ("eyeBlinkLeft", "AU45", "orbicularis_oculi_palpebral_upper"),
        ("jawOpen", "AU26", "pterygoid_lateral"),
        ("tongueOut", "AD19", "genioglossus"),
    ],
)
def test_the_main_muscle_of_an_action_unit_is_the_manuals(curve, unit, muscle):
    row = ROWS[curve]
    assert unit in row.action_units
    assert row.muscles[muscle] == max(row.muscles.values())
