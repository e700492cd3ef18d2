import av
import numpy as np
import pytest

from animdrive.contract import AudioClip, CurveTrack, VideoFrame
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import InputError
from animdrive.render.preview import frame_count, nearest_frames, posed_frames, render_preview
from animdrive.rig.pose import rotation_matrix


def track_of(frames, fps=30.0, **fields):
    return CurveTrack(("jawOpen",), fps, np.linspace(0, 1, frames)[:, None], **fields)


def source(times, size=(64, 48)):
    for number, time_s in enumerate(times):
        yield VideoFrame(np.full((size[1], size[0], 3), number * 10, np.uint8), time_s)


def film(path):
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        rate = container.streams.video[0].average_rate
        return pictures, float(rate), dict(container.metadata)


@pytest.mark.parametrize(
    ("frames", "fps", "wanted", "count"),
    [(60, 60.0, 30.0, 30), (61, 60.0, 30.0, 30), (31, 30.0, 30.0, 31), (25, 25.0, 10.0, 10)],
)
def test_the_film_lasts_as_long_as_the_track(frames, fps, wanted, count):
    assert frame_count(track_of(frames, fps), wanted) == count


def test_a_track_that_starts_late_is_waited_for(egg):
    late = track_of(30, start_s=0.5)
    assert frame_count(late, 30.0) == 45
    heights = [v[0, 1] for v in posed_frames(egg, LinearDeformer(egg.rig), late, fps=30.0)]
    np.testing.assert_allclose(heights[:16], heights[0], atol=1e-7)
    assert heights[17] > heights[15] + 1e-5


def test_curves_are_taken_by_time_whatever_the_rate(egg):
    """The curve lifts everything by 1 cm; it rises evenly, so its height tells the time."""
    track = track_of(121, fps=60.0)  # 0 at 0 s, 1 at 2 s
    rest = egg.rig.neutral.vertices[0, 1]
    for fps in (10.0, 24.0, 30.0, 60.0):
        poses = posed_frames(egg, LinearDeformer(egg.rig), track, fps=fps)
        heights = np.array([vertices[0, 1] - rest for vertices in poses])
        times = np.arange(len(heights)) / fps
        np.testing.assert_allclose(heights, 0.01 * np.minimum(times / 2, 1), atol=1e-6)


def test_curves_that_the_track_lacks_stay_at_rest(egg):
    other = CurveTrack(("mouthPucker",), 30.0, np.ones((3, 1)))
    for vertices in posed_frames(egg, LinearDeformer(egg.rig), other, fps=30.0):
        np.testing.assert_allclose(vertices, egg.rig.neutral.vertices, atol=1e-7)


def test_head_and_eyes_turn(egg):
    head = np.tile(np.float32((0.1, 0.5, 0.0)), (4, 1))
    turned = CurveTrack(("jawOpen",), 30.0, np.zeros((4, 1)), head_rotation=head)
    expected = (egg.rig.neutral.vertices - egg.head_pivot) @ rotation_matrix(
        head[0]
    ).T + egg.head_pivot
    for vertices in posed_frames(egg, LinearDeformer(egg.rig), turned, fps=30.0):
        np.testing.assert_allclose(vertices, expected, atol=1e-6)


def test_look_curves_turn_the_eyes_where_the_track_turns_none(egg):
    look = CurveTrack(("eyeLookOutLeft",), 30.0, np.ones((2, 1)))
    (vertices, *_) = posed_frames(egg, LinearDeformer(egg.rig), look, fps=30.0)
    moved = np.abs(vertices - egg.rig.neutral.vertices).max(axis=1) > 1e-4
    left, right = egg.part("eye_left").vertices, egg.part("eye_right").vertices
    assert moved[left].any()
    assert not moved[right].any()
    assert not moved[egg.part("skin").vertices].any()


def test_each_moment_shows_the_source_frame_that_is_nearest():
    times = [0.0, 0.05, 0.06, 0.30, 0.42]
    shown = [frame.time_s for frame in nearest_frames(source(times), 10.0, 8)]
    nearest = [min(times, key=lambda t, at=at: abs(t - at)) for at in np.arange(8) / 10]
    # 0.0 | 0.06 | 0.30 (0.10 away from 0.2, 0.06 is 0.14) | 0.30 | 0.42 and then held
    assert shown == nearest == [0.0, 0.06, 0.3, 0.3, 0.42, 0.42, 0.42, 0.42]


@pytest.mark.gl
@pytest.mark.usefixtures("gl")
class TestRenderPreview:
    def test_pictures_sound_source_label_and_metadata(self, egg, tmp_path):
        path, told = tmp_path / "take.mp4", []
        tone = AudioClip(0.1 * np.sin(np.arange(16_000)), 16_000)
        render_preview(
            egg,
            LinearDeformer(egg.rig),
            track_of(60, fps=60.0),
            path,
            size=64,
            audio=tone,
            source_frames=source(np.arange(10) / 10),
            visible_label=True,
            metadata={"AIGC": "yes"},
            progress=lambda stage, done: told.append((stage, done)),
        )
        pictures, rate, metadata = film(path)
        assert (len(pictures), rate) == (30, 30.0)
        assert pictures[0].shape == (64, 86 + 64, 3)  # 4:3 beside 1:1
        assert metadata["AIGC"] == "yes"
        # the source gets brighter by 10 every tenth of a second
        levels = [picture[20, 40].mean() for picture in pictures]
        np.testing.assert_allclose(
            levels,
            [f.image[0, 0, 0] for f in nearest_frames(source(np.arange(10) / 10), 30.0, 30)],
            atol=4,
        )
        assert told[0] == ("preview", 0.0)
        assert told[-1] == ("preview", 1.0)
        assert [done for _, done in told] == sorted(done for _, done in told)
        with av.open(str(path)) as container:
            sound = container.streams.audio[0]
            assert float(sound.duration * sound.time_base) == pytest.approx(1.0, abs=0.05)

    def test_the_default_rate_is_the_tracks_up_to_30(self, egg, tmp_path):
        for fps, expected in ((24.0, 24.0), (60.0, 30.0)):
            path = tmp_path / f"{fps}.mp4"
            render_preview(egg, LinearDeformer(egg.rig), track_of(6, fps), path, size=32)
            assert film(path)[1] == pytest.approx(expected)

    def test_no_source_frames_is_the_character_alone(self, egg, tmp_path):
        path = tmp_path / "a.mp4"
        deformer = LinearDeformer(egg.rig)
        render_preview(egg, deformer, track_of(2), path, size=32, source_frames=iter(()))
        assert film(path)[0][0].shape == (32, 32, 3)

    def test_a_source_that_fails_leaves_no_file(self, egg, tmp_path):
        def broken():
            yield from source([0.0, 0.01])
            raise InputError("the clip ends here")

        path = tmp_path / "a.mp4"
        deformer = LinearDeformer(egg.rig)
        with pytest.raises(InputError, match="the clip ends here"):
            render_preview(egg, deformer, track_of(9), path, size=32, source_frames=broken())
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"size": 33}, "even and at least 16 px, got 33"),
            ({"size": 8}, "at least 16 px, got 8"),
            ({"fps": 0.5}, r"1\.\.240, got 0\.5"),
        ],
    )
    def test_impossible_settings_are_refused(self, egg, tmp_path, settings, message):
        deformer = LinearDeformer(egg.rig)
        with pytest.raises(InputError, match=message):
            render_preview(egg, deformer, track_of(3), tmp_path / "a.mp4", **settings)
        assert not list(tmp_path.iterdir())

    def test_a_track_without_frames_is_refused(self, egg, tmp_path):
        deformer, empty = LinearDeformer(egg.rig), CurveTrack(("jawOpen",), 30.0, np.zeros((0, 1)))
        for track in (empty, track_of(3, start_s=-1.0)):
            with pytest.raises(InputError, match="nothing to film"):
                render_preview(egg, deformer, track, tmp_path / "a.mp4")


def test_a_person_who_walks_away_stays_in_the_picture(egg):
    walked = np.array([[0, 0, 0], [0.01, 0, 0], [2.0, 0, 0]], dtype=np.float32)
    track = track_of(3, head_position=walked).with_values(np.zeros((3, 1)))
    frames = list(posed_frames(egg, LinearDeformer(egg.rig), track, fps=30))
    moved = [float((frame - frames[0])[:, 0].max()) for frame in frames]
    assert moved[1] == pytest.approx(0.01, rel=0.03)
    assert 0.04 < moved[2] < 0.061
