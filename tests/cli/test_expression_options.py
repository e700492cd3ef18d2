"""``animdrive audio --effort --no-breaths --auto-emotion``: what the voice tells."""

import json

import numpy as np
import pytest

from animdrive.export import read_curves
from animdrive.media.audio import write_wav

TEXT = "Why would you do that?"


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    from animdrive.sources.audio.voice import speak

    path = tmp_path_factory.mktemp("said") / "line.wav"
    write_wav(speak(TEXT, voice="en-us+f3", pitch=95, words_per_minute=230), path)
    return path


@pytest.fixture(scope="module")
def curves_with(line, tmp_path_factory):
    """Run the job with options and return the track and what the sidecar says of the settings."""
    from typer.testing import CliRunner

    from animdrive.cli.main import app

    def run(*options):
        folder = tmp_path_factory.mktemp("made")
        formats = ["--formats", "csv", "--text", TEXT]
        arguments = ["audio", str(line), "-o", str(folder), *formats, *options]
        ran = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert ran.exit_code == 0
        sidecar = json.loads((folder / "line.provenance.json").read_text())
        return read_curves(folder / "line.csv").track, json.dumps(sidecar)

    return run


def test_a_mood_from_the_voice_lies_on_the_face_and_is_written_down(curves_with):
    plain, said = curves_with()
    moody, told = curves_with("--auto-emotion", "1")
    assert '"auto_emotion": 0.0' in said
    assert '"auto_emotion": 1.0' in told
    moved = [n for n in plain.names if not np.array_equal(plain.curve(n), moody.curve(n))]
    assert moved
    assert set(moved).isdisjoint({"mouthClose", "jawLeft", "eyeBlinkLeft", "tongueOut"})
    gained = [(moody.curve(name) - plain.curve(name)).min() for name in moved]
    assert min(gained) > -1e-4  # a mood only ever adds


def test_the_dials_of_effort_and_breath_are_written_down(curves_with):
    _, told = curves_with("--effort", "0", "--no-breaths")
    assert '"effort": 0.0' in told
    assert '"breaths": false' in told


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--effort", 3, "effort must be in 0..2, got 3.0"),
        ("--auto-emotion", 2, "auto_emotion must be in 0..1, got 2.0"),
    ],
)
def test_dials_out_of_range_are_one_line(animdrive, line, tmp_path, option, value, message):
    ran = animdrive("audio", line, "-o", tmp_path / "out", option, value)
    assert ran.code == 2
    assert message in ran.err
    assert not (tmp_path / "out").exists()
