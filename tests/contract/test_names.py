import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX, MIRROR52, MOUTH_CURVES, OVR15, mirrored_name

ORDER = {
    0: "eyeBlinkLeft",
    1: "eyeLookDownLeft",
    6: "eyeWideLeft",
    7: "eyeBlinkRight",
    13: "eyeWideRight",
    14: "jawForward",
    15: "jawLeft",
    16: "jawRight",
    17: "jawOpen",
    18: "mouthClose",
    21: "mouthLeft",
    22: "mouthRight",
    31: "mouthRollLower",
    32: "mouthRollUpper",
    40: "mouthUpperUpRight",
    41: "browDownLeft",
    43: "browInnerUp",
    46: "cheekPuff",
    50: "noseSneerRight",
    51: "tongueOut",
}


def test_arkit_has_52_different_names():
    assert len(ARKIT52) == len(set(ARKIT52)) == 52


@pytest.mark.parametrize("index", ORDER)
def test_arkit_order(index):
    assert ARKIT52[index] == ORDER[index]
    assert ARKIT_INDEX[ORDER[index]] == index


def test_mirroring_twice_is_nothing():
    assert [MIRROR52[MIRROR52[index]] for index in range(52)] == list(range(52))


def test_mirroring_swaps_sides_and_keeps_the_middle():
    for index, other in enumerate(MIRROR52):
        here, there = ARKIT52[index], ARKIT52[other]
        if here.endswith("Left"):
            assert there == here.removesuffix("Left") + "Right"
        elif not here.endswith("Right"):
            assert there == here


def test_curves_in_the_middle():
    middle = {name for name in ARKIT52 if mirrored_name(name) == name}
    assert middle == {
        "jawForward",
        "jawOpen",
        "mouthClose",
        "mouthFunnel",
        "mouthPucker",
        "mouthRollLower",
        "mouthRollUpper",
        "mouthShrugLower",
        "mouthShrugUpper",
        "browInnerUp",
        "cheekPuff",
        "tongueOut",
    }


def test_the_mouth_is_27_curves_the_tongue_and_the_cheeks():
    assert len(MOUTH_CURVES) == 29
    assert {"jawOpen", "tongueOut", "cheekPuff"} < set(MOUTH_CURVES)
    assert not [name for name in MOUTH_CURVES if name.startswith(("eye", "brow", "nose"))]


def test_oculus_visemes():
    assert OVR15[0] == "sil"
    assert len(set(OVR15)) == 15
