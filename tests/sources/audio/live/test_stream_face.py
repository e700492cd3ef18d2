"""The whole causal front end, with phones that are known."""

import numpy as np
import pytest
from label_stream import LabelStream, segments, voiced

from animdrive.contract import ARKIT_INDEX, PhoneTrack
from animdrive.errors import ContractError, InputError
from animdrive.sources.audio.acoustic.network import LIVE
from animdrive.sources.audio.language.inventory import SYMBOLS
from animdrive.sources.audio.live.stream_face import StreamConfig, StreamFace
from animdrive.sources.audio.live.stream_protocol import STREAMS, PhoneStream
from animdrive.sources.audio.mouth.curves import mouth_from_phones
from animdrive.weights import manifest

SAID = segments("P AA T IY M UW S F EH L OW B AY K AE N SH ER", start_s=0.4, each_s=0.09)
SPAN = (SAID[0].start_s, SAID[-1].end_s)
JAW, CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]


def spoken(rate=16_000):
    return voiced(2.6, rate, spans=(SPAN,))


def performed(samples, *, rate=16_000, size=10_000, phones=None, **settings):
    face = StreamFace(phones or LabelStream(SAID), rate=rate, config=StreamConfig(**settings))
    frames = []
    for at in range(0, len(samples), size):
        frames += face.push(samples[at : at + size])
    return frames + face.finish()


def rows(frames):
    return np.stack(
        [np.concatenate([f.values, f.head_rotation, f.eye_rotation.ravel()]) for f in frames]
    )


@pytest.mark.parametrize("size", [1, 7, 160, 1000])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_the_pieces_do_not_matter(size, rate):
    samples = spoken(rate)[: round(0.8 * rate)]
    whole = performed(samples, rate=rate, size=len(samples))
    parts = performed(samples, rate=rate, size=size)
    np.testing.assert_array_equal(rows(parts), rows(whole))


def test_frames_cover_the_sound_and_a_tail_and_are_numbered():
    frames = performed(spoken(), fps=50.0)
    assert [f.number for f in frames] == list(range(len(frames)))
    assert (2.6 + 0.3) * 50 - 1 <= len(frames) <= (2.6 + 0.3) * 50 + 1
    assert not rows(frames)[-3:, JAW].any()


def test_a_recogniser_that_keeps_its_last_frames_loses_none_of_ours():
    usual = performed(spoken())
    short = performed(spoken(), phones=LabelStream(SAID, keeps=3))
    np.testing.assert_array_equal(rows(short), rows(usual))


@pytest.mark.parametrize("look_ahead", [0, 4, 8])
def test_a_frame_waits_for_its_look_ahead_and_no_longer(look_ahead):
    face = StreamFace(LabelStream(SAID, look_ahead=look_ahead), rate=16_000)
    samples, came = spoken(), {}
    for at in range(0, len(samples), 16):
        for frame in face.push(samples[at : at + 16]):
            came[frame.number] = (at + 16) / 16_000
    waited = np.array([came[n] - n / 60 for n in sorted(came)])
    assert waited.max() <= face.look_ahead_s + 0.002
    assert waited.min() > look_ahead * 0.01
    assert face.look_ahead_s == pytest.approx(look_ahead * 0.01 + 0.015)


def test_the_future_changes_nothing():
    samples = spoken()
    other = samples.copy()
    other[24_000:] = 0
    same = performed(samples), performed(other)
    until = round((1.5 - 0.055) * 60) - 1
    np.testing.assert_array_equal(rows(same[0])[:until], rows(same[1])[:until])


def test_the_mouth_follows_the_one_that_knows_the_whole_line():
    frames = performed(spoken(), phones=LabelStream(SAID, certainty=0.97))
    live = rows(frames)[:, :52]
    times = np.arange(len(frames)) / 60
    whole = mouth_from_phones(PhoneTrack(tuple(SAID)), times)
    for name in ("jawOpen", "mouthPucker", "mouthStretchLeft", "mouthLowerDownLeft"):
        a, b = live[:, ARKIT_INDEX[name]], whole[:, ARKIT_INDEX[name]]
        best, late = max((np.corrcoef(np.roll(b, k), a)[0, 1], k) for k in range(-6, 10))
        assert best > 0.8, name
        assert 0 <= late / 60 <= 0.07, name


def test_every_closure_is_shown_at_every_rate():
    for fps in (15.0, 30.0, 60.0, 120.0):
        frames = performed(spoken(), fps=fps)
        values = rows(frames)
        for phone in SAID:
            if phone.label not in ("P", "B", "M"):
                continue
            first = int(np.ceil(phone.start_s * fps))
            last = int((phone.end_s + 0.03) * fps)
            gap = values[first : last + 1, JAW] - values[first : last + 1, CLOSE]
            assert gap.min() < 1e-6, (fps, phone)


def test_the_mouth_rests_where_nobody_speaks():
    values = rows(performed(spoken()))
    still = [i for n, i in ARKIT_INDEX.items() if n.startswith(("jaw", "mouth", "tongue"))]
    assert not values[: round((SPAN[0] - 0.02) * 60)][:, still].any()
    assert not values[round((SPAN[1] + 0.2) * 60) :][:, still].any()


def test_the_seed_changes_life_but_not_the_mouth():
    first, other = (rows(performed(spoken(), seed=s)) for s in (0, 1))
    np.testing.assert_array_equal(first[:, JAW], other[:, JAW])
    assert not np.array_equal(first[:, 52:], other[:, 52:])


class Slow(LabelStream):
    def __init__(self):
        super().__init__(look_ahead=9)


class Coarse(LabelStream):
    hop_s = 0.02


def test_what_is_not_live_is_told():
    with pytest.raises(ContractError, match=r"looks 0\.09 s ahead; at most 0\.08 s is live"):
        StreamFace(Slow(), rate=16_000)
    with pytest.raises(ContractError, match=r"hop is 0\.02 s, not 0\.01 s"):
        StreamFace(Coarse(), rate=16_000)
    with pytest.raises(InputError, match=r"fps must be in 1..240, got 0"):
        StreamConfig(fps=0)
    with pytest.raises(InputError, match=r"seed must be 0 or above, got -1"):
        StreamConfig(seed=-1)


def test_the_stand_in_is_a_phone_stream():
    assert isinstance(LabelStream(), PhoneStream)


@pytest.fixture
def acoustic():
    if LIVE not in manifest():
        pytest.skip("the live network does not ship yet")
    return STREAMS.load("acoustic")


def test_the_acoustic_stream_keeps_the_protocol(acoustic, rng):
    stream = acoustic()
    assert isinstance(stream, PhoneStream)
    assert set(stream.symbols) <= set(SYMBOLS)
    assert 0 < stream.look_ahead_s <= 0.08
    sound = np.float32(0.05 * rng.normal(size=16_000))
    posteriors = [stream.push(sound[at : at + 160]) for at in range(0, 16_000, 160)]
    late = 100 - sum(map(len, posteriors))
    assert late * 0.01 <= stream.look_ahead_s + 0.0101
    together = np.concatenate([*posteriors, stream.finish()])
    assert together.shape[1] == len(stream.symbols)
    assert len(together) in (98, 99, 100, 101)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-3)


def test_the_acoustic_stream_closes_the_lips_of_a_spoken_line(acoustic, line):
    frames = performed(line.samples, rate=line.sample_rate, phones=acoustic())
    values = rows(frames)
    shut = values[:, CLOSE] > 0.9 * values[:, JAW]
    speaks = values[:, JAW] > 0.01
    begins = np.flatnonzero(np.diff((shut & speaks).astype(int)) == 1)
    assert len(begins) >= 4  # ten P, a B and an M are said
    assert values[:, JAW].max() > 0.2
