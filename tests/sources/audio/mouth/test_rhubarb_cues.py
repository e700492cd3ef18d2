from itertools import pairwise

import numpy as np
import pytest

from animdrive.contract import PhoneTrack, Segment
from animdrive.sources.audio.language.phones import BILABIALS, CLASS_OF_PHONE
from animdrive.sources.audio.mouth.rhubarb_cues import rhubarb_cues
from animdrive.sources.audio.mouth.viseme_maps import VisemeMaps


def spoken(*rows):
    """Phones one after the other, each a label and its length."""
    now, said = 0.0, []
    for label, length in rows:
        said.append(Segment(now, now + length, label))
        now += length
    return PhoneTrack(tuple(said))


def shapes(*rows):
    return "".join(cue.label for cue in rhubarb_cues(spoken(*rows)))


@pytest.mark.parametrize(
    ("phone", "shape"),
    [
        ("SIL", "X"), ("M", "A"), ("S", "B"), ("IY", "B"), ("EH", "C"), ("AE", "C"), ("AA", "D"),
        ("AO", "E"), ("ER", "E"), ("UW", "F"), ("W", "F"), ("V", "G"),
    ],
)  # fmt: skip
def test_a_phone_alone_has_its_documented_shape(phone, shape):
    assert shapes((phone, 0.1)) == shape


def test_a_long_l_shows_the_tongue_and_a_short_one_does_not():
    assert shapes(("L", 0.25)) == "H"
    assert shapes(("L", 0.1)) == "B"


def test_length_decides_on_schwas():
    assert shapes(("AH", 0.1)) == "C"
    assert shapes(("AH", 0.3)) == "D"
    assert shapes(("ER", 0.05)) == "B"


def test_a_consonant_takes_the_lips_of_the_vowel_to_come():
    assert shapes(("T", 0.1), ("UW", 0.1)) == "F"
    assert shapes(("T", 0.1), ("IY", 0.1)) == "B"
    assert shapes(("UW", 0.1), ("S", 0.1), ("AA", 0.1)) == "FD"


def test_a_diphthong_is_two_shapes_of_which_the_first_is_longer():
    first, second = rhubarb_cues(spoken(("OW", 0.1)))
    assert (first.label, second.label) == ("E", "F")
    assert first.end_s == pytest.approx(0.06)


def test_a_wide_mouth_does_not_snap_shut():
    opened, tween, closed = rhubarb_cues(spoken(("AA", 0.3), ("M", 0.1)))
    assert (opened.label, tween.label, closed.label) == ("D", "C", "A")
    assert (tween.start_s, tween.end_s) == (pytest.approx(0.22), pytest.approx(0.3))
    assert shapes(("AA", 0.09), ("M", 0.1)) == "DA"  # no time for it
    assert shapes(("AA", 0.3), ("SIL", 0.3)) == "DCX"
    assert shapes(("UW", 0.3), ("AE", 0.3)) == "FEC"


def test_any_speech_is_covered_without_gaps_and_no_closure_is_lost(rng):
    labels = np.array(list(CLASS_OF_PHONE))
    for _ in range(50):
        rows = zip(rng.choice(labels, 40), rng.uniform(0.02, 0.4, 40), strict=True)
        phones = spoken(*((str(label), float(length)) for label, length in rows))
        cues = rhubarb_cues(phones)
        assert cues[0].start_s == 0
        assert cues[-1].end_s == pytest.approx(phones.end_s)
        for before, after in pairwise(cues):
            assert before.end_s == pytest.approx(after.start_s)
            assert before.label != after.label
            assert before.duration_s > 0
        closed = [cue for cue in cues if cue.label == "A"]
        for phone in phones.phones:
            middle = (phone.start_s + phone.end_s) / 2
            inside = any(cue.start_s < middle < cue.end_s for cue in closed)
            assert inside == (phone.label in BILABIALS)


def test_a_gap_between_phones_is_rest():
    track = PhoneTrack((Segment(0.2, 0.4, "P"), Segment(0.6, 0.8, "P")))
    assert [cue.label for cue in rhubarb_cues(track)] == list("XAXA")
    assert rhubarb_cues(PhoneTrack(())) == ()


def test_another_table_is_followed():
    maps = VisemeMaps(rhubarb={**VisemeMaps().rhubarb, "AA": "B"})
    assert [cue.label for cue in rhubarb_cues(spoken(("AA", 0.1)), maps)] == ["B"]
