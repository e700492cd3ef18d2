import numpy as np
import pytest
from stand_in import BULGE_MM, BulgingFactory

from animdrive.errors import InputError
from animdrive.media.image import read_image
from animdrive.media.video import probe_video, read_frames
from animdrive.pipeline.capture import make_capture
from animdrive.pipeline.capture_compare import columns_of, residuals_of
from animdrive.pipeline.capture_modes import read_modes, write_modes
from animdrive.pipeline.capture_pictures import ViewConfig
from animdrive.pipeline.capture_read import read_capture
from animdrive.pipeline.capture_settings import CaptureConfig
from animdrive.pipeline.capture_view import view_capture
from animdrive.rig.head import load_head
from animdrive.rig.topology import load_topology
from animdrive.tissue.faults import Faults


def made(folder, **settings):
    config = CaptureConfig(
        kinds=("emotions",),
        frames_train=60,
        frames_held=20,
        formats=("safetensors",),
        **settings,
    )
    make_capture(
        folder, character=load_head(), simulator=BulgingFactory(), config=config, workers=0
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("view") / "capture")


@pytest.mark.gl
def test_a_sheet_shows_three_panels_and_heat_where_the_cheek_bulges(folder, tmp_path):
    config = ViewConfig(take="emotions_01", count=2, size_px=160, yaw_rad=0.0)
    result = view_capture(folder, tmp_path / "sheet.png", config=config)
    image = read_image(tmp_path / "sheet.png").astype(int)
    assert image.shape == (2 * 160 + 4, 3 * 160, 3)
    assert result.figures["max_mm"] == pytest.approx(BULGE_MM, abs=0.02)
    assert 0 < result.figures["mean_mm"] < result.figures["max_mm"]
    assert result.figures["bar_mm"] >= result.figures["p95_mm"]
    assert len(result.figures["sheet_frames"]) == 2
    linear, simulated, heat = (image[:160, k * 160 : (k + 1) * 160] for k in range(3))
    assert np.abs(linear[40:] - simulated[40:]).max() > 20  # the bulge is seen
    colorful = np.ptp(heat[30:150, :130], axis=2)
    assert (colorful > 90).mean() > 0.01
    assert (colorful < 20).mean() > 0.5


@pytest.mark.gl
def test_the_same_frame_asked_for_by_number_is_the_same_picture(folder, tmp_path):
    for name in ("a", "b"):
        view_capture(folder, tmp_path / f"{name}.png", config=ViewConfig(frames=(5,), size_px=64))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert b"AIGC" in (tmp_path / "a.png").read_bytes()


@pytest.mark.gl
def test_a_film_is_as_long_as_the_take_lost_frames_included(tmp_path):
    folder = made(tmp_path / "capture", faults=Faults(drop=0.3))
    config = ViewConfig(take="emotions_held_01", size_px=64)
    result = view_capture(folder, tmp_path / "take.mp4", config=config)
    captured = read_capture(folder).take("emotions_held_01")
    assert len(captured.vertices) < len(captured.take.track)
    assert len(list(read_frames(tmp_path / "take.mp4"))) == len(captured.take.track)
    info = probe_video(tmp_path / "take.mp4")
    assert (info.width_px, info.height_px) == (192, 64)
    assert result.outputs == {"film": tmp_path / "take.mp4"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size_px": 63}, r"even and in 64..2160 pixels, got 63"),
        ({"full_mm": 0.0}, "must be above 0 mm, got 0"),
        ({"count": 0}, r"shows 1..64 frames, not 0"),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(InputError, match=message):
        ViewConfig(**settings)


def test_a_wrong_take_frame_or_file_is_named(folder, tmp_path):
    with pytest.raises(InputError, match=r"no take 'song'. It has: emotions_01"):
        view_capture(folder, tmp_path / "x.png", config=ViewConfig(take="song"))
    with pytest.raises(InputError, match=r"has frames 0..\d+, not 999"):
        view_capture(folder, tmp_path / "x.png", config=ViewConfig(frames=(0, 999)))
    with pytest.raises(InputError, match=r"end its name in .mp4, .mov or .png"):
        view_capture(folder, tmp_path / "x.gif")
    with pytest.raises(InputError, match="no curve 'jawOpen', which its rig has"):
        columns_of(("jawOpen",), read_track())


def read_track():
    from animdrive.contract import CurveTrack

    return CurveTrack(("a",), 30.0, np.zeros((2, 1), np.float32))


def test_modes_explain_what_the_linear_rig_misses(folder, tmp_path):
    path = tmp_path / "modes.safetensors"
    told = write_modes(folder, path, count=4)
    modes = read_modes(path)
    skin = load_head().part("skin").vertices
    assert modes.modes.shape == (4, skin.stop - skin.start, 3)
    assert told["explained"] > 0.9
    assert told["left_mm"] < told["residual_mm"]
    basis = modes.modes.reshape(4, -1).T.astype(np.float64)
    for chunk in residuals_of(folder):
        flat = chunk.reshape(len(chunk), -1).T.astype(np.float64)
        rest = flat - basis @ np.linalg.lstsq(basis, flat, rcond=None)[0]
        assert (rest**2).sum() <= 0.1 * (flat**2).sum() + 1e-9
    mirror = load_topology().mirror
    for mode in modes.modes:
        turned = mode[mirror] * [-1, 1, 1]
        assert abs((turned * mode).sum() / (mode * mode).sum()) == pytest.approx(1, abs=0.02)
    again = tmp_path / "again.safetensors"
    assert write_modes(folder, again, count=4)["sha256"] == told["sha256"]


def test_modes_that_cannot_be_found_are_told(folder, tmp_path):
    with pytest.raises(InputError, match=r"end its name in .safetensors"):
        write_modes(folder, tmp_path / "modes.npz")
    with pytest.raises(InputError, match=r"must be in 1..200, got 0"):
        write_modes(folder, tmp_path / "modes.safetensors", count=0)
    with pytest.raises(InputError, match="independent ways, fewer than the 200 modes"):
        write_modes(folder, tmp_path / "modes.safetensors", count=200)
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="does not hold expression modes"):
        read_modes(tmp_path / "x.safetensors")
