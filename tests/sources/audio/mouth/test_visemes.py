from __future__ import annotations

import numpy as np
import pytest

from animdrive.contract import OVR15, PhoneTrack, Segment
from animdrive.errors import ContractError, InputError
from animdrive.sources.audio.language.phones import CLASSES, VISEME_OF_PHONE
from animdrive.sources.audio.mouth.visemes import viseme_segments, viseme_track


def track(text: str, *, each_s: float = 0.1) -> PhoneTrack:
    labels = text.split()
    edges = np.arange(len(labels) + 1) * each_s
    return PhoneTrack(
        phones=tuple(
            Segment(float(a), float(b), label)
            for a, b, label in zip(edges[:-1], edges[1:], labels, strict=True)
        )
    )


def test_segments_carry_the_classes_and_merge_equal_neighbours():
    segments = viseme_segments(track("SIL P B AA1 F UW T SIL"))
    assert [segment.label for segment in segments] == (
        "rest closed open labiodental rounded other rest".split()
    )
    assert {segment.label for segment in segments} == set(CLASSES)
    assert (segments[1].start_s, segments[1].end_s) == pytest.approx((0.1, 0.3))


def test_segments_apart_in_time_are_not_merged():
    phones = PhoneTrack(phones=(Segment(0, 0.1, "P"), Segment(0.2, 0.3, "P")))
    assert len(viseme_segments(phones)) == 2


def test_weights_of_every_frame_sum_to_1():
    visemes = viseme_track(track("SIL P AA T IY M UW SIL", each_s=0.07), fps=60)
    assert visemes.names == OVR15
    assert len(visemes) == round(8 * 0.07 * 60)
    assert visemes.values.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_in_the_middle_of_a_phone_its_viseme_is_alone():
    phones = track("SIL HH EH L OW SIL")
    visemes = viseme_track(phones, fps=200)
    for phone in phones.phones:
        frame = round((phone.start_s + phone.end_s) / 2 * 200)
        assert visemes.values[frame, OVR15.index(VISEME_OF_PHONE[phone.label])] == pytest.approx(1)


def test_at_a_border_both_visemes_are_half():
    visemes = viseme_track(track("AA UW"), fps=100)
    assert visemes.values[10, OVR15.index("aa")] == pytest.approx(0.5)
    assert visemes.values[10, OVR15.index("U")] == pytest.approx(0.5)


def test_without_phones_all_is_silence():
    visemes = viseme_track(PhoneTrack(phones=()))
    assert len(visemes) == 1
    assert visemes.values[0, 0] == 1


def test_labels_that_are_not_arpabet_are_refused():
    with pytest.raises(ContractError, match="'ɑ' is not a phone"):
        viseme_segments(track("ɑ"))
    with pytest.raises(ContractError, match="'ɑ' is not a phone"):
        viseme_track(track("ɑ"))


def test_a_rate_of_0_is_refused():
    with pytest.raises(InputError, match=r"fps must be above 0, got 0\."):
        viseme_track(track("AA"), fps=0)
