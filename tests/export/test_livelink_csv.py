import csv
from pathlib import Path

import numpy as np
import pytest
from synthetic_performance import make_track

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.errors import InputError
from animdrive.export.livelink_csv import HEADER, read_livelink_csv, write_livelink_csv
from animdrive.rig.pose import eye_rotation_from_looks

ARKIT = Path(__file__).parents[2].parent / "shared" / "data" / "arkit"
TAKES = sorted(ARKIT.glob("*.csv")) + sorted(ARKIT.with_name("rigs").glob("*.csv"))
PHONE = [path for path in TAKES if path.name.startswith("MySlate")]


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


def write_rows(path, rows):
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    return path


@pytest.fixture
def written(tmp_path):
    """A good file of 90 frames at 60, as rows of cells."""
    path = tmp_path / "good.csv"
    write_livelink_csv(make_track(90, fps=60.0, start_s=10.5), path)
    return rows_of(path)


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 59.94, 60.0, 15.0, 120.0, 300.0])
def test_what_was_written_comes_back(tmp_path, fps):
    track = make_track(round(2.5 * fps), fps=fps, start_s=7.25)
    write_livelink_csv(track, tmp_path / "a.csv")
    again, notes = read_livelink_csv(tmp_path / "a.csv")
    assert notes == ()
    assert again.fps == pytest.approx(fps, rel=2e-5)
    assert again.start_s == pytest.approx(7.25, abs=1e-3 / 24)
    assert again.names == ARKIT52
    np.testing.assert_allclose(again.values, track.values, atol=1e-9)
    np.testing.assert_allclose(again.head_rotation, track.head_rotation, atol=1e-9)
    np.testing.assert_allclose(again.eye_rotation, track.eye_rotation, atol=1e-9)
    np.testing.assert_array_equal(again.confidence, 1)


def test_a_second_writing_gives_the_same_bytes(tmp_path):
    write_livelink_csv(make_track(100, fps=30.0), tmp_path / "a.csv")
    write_livelink_csv(read_livelink_csv(tmp_path / "a.csv").track, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_layout_is_that_of_the_app(tmp_path):
    track = make_track(3, fps=60.0, start_s=3600.5)
    write_livelink_csv(track, tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_bytes()
    assert b"\r" not in text
    assert text.endswith(b"\n")
    header, first, second, _ = rows_of(tmp_path / "a.csv")
    assert len(header) == 63
    assert header[:4] == ["Timecode", "BlendshapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]
    for right, left in (("JawRight", "JawLeft"), ("MouthRight", "MouthLeft")):
        assert header.index(left) == header.index(right) + 1
    assert header[-9:-6] == ["HeadYaw", "HeadPitch", "HeadRoll"]
    assert (first[0], second[0]) == ("01:00:00:30.000", "01:00:00:31.000")
    assert first[1] == "61"
    assert first[header.index("JawRight")] == f"{track.curve('jawRight')[0]:.10f}"


@pytest.mark.skipif(not PHONE, reason="the recorded takes are not here")
def test_header_equals_that_of_real_takes():
    for take in PHONE:
        assert tuple(rows_of(take)[0]) == HEADER


@pytest.mark.skipif(not TAKES, reason="the recorded takes are not here")
@pytest.mark.parametrize("take", TAKES, ids=lambda path: path.stem)
def test_every_recorded_take_reads_and_round_trips(tmp_path, take):
    track, _ = read_livelink_csv(take)
    given = rows_of(take)
    assert 0 <= len(track) - (len(given) - 1) < 10
    jaw = [name.lower() for name in given[0]].index("jawopen")
    assert track.curve("jawOpen")[0] == pytest.approx(float(given[1][jaw]), abs=1e-6)
    write_livelink_csv(track, tmp_path / "again.csv")
    again, _ = read_livelink_csv(tmp_path / "again.csv")
    assert again.fps == pytest.approx(track.fps, rel=1e-6)
    np.testing.assert_allclose(again.values, track.values, atol=1e-9)
    np.testing.assert_allclose(again.eye_rotation, track.eye_rotation, atol=1e-9)


@pytest.mark.skipif(not PHONE, reason="the recorded takes are not here")
@pytest.mark.parametrize("take", PHONE, ids=lambda path: path.stem)
def test_real_eyes_turn_the_way_their_look_curves_say(take):
    """The signs of yaw and pitch, seen from the outside."""
    track, _ = read_livelink_csv(take)
    looks = eye_rotation_from_looks(track)
    for eye in (0, 1):
        for axis in (0, 1):
            together = np.corrcoef(track.eye_rotation[:, eye, axis], looks[:, eye, axis])[0, 1]
            assert together > 0.9


def test_columns_go_by_name_in_any_order_and_case(tmp_path, written):
    order = np.random.default_rng(0).permutation(63)
    shuffled = [[row[at] for at in order] for row in written]
    shuffled[0] = [name.lower() if at % 2 else name.upper() for at, name in enumerate(shuffled[0])]
    plain = read_livelink_csv(write_rows(tmp_path / "a.csv", written)).track
    mixed = read_livelink_csv(write_rows(tmp_path / "b.csv", shuffled)).track
    np.testing.assert_array_equal(plain.values, mixed.values)
    np.testing.assert_array_equal(plain.head_rotation, mixed.head_rotation)
    np.testing.assert_array_equal(plain.eye_rotation, mixed.eye_rotation)


def test_old_and_foreign_spellings_are_understood(tmp_path, written):
    plain = read_livelink_csv(write_rows(tmp_path / "a.csv", written)).track
    spelled = [list(row) for row in written]
    spelled[0][1] = "BlendShapeCount"
    spelled[0][2] = "eyeBlink_L"
    spelled[0][3] = "blendShapes.eyeLookDownLeft"
    again, notes = read_livelink_csv(write_rows(tmp_path / "b.csv", spelled))
    np.testing.assert_array_equal(again.values, plain.values)
    assert notes == ()


def test_byte_order_mark_line_ends_and_semicolons_are_understood(tmp_path, written):
    plain = read_livelink_csv(write_rows(tmp_path / "a.csv", written)).track
    text = "\r\n".join(";".join(cell.replace(".", ",") for cell in row) for row in written)
    (tmp_path / "b.csv").write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n")
    again, _ = read_livelink_csv(tmp_path / "b.csv")
    np.testing.assert_array_equal(again.values, plain.values)
    assert again.fps == plain.fps


def test_values_outside_are_clipped_counted_and_told(tmp_path, written):
    written[5][2], written[6][2], written[7][3] = "1.003", "1.25", "-0.1"
    track, notes = read_livelink_csv(write_rows(tmp_path / "a.csv", written))
    assert track.values[4, 0] == track.values[5, 0] == 1
    assert track.curve("eyeLookDownLeft")[6] == 0
    expected = (
        "3 of 4680 values lay outside 0..1 and were clipped; the furthest was 'eyeBlinkLeft' = "
        "1.250 in frame 5."
    )
    assert notes == (expected,)


def test_percentages_are_refused(tmp_path, written):
    written[4][2] = "43"
    with pytest.raises(InputError, match=r"'eyeBlinkLeft' is 43 in frame 3.*divide them by 100"):
        read_livelink_csv(write_rows(tmp_path / "a.csv", written))


@pytest.mark.parametrize(
    ("cell", "shown"), [("nan", "'nan'"), ("", "an empty cell"), ("x", "'x'"), ("-inf", "'-inf'")]
)
@pytest.mark.parametrize("column", [5, 60])
def test_a_bad_cell_is_named_with_its_place(tmp_path, written, cell, shown, column):
    written[12][column] = cell
    name = written[0][column]
    with pytest.raises(InputError, match=rf"line 13, column '{name}': {shown} is not a number\."):
        read_livelink_csv(write_rows(tmp_path / "a.csv", written))


def test_bad_cells_are_counted(tmp_path, written):
    written[12][5] = written[13][5] = "nan"
    with pytest.raises(InputError, match=r"line 13, .*\(2 such cells\)"):
        read_livelink_csv(write_rows(tmp_path / "a.csv", written))


def test_a_short_line_is_named(tmp_path, written):
    written[-1] = written[-1][:20]
    with pytest.raises(InputError, match=r"line 91: it has 20 cells, but the header has 63"):
        read_livelink_csv(write_rows(tmp_path / "a.csv", written))


def test_dropped_frames_are_filled_at_confidence_0(tmp_path, written):
    whole = read_livelink_csv(write_rows(tmp_path / "a.csv", written)).track
    del written[41:43]  # frames 40 and 41
    track, notes = read_livelink_csv(write_rows(tmp_path / "b.csv", written))
    assert notes == ("2 dropped frames were filled in, with confidence 0.",)
    assert len(track) == 90
    np.testing.assert_array_equal(np.flatnonzero(track.confidence == 0), [40, 41])
    kept = track.confidence == 1
    np.testing.assert_array_equal(track.values[kept], whole.values[kept])
    third = whole.values[39] + (whole.values[42] - whole.values[39]) / 3
    np.testing.assert_allclose(track.values[40], third, atol=1e-6)


def test_repeated_rows_are_left_out(tmp_path, written):
    whole = read_livelink_csv(write_rows(tmp_path / "a.csv", written)).track
    written.insert(31, list(written[30]))
    track, notes = read_livelink_csv(write_rows(tmp_path / "b.csv", written))
    assert notes == ("1 rows repeat the frame before and were left out.",)
    np.testing.assert_array_equal(track.values, whole.values)


def test_missing_curves_rest_and_others_are_left_out(tmp_path):
    rows = [["Time", "JawOpen", "_mouth_oh"]] + [[f"{i / 25:.4f}", "0.5", "x"] for i in range(60)]
    track, notes = read_livelink_csv(write_rows(tmp_path / "a.csv", rows))
    assert track.fps == 25
    np.testing.assert_array_equal(track.curve("jawOpen"), np.full(60, 0.5, np.float32))
    assert track.values.sum() == 30
    assert notes[0].startswith("51 of 52 curves are not in the file and rest at 0: eyeBlinkLeft,")
    assert notes[1] == "Columns that are not ARKit curves were left out: _mouth_oh."


def test_without_eye_angles_the_eyes_follow_their_curves(tmp_path):
    rows = [["Time", "EyeLookOutLeft"]] + [[f"{i / 30:.4f}", "0.5"] for i in range(60)]
    track, notes = read_livelink_csv(write_rows(tmp_path / "a.csv", rows))
    assert notes[-1] == "It has no eye angles; the eyes follow its eyeLook curves."
    assert track.eye_rotation[:, 0, 1] == pytest.approx(0.3)


def test_curves_missing_in_the_track_are_written_as_0(tmp_path):
    write_livelink_csv(CurveTrack(("jawOpen",), 30.0, np.ones((40, 1))), tmp_path / "a.csv")
    again, _ = read_livelink_csv(tmp_path / "a.csv")
    assert again.values.sum() == 40


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"Timecode,JawOpen\n", "has no rows below its header"),
        (b"a,b\n1,2\n", "no column 'Timecode' or 'Time'"),
        (b"Time,b\n1,2\n", r"none of the 52 ARKit curves is in it \(found Time, b"),
        (b"Time,JawOpen,jawopen\n0,0,0\n", "the curve 'jawOpen' is there twice"),
        (b"\xff\xfe\x00\x01", "is not a CSV text file"),
        (b"RIFF\x00\x00,\x01", "is not a CSV text file"),
        (b"Time,JawOpen\nsoon,0\n", r"line 2: the time 'soon' cannot be read"),
        (b"Time,JawOpen\n0,0\n0,0\n", r"times do not advance \(all 0\)"),
        (b"", "is empty"),
    ],
)
def test_unusable_files_are_refused(tmp_path, text, message):
    (tmp_path / "a.csv").write_bytes(text)
    with pytest.raises(InputError, match=message):
        read_livelink_csv(tmp_path / "a.csv")


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="not found"):
        read_livelink_csv(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_livelink_csv(tmp_path)


def test_a_given_rate_stands_in_for_times_that_do_not_tell(tmp_path):
    (tmp_path / "a.csv").write_text("Time,JawOpen\n0,0.1\n0,0.2\n0,0.3\n")
    track, notes = read_livelink_csv(tmp_path / "a.csv", fps=24.0)
    assert (track.fps, len(track)) == (24.0, 3)
    assert "Its times do not advance; rows were taken one frame apart." in notes


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="Cannot write"):
        write_livelink_csv(make_track(2), tmp_path / "file" / "a.csv")
