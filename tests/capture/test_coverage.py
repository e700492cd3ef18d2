"""What takes exercise is counted, what lacks is named, and what is to be added fills it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from animdrive.capture.coverage import TOGETHER, coverage_of, coverage_rows, gaps_of
from animdrive.capture.coverage_fill import combinations_to_add
from animdrive.capture.coverage_picture import draw_coverage
from animdrive.cli.main import app
from animdrive.contract import ARKIT52, CurveTrack
from animdrive.errors import InputError
from animdrive.export import read_curves
from animdrive.export.livelink_csv import write_livelink_csv
from animdrive.pipeline.capture_coverage import cover_capture, wanted_pairs
from animdrive.tissue.take_pairs import opposed


def track_of(fps=30.0, **curves):
    count = len(next(iter(curves.values())))
    values = np.zeros((count, 52), np.float32)
    for name, column in curves.items():
        values[:, ARKIT52.index(name)] = column
    return CurveTrack(ARKIT52, fps, values)


@pytest.fixture(scope="module")
def poor():
    """A take of smiles, then of angry brows, never both; nothing else."""
    rise = np.linspace(0, 1, 30)
    smile, brow = np.r_[rise, rise[::-1], np.zeros(60)], np.r_[np.zeros(60), rise, rise[::-1]]
    return track_of(
        mouthSmileLeft=smile, mouthSmileRight=smile, browDownLeft=brow, browDownRight=0.3 * brow
    )


def test_ranges_frames_and_speed_are_counted():
    track = track_of(jawOpen=[0.0, 0.2, 0.6, 0.95, 1.0], mouthPucker=[0.0, 0.0, 0.6, 0.3, 0.0])
    coverage = coverage_of([track, track], ARKIT52)
    jaw = coverage.curves[ARKIT52.index("jawOpen")]
    assert (jaw.peak, jaw.frames) == (1.0, (8, 6, 4))
    assert jaw.speed_per_s == pytest.approx(0.4 * 30, rel=0.02)
    assert coverage.reached(("jawOpen", "mouthPucker")) == pytest.approx(0.6)
    assert coverage.reached(("mouthPucker", "jawOpen")) == pytest.approx(0.6)
    both = coverage.frames_together[ARKIT52.index("jawOpen"), ARKIT52.index("mouthPucker")]
    assert both == 4
    assert (coverage.frames, coverage.seconds) == (10, pytest.approx(1 / 3))
    row = coverage_rows(coverage)[ARKIT52.index("jawOpen")]
    assert (row["frames_used"], row["partners"]) == (8, 1)


def test_two_takes_do_not_act_together():
    one, other = track_of(jawOpen=[1.0, 1.0]), track_of(mouthPucker=[1.0, 1.0])
    assert coverage_of([one, other], ARKIT52).reached(("jawOpen", "mouthPucker")) == 0


def test_missing_angry_smiles_are_severe(poor):
    gaps = gaps_of(coverage_of([poor], ARKIT52), wanted_pairs())
    finding = gaps.finding()
    assert finding.severe
    assert "angry + smile" in gaps.critical
    assert ("browDownLeft", "mouthSmileLeft") in gaps.pairs
    assert "angry + smile" in finding.line
    assert len(gaps.unused) == 48
    assert gaps.weak == ("browDownRight",)


def test_nothing_is_missing_where_all_is_there():
    names = ("jawOpen", "mouthPucker")
    track = CurveTrack(names, 30.0, np.ones((3, 2), np.float32))
    gaps = gaps_of(coverage_of([track], names), [names, ("jawOpen", "tongueOut")])
    assert (gaps.unused, gaps.weak, gaps.pairs, gaps.wanted) == ((), (), (), 1)
    assert not gaps.finding().severe
    assert gaps.finding().line == "all curves and all 1 pairs are there"


def test_wanted_pairs_are_faces_own():
    pairs = wanted_pairs()
    assert len(set(map(frozenset, pairs))) == len(pairs)
    assert not [pair for pair in pairs if opposed(*pair)]
    assert ("mouthSmileLeft", "browDownLeft") in pairs  # happy and angry at once


@pytest.mark.parametrize("fps", [24.0, 60.0])
def test_what_is_added_fills_every_gap_smoothly(poor, fps):
    coverage = coverage_of([poor], ARKIT52)
    gaps = gaps_of(coverage, wanted_pairs())
    track, notes = combinations_to_add(coverage, gaps, opposed=opposed, fps=fps, seed=3)
    assert "The gaps need" in notes[0]
    filled = coverage_of([poor, track], ARKIT52)
    left = gaps_of(filled, wanted_pairs())
    assert left.pairs == ()
    assert left.unused == ()
    for pair in gaps.pairs:
        assert filled.reached(pair) >= 0.55
    assert not track.values[0].any()
    assert np.abs(track.values[-1]).max() < 1e-6
    step = np.abs(np.diff(track.values, axis=0)).max() * fps
    assert step < 1.875 / 0.45 + 0.2  # the steepest place of the ease, over its seconds
    still = np.diff(track.values, axis=0)
    assert np.abs(np.diff(still, axis=0)).max() * fps**2 < 5.8 / 0.45**2 * 1.2


def test_what_one_face_cannot_do_is_not_asked_for(poor):
    coverage = coverage_of([poor], ARKIT52)
    track, _ = combinations_to_add(
        coverage, gaps_of(coverage, wanted_pairs()), opposed=opposed, seed=1
    )
    held = track.values[np.abs(np.diff(track.values, axis=0, prepend=0)).max(axis=1) < 1e-6]
    for row in held:
        up = [name for name, value in zip(ARKIT52, row, strict=True) if value > 0.05]
        assert not [(a, b) for a in up for b in up if a < b and opposed(a, b)]


def test_its_length_is_the_share_that_was_asked_for():
    rng = np.random.default_rng(0)
    track = CurveTrack(ARKIT52, 30.0, rng.uniform(0, 1, (6000, 52)).astype(np.float32))
    coverage = coverage_of([track], ARKIT52)
    gaps = gaps_of(coverage, wanted_pairs())
    assert not gaps.pairs
    for share in (0.10, 0.15):
        added, notes = combinations_to_add(coverage, gaps, opposed=opposed, share=share)
        assert not notes
        whole = added.duration_s + coverage.seconds
        assert added.duration_s / whole == pytest.approx(share, abs=0.01)


def test_the_seed_decides(poor):
    coverage = coverage_of([poor], ARKIT52)
    gaps = gaps_of(coverage, wanted_pairs())
    one, same, other = (
        combinations_to_add(coverage, gaps, opposed=opposed, seed=seed)[0].values
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_bad_settings_are_refused(poor):
    coverage = coverage_of([poor], ARKIT52)
    gaps = gaps_of(coverage, ())
    with pytest.raises(
        InputError, match=r"share must be in 0\.01\.\.0\.5 of the capture, got 0\.9"
    ):
        combinations_to_add(coverage, gaps, opposed=opposed, share=0.9)
    with pytest.raises(InputError, match=r"fps must be in 10\.\.240, got 3"):
        combinations_to_add(coverage, gaps, opposed=opposed, fps=3)
    with pytest.raises(InputError, match=r"no frames to look at"):
        coverage_of([], ARKIT52)


def test_the_picture_shows_what_is_together_and_what_is_missing(poor):
    coverage = coverage_of([poor], ARKIT52)
    gaps = gaps_of(coverage, wanted_pairs())
    picture = draw_coverage(coverage, gaps, opposed=opposed, title="Poor")
    bare = draw_coverage(coverage, gaps_of(coverage, ()), opposed=opposed, title="Poor")
    assert picture.shape[1] > 1000
    red = (picture == (214, 58, 36)).all(axis=-1).sum()
    assert red > 20 * len(gaps.pairs)
    assert red > (bare == (214, 58, 36)).all(axis=-1).sum()
    assert (picture == (17, 84, 144)).all(axis=-1).sum() > 200


def test_the_command_writes_table_picture_and_curves(poor, tmp_path):
    take = tmp_path / "schön.csv"
    write_livelink_csv(poor, take)
    runner = CliRunner()
    arguments = ["capture", "coverage", str(take), "-p", str(tmp_path / "c.png"), "--add"]
    made = runner.invoke(app, [*arguments, str(tmp_path / "more.csv")])
    assert made.exit_code == 0, made.output
    assert "angry + smile" in made.output
    assert "mouthSmileLeft" in made.output
    assert (tmp_path / "c.png").read_bytes()[1:4] == b"PNG"
    again = runner.invoke(
        app, ["capture", "coverage", str(take), str(tmp_path / "more.csv"), "--json"]
    )
    report = json.loads(again.stdout)
    assert report["finding"]["figures"]["missing_pairs"] == []
    assert report["takes"] == 2
    added = read_curves(tmp_path / "more.csv")[0]
    assert coverage_of([added], ARKIT52).reached(("browDownLeft", "mouthSmileLeft")) > TOGETHER


def test_no_capture_and_no_such_split_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"No such folder"):
        cover_capture(tmp_path / "none")


def test_a_capture_s_takes_are_chosen_by_split(tmp_path):
    from animdrive.pipeline.capture import make_capture
    from animdrive.pipeline.capture_people import FaceSimulator
    from animdrive.pipeline.capture_settings import CaptureConfig
    from animdrive.rig.head import load_head

    config = CaptureConfig(
        kinds=("random",), frames_train=24, frames_held=0, level="low", formats=(), fps=12
    )
    make_capture(
        tmp_path / "c",
        character=load_head(),
        simulator=FaceSimulator("linear"),
        config=config,
        workers=0,
    )
    assert cover_capture(tmp_path / "c")["frames"] >= 24
    with pytest.raises(InputError, match=r"has no takes of 'held_out'\. Ask for another split"):
        cover_capture(tmp_path / "c", split="held_out")
    with pytest.raises(InputError, match=r"Unknown split 'test'\. Known: train, held_out, all"):
        cover_capture(tmp_path / "c", split="test")
