"""Geometry caches: the same skin comes out of every format, and what is broken is told."""

import sys

import numpy as np
import pytest
import rig_maker
from rig_maker import skin, track, write_obj

from animdrive.capture.read_cache import CACHE_READERS, read_cache, timed
from animdrive.capture.units import unit_and_up_of_cache, upright
from animdrive.contract import Mesh
from animdrive.contract.capture import CapturedTake, Take
from animdrive.errors import BackendError, InputError
from animdrive.export.mdd import write_mdd
from animdrive.export.point_cache import write_pc2
from animdrive.export.take_file import write_take, write_take_npz
from animdrive.export.usd_cache import write_usd

FRAMES, FPS = 8, 24.0
REST = rig_maker.neutral()
SKIN = skin(track(FRAMES + 30))[30:]


def take(missing=None):
    performed = track(FRAMES, FPS)
    return CapturedTake(
        take=Take("a_take", "clips", "train", performed),
        vertices=SKIN,
        times_s=np.arange(FRAMES) / FPS + 0.125,
        head_transform=np.tile(np.eye(4, dtype=np.float32), (FRAMES, 1, 1)),
        missing=missing,
    )


def objs(folder, numbers=None, name="scan_{:04d}.obj", frames=SKIN):
    folder.mkdir()
    for number, vertices in zip(numbers or range(1, len(frames) + 1), frames, strict=True):
        write_obj(vertices, folder / name.format(number))
    return folder


def write(kind, folder):
    path = folder / f"cache.{kind}"
    if kind == "obj":
        return objs(folder / "frames")
    if kind == "pc2":
        write_pc2(SKIN, path)
    elif kind == "mdd":
        write_mdd(SKIN, take().times_s, path)
    elif kind == "npy":
        np.save(path, SKIN)
    elif kind == "npz":
        np.savez(path, points=SKIN, fps=FPS, faces=rig_maker.quads())
    elif kind == "safetensors":
        write_take(take(), REST, path, digest="")
    elif kind in ("usd", "usda", "usdc"):
        pytest.importorskip("pxr", reason="usd-core is not installed; pip install 'animdrive[usd]'")
        write_usd(take(), Mesh(REST, rig_maker.triangles(), rig_maker.uv()), path)
    else:
        pytest.skip(f"nothing here writes .{kind}")
    return path


@pytest.mark.parametrize("kind", CACHE_READERS.names())
def test_every_format_brings_the_same_skin(tmp_path, kind):
    cache = read_cache(write(kind, tmp_path), REST)
    assert len(cache) == FRAMES
    assert cache.counts == (len(REST),)
    assert cache.same_topology
    np.testing.assert_allclose(cache.stacked(), SKIN, atol=6e-6)
    for faces in cache.faces:
        np.testing.assert_array_equal(faces, rig_maker.triangles())
    assert cache.files
    if kind in ("mdd", "safetensors", "usd", "usda", "usdc"):
        np.testing.assert_allclose(cache.times_s, take().times_s, atol=1e-6)
    if kind == "npz":
        assert cache.fps == FPS


@pytest.mark.slow
def test_alembic_is_read_at_the_rate_it_was_written_at(tmp_path):
    pytest.importorskip("bpy", reason="bpy is not installed; pip install 'animdrive[abc]'")
    from animdrive.export.alembic_cache import write_alembic

    mesh = Mesh(REST, rig_maker.triangles(), rig_maker.uv())
    write_alembic(take(), mesh, tmp_path / "cache.abc")
    cache = read_cache(tmp_path / "cache.abc", REST)
    assert cache.fps == FPS
    np.testing.assert_allclose(cache.stacked(), SKIN, atol=1e-6)
    np.testing.assert_array_equal(cache.faces[0], mesh.faces)
    assert len(read_cache(tmp_path / "cache.abc", REST, fps=2 * FPS)) == 2 * FRAMES - 1


def test_numbers_that_are_missing_are_lost_frames_and_keep_their_time(tmp_path):
    folder = objs(tmp_path / "f", numbers=[8, 9, 10, 12, 13, 16, 17, 18], name="face_{}.obj")
    write_obj(REST, folder / "neutral.obj")
    cache = read_cache(folder, REST)
    np.testing.assert_array_equal(cache.numbers, [0, 1, 2, 4, 5, 8, 9, 10])
    times, _ = timed(folder, cache, 50.0, frames=5, curve_fps=30.0)
    np.testing.assert_allclose(times, cache.numbers / 50)
    told = " ".join(cache.notes)
    assert "3 numbers are missing" in told
    assert "the first after face_10.obj" in told
    assert "neutral.obj" in told
    np.testing.assert_allclose(cache.stacked(), SKIN, atol=1e-7)


def test_numbers_in_steps_are_no_gaps(tmp_path):
    folder = objs(tmp_path / "f", numbers=range(1000, 1000 + 5 * FRAMES, 5))
    assert read_cache(folder, REST).numbers.tolist() == list(range(FRAMES))


@pytest.mark.parametrize(
    "pattern", ["scan_*.obj", "scan_####.obj", "scan_%04d.obj", "scan_????.obj", "scan_0001.obj"]
)
def test_a_sequence_is_named_by_a_pattern_or_one_of_it(tmp_path, pattern):
    folder = objs(tmp_path / "f")
    objs(tmp_path / "g", name="other_{}.obj")
    for file in (tmp_path / "g").iterdir():
        file.rename(folder / file.name)
    assert len(read_cache(folder / pattern, REST)) == FRAMES
    with pytest.raises(InputError, match=r"more than one sequence: other_\*.obj, scan_\*.obj"):
        read_cache(folder, REST)


def test_scans_of_a_topology_of_their_own_are_kept_apart(tmp_path):
    folder = objs(tmp_path / "f")
    write_obj(SKIN[3][:176], folder / "scan_0004.obj", faces=rig_maker.quads()[:160])
    cache = read_cache(folder, REST)
    assert not cache.same_topology
    assert cache.counts == (176, 192)
    assert len(cache.faces) == FRAMES
    assert len(cache.faces[3]) == 320


def test_what_a_take_did_not_see_stays_unseen(tmp_path):
    missing = np.random.default_rng(5).random((FRAMES, len(REST))) < 0.2
    write_take(take(missing), REST, tmp_path / "t.safetensors", digest="")
    write_take_npz(take(missing), REST, tmp_path / "t.npz")
    for name in ("t.safetensors", "t.npz"):
        cache = read_cache(tmp_path / name, REST)
        np.testing.assert_array_equal(cache.missing, missing)
        np.testing.assert_allclose(cache.times_s, take().times_s)


def test_usd_of_others_is_read_in_metres_with_its_transforms(tmp_path):
    pytest.importorskip("pxr", reason="usd-core is not installed; pip install 'animdrive[usd]'")
    from pxr import Gf, Usd, UsdGeom, Vt

    stage = Usd.Stage.CreateNew(str(tmp_path / "c.usda"))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    stage.SetTimeCodesPerSecond(48)
    head = UsdGeom.Xform.Define(stage, "/head").AddTranslateOp()
    still = UsdGeom.Mesh.Define(stage, "/still")
    still.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(REST))
    mesh = UsdGeom.Mesh.Define(stage, "/head/face")
    mesh.CreateFaceVertexCountsAttr([4] * len(rig_maker.quads()))
    mesh.CreateFaceVertexIndicesAttr(rig_maker.quads().reshape(-1).tolist())
    points = mesh.CreatePointsAttr()
    for frame, places in enumerate(SKIN):
        head.Set(Gf.Vec3d(0, 0, frame), frame * 2.0)
        theirs = np.ascontiguousarray(places[:, [0, 2, 1]] * [100, -100, 100], dtype=np.float32)
        points.Set(Vt.Vec3fArray.FromNumpy(theirs), frame * 2.0)
    stage.GetRootLayer().Save()
    cache = read_cache(tmp_path / "c.usda", REST)
    moved = SKIN + np.arange(FRAMES)[:, None, None] * np.array([0, 0.01, 0])
    np.testing.assert_allclose(cache.stacked(), moved, atol=1e-6)
    np.testing.assert_allclose(cache.times_s, np.arange(FRAMES) / 24)
    np.testing.assert_array_equal(cache.faces[0], rig_maker.triangles())


@pytest.mark.parametrize(
    ("given", "stored", "frames", "wanted"),
    [(60.0, None, 99, 60.0), (None, 48.0, 99, 48.0), (None, None, FRAMES, 30.0)],
)
def test_the_rate_is_as_given_or_as_stored_or_that_of_as_many_curves(
    tmp_path, given, stored, frames, wanted
):
    np.savez(tmp_path / "c.npz", vertices=SKIN, **({} if stored is None else {"fps": stored}))
    cache = read_cache(tmp_path / "c.npz", REST)
    times, told = timed("c.npz", cache, given, frames=frames, curve_fps=30.0)
    np.testing.assert_allclose(times, np.arange(FRAMES) / wanted)
    assert f"{wanted:g} per second" in told


def test_no_rate_is_an_error_with_its_cure(tmp_path):
    cache = read_cache(write("pc2", tmp_path), REST)
    with pytest.raises(InputError, match=r"8 frames where the curves have 9\. Say it with"):
        timed("c.pc2", cache, None, frames=9, curve_fps=30.0)
    with pytest.raises(InputError, match="must be above 0, got -1"):
        timed("c.pc2", cache, -1.0, frames=9, curve_fps=30.0)


@pytest.mark.parametrize("unit", ["m", "cm", "mm"])
@pytest.mark.parametrize("up", ["y", "z"])
@pytest.mark.parametrize("count", [len(REST), 150])
def test_unit_and_axis_are_found_by_the_rig(unit, up, count):
    frame = SKIN[-1][:count] + np.array([0.1, 0.2, -0.1])
    if up == "z":
        frame = frame[:, [0, 2, 1]] * [1, -1, 1]
    frame = (frame / {"m": 1, "cm": 0.01, "mm": 0.001}[unit]).astype(np.float32)
    found = unit_and_up_of_cache(frame, REST[:count], unit="auto", up="auto", fallback="m")
    assert found == (unit, up)
    np.testing.assert_array_equal(upright(frame, "y"), frame)


def test_an_unclear_size_is_taken_as_the_rigs_and_what_is_given_stands():
    frame = REST * np.float32(3.5)
    assert unit_and_up_of_cache(frame, REST, unit="auto", up="y", fallback="cm") == ("cm", "y")
    assert unit_and_up_of_cache(frame, REST, unit="mm", up="z", fallback="cm") == ("mm", "z")
    nothing = np.full((4, 3), np.nan, dtype=np.float32)
    assert unit_and_up_of_cache(nothing, REST, unit="auto", up="auto", fallback="cm") == ("cm", "y")


class Hostile:
    def __reduce__(self):
        return (sys.exit, ("opened a pickle",))


def hostile():
    return np.array([Hostile()], dtype=object)


def spoilt(case, folder):
    """Write a broken cache; return its path."""
    name = {"npy": "c.npy", "npz": "c.npz", "pc2": "c.pc2", "mdd": "c.mdd"}.get(case[:3], "c.pc2")
    path = folder / name
    if case == "suffix":
        return folder / "c.fbx"
    if case == "bare":
        return folder / "cache"
    if case.endswith("missing"):
        return path
    if case.endswith("pickled"):
        saved = {"npy": np.save, "npz": np.savez}[case[:3]]
        saved(path, hostile(), allow_pickle=True) if case[:3] == "npy" else saved(path, v=hostile())
    elif case in ("pc2 empty", "mdd empty", "npy empty"):
        path.touch()
    elif case.endswith("cut"):
        write_pc2(SKIN, path) if case[:3] == "pc2" else write_mdd(SKIN, np.arange(FRAMES), path)
        path.write_bytes(path.read_bytes()[:-5])
    elif case.endswith("garbage"):
        path.write_bytes(b"\x7f\x00\x00\x09 what is this" * 9)
    elif case == "npy flat":
        np.save(path, SKIN.reshape(FRAMES, -1))
    elif case == "npy none":
        np.save(path, SKIN[:0])
    elif case == "npz names":
        np.savez(path, a=SKIN, b=SKIN)
    elif case == "npz times":
        np.savez(path, vertices=SKIN, times_s=np.zeros(FRAMES))
    elif case == "npz few times":
        np.savez(path, vertices=SKIN, times_s=np.arange(3))
    elif case == "npz rate":
        np.savez(path, vertices=SKIN, fps=0)
    elif case == "npz faces":
        np.savez(path, vertices=SKIN, faces=np.array([[0, 1, 192]]))
    elif case == "npz text":
        np.savez(path, vertices=SKIN, faces=np.array(["a"]))
    elif case == "npz other take":
        write_take_npz(take(), REST[:, ::1], path)
        arrays = dict(np.load(path))
        np.savez(path, **(arrays | {"middle": arrays["middle"][:9]}))
    elif case == "npz half a take":
        write_take_npz(take(), REST, path)
        arrays = dict(np.load(path))
        del arrays["times_s"]
        np.savez(path, **arrays)
    elif case == "mdd times":
        write_mdd(SKIN, np.zeros(FRAMES), path)
    elif case == "obj none":
        path = folder / "f"
        path.mkdir()
        write_obj(REST, path / "face.obj")
    elif case == "obj one":
        path = folder / "face.obj"
        write_obj(REST, path)
    elif case == "obj folder":
        path = folder / "nowhere" / "f_*.obj"
    elif case == "obj gone":
        path = folder / "f_12.obj"
    elif case == "obj same":
        path = objs(folder / "f")
        write_obj(REST, path / "scan_00003.obj")
    elif case == "obj apart":
        path = objs(folder / "f", numbers=[1, 2, 3, 4, 5, 6, 7, 9_000_000])
    elif case == "obj empty":
        path = objs(folder / "f")
        (path / "scan_0003.obj").write_text("# nothing\n")
    elif case == "usd garbage.":
        path = folder / "c.usda"
        path.write_text("#usda 1.0\n(((")
    elif case == "usd still":
        pytest.importorskip("pxr")
        from pxr import Usd, UsdGeom

        path = folder / "c.usda"
        stage = Usd.Stage.CreateNew(str(path))
        UsdGeom.Mesh.Define(stage, "/m")
        stage.GetRootLayer().Save()
    return path


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("suffix", r"has the suffix '.fbx'; geometry caches are read from .obj, .pc2, .mdd"),
        ("bare", "has no suffix"),
        ("pc2 missing", "c.pc2. Check the path"),
        ("pc2 empty", "is empty"),
        ("pc2 cut", "is cut off"),
        ("pc2 garbage", "is not a PC2 point cache"),
        ("mdd missing", "geometry cache not found"),
        ("mdd empty", "is empty"),
        ("mdd cut", "is not a whole MDD file"),
        ("mdd garbage", "is not a whole MDD file"),
        ("mdd times", "times of its samples do not rise"),
        ("npy pickled", "holds pickled objects, which could run any program when opened: refused"),
        ("npz pickled", "holds pickled objects, which could run any program when opened: refused"),
        ("npy garbage", "is no file of numpy"),
        ("npz garbage", "is no file of numpy"),
        ("npy empty", "is empty"),
        ("npy flat", r"must be numbers \[frames, vertices, 3\], got float32 \[8, 576\]"),
        ("npy none", "no frames or no vertices"),
        ("npz names", "has no array 'vertices'.*it has a, b"),
        ("npz times", "times do not rise"),
        ("npz few times", "there must be 8 times, got"),
        ("npz rate", "frame rate must be one number above 0"),
        ("npz faces", "a face names vertex 192 of 192"),
        ("npz text", "faces must be whole numbers"),
        ("npz other take", "it is a take of another face"),
        ("npz half a take", "is damaged"),
        ("obj none", "there are no numbered OBJs"),
        ("obj one", "is a single OBJ without a number"),
        ("obj folder", "No such folder"),
        ("obj gone", "geometry cache not found"),
        ("obj same", "have the same number"),
        ("obj apart", "the numbers run from 1 to 9000000"),
        ("obj empty", "has no vertices"),
        ("usd garbage.", "is no USD file that can be opened"),
        ("usd still", "has 1 meshes, none with points sampled over time"),
    ],
)
def test_what_is_no_cache_is_told(tmp_path, case, message):
    if case.startswith("usd"):
        pytest.importorskip("pxr", reason="usd-core is not installed; pip install 'animdrive[usd]'")
    with pytest.raises(InputError, match=message):
        read_cache(spoilt(case, tmp_path), REST)


def test_a_take_of_another_face_is_refused(tmp_path):
    path = write("safetensors", tmp_path)
    with pytest.raises(InputError, match="has 192 vertices, but its capture's face has 100"):
        read_cache(path, REST[:100])


@pytest.mark.parametrize("suffix", ["usdc", "abc"])
def test_a_package_that_is_not_there_is_named_with_its_cure(tmp_path, monkeypatch, suffix):
    monkeypatch.setitem(sys.modules, {"usdc": "pxr", "abc": "bpy"}[suffix], None)
    path = tmp_path / f"c.{suffix}"
    path.write_bytes(b"whatever")
    cure = {"usdc": "usd", "abc": "abc"}[suffix]
    with pytest.raises(BackendError, match=rf"pip install 'animdrive\[{cure}\]'"):
        read_cache(path, REST)
