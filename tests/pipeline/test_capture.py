"""A small capture, made, made again, spoilt, and read back."""

import json
import shutil

import numpy as np
import pytest
from stand_in import BULGE_MM, Bulging, BulgingFactory

from animdrive.contract import CurveTrack
from animdrive.errors import InputError
from animdrive.export import read_curves
from animdrive.export.point_cache import read_pc2
from animdrive.pipeline.capture import make_capture
from animdrive.pipeline.capture_compare import report_capture
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.capture_settings import CaptureConfig, clips_or_demo, preset_of
from animdrive.pipeline.capture_write import head_transform
from animdrive.rig.head import load_head
from animdrive.rig.pose import posed_vertices
from animdrive.tissue.faults import Faults

SMALL = {
    "kinds": ("rom", "emotions", "random"),
    "frames_train": 90,
    "frames_held": 30,
    "formats": ("safetensors",),
}


def make(folder, *, simulator=None, **settings):
    return make_capture(
        folder,
        character=load_head(),
        simulator=simulator or BulgingFactory(),
        config=CaptureConfig(**{**SMALL, **settings}),
        workers=0,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("aufnahme") / "Gesicht"
    make(place, formats=("safetensors", "pc2"))
    return place


@pytest.fixture
def own(folder, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(folder, tmp_path / "copy")


def test_everything_is_there_and_says_what_it_is(folder):
    found = json.loads((folder / "capture.json").read_text(encoding="utf-8"))
    assert found["whole"] is True
    assert found["units"]["length"] == "m"
    assert found["fps"] == 30
    assert found["seed"] == 0
    assert found["provenance"]["synthetic"] is True
    assert json.loads(found["provenance"]["AIGC"])["Label"] == "1"
    assert "created" not in found["provenance"]
    assert {row["split"] for row in found["takes"]} == {"train", "held_out"}
    names = {path.name for path in folder.iterdir()}
    assert names == {"capture.json", "base.obj", "base.safetensors", "base.glb", "takes"}
    for row in found["takes"]:
        files = {path.name for path in (folder / "takes").glob(f"{row['name']}.*")}
        assert files == {f"{row['name']}.{kind}" for kind in ("csv", "pc2", "safetensors")}


def test_what_is_read_back_is_what_the_simulator_made(folder):
    capture = read_capture(folder)
    np.testing.assert_array_equal(
        capture.character.rig.neutral.vertices, load_head().rig.neutral.vertices
    )
    for entry in capture.takes:
        captured = capture.take(entry.name)
        track = captured.take.track
        truth = np.stack(list(Bulging().frames(track.values)))
        assert np.abs(captured.vertices - truth).max() < 5e-6
        np.testing.assert_allclose(captured.times_s, np.arange(entry.frames) / 30)
        cache = read_pc2(folder / "takes" / f"{entry.name}.pc2")
        assert np.abs(cache - truth).max() < 1e-7
        curves = read_curves(folder / "takes" / f"{entry.name}.csv")[0]
        np.testing.assert_allclose(curves.values, track.values, atol=1e-6)


def test_the_linear_rig_beside_it_is_the_character(folder):
    import trimesh

    mesh = trimesh.load(folder / "base.obj", process=False, maintain_order=True)
    rest = load_head().rig.neutral
    np.testing.assert_array_equal(mesh.vertices.astype(np.float32), rest.vertices)
    capture = read_capture(folder)
    np.testing.assert_allclose(capture.character.rig.deltas, load_head().rig.deltas, atol=1e-6)


def test_the_head_s_matrix_moves_the_skin_as_the_head_moves():
    head = load_head()
    values = np.zeros((2, 52), np.float32)
    turn = np.array([[0, 0, 0], [0.2, -0.3, 0.1]], np.float32)
    shift = np.array([[0, 0, 0], [0.01, 0.02, -0.03]], np.float32)
    track = CurveTrack(head.rig.names, 30.0, values, head_rotation=turn, head_position=shift)
    matrix = head_transform(track, head)
    np.testing.assert_array_equal(matrix[0], np.eye(4))
    rest = head.rig.neutral.vertices
    posed = posed_vertices(head, rest, head_rotation=turn[1], head_position=shift[1],
                           eye_rotation=np.zeros((2, 3)))  # fmt: skip
    whole = head.head_weight == 1
    moved = rest @ matrix[1, :3, :3].T + matrix[1, :3, 3]
    np.testing.assert_allclose(moved[whole], posed[whole], atol=1e-6)


def test_the_report_finds_the_bulge_and_only_it(folder):
    rows = {(r["kind"], r["region"]): r for r in report_capture(folder)["rows"]}
    for region in ("cheeks", "forehead", "nasolabial"):
        assert rows["rom", region]["max_mm"] == pytest.approx(BULGE_MM, abs=0.02), region
    for region in ("neck", "nose", "lids"):
        assert rows["all", region]["max_mm"] < 0.02 or region == "nose", region
    assert rows["all", "cheeks"]["mean_mm"] <= rows["all", "cheeks"]["p95_mm"]
    assert {kind for kind, _ in rows} == {"rom", "emotions", "random", "all"}


def test_made_again_it_keeps_what_is_there_and_mends_what_is_not(own):
    takes = sorted((own / "takes").glob("*.safetensors"))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in takes}
    takes[0].write_bytes(before[takes[0]][0][:1000])
    takes[1].unlink()
    result = make(own)
    assert result.figures["kept"] == len(takes) - 2
    for path, (data, stamp) in before.items():
        assert path.read_bytes() == data, path.name
        assert (path.stat().st_mtime_ns == stamp) == (path not in takes[:2])


def test_another_format_is_written_without_simulating_again(own):
    result = make(own, simulator=BulgingFactory(), formats=("safetensors", "npz"))
    assert result.figures["kept"] == result.figures["takes"]
    assert len(list((own / "takes").glob("*.npz"))) == result.figures["takes"]


def test_mixtures_are_added_and_what_is_there_stays_as_it_is(own):
    def files():
        return {
            path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (own / "takes").iterdir()
        }

    before, entries = files(), read_capture(own).takes
    result = make(own, formats=("safetensors", "pc2"), mixtures=24)
    assert result.figures["kept"] == len(entries)
    after = files()
    assert {path: after[path] for path in before} == before
    added = {path.name for path in after.keys() - before.keys()}
    assert added == {f"mixtures_01.{kind}" for kind in ("csv", "pc2", "safetensors")}
    capture = read_capture(own)
    assert [entry for entry in capture.takes if entry.name != "mixtures_01"] == list(entries)
    take = capture.take("mixtures_01")
    assert (take.take.kind, take.take.split, len(take.take.track)) == ("random", "train", 24)
    truth = np.stack(list(Bulging().frames(take.take.track.values)))
    assert np.abs(take.vertices - truth).max() < 5e-6
    again = make(own, formats=("safetensors", "pc2"), mixtures=24)
    assert again.figures["kept"] == again.figures["takes"] == len(entries) + 1
    assert files() == after


def test_a_half_made_capture_is_told_and_finished(own, tmp_path):
    described = json.loads((own / "capture.json").read_text(encoding="utf-8"))
    described["whole"] = False
    (own / "capture.json").write_text(json.dumps(described), encoding="utf-8")
    for path in sorted((own / "takes").glob("*.safetensors"))[1:]:
        path.unlink()
    with pytest.raises(InputError, match=r"is not finished: 1 of \d takes are there. Run the same"):
        read_capture(own)
    make(own)
    assert read_capture(own).takes


def test_other_settings_leave_the_folder_alone(own):
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=r"of other settings \(seed\); nothing was changed"):
        make(own, seed=1)
    with pytest.raises(InputError, match=r"of other settings \(simulator\)"):
        make(own, simulator=BulgingFactory(strength=2.0))
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before


def test_folders_that_are_no_capture_are_told(tmp_path, own):
    with pytest.raises(InputError, match="No such folder"):
        read_capture(tmp_path / "none")
    with pytest.raises(InputError, match=r"has no capture.json: it is not a capture"):
        read_capture(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(InputError, match=r"has files in it, but no capture.json"):
        make(tmp_path / "mine")
    (own / "capture.json").write_text("{", encoding="utf-8")
    for use in (make, read_capture):
        with pytest.raises(InputError, match="is damaged"):
            use(own)
    (own / "capture.json").write_text('{"format": "x", "whole": true, "fps": 3, "takes": []}')
    with pytest.raises(InputError, match="is 'x', only 'animdrive-capture-1' is known"):
        read_capture(own)


def test_a_take_that_vanished_or_is_of_another_face_is_told(own):
    capture = read_capture(own)
    first, second = capture.takes[:2]
    path = own / "takes" / f"{first.name}.safetensors"
    path.unlink()
    with pytest.raises(InputError, match=f"{first.name}.safetensors is missing"):
        read_capture(own)
    from safetensors.numpy import load_file, save_file

    from animdrive.export.take_file import take_header

    header = take_header(own / "takes" / f"{second.name}.safetensors")
    arrays = load_file(own / "takes" / f"{second.name}.safetensors")
    arrays["deltas"] = np.ascontiguousarray(arrays["deltas"][:, :-1])
    save_file(arrays, path, {"animdrive": json.dumps(header)})
    with pytest.raises(InputError, match=r"has \d+ vertices, but its capture's face has \d+"):
        read_capture(own).take(first.name)


def test_faults_come_with_their_truth_and_the_clean_capture_is_theirs_undone(folder, tmp_path):
    faults = Faults(drop=0.1, fps=60.0, offset_ms=120.0, drift_mm=2.0)
    make(tmp_path / "faulty", faults=faults)
    clean, faulty = read_capture(folder), read_capture(tmp_path / "faulty")
    described = json.loads((tmp_path / "faulty" / "capture.json").read_text(encoding="utf-8"))
    assert described["settings"]["faults"]["drift_mm"] == 2.0
    from safetensors.numpy import load_file

    entry = clean.takes[0]
    truth = described["faults_truth"][entry.name]
    drift = load_file(tmp_path / "faulty" / "takes" / truth["drift"])["drift"]
    seen, real = faulty.take(entry.name), clean.take(entry.name)
    assert truth["offset_s"] == pytest.approx(0.12)
    assert len(truth["dropped"]) > 3
    assert len(seen.vertices) + len(truth["dropped"]) == 2 * entry.frames - 1
    frame = 6
    at = (seen.times_s[frame] - truth["offset_s"]) * 30
    low = int(at)
    expected = real.vertices[low] * (1 - (at - low)) + real.vertices[low + 1] * (at - low)
    back = (seen.vertices[frame] - drift[frame, :3, 3]) @ drift[frame, :3, :3]
    np.testing.assert_allclose(back, expected, atol=1e-5)


def test_a_level_of_detail_is_the_same_face_with_fewer_vertices(folder, tmp_path):
    make(tmp_path / "low", level="low")
    full, low = read_capture(folder), read_capture(tmp_path / "low")
    count = low.character.part("skin").vertices.stop
    assert count < 4000
    name = full.takes[0].name
    np.testing.assert_allclose(
        low.take(name).vertices[:, :count], full.take(name).vertices[:, :count], atol=1e-5
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"formats": ("fbx",)}, "Unknown format 'fbx'. Known: safetensors, pc2, npz, usd, abc"),
        ({"kinds": ("song",)}, "Unknown kind of takes 'song'"),
        ({"level": "huge"}, "Unknown level of detail 'huge'"),
    ],
)
def test_a_wrong_setting_is_named_before_any_work(settings, message):
    with pytest.raises(InputError, match=message):
        CaptureConfig(**settings)


def test_presets_and_clips(tmp_path):
    assert preset_of("full")[:2] == (3000, 600)
    with pytest.raises(InputError, match=r"Unknown preset 'huge'. Known: full, small"):
        preset_of("huge")
    with pytest.raises(InputError, match="no takes of kind 'clips'"):
        clips_or_demo(("rom",), (tmp_path,))
    assert clips_or_demo(("rom",), ()) == ()
    assert clips_or_demo(("clips",), (tmp_path,)) == (tmp_path,)
