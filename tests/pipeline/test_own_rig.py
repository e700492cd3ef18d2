"""A user's own rig performs: its size, its look, and what it cannot do."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rig_maker
from rig_maker import write_obj_rig

from animdrive.contract import ARKIT52, CurveTrack, Material, Part
from animdrive.contract.provenance import Provenance
from animdrive.errors import InputError
from animdrive.export import read_curves
from animdrive.export.gltf import write_glb
from animdrive.gltf.reader import GltfFile
from animdrive.layers.retarget import CurveRetarget, RetargetProfile, write_profile
from animdrive.pipeline.outputs import (
    JobResult,
    OutputConfig,
    Performance,
    check_not_overwriting,
    skin_once,
    write_outputs,
)
from animdrive.pipeline.own_rig import (
    AUTO_PROFILE,
    check_own_rig,
    own_rig,
    unseen_curves,
)
from animdrive.pipeline.own_rig_looks import EYE_DISTANCE_M, eye_distance_m
from animdrive.pipeline.rig_retarget import proposed_profile, write_proposed_profile
from animdrive.rig.head import load_head
from animdrive.rig.lod import character_at


def rest(names):
    return CurveTrack(names, 30.0, np.zeros((0, len(names)), np.float32))


def rig_file(path, character=None):
    character = character or rig_maker.character()
    write_glb(character, rest(character.rig.names), path)
    return path


def sized(character, factor, *, gain=1.0):
    rig = character.rig
    neutral = replace(rig.neutral, vertices=rig.neutral.vertices * np.float32(factor))
    return replace(
        character,
        rig=replace(rig, neutral=neutral, deltas=rig.deltas * np.float32(factor * gain)),
        head_pivot=character.head_pivot * np.float32(factor),
        eye_pivots=character.eye_pivots * np.float32(factor),
    )


def take(frames=10):
    values = np.zeros((frames, 52), np.float32)
    values[:, ARKIT52.index("jawOpen")] = np.linspace(0, 0.8, frames)
    values[:, ARKIT52.index("cheekPuff")] = 0.5
    return CurveTrack(ARKIT52, 30.0, values)


def performed(folder, config):
    head = load_head()
    result = JobResult()
    performance = Performance(
        name="take",
        character=head,
        track=take(),
        provenance=Provenance((("clip.mp4", "0" * 64),), "test"),
        skin=skin_once(config.head_deformer, head.rig),
    )
    folder.mkdir()
    write_outputs(performance, folder, result, config=config)
    return result


@pytest.mark.parametrize("factor", [1.0, 10.0])
def test_a_rig_of_any_size_is_brought_to_a_heads(tmp_path, factor):
    rig = own_rig(rig_file(tmp_path / "a.glb", sized(rig_maker.character(), factor)))
    assert eye_distance_m(rig.character) == pytest.approx(EYE_DISTANCE_M, rel=1e-5)
    assert rig.scale == pytest.approx(eye_distance_m(rig.read) / EYE_DISTANCE_M)
    np.testing.assert_allclose(
        rig.character.rig.deltas * np.float32(rig.scale), rig.read.rig.deltas, rtol=1e-4, atol=1e-7
    )
    assert any("lacks 47 of 52" in note for note in rig.notes)


def test_the_rig_performs_from_its_own_file(tmp_path):
    path = rig_file(tmp_path / "mine.glb")
    config = OutputConfig(formats=("csv", "glb"), rig=path)
    result = performed(tmp_path / "o", config)
    file = GltfFile(tmp_path / "o" / "take.glb")
    weights = next(c for c in file.animation(0).channels if c.path == "weights")
    names = file.target_names(file.nodes[weights.node].mesh)
    found = weights.values[:, names.index("jawOpen")]
    np.testing.assert_allclose(found, take().curve("jawOpen"), atol=1e-6)
    assert any("Moved, but not by the rig: cheekPuff" in note for note in result.notes)
    assert result.figures["rig"] == "mine.glb"
    told = json.loads((tmp_path / "o" / "take.provenance.json").read_text())
    assert [row["name"] for row in told["inputs"]] == ["clip.mp4", "mine.glb"]


def test_a_profile_changes_what_is_written(tmp_path):
    path, profile = rig_file(tmp_path / "mine.glb"), tmp_path / "p.json"
    write_profile(RetargetProfile({"jawOpen": CurveRetarget(0.5, 0.1, 0.0, 0.45)}), profile)
    performed(tmp_path / "o", OutputConfig(formats=("csv",), rig=path, retarget=profile))
    found = read_curves(tmp_path / "o" / "take.csv").track.curve("jawOpen")
    wanted = np.clip(0.5 * take().curve("jawOpen") + 0.1, 0, 0.45)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_folder_of_objs_performs_as_a_new_glb(tmp_path):
    folder = write_obj_rig(tmp_path / "rig", scale=100.0)
    performed(tmp_path / "o", OutputConfig(formats=("glb",), rig=folder))
    file = GltfFile(tmp_path / "o" / "take.glb")
    mesh = file.mesh(next(n.mesh for n in file.nodes if n.mesh is not None))
    height = np.ptp(np.concatenate([p.positions for p in mesh.primitives])[:, 1])
    assert height == pytest.approx(rig_maker.HEIGHT, rel=1e-3)
    channel = next(c for c in file.animation(0).channels if c.path == "weights")
    assert channel.values.max() == pytest.approx(0.8, abs=1e-5)


@pytest.mark.gl
def test_the_film_shows_the_rig(tmp_path):
    path = rig_file(tmp_path / "mine.glb", sized(rig_maker.character(), 10.0))
    config = OutputConfig(formats=("mp4",), rig=path, preview_size_px=64)
    performed(tmp_path / "o", config)
    from animdrive.media.video import read_frames

    frames = list(read_frames(tmp_path / "o" / "take.preview.mp4"))
    assert len(frames) == 10
    # The egg is in the middle, and small enough to leave background around it.
    image = frames[0].image.astype(int)
    assert np.abs(image[32, 32] - image[2, 2]).max() > 30


def renamed(character, names):
    return replace(character, rig=replace(character.rig, names=names))


def test_a_rig_without_arkits_names_is_one_clear_error(tmp_path):
    names = tuple(f"Shape{n}" for n in range(6))
    path = rig_file(tmp_path / "a.glb", renamed(rig_maker.character(), names))
    with pytest.raises(InputError, match=r"none of its 6 shapes \(Shape0, .*jawOpen, mouthSmile"):
        own_rig(path)


def test_settings_that_do_not_go_together(tmp_path):
    path = rig_file(tmp_path / "a.glb")
    with pytest.raises(InputError, match="give --rig, too"):
        check_own_rig(OutputConfig(retarget=Path("p.json")))
    with pytest.raises(InputError, match="leave --lod or --rig out"):
        check_own_rig(OutputConfig(rig=path, lod="low"))
    with pytest.raises(InputError, match="made for a rig of 17261 vertices, this one has 192"):
        check_own_rig(OutputConfig(rig=path, deformer="hero"))
    with pytest.raises(InputError, match="not found"):
        check_own_rig(OutputConfig(rig=tmp_path / "no.glb"))
    with pytest.raises(InputError, match="not found"):
        check_own_rig(OutputConfig(rig=path, retarget=tmp_path / "no.json"))
    check_own_rig(OutputConfig(rig=path, retarget=Path(AUTO_PROFILE)))
    check_own_rig(OutputConfig())


def test_the_rig_is_not_replaced_by_what_is_made_of_it(tmp_path):
    path = rig_file(tmp_path / "take.glb")
    with pytest.raises(InputError, match="is an input and would be replaced"):
        check_not_overwriting("take", tmp_path, (), OutputConfig(rig=path))


def test_only_curves_that_move_are_missed(tmp_path):
    rig = own_rig(rig_file(tmp_path / "a.glb"))
    assert unseen_curves(take().with_values(np.zeros((10, 52))), rig) == []


def test_eyes_without_a_picture_get_ours_and_look_ahead(tmp_path, shared_data, monkeypatch):
    pytest.importorskip("meshoptimizer")
    shutil.copy(shared_data / "rigs" / "facecap.glb", tmp_path / "a.glb")
    with monkeypatch.context() as broken:
        broken.setattr("animdrive.media.ktx2.decode_ktx2", unreadable)
        character = own_rig(tmp_path / "a.glb").character
    vertices, uv = character.rig.neutral.vertices, character.rig.neutral.uv
    for side, name in enumerate(("eye_left", "eye_right")):
        part = character.part(name)
        assert character.material(part.material).texture is not None
        # The pupil, the middle of the picture, is the foremost point.
        middle = np.linalg.norm(uv[part.vertices] - 0.5, axis=1).argmin()
        ahead = vertices[part.vertices][middle] - character.eye_pivots[side]
        assert ahead[2] / np.linalg.norm(ahead) > 0.98
    assert "teeth" in {part.name for part in character.parts}


def unreadable(_, what):
    raise InputError(f"{what} cannot be read.")


def test_a_packed_character_keeps_its_own_eyes(shared_data):
    pytest.importorskip("meshoptimizer")
    rig = own_rig(shared_data / "rigs" / "facecap.glb")
    character = rig.character
    assert {material.name for material in character.materials} == {"lambert5"}
    assert character.material("lambert5").texture.shape == (1024, 1024, 3)
    assert not any("picture" in note for note in rig.notes)
    vertices = character.rig.neutral.vertices
    left, right = (
        vertices[character.part(name).vertices].mean(axis=0) for name in ("eye_left", "eye_right")
    )
    assert left[0] > 0.02 > -0.02 > right[0]


@pytest.fixture(scope="module")
def low():
    return character_at(load_head(), "low")


def test_our_own_head_needs_no_profile(tmp_path, low):
    rig = own_rig(rig_file(tmp_path / "head.glb", low))
    proposal = proposed_profile(rig)
    gains = {name: one.gain for name, one in proposal.profile.curves.items()}
    assert set(gains) == set(ARKIT52)
    # Fewer vertices make the same face a little coarser, no more.
    assert max(abs(gain - 1) for gain in gains.values()) < 0.12
    assert proposal.ours_mm["jawOpen"] == pytest.approx(proposal.theirs_mm["jawOpen"], rel=0.05)


@pytest.mark.parametrize(("factor", "gain"), [(1.0, 2.0), (30.0, 0.5)])
def test_shapes_that_move_more_get_less_whatever_the_size(tmp_path, low, factor, gain):
    plain = proposed_profile(own_rig(rig_file(tmp_path / "a.glb", low))).profile.curves
    other = rig_file(tmp_path / "b.glb", sized(low, factor, gain=gain))
    found = proposed_profile(own_rig(other)).profile.curves
    for name in ("mouthSmileLeft", "browInnerUp", "jawOpen", "mouthClose", "cheekPuff"):
        assert found[name].gain == pytest.approx(plain[name].gain / gain, rel=0.06)
    for name in ("eyeBlinkLeft", "eyeLookUpRight", "tongueOut"):
        assert found[name].gain == 1


def test_what_cannot_be_compared_is_told(tmp_path, low):
    deltas = np.array(low.rig.deltas)
    deltas[low.rig.names.index("cheekPuff")] *= 0.001
    other = replace(low, rig=replace(low.rig, deltas=deltas))
    result = write_proposed_profile(rig_file(tmp_path / "a.glb", other), tmp_path / "p.json")
    assert result.figures["gains"]["cheekPuff"] == 1
    assert any("cheekPuff" in note for note in result.notes)
    with pytest.raises(InputError, match=r"end the name of .* in \.json"):
        write_proposed_profile(tmp_path / "a.glb", tmp_path / "p.txt")


def test_parts_get_names_that_the_renderer_knows(tmp_path):
    made = rig_maker.character()
    count, faces = len(made.rig.neutral.vertices), len(made.rig.neutral.faces)
    half = faces // 2
    # Faces of the second half, moved to vertices of their own.
    neutral = made.rig.neutral
    vertices = np.concatenate([neutral.vertices, neutral.vertices])
    both = np.concatenate([neutral.faces[:half], neutral.faces[half:] + count])
    deltas = np.concatenate([made.rig.deltas, np.zeros_like(made.rig.deltas)], axis=1)
    mesh = replace(neutral, vertices=vertices, faces=both, uv=np.concatenate([neutral.uv] * 2))
    character = replace(
        made,
        rig=replace(made.rig, neutral=mesh, deltas=deltas),
        parts=(
            Part("skin", slice(0, count), slice(0, half), "all"),
            Part("Lower_Teeth", slice(count, 2 * count), slice(half, faces), "Lower_Teeth"),
        ),
        materials=(Material("all"), Material("Lower_Teeth")),
        head_weight=np.ones(2 * count, np.float32),
    )
    rig = own_rig(rig_file(tmp_path / "a.glb", character))
    assert [part.name for part in rig.character.parts] == ["skin", "teeth"]


def test_of_a_whole_body_the_head_turns_and_is_filmed(tmp_path):
    made = rig_maker.character()
    neutral = made.rig.neutral
    count, faces = len(neutral.vertices), len(neutral.faces)
    # A body below the head: the same egg, far down and still.
    below = neutral.vertices * [2, 4, 2] - np.array([0, 0.8, 0], np.float32)
    mesh = replace(
        neutral,
        vertices=np.concatenate([neutral.vertices, below]),
        faces=np.concatenate([neutral.faces, neutral.faces + count]),
        uv=np.concatenate([neutral.uv] * 2),
    )
    deltas = np.concatenate([made.rig.deltas, np.zeros_like(made.rig.deltas)], axis=1)
    body = replace(
        made,
        rig=replace(made.rig, neutral=mesh, deltas=deltas),
        parts=(
            Part("skin", slice(0, count), slice(0, faces), "skin"),
            Part("body", slice(count, 2 * count), slice(faces, 2 * faces), "skin"),
        ),
        head_weight=np.ones(2 * count, np.float32),
        head_pivot=np.array([0.0, -1.2, 0.0], np.float32),
    )
    character = own_rig(rig_file(tmp_path / "a.glb", body)).character
    weight = character.head_weight
    head, rest_of_it = (weight[character.parts[n].vertices] for n in (0, 1))
    assert (head[: count // 2] == 1).all()
    assert rest_of_it[count // 2 :].max() == 0
    eyes = character.eye_pivots.mean(axis=0)
    assert np.linalg.norm(character.head_pivot - eyes) < 3 * EYE_DISTANCE_M
    assert character.head_pivot[1] < eyes[1]
    from animdrive.render.camera import portrait_camera

    assert abs(portrait_camera(character).target[1] - eyes[1]) < 0.1


def test_a_head_alone_turns_as_a_whole(tmp_path):
    assert (own_rig(rig_file(tmp_path / "a.glb")).character.head_weight == 1).all()


def test_with_its_profile_a_mouth_shuts_what_its_jaw_opens(shared_data):
    """On a character of somebody else's: jawOpen and mouthClose at once leave the lips together."""
    pytest.importorskip("meshoptimizer")
    proposal = proposed_profile(own_rig(shared_data / "rigs" / "facecap.glb"))
    curves, gap_mm = proposal.profile.curves, proposal.theirs_mm
    opened, shut = (gap_mm[name] * curves[name].gain for name in ("jawOpen", "mouthClose"))
    ours = proposal.ours_mm["jawOpen"] - proposal.ours_mm["mouthClose"]
    assert abs(gap_mm["jawOpen"] - gap_mm["mouthClose"]) > 2  # as they are, they would not meet
    assert abs((opened - shut) - ours) < 0.5
