"""Jobs as other programs call them."""

from fractions import Fraction

import numpy as np
import pytest
import soundfile

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.deformer.model_file import read_model
from animdrive.errors import DeviceError, InputError
from animdrive.pipeline.jobs import LayerConfig, animate_audio, animate_video, from_time_zero
from animdrive.pipeline.outputs import OutputConfig


@pytest.fixture
def quiet(tmp_path):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(16_000, np.float32), 16_000)
    return path


def no_renderer(*_, **__):
    raise DeviceError("No renderer here.")


def test_without_a_renderer_all_else_is_still_made(quiet, tmp_path, monkeypatch):
    monkeypatch.setattr("animdrive.render.preview.render_preview", no_renderer)
    result = animate_audio(quiet, tmp_path / "o")
    assert "preview" not in result.outputs
    assert {"csv", "json", "glb", "phones", "visemes"} <= set(result.outputs)
    assert any("No renderer here." in note for note in result.notes)


def test_a_preview_that_was_asked_for_and_cannot_be_made_is_an_error_after_the_rest(
    quiet, tmp_path, monkeypatch
):
    monkeypatch.setattr("animdrive.render.preview.render_preview", no_renderer)
    with pytest.raises(DeviceError, match="No renderer"):
        animate_audio(quiet, tmp_path / "o", output=OutputConfig(formats=("csv", "mp4")))
    assert (tmp_path / "o" / "quiet.csv").exists()


def test_a_deformer_is_loaded_once_for_all_files(quiet, tmp_path, monkeypatch):
    loaded, shown = [], []

    def counted(path, rig):
        loaded.append(path)
        return read_model(path, rig)

    monkeypatch.setattr("animdrive.deformer.shipped.read_model", counted)
    monkeypatch.setattr(
        "animdrive.render.preview.render_preview",
        lambda character, deformer, *_, **__: shown.append(deformer),
    )
    for name in ("auto", "npc"):
        loaded.clear()
        output = OutputConfig(formats=("glb", "mp4"), deformer=name)
        animate_audio(quiet, tmp_path / "o", output=output)
        assert len(loaded) == 1
    assert [deformer.kind for deformer in shown] == ["neural_morph"] * 2


def test_a_deformer_that_is_not_there_is_told_before_long_work(quiet, tmp_path):
    stages = []
    with pytest.raises(InputError, match="No deformer 'villain'"):
        animate_audio(
            quiet,
            tmp_path / "o",
            output=OutputConfig(formats=("csv",), deformer="villain"),
            progress=lambda stage, _: stages.append(stage),
        )
    assert not stages


def test_progress_names_the_stages_and_ends_each_at_one(quiet, tmp_path):
    told = {}
    animate_audio(
        quiet,
        tmp_path / "o",
        output=OutputConfig(formats=("csv",)),
        progress=lambda stage, done: told.update({stage: done}),
    )
    assert {"read", "curves", "write csv"} <= set(told)
    assert set(told.values()) == {1.0}


def test_no_layers_change_no_bit():
    values = np.random.default_rng(0).random((20, 52)).astype(np.float32)
    track = CurveTrack(ARKIT52, 30.0, values)
    assert LayerConfig().applied(track) is track


def test_a_truncated_clip_is_used_as_far_as_it_goes(carphone, tmp_path):
    # Fragments carry their own index, as a recorder writes them that may be cut off.
    import av

    whole = tmp_path / "whole.mp4"
    with (
        av.open(str(carphone)) as source,
        av.open(
            str(whole), "w", options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        ) as target,
    ):
        stream = target.add_stream("libx264", rate=30, options={"g": "10", "crf": "23"})
        stored = source.streams.video[0]
        stream.width, stream.height = stored.width, stored.height
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            frame.pts, frame.time_base = number, Fraction(1, 30)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    result = animate_video(cut, tmp_path / "o", output=OutputConfig(formats=("csv",)))
    assert 20 < result.figures["source_frames"] < 110
    assert any("cut" in note.lower() or "damaged" in note.lower() for note in result.notes)


def test_a_track_that_starts_late_is_filled_with_rest_from_time_zero():
    values = np.full((30, 52), 0.5, np.float32)
    late = CurveTrack(ARKIT52, 30.0, values, head_rotation=np.full((30, 3), 0.2), start_s=0.9)
    whole = from_time_zero(late)
    assert (whole.start_s, len(whole)) == (0.0, 57)
    np.testing.assert_array_equal(whole.values[27:], late.values)
    np.testing.assert_array_equal(whole.head_rotation[27:], late.head_rotation)
    assert whole.values[:22].max() == 0
    assert whole.confidence[:27].max() == 0 < whole.confidence[27:].min()
    assert np.abs(np.diff(whole.values[:, 0])).max() < 0.2  # eased in, no jump
    assert from_time_zero(whole) is whole
