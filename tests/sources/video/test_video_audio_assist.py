"""What is heard finishes what is seen, and does no more."""

from dataclasses import replace

import numpy as np
import pytest
from face_maker import FPS, curves, hill
from scipy.ndimage import gaussian_filter1d

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack
from animdrive.errors import ContractError
from animdrive.sources.video.audio_assist import HeardMouth, assisted
from animdrive.sources.video.indices import INNER_LIP_PAIRS

FRAMES = 300
JAW, CLOSE, TONGUE = (ARKIT_INDEX[name] for name in ("jawOpen", "mouthClose", "tongueOut"))


def gap_m(head, values):
    """[T] mean gap of the inner lips, metres."""
    deltas = np.zeros((len(ARKIT52), len(head.landmarks), 3))
    for column, name in enumerate(head.rig.names):
        if name in ARKIT_INDEX:
            deltas[ARKIT_INDEX[name]] = head.rig.deltas[column, head.landmarks]
    rows = np.stack([deltas[:, up, 1] - deltas[:, low, 1] for up, low in INNER_LIP_PAIRS])
    return np.maximum(np.asarray(values, dtype=np.float64) @ rows.T, 0).mean(axis=1)


class Talk:
    """Irregular syllables; at some of the dips between them a P, at some an F."""

    def __init__(self):
        rng = np.random.default_rng(5)
        starts = np.cumsum(rng.integers(9, 17, 30))
        starts = starts[starts < FRAMES - 20]
        self.jaw = np.zeros(FRAMES)
        for at in starts:
            self.jaw = np.maximum(self.jaw, rng.uniform(0.35, 0.6) * hill(FRAMES, at, at + 6, 2.0))
        dips = [int(at + 6 + np.argmin(self.jaw[at + 6 : at + 12])) for at in starts[:-1]]
        self.dips = [at for at in dips if at + 10 < FRAMES]
        self.p_at, self.f_at = self.dips[1::4], self.dips[3::4]
        self.lifted = np.maximum(self.jaw, 0.08)  # the camera blurs dips: lips stay apart there
        self.values = curves(FRAMES, jawOpen=self.lifted)

    def track(self, confidence=1.0):
        return CurveTrack(
            ARKIT52, FPS, self.values.astype(np.float32),
            confidence=np.full(FRAMES, confidence, np.float32),
        )  # fmt: skip

    def heard(self, *, late=0):
        def marks(places):
            envelope = np.zeros(FRAMES)
            for at in places:
                envelope[at - 2 : at + 3] = (0.5, 0.9, 1.0, 0.9, 0.5)
            return np.roll(envelope, late)

        sound = curves(FRAMES, jawOpen=np.roll(self.jaw, late))
        sound[:, TONGUE] = np.roll(0.3 * (self.jaw > 0.3), late)
        return HeardMouth(
            sealed=marks(self.p_at),
            bitten=marks(self.f_at),
            curves=sound,
            loud_db=-60 + 40 * gaussian_filter1d(np.roll(self.jaw, late), 1.0),
            speaking=np.ones(FRAMES, dtype=bool),
        )


@pytest.fixture(scope="module")
def talk():
    return Talk()


@pytest.fixture(scope="module")
def done(talk, head):
    return assisted(talk.track(), talk.heard(), head)


def test_half_seen_closures_become_whole(talk, done, head):
    before, after = gap_m(head, talk.values), gap_m(head, done.track.values)
    for at in talk.p_at:
        near = slice(at - 2, at + 3)
        assert before[near].min() > 1e-3
        assert after[near].min() < 0.25e-3
    assert done.figures["closures"] == {"already": 0, "sharpened": len(talk.p_at), "left": 0}
    assert len(done.figures["closed_at_s"]) == len(talk.p_at)


def test_a_bite_lifts_the_lip_and_leaves_the_mouth_a_little_open(talk, done, head):
    before, after = gap_m(head, talk.values), gap_m(head, done.track.values)
    roll = done.track.curve("mouthRollLower")
    for at in talk.f_at:
        near = slice(at - 2, at + 3)
        assert roll[near].max() > 0.3
        assert 0.2 * before[near].min() < after[near].min() < 0.7 * before[near].min()
    assert done.figures["bites"]["sharpened"] == len(talk.f_at)


def test_the_mouth_is_nowhere_opened(talk, done, head):
    assert (gap_m(head, done.track.values) <= gap_m(head, talk.values) + 1e-6).all()
    assert (done.track.values[:, JAW] <= talk.values[:, JAW] + 1e-6).all()


def test_what_is_far_from_a_closure_stays_as_it_was_seen(talk, done):
    far = np.ones(FRAMES, dtype=bool)
    for at in (*talk.p_at, *talk.f_at):
        far[max(at - 8, 0) : at + 9] = False
    columns = np.arange(52) != TONGUE
    changed = np.abs(done.track.values - talk.values)[far][:, columns]
    assert far.sum() > 50
    assert changed.max() < 1e-6


def test_the_tongue_shows_where_the_mouth_is_open_and_only_there(talk, done, head):
    tongue = done.track.values[:, TONGUE]
    gap = gap_m(head, done.track.values)
    assert done.figures["tongue_frames"] > 5
    assert tongue.max() > 0.15
    assert tongue[gap < 0.2e-3].max(initial=0.0) < 0.03


def test_the_numbers_and_the_note_say_the_same(done):
    closures = done.figures["closures"]
    assert f"{closures['sharpened']} were sharpened" in done.note
    assert f"{done.figures['frames_changed']} of {FRAMES} frames changed" in done.note
    assert 0 < done.figures["frames_changed"] < FRAMES
    assert 0 < done.figures["mean_change"] < 1


def test_a_mouth_that_is_seen_wide_open_is_left_open(head):
    talk = Talk()
    at = talk.p_at[0]
    talk.values[at - 12 : at + 13, JAW] = 0.5  # laughing through the P
    done = assisted(talk.track(), talk.heard(), head)
    assert done.figures["closures"]["left"] == 1
    np.testing.assert_allclose(done.track.values[at - 4 : at + 5, JAW], 0.5, atol=1e-6)


def test_a_mouth_that_is_seen_closed_needs_no_help(head):
    talk = Talk()
    at = talk.p_at[0]
    talk.values[at - 2 : at + 3, CLOSE] = talk.values[at - 2 : at + 3, JAW]
    done = assisted(talk.track(), talk.heard(), head)
    assert done.figures["closures"]["already"] == 1


def test_sound_a_frame_or_three_late_still_closes_where_the_lips_are_nearest(talk, head):
    done = assisted(talk.track(), talk.heard(late=3), head)
    assert done.figures["delay_s"] == pytest.approx(0.1, abs=0.04)
    assert done.figures["closures"]["sharpened"] == len(talk.p_at)
    after = gap_m(head, done.track.values)
    for at in talk.p_at:
        assert after[at - 3 : at + 4].min() < 0.25e-3


@pytest.mark.parametrize(("late", "way"), [(12, "0.40 s after"), (-12, "0.40 s before")])
def test_sound_out_of_sync_is_told_and_left_out(talk, head, late, way):
    done = assisted(talk.track(), talk.heard(late=late), head)
    assert f"the sound comes {way} the mouth it belongs to" in done.note
    np.testing.assert_array_equal(done.track.values, talk.track().values)
    assert "left_out" in done.figures


def test_another_voice_is_told_and_left_out(talk, head):
    heard = talk.heard()
    other = np.random.default_rng(9)
    jaw = np.clip(gaussian_filter1d(other.normal(size=FRAMES), 3) * 2, 0, 1)
    sound = replace(heard, curves=curves(FRAMES, jawOpen=jaw), loud_db=-60 + 40 * jaw)
    done = assisted(talk.track(), sound, head)
    assert "the mouth does not move with the sound" in done.note
    assert done.track.values.tobytes() == talk.track().values.tobytes()


def test_silence_and_music_without_words_are_left_out(talk, head):
    quiet = replace(talk.heard(), speaking=np.zeros(FRAMES, dtype=bool))
    done = assisted(talk.track(), quiet, head)
    assert "only 0.0 s of speech are heard" in done.note


def test_a_still_mouth_is_left_still(talk, head):
    track = CurveTrack(ARKIT52, FPS, np.zeros((FRAMES, 52), np.float32))
    done = assisted(track, talk.heard(), head)
    assert not done.track.values.any()
    assert "left_out" in done.figures


def test_a_face_that_is_not_seen_is_not_touched(talk, head):
    done = assisted(talk.track(confidence=0.0), talk.heard(), head)
    np.testing.assert_array_equal(done.track.values, talk.track().values)


def test_sound_of_another_length_is_a_broken_contract(talk, head):
    heard = replace(talk.heard(), sealed=np.zeros(7))
    with pytest.raises(ContractError, match="the track has 300 frames, the sound 7"):
        assisted(talk.track(), heard, head)
