"""The simulated face as a whole: laws that hold whatever the muscles' strengths."""

import numpy as np
import pytest
import torch
from checks import Checker
from folds import Folds

from animdrive.contract import ARKIT52
from animdrive.contract.stages import Simulator
from animdrive.errors import ContractError, WeightsError
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.simulate import load_gains, save_gains, simulator_for

MM = 1e3


@pytest.fixture(scope="module")
def simulator():
    return simulator_for(load_head())


@pytest.fixture(scope="module")
def checker():
    return Checker(load_head(), load_topology())


def row(**curves):
    """Return [1, 52]; a name without its side stands for both."""
    values = np.zeros((1, 52), dtype=np.float32)
    for name, value in curves.items():
        for known in (name, f"{name}Left", f"{name}Right"):
            if known in ARKIT52:
                values[0, ARKIT52.index(known)] = value
    return values


def frame(simulator, **curves):
    return next(iter(simulator.frames(row(**curves)))).astype(np.float64)


def moved(frame_, checker):
    return (frame_[: checker.skin_count] - checker.rest[: checker.skin_count]) * MM


def test_it_is_a_simulator(simulator):
    assert isinstance(simulator, Simulator)
    assert simulator.names == ARKIT52


def test_rest_is_exactly_neutral(simulator, checker):
    assert np.abs(moved(frame(simulator), checker)).max() < 1e-3


def test_mirrored_curves_give_mirrored_skin(simulator, checker):
    left = frame(simulator, mouthSmileLeft=0.8, browDownLeft=0.6, jawLeft=0.4, jawOpen=0.3)
    right = frame(simulator, mouthSmileRight=0.8, browDownRight=0.6, jawRight=0.4, jawOpen=0.3)
    assert checker.mirror_error(left, right) < 0.05


def test_a_take_ends_where_a_single_pose_does_and_repeats_exactly(simulator, checker):
    end = row(mouthSmile=0.6, browInnerUp=0.6, jawOpen=0.2)
    take = np.linspace(0, 1, 8)[:, None] * end
    first = np.stack(list(simulator.frames(take)))
    again = np.stack(list(simulator.frames(take)))
    np.testing.assert_array_equal(first, again)
    alone = next(iter(simulator.frames(end)))
    away = np.linalg.norm(first[-1] - alone, axis=1)[: checker.skin_count] * MM
    # The folded corner of the mouth has more than one way to rest; everywhere else there is one.
    assert away.max() < 1.0
    assert np.percentile(away, 99) < 0.3
    assert away.mean() < 0.02


@pytest.mark.parametrize(
    "pose",
    [
        {"mouthSmile": 0.8, "cheekSquint": 0.6, "browDown": 0.5},
        {"mouthSmile": 0.8, "jawOpen": 0.6},
    ],
    ids=lambda pose: "+".join(pose),
)
def test_curves_that_move_smoothly_move_the_skin_smoothly(simulator, checker, pose):
    time = np.linspace(0, 1, 24)
    ease = (time**2 * (3 - 2 * time))[:, None]
    frames = np.stack(list(simulator.frames(ease * row(**pose)))).astype(np.float64)
    # 20 mm in 23 frames with this ease accelerate by 0.23 mm per frame²; a pop is some mm.
    assert checker.acceleration(frames) < 1.2


def test_switching_one_muscle_off_changes_its_region_only(simulator, checker):
    pose = {"mouthSmile": 0.8, "browInnerUp": 0.8}
    whole = frame(simulator, **pose)
    simulator.driver.silence("zygomaticus_major_left")
    try:
        without = frame(simulator, **pose)
    finally:
        simulator.driver.wake("zygomaticus_major_left")
    change = np.linalg.norm(whole - without, axis=1)[: checker.skin_count] * MM
    rest = checker.rest[: checker.skin_count]
    assert change[291] > 1.0  # the left corner of the mouth
    assert change[(rest[:, 0] < -0.03) | (rest[:, 1] > 0.05)].max() < 0.15
    np.testing.assert_array_equal(whole, frame(simulator, **pose))


def test_silenced_lid_muscles_leave_the_lids(simulator, checker):
    simulator.driver.silence("orbicularis_oculi_palpebral_upper_left")
    try:
        wink = moved(frame(simulator, eyeBlink=1), checker)
    finally:
        simulator.driver.wake("orbicularis_oculi_palpebral_upper_left")
    assert np.abs(wink[386]).max() < 0.5  # the middle of the left upper lid
    assert wink[159, 1] < -4  # the right one closes


def test_strong_expressions_fold_the_skin(simulator, checker):
    folds = Folds(checker)

    def skin(**curves):
        return frame(simulator, **curves)

    lines, depth = folds.forehead_lines_found(skin(browInnerUp=1, browOuterUp=1))
    assert lines >= 2
    assert depth > 0.8
    assert folds.glabella_fold(skin(browDown=1)) > 0.2
    smile = skin(mouthSmile=1, cheekSquint=1)
    assert folds.nasolabial_depth(smile) > 0.3
    assert folds.cheek_bulge(smile) > 0.8
    assert folds.lip_protrusion(skin(mouthPucker=1)) > 3


def test_a_muscle_that_does_not_exist_cannot_be_switched_off(simulator):
    with pytest.raises(ContractError, match="no muscle 'biceps'"):
        simulator.driver.silence("biceps")


def test_curves_mean_what_their_names_say(simulator, checker):
    smile = moved(frame(simulator, mouthSmile=1), checker)
    assert smile[291, 1] > 4  # corners up
    assert smile[291, 0] > 4  # and out
    assert smile[61, 0] < -4
    brow = moved(frame(simulator, browInnerUp=1), checker)
    assert brow[285, 1] > 4
    frown = moved(frame(simulator, browDown=1), checker)
    assert frown[285, 1] < -2.5
    pucker = moved(frame(simulator, mouthPucker=1), checker)
    assert pucker[291, 0] < -5
    assert pucker[0, 2] > 1
    sneer = moved(frame(simulator, noseSneer=1), checker)
    assert sneer[278, 1] > 1


def slit_mm(skin):
    """Height of what is seen between the lips, in the middle 6 mm, from the front."""
    regions = load_head().regions
    low, high = (
        skin[own[np.abs(skin[own, 0]) < 3e-3], 1]
        for own in (regions["lips_upper"], regions["lips_lower"])
    )
    return (low.min() - high.max()) * MM


@pytest.mark.parametrize(
    "pose",
    [
        {"jawOpen": 0.3},
        {"jawOpen": 0.12, "mouthPucker": 0.75, "mouthFunnel": 0.25},
        {"jawOpen": 0.38, "mouthPucker": 0.4, "mouthFunnel": 0.3},
        {"jawOpen": 0.3, "mouthFunnel": 0.4, "mouthClose": 0.05},
        {"mouthFunnel": 0.6},
        {"mouthUpperUp": 1.0},
        {"mouthLowerDown": 1.0},
    ],
)
def test_a_mouth_that_speaks_is_open(simulator, pose):
    linear = load_head().rig
    drawn = linear.neutral.vertices + np.tensordot(row(**pose)[0], linear.deltas, 1)
    assert slit_mm(frame(simulator, **pose)) > 0.3 * slit_mm(drawn) > 0.3


@pytest.mark.parametrize("amount", [0.15, 0.5, 1.0])
def test_jaw_open_and_mouth_close_alike_leave_the_lips_shut(simulator, checker, amount):
    shut = frame(simulator, jawOpen=amount, mouthClose=amount)
    ring = checker.topology.rings["lips_inner"]
    steps = np.arange(4, len(ring) // 2 - 3)
    gap = np.linalg.norm(shut[ring[steps]] - shut[ring[-steps]], axis=1) * MM
    assert gap.max() < 0.3


@pytest.mark.parametrize(
    "pose",
    [
        {"mouthSmile": 1, "cheekSquint": 1},
        {"mouthPucker": 1, "jawOpen": 0.3},
        {"mouthRollLower": 1, "mouthRollUpper": 1},
        {"mouthPress": 1, "jawOpen": 0.1},
        {"eyeBlink": 1, "eyeSquint": 1, "eyeLookDown": 1},
        {"eyeWide": 1, "eyeLookUp": 1, "browInnerUp": 1},
        {"cheekPuff": 1},
    ],
    ids=lambda pose: "+".join(pose),
)
def test_nothing_runs_into_anything_else(simulator, checker, pose):
    posed = checker.posed(frame(simulator, **pose), row(**pose)[0])
    assert checker.lip_lip(posed) < 0.3
    assert checker.lip_teeth(posed) < 0.3
    assert checker.lid_eye(posed) < 0.3


@pytest.mark.parametrize("pose", [{"jawOpen": 1}, {"mouthSmile": 1}, {"mouthPucker": 1}], ids=str)
def test_tissue_keeps_its_volume(simulator, pose):
    x, _ = simulator.interior_frame(np.zeros(52), row(**pose)[0].astype(np.float64), None)
    mesh = simulator.anatomy.mesh
    before, after = mesh.volumes(mesh.nodes), mesh.volumes(x[:, :, 0].numpy())
    assert abs(after.sum() / before.sum() - 1) < 0.02
    assert (after > 0).mean() > 0.999  # hardly an element turned over


def test_frames_solved_side_by_side_are_those_solved_alone(simulator):
    rows = np.concatenate([row(mouthSmile=0.2), row(browInnerUp=0.2), row(jawOpen=0.2)])
    interior, driver = simulator.anatomy.interior, simulator.driver
    together = driver.demand(rows.astype(np.float64))
    many, _, _ = interior.solve(together, interior.guess(together, None))
    for k in range(3):
        one = driver.demand(rows[k : k + 1].astype(np.float64))
        alone, _, _ = interior.solve(one, interior.guess(one, None))
        assert float((many[:, :, k] - alone[:, :, 0]).abs().max()) < 0.1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_what_the_cpu_gives(simulator):
    there = simulator_for(load_head(), device=torch.device("cuda"))
    pose = row(mouthSmile=0.5, jawOpen=0.3)
    here, far = (next(iter(s.frames(pose))) for s in (simulator, there))
    assert np.abs(here - far).max() * MM < 0.1


def test_bad_curves_are_told(simulator):
    with pytest.raises(ContractError, match=r"finite \[T, 52\], got \[1, 3\]"):
        next(iter(simulator.frames(np.zeros((1, 3)))))
    with pytest.raises(ContractError, match="finite"):
        next(iter(simulator.frames(np.full((1, 52), np.nan))))


def test_gains_are_read_back_and_refused_for_other_curves(tmp_path, monkeypatch):
    from safetensors.numpy import load_file

    gains = np.random.default_rng(0).random((5, 2))
    save_gains(tmp_path / "t.safetensors", ("a", "b"), ("m", "n"), gains)
    monkeypatch.setattr(
        "animdrive.tissue.simulate.load_arrays", lambda _: load_file(tmp_path / "t.safetensors")
    )
    np.testing.assert_allclose(load_gains(("a", "b"), ("m", "n")), gains, atol=1e-6)
    with pytest.raises(WeightsError, match="fitted for other curves"):
        load_gains(("a", "c"), ("m", "n"))
    with pytest.raises(WeightsError, match="fitted for other muscles"):
        load_gains(("a", "b"), ("n", "m"))
