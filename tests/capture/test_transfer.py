"""One head's motion on another: laws of deformation transfer, and captures carried over."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from animdrive.capture.transfer import DeformationTransfer, correspondence
from animdrive.cli.main import app
from animdrive.contract import Character, HeadShape, Material, Mesh, Part, Rig
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import InputError
from animdrive.pipeline.capture import make_capture
from animdrive.pipeline.capture_people import FaceSimulator
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.capture_settings import CaptureConfig
from animdrive.pipeline.capture_transfer import character_from, transfer_capture
from animdrive.rig.head import load_head
from animdrive.rig.identity import shaped_character
from animdrive.rig.lod import character_at, vertices_at
from animdrive.rig.pose import rotation_matrix

MM = 1e-3


@pytest.fixture(scope="module")
def low():
    return character_at(load_head(), "low")


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    values = np.zeros((4, 52), np.float32)
    for row in values:
        row[rng.choice(52, 6, replace=False)] = rng.uniform(0.2, 0.9, 6)
    return values


@pytest.fixture(scope="module")
def skin(low, values):
    return LinearDeformer(low.rig).run(values)


@pytest.fixture(scope="module")
def other():
    rng = np.random.default_rng(5)
    return character_at(shaped_character(HeadShape(np.float32(rng.standard_normal(99)))), "low")


def still_of(skin, character):
    return np.abs(skin - character.rig.neutral.vertices).max(axis=(0, 2)) < 0.02 * MM


def test_a_head_onto_itself_gives_itself(low, skin):
    rng = np.random.default_rng(1)
    wild = skin + rng.normal(0, 0.5 * MM, skin.shape).astype(np.float32)
    found = DeformationTransfer(low, low).run(wild)
    np.testing.assert_allclose(found, wild, atol=1e-6)


def test_rest_gives_rest(low, other):
    found = DeformationTransfer(low, other).run(low.rig.neutral.vertices[None])
    np.testing.assert_allclose(found[0], other.rig.neutral.vertices, atol=1e-6)


def test_a_turned_source_turns_the_target(low, other):
    turn = rotation_matrix(np.array([0.1, 0.4, -0.05])).astype(np.float64)
    found = DeformationTransfer(low, other).run((low.rig.neutral.vertices @ turn.T)[None])[0]
    run = other.part("skin").vertices
    wanted = other.rig.neutral.vertices[run] @ turn.T
    apart = found[run] - wanted
    # Gradients tell the turn; the place is told by where the source's vertices went.
    assert np.linalg.norm(apart - apart.mean(axis=0), axis=1).mean() < 1.0 * MM


def test_still_vertices_stay(low, other, skin):
    still = still_of(skin, low)
    assert 0.2 < still.mean() < 0.9
    found = DeformationTransfer(low, other, still=still).run(skin)
    moved = np.abs(found - other.rig.neutral.vertices).max(axis=(0, 2))
    run = other.part("skin").vertices
    assert np.quantile(moved[run][still[run]], 0.95) < 0.1 * MM


def test_another_person_moves_as_its_own_curves_move_it(low, other, skin, values):
    found = DeformationTransfer(low, other, still=still_of(skin, low)).run(skin)
    wanted = LinearDeformer(other.rig).run(values)
    rest = other.rig.neutral.vertices
    for part in ("skin", "teeth_lower", "tongue", "lashes_left"):
        run = other.part(part).vertices
        way = np.linalg.norm(wanted[:, run] - rest[run], axis=2)
        off = np.linalg.norm(found[:, run] - wanted[:, run], axis=2)
        assert way.mean() > 0.3 * MM, part
        assert off.mean() < 0.35 * way.mean(), part


def test_another_topology_moves_alike(low, values):
    head = load_head()
    source = LinearDeformer(head.rig).run(values)
    transfer = DeformationTransfer(head, low, still=still_of(source, head))
    assert transfer.pairs.distance_m < 0.1 * MM
    found = transfer.run(source)
    wanted = vertices_at(head, "low", source)
    run = low.part("skin").vertices
    off = np.linalg.norm(found[:, run] - wanted[:, run], axis=2)
    way = np.linalg.norm(wanted[:, run] - low.rig.neutral.vertices[run], axis=2)
    assert off.mean() < 0.15 * way.mean()


def test_frames_of_another_head_are_refused(low, skin):
    count = skin.shape[1]
    with pytest.raises(InputError, match=rf"\[N, {count}, 3\], got \[4, {count - 1}, 3\]"):
        DeformationTransfer(low, low).run(skin[:, 1:])


def test_what_is_no_head_is_refused(low):
    corners = np.float32([[0, 0, 0], [0.3, 0, 0], [0, 0, 0.3]])
    mesh = Mesh(corners, np.int32([[0, 1, 2]]), np.zeros((3, 2), np.float32))
    triangle = Character(
        rig=Rig(mesh, ("jawOpen",), np.zeros((1, 3, 3), np.float32)),
        parts=(Part("skin", slice(0, 3), slice(0, 1), "skin"),),
        materials=(Material("skin"),),
        head_pivot=np.zeros(3),
        eye_pivots=np.zeros((2, 3)),
        head_weight=np.ones(3),
        landmarks=np.zeros(0, np.int32),
    )
    with pytest.raises(InputError, match=r"do not lie on each other: \d+ % of the skin"):
        correspondence(low, triangle)


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer") / "capture"
    make_capture(
        folder,
        character=load_head(),
        simulator=FaceSimulator("linear"),
        config=CaptureConfig(
            kinds=("emotions",),
            frames_train=20,
            frames_held=10,
            level="low",
            formats=("safetensors",),
            fps=12,
        ),
        workers=0,
    )
    return folder


def test_a_capture_onto_its_own_face_is_the_same_capture(capture, tmp_path):
    before = read_capture(capture)
    result = transfer_capture(capture, before.character, tmp_path / "same")
    after = read_capture(tmp_path / "same")
    assert after.takes == before.takes
    assert result.figures["takes"] == len(before.takes)
    name = before.takes[0].name
    np.testing.assert_allclose(
        after.take(name).vertices, before.take(name).vertices, atol=0.011 * MM
    )
    np.testing.assert_array_equal(
        after.take(name).take.track.values, before.take(name).take.track.values
    )
    found = json.loads((tmp_path / "same" / "capture.json").read_text(encoding="utf-8"))
    assert found["held_out"] == json.loads((capture / "capture.json").read_text())["held_out"]
    assert found["settings"]["transferred"] is True


def test_again_it_keeps_whole_takes_and_mends_others(capture, other, tmp_path):
    out = tmp_path / "other"
    transfer_capture(capture, other, out)
    takes = sorted((out / "takes").glob("*.safetensors"))
    kept = {path: path.read_bytes() for path in takes}
    takes[0].write_bytes(b"half")
    stamp = takes[1].stat().st_mtime_ns
    transfer_capture(capture, other, out)
    assert {path: path.read_bytes() for path in takes} == kept
    assert takes[1].stat().st_mtime_ns == stamp
    np.testing.assert_allclose(
        read_capture(out).character.rig.neutral.vertices, other.rig.neutral.vertices
    )


def test_the_wrong_folder_and_format_are_refused(capture, other, low, tmp_path):
    with pytest.raises(InputError, match=r"is the capture itself\. Choose another folder"):
        transfer_capture(capture, other, capture)
    with pytest.raises(InputError, match=r"Unknown format 'abc2'"):
        transfer_capture(capture, other, tmp_path, formats=("abc2",))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"has files in it, but no capture\.json"):
        transfer_capture(capture, other, tmp_path)
    transfer_capture(capture, low, tmp_path / "done")
    with pytest.raises(InputError, match=r"holds another capture; nothing was changed"):
        transfer_capture(capture, other, tmp_path / "done")


def test_faces_are_named_in_several_ways(tmp_path, capture, low):
    assert character_from("head")[0] is load_head()
    there, files = character_from(capture)
    assert len(there.rig.neutral.vertices) == len(low.rig.neutral.vertices)
    assert files
    with pytest.raises(InputError, match=r"not found"):
        character_from(tmp_path / "nobody.json")


def test_the_command_tells_what_it_made(capture, tmp_path):
    arguments = ["capture", "transfer", str(capture), "--onto", str(capture)]
    made = CliRunner().invoke(app, [*arguments, "-o", str(tmp_path / "out"), "--json"])
    assert made.exit_code == 0, made.output
    report = json.loads(made.stdout)
    assert report["command"] == "capture transfer"
    assert report["figures"]["match_median_mm"] == 0
    assert report["figures"]["takes"] == len(read_capture(tmp_path / "out").takes)
    assert report["outputs"]["capture"] == str(tmp_path / "out" / "capture.json")
