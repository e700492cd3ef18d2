"""Recordings of any origin become takes: what is known to be in them comes out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rig_maker
from rig_maker import NAMES, skin, skin_at, track, write_obj, write_obj_rig

from animdrive.capture.sync import SyncConfig
from animdrive.contract import CurveTrack, Material, Part
from animdrive.contract.capture import TakeEntry
from animdrive.errors import InputError
from animdrive.export import write_curves
from animdrive.export.gltf import write_glb
from animdrive.export.mdd import write_mdd
from animdrive.export.point_cache import write_pc2
from animdrive.pipeline.capture_compare import report_capture
from animdrive.pipeline.capture_import import import_take
from animdrive.pipeline.capture_prepare import Steps, prepare_capture
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.capture_source import ImportConfig
from animdrive.pipeline.capture_topology import TopologyConfig
from animdrive.rig.head import load_head, save_head
from animdrive.rig.lod import character_at
from animdrive.rig.pose import rotation_matrix

PLAIN = Steps(clean=None, sync=None, stabilise=None)
TRACK = track(75)


@pytest.fixture
def files(tmp_path):
    """A recording as files: a rig of OBJs, curves, and a cache that is in sync."""
    folder = tmp_path / "given"
    folder.mkdir()
    write_obj_rig(folder / "rig", scale=100.0)
    np.savez(folder / "c.npz", values=TRACK.values, names=np.array(NAMES), fps=TRACK.fps)
    write_pc2(skin(TRACK) * 100, folder / "take_1.pc2")
    return folder


def bring(files, out, cache="take_1.pc2", *, rig="rig", curves="c.npz", **config):
    config.setdefault("steps", PLAIN)
    return import_take(
        files / rig, files / curves, files / cache, out, config=ImportConfig(**config)
    )


def lines(result):
    return "\n".join(finding["line"] for finding in result.figures["findings"])


def in_rig_order(capture, values):
    """Return curve values [T, C] in the order of the capture's rig."""
    return values[:, [NAMES.index(name) for name in capture.character.rig.names]]


def test_a_recording_becomes_a_take_of_a_capture_that_can_be_read(files, tmp_path):
    out = tmp_path / "capture"
    result = bring(files, out, kind="speech", split="held_out", about="A sentence.")
    assert result.figures["frames"] == 75
    capture = read_capture(out)
    assert capture.takes == (TakeEntry("take_1", "speech", "held_out", 75, "A sentence."),)
    assert capture.fps == 30
    assert set(capture.character.rig.names) == set(NAMES)
    np.testing.assert_allclose(
        capture.character.rig.neutral.vertices, rig_maker.neutral(), atol=2e-7
    )
    take = capture.take("take_1")
    np.testing.assert_allclose(take.vertices, skin(TRACK), atol=6e-6)
    np.testing.assert_array_equal(take.take.track.values, in_rig_order(capture, TRACK.values))
    assert "read as cm" in lines(result)
    assert "75 frames of 192 vertices" in lines(result)
    told = json.loads((out / "capture.json").read_text(encoding="utf-8"))
    assert told["findings"]["take_1"] == result.figures["findings"]
    assert [name for name, _ in told["sources"]["take_1"]] == [
        "c.npz", "Neutral.obj and 6 more", "take_1.pc2",
    ]  # fmt: skip
    assert (out / "takes" / "take_1.pc2").is_file()
    assert (out / "base.glb").is_file()


def test_the_same_recording_makes_the_same_bytes(files, tmp_path):
    for name in ("a", "b"):
        bring(files, tmp_path / name)
    for path in sorted((tmp_path / "a").rglob("*")):
        if path.is_file():
            twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert path.read_bytes() == twin.read_bytes(), path


def test_takes_are_added_and_replaced_only_when_asked(files, tmp_path):
    out = tmp_path / "capture"
    bring(files, out)
    first = (out / "takes" / "take_1.safetensors").read_bytes()
    with pytest.raises(InputError, match="has a take 'take_1' already; nothing was changed"):
        bring(files, out)
    bring(files, out, take="again", split="held_out", formats=("safetensors", "npz"))
    assert [take.name for take in read_capture(out).takes] == ["take_1", "again"]
    assert (out / "takes" / "take_1.safetensors").read_bytes() == first
    other = track(60, seed=9)
    np.savez(files / "d.npz", values=other.values, names=np.array(NAMES), fps=other.fps)
    write_pc2(skin(other) * 100, files / "other.pc2")
    bring(files, out, "other.pc2", curves="d.npz", take="again", replace=True)
    capture = read_capture(out)
    assert [take.frames for take in capture.takes] == [75, 60]
    np.testing.assert_allclose(capture.take("again").vertices, skin(other), atol=6e-6)
    assert not (out / "takes" / "again.npz").exists()  # of the take that was replaced
    # The capture itself can be the rig.
    import_take(
        out, files / "c.npz", files / "take_1.pc2", out,
        config=ImportConfig(take="third", steps=PLAIN),
    )  # fmt: skip


def test_a_face_without_landmarks_is_measured_as_a_whole(files, tmp_path):
    bring(files, tmp_path / "c")
    rows = report_capture(tmp_path / "c")["rows"]
    assert {(row["kind"], row["region"]) for row in rows} == {("clips", "skin"), ("all", "skin")}
    assert all(row["max_mm"] < 0.01 for row in rows)


def test_another_rig_is_refused_and_so_is_another_rate(files, tmp_path):
    out = tmp_path / "capture"
    bring(files, out)
    character = rig_maker.character()
    louder = replace(character, rig=replace(character.rig, deltas=character.rig.deltas * 2))
    rest = CurveTrack(NAMES, 30.0, np.zeros((0, 6), np.float32))
    write_glb(louder, rest, files / "loud.glb")
    with pytest.raises(InputError, match=r"is another rig .192 vertices, 6 curves. than that of"):
        bring(files, out, rig="loud.glb", take="b")
    np.savez(files / "c.npz", values=TRACK.values, names=np.array(NAMES), fps=25.0)
    with pytest.raises(InputError, match=r"run at 25 frames per second, those of .* at 30"):
        bring(files, out, take="b")
    assert len(read_capture(out).takes) == 1


def test_curves_of_another_rate_come_to_that_of_the_capture(files, tmp_path):
    out, steps = tmp_path / "capture", Steps(clean=None, stabilise=None)
    bring(files, out)
    slow = track(60, fps=24.0, seed=9)
    np.savez(files / "d.npz", values=slow.values, names=np.array(NAMES), fps=24.0)
    write_pc2(skin(slow) * 100, files / "slow.pc2")
    bring(files, out, "slow.pc2", curves="d.npz", steps=steps)
    take = read_capture(out).take("slow")
    assert take.take.track.fps == 30
    truth = skin_at(slow, take.times_s)
    assert np.sqrt(((take.vertices - truth) ** 2).sum(axis=2).mean()) < 3e-4
    with pytest.raises(InputError, match="--fps 25: the takes that are there have 30 frames per"):
        bring(files, out, take="b", steps=replace(steps, sync=SyncConfig(fps=25.0)))


def test_a_folder_that_is_no_imported_capture_is_left_alone(files, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match=r"has files in it, but no capture.json"):
        bring(files, tmp_path / "full")
    out = tmp_path / "capture"
    bring(files, out)
    prepare_capture(out, tmp_path / "prepared", steps=PLAIN)
    with pytest.raises(InputError, match="was not imported; takes are not added"):
        bring(files, tmp_path / "prepared", take="b")
    (out / "capture.json").write_text('{"settings": {}}')
    with pytest.raises(InputError, match=r"capture.json is damaged"):
        bring(files, out, take="b")


def test_nothing_is_left_of_a_recording_that_cannot_be_used(files, tmp_path):
    write_pc2(skin(TRACK)[:, :100] * 100, files / "cut.pc2")
    with pytest.raises(InputError, match=r"100 vertices per frame, but the rig has 192.*--wrap"):
        bring(files, tmp_path / "capture", "cut.pc2")
    assert not (tmp_path / "capture").exists()


def with_a_hat(character):
    """Return `character` with one more part, of three vertices."""
    rest = character.rig.neutral
    mesh = replace(
        rest,
        vertices=np.concatenate([rest.vertices, rest.vertices[:3] + 0.02]),
        faces=np.concatenate([rest.faces, [[192, 193, 194]]]),
        uv=np.concatenate([rest.uv, rest.uv[:3]]),
    )
    moved = np.concatenate([character.rig.deltas, np.zeros((6, 3, 3), np.float32)], axis=1)
    hat = Part("hat", slice(192, 195), slice(len(rest.faces), len(rest.faces) + 1), "hat")
    return replace(
        character,
        rig=replace(character.rig, neutral=mesh, deltas=moved),
        parts=(*character.parts, hat),
        materials=(*character.materials, Material("hat")),
        head_weight=np.ones(195, dtype=np.float32),
    )


def test_a_cache_of_one_part_of_the_rig_says_how_to_import_it(files, tmp_path):
    rig = with_a_hat(rig_maker.character())
    rest = CurveTrack(NAMES, 30.0, np.zeros((0, 6), np.float32))
    write_glb(rig, rest, files / "two.glb")
    with pytest.raises(InputError, match="import it with --mesh 'skin'"):
        bring(files, tmp_path / "capture", rig="two.glb")
    result = bring(files, tmp_path / "capture", rig="two.glb", meshes=("skin",))
    assert result.figures["vertices"] == 192


def test_skin_of_another_rate_and_clock_comes_into_step(files, tmp_path):
    # The scanner runs at 60 per second and its clock is 120 ms late.
    seconds = np.arange(0, 2.4, 1 / 60)
    write_mdd(skin_at(TRACK, seconds) * 100, seconds + 0.12, files / "late.mdd")
    result = bring(files, tmp_path / "c", "late.mdd", steps=Steps(clean=None, stabilise=None))
    found = next(f for f in result.figures["findings"] if f["step"] == "sync")
    assert found["figures"]["offset_ms"] == pytest.approx(120, abs=1000 / 30 / 4)
    take = read_capture(tmp_path / "c").take("late")
    assert len(take.vertices) == len(take.take.track)
    moved = skin_at(TRACK, take.times_s)
    count = min(len(moved), len(take.vertices))
    values = in_rig_order(read_capture(tmp_path / "c"), TRACK.values)
    first = np.abs(values[:, None] - take.take.track.values[:1]).sum(axis=2)[:, 0].argmin()
    truth = skin(TRACK)[first : first + count]
    assert np.sqrt(((take.vertices[: len(truth)] - truth) ** 2).sum(2).mean()) < 3e-4


def test_numbered_objs_with_gaps_holes_and_a_lost_frame_come_out_whole(files, tmp_path):
    frames = skin(TRACK) * 100
    frames[20, 5] = np.nan
    frames[40] = np.inf
    (files / "scans").mkdir()
    for number, vertices in enumerate(frames, start=1):
        if number not in (30, 31):
            write_obj(vertices, files / "scans" / f"f_{number:03d}.obj")
    result = bring(files, tmp_path / "c", "scans", cache_fps=30.0, steps=Steps(stabilise=None))
    assert "2 numbers are missing and count as lost frames" in lines(result)
    assert "1 frame without skin dropped, 1 vertices that are no number now missing" in lines(
        result
    )
    take = read_capture(tmp_path / "c").take("scans")
    assert len(take.vertices) == 75
    away = np.linalg.norm(take.vertices - skin(TRACK), axis=2)
    assert away.max() < 1.5e-3
    assert np.delete(away, [20, 29, 30, 40], axis=0).max() < 2e-4
    assert take.missing is not None
    assert take.missing[20, 5]


def test_numbers_that_are_none_are_an_error_where_nobody_mends_them(files, tmp_path):
    frames = skin(TRACK)
    frames[20, 5, 1] = np.nan
    np.savez(files / "n.npz", vertices=frames, fps=30.0)
    with pytest.raises(InputError, match=r"vertex 5 of frame 20 is not a finite number"):
        bring(files, tmp_path / "c", "n.npz", steps=Steps(clean=None))
    (files / "scans").mkdir()
    for number, vertices in enumerate(frames[:40]):
        write_obj(
            vertices, files / "scans" / f"{number}.obj", faces=rig_maker.quads()[number // 30 :]
        )
    with pytest.raises(InputError, match=r"vertex 5 of frame 20 .* Export it again"):
        bring(files, tmp_path / "c", "scans", cache_fps=30.0, steps=Steps())


def test_vertices_in_another_order_are_put_in_their_places_unless_trusted(files, tmp_path):
    order = np.random.default_rng(4).permutation(192)
    write_pc2(skin(TRACK)[:, order], files / "mixed.pc2")
    result = bring(files, tmp_path / "c", "mixed.pc2")
    np.testing.assert_allclose(
        read_capture(tmp_path / "c").take("mixed").vertices, skin(TRACK), atol=6e-6
    )
    assert "in another order" in lines(result)
    bring(files, tmp_path / "d", "mixed.pc2", topology=TopologyConfig(check=False), up="y")
    np.testing.assert_allclose(
        read_capture(tmp_path / "d").take("mixed").vertices, skin(TRACK)[:, order], atol=6e-6
    )


def test_a_small_part_in_another_order_is_caught_though_the_head_fits(files, tmp_path):
    head = character_at(load_head(), "low")
    save_head(head, files / "head.safetensors")
    rest = CurveTrack(head.rig.names, 30.0, np.zeros((45, 52), np.float32))
    write_curves(rest, files / "c.csv")
    left, right = head.part("eye_left").vertices, head.part("eye_right").vertices
    frames = np.repeat(head.rig.neutral.vertices[None, :], 45, axis=0)
    settings = {"rig": "head.safetensors", "curves": "c.csv"}
    # A head that is turned is no reason to doubt.
    write_pc2(frames @ rotation_matrix([0.2, 0.6, 0.1]).T + 0.1, files / "still.pc2")
    bring(files, tmp_path / "c", "still.pc2", **settings, up="y")
    swapped = np.arange(frames.shape[1])
    swapped[left], swapped[right] = swapped[right].copy(), swapped[left].copy()
    mixed = np.arange(frames.shape[1])
    mixed[left] = np.random.default_rng(0).permutation(mixed[left])
    for order in (swapped, mixed):
        write_pc2(frames[:, order], files / "still.pc2")
        with pytest.raises(InputError, match="of the part 'eye_left' are in another order"):
            bring(files, tmp_path / "d", "still.pc2", **settings)


def test_a_foreign_mesh_with_as_many_vertices_is_caught(files, tmp_path):
    rng = np.random.default_rng(4)
    cloud = rng.uniform(-0.1, 0.1, (1, 192, 3)) + np.zeros((75, 1, 1))
    np.savez(files / "cloud.npz", vertices=cloud.astype(np.float32))
    with pytest.raises(InputError, match=r"not in place or order. Give the rig of this cache, or"):
        bring(files, tmp_path / "c", "cloud.npz")


@pytest.mark.parametrize(("frames", "what"), [(29, "The curves: 0.97 s of curves"), (20, "skin")])
def test_less_than_a_second_is_no_take(files, tmp_path, frames, what):
    if what == "skin":
        np.savez(files / "short.npz", vertices=skin(TRACK)[:frames], fps=30.0)
        message, curves = "0.67 s of skin, and a take needs 1 s at least", "c.npz"
    else:
        np.savez(files / "short.npz", vertices=skin(TRACK), fps=30.0)
        short = TRACK.values[:frames]
        np.savez(files / "s.npz", values=short, names=np.array(NAMES), fps=30.0)
        message, curves = what, "s.npz"
    with pytest.raises(InputError, match=message):
        bring(files, tmp_path / "c", "short.npz", curves=curves)


def test_curves_beyond_their_range_are_clipped_and_told(files, tmp_path):
    np.savez(files / "c.npz", values=TRACK.values * 1.5, names=np.array(NAMES), fps=30.0)
    result = bring(files, tmp_path / "c")
    clipped = [f for f in result.figures["findings"] if "clipped" in f["line"]]
    assert clipped[0]["severe"]
    assert read_capture(tmp_path / "c").take("take_1").take.track.values.max() == 1


def test_two_clocks_that_share_nothing_both_start_at_0(files, tmp_path):
    write_mdd(skin(TRACK) * 100, 900 + np.arange(75) / 30, files / "m.mdd")
    bring(files, tmp_path / "c", "m.mdd")
    times = read_capture(tmp_path / "c").take("m").times_s
    np.testing.assert_allclose(times, np.arange(75) / 30, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "opera"}, "Unknown kind 'opera'. Known: rom"),
        ({"split": "both"}, "Unknown split"),
        ({"take": "Über uns"}, "--take Über uns: a take's name has lower case"),
        ({"cache_fps": 0.0}, "--cache-fps 0: the rate must be above 0"),
        ({"up": "x"}, "Unknown axis"),
        ({"formats": ("avi",)}, "Unknown format 'avi'"),
    ],
)
def test_wrong_settings_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        ImportConfig(**settings)


@pytest.mark.parametrize(
    ("cache", "name"),
    [
        ("/a/Take 7.pc2", "take_7"),
        ("/a/scans_####.obj", "scans"),
        ("/a/scan_%04d.obj", "scan"),
        ("/a/Night.Shift", "night"),
        ("/a/*.obj", "take"),
    ],
)
def test_a_take_is_called_after_its_cache(cache, name):
    assert ImportConfig().name_for(Path(cache)) == name


def test_a_scan_without_faces_cannot_be_wrapped_but_can_be_given_them(files, tmp_path):
    wrap = TopologyConfig(wrap=True)
    with pytest.raises(InputError, match=r"has no faces, without which .* --cache-mesh"):
        bring(files, tmp_path / "c", topology=wrap)
    write_obj(rig_maker.neutral()[:176], files / "m.obj", faces=rig_maker.quads()[:160])
    with pytest.raises(InputError, match=r"has 176 vertices, but the frames of .* have 192"):
        bring(files, tmp_path / "c", topology=replace(wrap, mesh=files / "m.obj"))


def scan_of(vertices, order):
    """Return a surface [N, V, 3] as a finer mesh with its vertices in another order, and faces."""
    faces = rig_maker.triangles()
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    edges, number = np.unique(edges, axis=0, return_inverse=True)
    middle = vertices[:, edges].mean(axis=2)
    (a, b, c), (ab, bc, ca) = faces.T, number.reshape(-1, 3).T + 192
    pieces = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    finer = np.concatenate([np.stack(corners, axis=1) for corners in pieces])
    points = np.concatenate([vertices, middle], axis=1).astype(np.float32)
    order = order[order < points.shape[1]]
    return points[:, order], np.argsort(order)[finer]


def test_scans_of_another_topology_are_wrapped(files, tmp_path):
    performed = track(32)
    np.savez(files / "c.npz", values=performed.values, names=np.array(NAMES), fps=30.0)
    truth, rng = skin(performed), np.random.default_rng(0)
    scan, faces = scan_of(truth, rng.permutation(5000))
    np.savez(files / "scan.npz", vertices=scan, faces=faces, fps=30.0)
    with pytest.raises(InputError, match=r"vertices per frame, but the rig has 192.*--wrap"):
        bring(files, tmp_path / "c", "scan.npz")
    (files / "scans").mkdir()
    for number, frame in enumerate(truth[:, None]):
        other, corners = scan_of(frame, rng.permutation(5000))
        write_obj(other[0], files / "scans" / f"{number}.obj", faces=corners)
    for cache, told in (("scan.npz", "registered once"), ("scans", "every frame registered")):
        result = bring(
            files, tmp_path / "c", cache, topology=TopologyConfig(wrap=True), cache_fps=30.0
        )
        assert told in lines(result)
        take = read_capture(tmp_path / "c").take(cache.partition(".")[0])
        # An egg is smooth: a vertex may slide in it, by much less than to the next one (20 mm).
        away = np.linalg.norm(take.vertices - truth, axis=2)
        assert np.median(away) < 5e-3
        if cache == "scan.npz":  # carried along by the scan's own vertices
            moved, should = take.vertices - take.vertices[0], truth - truth[0]
            assert ((moved - should) ** 2).mean() < 0.1 * (should**2).mean()
