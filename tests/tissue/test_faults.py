import numpy as np
import pytest

from animdrive.contract import CurveTrack
from animdrive.contract.capture import CapturedTake, Take
from animdrive.errors import InputError
from animdrive.tissue.faults import Faults, faulted, parse_faults, scan_noise

FPS = 30.0


def sheet(side=24, spacing=0.002):
    """Return vertices and faces of a square, metres."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    vertices = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1) * spacing
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.concatenate(
        [
            np.stack([corner, corner + 1, corner + side], axis=1),
            np.stack([corner + 1, corner + side + 1, corner + side], axis=1),
        ]
    )
    return vertices.astype(np.float32), faces.astype(np.int32)


@pytest.fixture
def rising():
    """A sheet that rises by a millimetre a frame, for two seconds."""
    vertices, _ = sheet()
    skin = np.repeat(vertices[None], 60, axis=0)
    skin[..., 2] += np.arange(60)[:, None] * np.float32(0.001)
    track = CurveTrack(("a",), FPS, np.zeros((60, 1), np.float32))
    return CapturedTake(
        take=Take("rising", "rom", "train", track),
        vertices=skin,
        times_s=np.arange(60) / FPS,
        head_transform=np.tile(np.eye(4, dtype=np.float32), (60, 1, 1)),
    )


def put_on(take, **faults):
    return faulted(take, sheet()[1], Faults(**faults), np.random.default_rng(5))


def test_faults_are_read_with_and_without_units():
    text = "noise=0.2mm, drop=2%,holes=1,fps=60,offset=+120ms,drift=3mm"
    assert parse_faults(text) == Faults(0.2, 0.02, 1, 60.0, 120.0, 3.0)
    assert parse_faults("offset=-50,noise=.5") == Faults(noise_mm=0.5, offset_ms=-50)
    assert not parse_faults("").any()
    assert parse_faults("drop=1%").any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dust=3", "Unknown fault 'dust'. Known: noise, drop"),
        ("noise=loud", "'noise=loud' cannot be read; write faults as noise=0.2mm"),
        ("noise=0.2cm", "'noise=0.2cm' cannot be read"),
        ("noise", "'noise' cannot be read"),
        ("drop=1%,drop=2%", "'drop' is given twice"),
        ("holes=1.5", "counted in whole numbers"),
        ("drop=95%", r"drop must be in 0..0.9, got 0.95"),
        ("noise=11mm", r"noise_mm must be in 0..10"),
        ("fps=500", r"fps must be in 1..240, got 500"),
        ("offset=9000ms", r"offset_ms must be in -5000..5000"),
    ],
)
def test_faults_that_cannot_be_are_named(text, message):
    with pytest.raises(InputError, match=message):
        parse_faults(text)


def test_no_fault_changes_no_bit(rising):
    same, truth = put_on(rising)
    np.testing.assert_array_equal(same.vertices, rising.vertices)
    np.testing.assert_array_equal(same.times_s, rising.times_s)
    assert same.missing is None
    assert truth.dropped == ()
    np.testing.assert_array_equal(truth.drift, np.tile(np.eye(4), (60, 1, 1)))


def test_lost_frames_are_the_ones_that_the_truth_names(rising):
    faulty, truth = put_on(rising, drop=0.2)
    kept = [k for k in range(60) if k not in truth.dropped]
    assert len(truth.dropped) == 12
    assert kept[0] == 0
    assert kept[-1] == 59
    np.testing.assert_array_equal(faulty.vertices, rising.vertices[kept])
    np.testing.assert_allclose(faulty.times_s, np.array(kept) / FPS)


def test_another_rate_and_a_late_clock_show_the_same_motion(rising):
    faulty, truth = put_on(rising, fps=60, offset_ms=120)
    assert truth.fps == 60
    assert truth.offset_s == pytest.approx(0.12)
    assert len(faulty.vertices) == 119
    happened = faulty.times_s - truth.offset_s
    np.testing.assert_allclose(faulty.vertices[:, 0, 2], happened * FPS * 0.001, atol=1e-7)


def test_drift_is_rigid_starts_in_place_and_is_undone_by_its_truth(rising):
    faulty, truth = put_on(rising, drift_mm=3)
    np.testing.assert_array_equal(truth.drift[0], np.eye(4))
    shift = np.linalg.norm(truth.drift[:, :3, 3], axis=1)
    assert shift.max() == pytest.approx(0.003, rel=1e-4)
    turn = truth.drift[:, :3, :3]
    np.testing.assert_allclose(turn @ turn.transpose(0, 2, 1), np.tile(np.eye(3), (60, 1, 1)),
                               atol=1e-6)  # fmt: skip
    moved = faulty.vertices - truth.drift[:, None, :3, 3]
    back = np.einsum("nji,nvj->nvi", turn, moved)
    np.testing.assert_allclose(back, rising.vertices, atol=1e-6)


def test_noise_has_its_strength_and_neighbours_share_half_of_it(rising):
    faulty, _ = put_on(rising, noise_mm=0.2)
    noise = (faulty.vertices - rising.vertices) * 1000
    assert noise.std() == pytest.approx(0.2, rel=0.05)
    assert abs(noise.mean()) < 0.01
    grid = noise.reshape(60, 24, 24, 3)
    near = (grid[:, :, 1:] * grid[:, :, :-1]).mean() / noise.var()
    far = (grid[:, :, 16:] * grid[:, :, :-16]).mean() / noise.var()
    assert 0.3 < near < 0.55
    assert abs(far) < 0.1
    edge, middle = grid[:, 0].std(), grid[:, 12].std()
    assert edge == pytest.approx(middle, rel=0.15)  # open edges are no quieter


def test_noise_differs_from_frame_to_frame():
    vertices, faces = sheet()
    draw = scan_noise(faces, len(vertices))
    rng = np.random.default_rng(1)
    frames = np.stack([draw(rng).ravel() for _ in range(40)])
    alike = np.corrcoef(frames)[np.triu_indices(40, 1)]
    assert abs(alike.mean()) < 0.02
    assert np.abs(alike).max() < 0.4


def test_holes_hold_what_was_seen_last_and_are_marked(rising):
    faulty, truth = put_on(rising, holes=2)
    missing = faulty.missing
    assert 0.005 < missing.mean() < 0.6
    np.testing.assert_array_equal(faulty.vertices[~missing], rising.vertices[~missing])
    for frame, vertex in np.argwhere(missing):
        seen = [k for k in range(frame) if not missing[k, vertex]]
        expected = rising.vertices[seen[-1], vertex] if seen else rising.vertices[0, vertex]
        np.testing.assert_array_equal(faulty.vertices[frame, vertex], expected)
    for hole in truth.holes:
        frames = np.flatnonzero(
            (faulty.times_s >= hole["start_s"]) & (faulty.times_s <= hole["end_s"])
        )
        assert missing[frames, int(hole["vertex"])].all()


def test_the_same_seed_gives_the_same_faults(rising):
    every = {"noise_mm": 0.1, "drop": 0.1, "holes": 1, "fps": 25, "drift_mm": 1}
    first, again = put_on(rising, **every)[0], put_on(rising, **every)[0]
    np.testing.assert_array_equal(first.vertices, again.vertices)
    np.testing.assert_array_equal(first.missing, again.missing)
