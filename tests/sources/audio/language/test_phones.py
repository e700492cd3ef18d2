from __future__ import annotations

import pytest

from animdrive.contract import OVR15
from animdrive.errors import ContractError
from animdrive.sources.audio.language.inventory import SYMBOLS
from animdrive.sources.audio.language.phones import (
    BILABIALS,
    CLASS_OF_PHONE,
    CLASSES,
    PHONES,
    VISEME_OF_PHONE,
    VOWELS,
    plain_phone,
)
from animdrive.sources.audio.mouth.poses import GROUPS, POSES


def test_arpabet_has_39_phones():
    assert len(PHONES) == len(set(PHONES)) == 39
    assert set(PHONES) > BILABIALS
    assert len(VOWELS & set(PHONES)) == 15


def test_every_phone_has_a_viseme_a_class_and_a_pose():
    for phone in SYMBOLS:
        assert VISEME_OF_PHONE[phone] in OVR15
        assert CLASS_OF_PHONE[phone] in CLASSES
        assert sum(pose.share for pose in POSES[phone]) == pytest.approx(1)


def test_every_oculus_viseme_is_reached():
    assert set(VISEME_OF_PHONE.values()) == set(OVR15)


def test_exactly_the_bilabials_are_closed():
    assert {phone for phone, label in CLASS_OF_PHONE.items() if label == "closed"} == BILABIALS


def test_poses_move_only_the_curves_of_their_groups():
    curves = {name for names in GROUPS.values() for name in names}
    for poses in POSES.values():
        for pose in poses:
            assert set(pose.values) <= curves
            assert set(pose.hold) == set(GROUPS)
            assert all(0 < value <= 1 for value in pose.values.values())


@pytest.mark.parametrize(("label", "phone"), [("AH0", "AH"), (" ey1", "EY"), ("sil", "SIL")])
def test_plain_phone_drops_stress_and_case(label: str, phone: str):
    assert plain_phone(label) == phone


def test_plain_phone_refuses_what_is_not_arpabet():
    with pytest.raises(ContractError, match=r"'ʃ' is not a phone\. Known are ARPABET"):
        plain_phone("ʃ")
