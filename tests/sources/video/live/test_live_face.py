"""Frame by frame against known curves, and against the same take solved as a whole."""

import numpy as np
import pytest
from face_maker import FPS, blink, curves, hill, landmark_points, lost, nodding, seen, talking

from animdrive.contract import ARKIT52, ARKIT_INDEX, Character
from animdrive.errors import InputError
from animdrive.rig.pose import looks_from_eye_rotation
from animdrive.sources.video.face import FaceConfig, curves_from_landmarks
from animdrive.sources.video.fitting.person import Person
from animdrive.sources.video.live.config import LiveFaceConfig
from animdrive.sources.video.live.face import LiveFace

RIG = LiveFaceConfig(solver="rig")
LEARNT = 120
"""Frames in which a person is learned."""


def lived(character, track, *, config=RIG, **options):
    """Return the frames of a live face that is shown a `LandmarkTrack`."""
    face = LiveFace(character, config=config, **options)
    frames = []
    for points, time_s, there in zip(track.points, track.times_s, track.confidence, strict=True):
        if there > 0:
            frames.append(face.step(points, track.size_px, float(time_s)))
        else:
            frames.append(face.lost(float(time_s)))
        face.rest()
    return frames


def stacked(frames, name):
    return np.stack([getattr(frame, name) for frame in frames])


def curve(frames, name):
    return np.array([frame.values[ARKIT_INDEX[name]] for frame in frames])


@pytest.fixture(scope="module")
def known(head):
    """The built-in head itself as a person."""
    rest = head.rig.neutral.vertices[head.landmarks].astype(np.float64) - head.head_pivot
    track = seen(head, landmark_points(head, curves(1)))
    face = LiveFace(head, config=RIG)
    face.step(track.points[0], track.size_px, 0.0)
    measured = face.person
    return Person(
        neutral=rest.astype(np.float32),
        mouth_width=float(np.linalg.norm(rest[291] - rest[61])),
        closed_gap=measured.closed_gap,
        open_eyes=measured.open_eyes,
        closed_eyes=measured.closed_eyes,
    )


@pytest.fixture(scope="module")
def talk(head):
    """A talking, nodding face: true curves, eyes, head, landmarks, live frames, offline track."""
    rng = np.random.default_rng(1)
    values, eyes = talking(270, rng)
    rotation = nodding(270, rng)
    points = landmark_points(head, values, eyes)
    track = seen(head, points, rotation=rotation, noise_m=1e-4, rng=rng)
    config = LiveFaceConfig(reference="camera", solver="rig")
    offline = curves_from_landmarks(
        track, head, config=FaceConfig(reference="camera", solver="rig")
    )
    return values, eyes, rotation, track, lived(head, track, config=config), offline.track


def test_live_and_offline_agree_once_the_person_is_known(talk):
    values, _, rotation, _, frames, offline = talk
    live = stacked(frames, "values")
    late = slice(LEARNT, None)
    assert np.abs(live - offline.values)[late].mean() < 0.013
    assert np.abs(live - values)[late].mean() < 0.015
    turned = stacked(frames, "head_rotation")
    assert np.abs(turned - rotation)[late].mean() < np.radians(0.8)
    assert np.abs(turned - offline.head_rotation)[late].mean() < np.radians(0.8)
    for name in ("jawOpen", "mouthPucker", "mouthSmileLeft", "browInnerUp", "eyeBlinkRight"):
        column = ARKIT_INDEX[name]
        if values[late, column].std() > 0.05:
            assert np.corrcoef(live[late, column], values[late, column])[0, 1] > 0.97


def test_the_regressor_says_live_what_it_says_offline(head, talk):
    track = talk[3]
    frames = lived(head, track, config=LiveFaceConfig(reference="camera"))
    offline = curves_from_landmarks(track, head, config=FaceConfig(reference="camera")).track
    live, whole = stacked(frames, "values")[LEARNT:], offline.values[LEARNT:]
    assert np.abs(live - whole).mean() < 0.03
    moving = whole.std(axis=0) > 0.05
    together = [
        np.corrcoef(live[:, column], whole[:, column])[0, 1] for column in np.flatnonzero(moving)
    ]
    assert len(together) > 3
    assert np.mean(together) > 0.9


def test_the_picture_itself_is_looked_at(head, talk):
    """Once it is known how the person looks at rest, what is seen counts beside the landmarks."""
    track = talk[3]
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 512, 512, 3), dtype=np.uint8)

    def last(pixels):
        face = LiveFace(head)
        for frame in range(12):
            shown = pictures[0] if frame < 11 else pixels
            points = track.points[frame]
            value = face.step(points, track.size_px, float(track.times_s[frame]), pixels=shown)
            face.rest()
        return value.values

    assert np.abs(last(pictures[0]) - last(pictures[1])).max() > 1e-3


def test_gaze_is_that_of_the_take(talk):
    _, eyes, _, _, frames, offline = talk
    live = stacked(frames, "eye_rotation")[LEARNT:]
    assert np.corrcoef(live[:, 0, 1], eyes[LEARNT:, 0, 1])[0, 1] > 0.9
    assert np.corrcoef(live[:, 0, 0], eyes[LEARNT:, 0, 0])[0, 1] > 0.9
    assert np.abs(live - offline.eye_rotation[LEARNT:]).mean() < np.radians(4)


def test_the_look_curves_say_what_the_eyes_do(talk):
    frames = talk[4]
    looks = looks_from_eye_rotation(stacked(frames, "eye_rotation"))
    for name, wanted in looks.items():
        np.testing.assert_allclose(curve(frames, name), wanted, atol=1e-6)


def test_it_does_the_same_each_time_and_knows_nothing_of_the_future(head, talk):
    track, frames = talk[3], talk[4]
    config = LiveFaceConfig(reference="camera", solver="rig")
    half = type(track)(
        track.points[:100], track.times_s[:100], track.confidence[:100], track.size_px
    )
    for mine, other in zip(lived(head, half, config=config), frames[:100], strict=True):
        np.testing.assert_array_equal(mine.values, other.values)


def test_a_known_person_is_right_from_the_first_frame(head, known):
    values = curves(30, jawOpen=0.5, mouthSmileLeft=0.4, mouthSmileRight=0.4)
    frames = lived(head, seen(head, landmark_points(head, values)), person=known)
    assert curve(frames, "jawOpen")[0] == pytest.approx(0.5, abs=0.08)
    assert curve(frames, "mouthSmileLeft")[0] == pytest.approx(0.4, abs=0.1)
    # Nobody known, the first face seen is taken for one at rest.
    unknown = lived(head, seen(head, landmark_points(head, values[:1])))
    assert curve(unknown, "mouthSmileLeft")[0] < 0.1


def test_a_step_is_followed_at_once_and_without_overshoot(head, known):
    wanted = np.r_[np.zeros(20), np.full(25, 0.6)]
    frames = lived(
        head, seen(head, landmark_points(head, curves(45, jawOpen=wanted))), person=known
    )
    jaw = curve(frames, "jawOpen")
    reached = jaw[-1]
    assert reached == pytest.approx(0.6, abs=0.06)
    assert jaw[20] > 0.5 * reached  # more than half of it within its own frame
    assert jaw[22] > 0.9 * reached
    assert jaw.max() <= reached + 0.02
    assert jaw[:20].max() < 0.02


def test_blinks_and_closures_are_not_rounded_off(head, known):
    frames_n = 60
    jaw = np.full(frames_n, 0.4)
    shut = np.zeros(frames_n)
    shut[30:32] = 1.0  # two frames: a quick P
    shut[[29, 32]] = 0.5
    values = curves(frames_n, jawOpen=jaw, mouthClose=0.4 * shut)
    values[:, ARKIT_INDEX["eyeBlinkLeft"]] = values[:, ARKIT_INDEX["eyeBlinkRight"]] = blink(
        frames_n, 45
    )
    rng = np.random.default_rng(4)
    track = seen(head, landmark_points(head, values), noise_m=5e-5, rng=rng)
    frames = lived(head, track, person=known)
    assert curve(frames, "eyeBlinkLeft").max() > 0.9
    assert int(np.argmax(curve(frames, "eyeBlinkLeft"))) in (44, 45, 46)
    delta = head.rig.deltas[:, head.landmarks]
    gap_row = np.array(
        [
            delta[head.rig.names.index(n), 13, 1] - delta[head.rig.names.index(n), 14, 1]
            for n in ARKIT52
        ]
    )
    gaps = stacked(frames, "values") @ gap_row
    assert gaps[10:26].mean() > 3e-3
    assert gaps[30:32].min() < 0.7e-3


def test_a_still_face_is_still(head, known):
    rng = np.random.default_rng(7)
    values = curves(90, mouthSmileLeft=0.3, mouthSmileRight=0.3, browInnerUp=0.3)
    track = seen(head, landmark_points(head, values), noise_m=1e-4, rng=rng)
    calm = stacked(lived(head, track, person=known), "values")[30:]
    raw = stacked(
        lived(head, track, person=known, config=LiveFaceConfig(smooth=False, solver="rig")),
        "values",
    )[30:]
    moving = raw.std(axis=0) > 1e-3
    assert calm.std(axis=0).max() < 0.012
    assert calm.std(axis=0)[moving].mean() < 0.7 * raw.std(axis=0)[moving].mean()


def test_a_lost_face_is_held_then_rests_and_eases_back_in(head, known):
    values = curves(90, jawOpen=0.5)
    track = lost(seen(head, landmark_points(head, values)), slice(30, 60))
    frames = lived(head, track, person=known)
    jaw, confidence = curve(frames, "jawOpen"), stacked(frames, "confidence")
    assert (confidence[:30] == 1).all()
    assert (confidence[30:60] == 0).all()
    assert (confidence[60:] == 1).all()
    np.testing.assert_allclose(jaw[30:36], jaw[29], atol=1e-6)  # held for 0.2 s
    assert jaw[30 + round(0.62 * FPS)] < 0.01  # at rest after 0.4 s more
    assert np.abs(np.diff(jaw[55:])).max() < 0.25  # no jump on the way back
    assert jaw[70] == pytest.approx(0.5, abs=0.06)


def test_what_cannot_be_a_face_is_not_believed(head):
    track = seen(head, landmark_points(head, curves(40)))
    points = np.array(track.points)
    points[20:25] = np.random.default_rng(0).uniform(0, 512, points[20:25].shape)
    odd = type(track)(points, track.times_s, track.confidence, track.size_px)
    frames = lived(head, odd)
    assert (stacked(frames, "confidence")[20:25] == 0).all()
    assert stacked(frames, "values")[25:].max() < 0.3


def test_mouth_open_at_first_is_put_right_by_what_follows(head):
    jaw = np.r_[np.full(20, 0.5), np.zeros(100)] + 0.0
    jaw[90:] = 0.5 * hill(30, 5, 25)
    frames = lived(head, seen(head, landmark_points(head, curves(120, jawOpen=jaw))))
    live = curve(frames, "jawOpen")
    assert live[78:88].max() < 0.05
    assert live[90:].max() == pytest.approx(0.5, abs=0.08)


def test_a_cut_leaves_no_trace_of_what_was_before(head, known):
    values = curves(60, jawOpen=np.r_[np.full(30, 0.6), np.zeros(30)])
    points = landmark_points(head, values)
    track = seen(head, points)
    moved = np.array(track.points)
    moved[30:, :, 0] += 300.0
    cut = type(track)(moved, track.times_s, track.confidence, track.size_px)
    jumped = curve(lived(head, cut, person=known), "jawOpen")
    smooth = curve(lived(head, track, person=known), "jawOpen")
    assert jumped[30] < 0.02 < smooth[30]


def test_memory_does_not_grow(head, known):
    face = LiveFace(head, person=known, config=RIG)
    track = seen(head, landmark_points(head, curves(1)))
    for frame in range(1000):
        face._running.add(track.points[0], 1 / 30)
        if frame % 50 == 0:
            assert len(face._running._sample) <= 240
    assert face._running._stride == 8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cutoff_hz": 0.0}, "cutoff_hz must be above 0"),
        ({"head_beta": -1.0}, "head_beta must be in 0..1000"),
        ({"solver": "oracle"}, "solver must be 'learned' or 'rig', got 'oracle'"),
        ({"reference": "moon"}, "reference must be 'usual' or 'camera', got 'moon'"),
        ({"focal": 50.0}, "focal must be in 0.2..20, got 50.0"),
        ({"hold_s": 11.0}, "hold_s must be in 0..10 s, got 11.0"),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(InputError, match=message):
        LiveFaceConfig(**settings)


def test_time_must_rise(head):
    track = seen(head, landmark_points(head, curves(1)))
    face = LiveFace(head, config=RIG)
    face.step(track.points[0], track.size_px, 0.5)
    with pytest.raises(InputError, match=r"time must rise, got 0.5 s after 0.5 s"):
        face.step(track.points[0], track.size_px, 0.5)
    with pytest.raises(InputError, match="time must rise"):
        face.lost(0.1)


def test_a_character_without_landmarks_is_refused(head):
    fields = {name: getattr(head, name) for name in Character.__dataclass_fields__}
    bare = Character(**{**fields, "landmarks": np.zeros(0, np.int32)})
    with pytest.raises(InputError, match="the character has 0 face landmarks"):
        LiveFace(bare)
