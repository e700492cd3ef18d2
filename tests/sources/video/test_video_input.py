"""Files as cameras, telephones and accidents make them: each is answered, nothing is invented."""

import numpy as np
import pytest
from media_maker import write_media

from animdrive.errors import InputError
from animdrive.media.video import probe_video, read_frames
from animdrive.sources.video.face import face_curves


@pytest.fixture(scope="module")
def talking(carphone):
    """Pictures [40] of a real face, 192 x 144."""
    frames = zip(read_frames(carphone), range(40), strict=False)
    return [np.ascontiguousarray(frame.image[:144, :192]) for frame, _ in frames]


def animated(path, head):
    """Return what the front end makes of a file, and all that it was told about."""
    notes = []
    result = face_curves(read_frames(path, report=notes.append), head)
    return result, [*notes, *result.notes]


def test_a_telephones_upright_video_is_upright(tmp_path, talking, head):
    lying = [np.ascontiguousarray(np.rot90(picture, -1)) for picture in talking[:8]]
    path = write_media(tmp_path / "phone.mp4", images=lying, rotation=(90, False), fps=30)
    assert probe_video(path).rotation_deg in (90, 270)
    result, notes = animated(path, head)
    assert result.found_share == 1
    assert result.landmarks.size_px == (192, 144)
    assert np.abs(result.track.head_rotation[:, 2]).max() < 0.5
    chin, brow = result.landmarks.points[-1, 152], result.landmarks.points[-1, 10]
    assert chin[1] > brow[1] + 30
    assert not any("lies on its side" in note for note in notes)


def test_a_sideways_video_without_a_word_about_it_is_followed(tmp_path, talking, head):
    lying = [np.ascontiguousarray(np.rot90(picture)) for picture in talking[:8]]
    path = write_media(tmp_path / "side.mp4", images=lying, fps=30)
    result, notes = animated(path, head)
    assert result.found_share > 0.8
    assert any("lies on its side" in note for note in notes)
    # Measured from how the head usually is in the clip, it is not turned.
    assert np.abs(result.track.head_rotation).max() < 0.6


@pytest.mark.parametrize("fps", [1, 240])
def test_slow_and_fast_cameras(tmp_path, talking, head, fps):
    pictures = talking[::4] if fps == 1 else talking[:20]
    path = write_media(tmp_path / "rate.mp4", images=pictures, fps=fps)
    result, _ = animated(path, head)
    assert result.track.fps == pytest.approx(fps, rel=0.01)
    assert len(result.track) == len(pictures)
    assert result.found_share == 1


def test_a_rate_that_varies_keeps_its_times(tmp_path, talking, head):
    steps = np.tile([0.020, 0.050, 0.030], 7)[:20]
    times = np.concatenate([[0], np.cumsum(steps)[:-1]])
    path = write_media(tmp_path / "vary.mp4", images=talking[:20], times_s=times, fps=30)
    result, _ = animated(path, head)
    np.testing.assert_allclose(result.landmarks.times_s, times, atol=2e-3)
    assert result.track.duration_s == pytest.approx(times[-1], abs=0.06)


def test_a_hole_in_the_middle_is_told_and_the_rest_is_used(tmp_path, talking, head):
    path = write_media(
        tmp_path / "hole.mp4",
        images=talking,
        fps=30,
        video_codec="mjpeg",
        pixel_format="yuvj420p",
    )
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 8] = bytes(len(data) // 8)
    path.write_bytes(data)
    result, notes = animated(path, head)
    assert any("hole.mp4 is damaged" in note for note in notes)
    assert 30 <= len(result.landmarks) < 40
    assert len(result.track) == pytest.approx(40, abs=1)
    assert result.track.confidence[[0, -1]].min() > 0


def test_the_face_leaves_and_returns(tmp_path, talking, head):
    grey = np.full_like(talking[0], 90)
    path = write_media(tmp_path / "gone.mp4", images=talking[:10] + [grey] * 20 + talking[10:20])
    result, notes = animated(path, head)
    assert result.track.confidence[:9].min() > 0
    assert result.track.confidence[11:29].max() == 0
    assert result.track.confidence[33:].min() > 0
    assert any(note.startswith("Face followed in") for note in notes)
    assert result.track.values[18:24].max() < 0.15  # at rest while nobody is there


@pytest.mark.parametrize("shown", ["black", "grey", "noise"])
def test_no_face_at_all_is_an_error_with_a_cure(tmp_path, head, rng, shown):
    pictures = {
        "black": [np.zeros((120, 160, 3), np.uint8)] * 5,
        "grey": [np.full((120, 160, 3), 120, np.uint8)] * 5,
        "noise": [rng.integers(0, 255, (120, 160, 3), dtype=np.uint8) for _ in range(5)],
    }[shown]
    path = write_media(tmp_path / "none.mp4", images=pictures)
    with pytest.raises(InputError, match=r"no face found in 5 frames \(0 %\) of the video; show"):
        animated(path, head)
