"""The commands on real input: what they make, and what they say."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from animdrive import __version__
from animdrive.export import read_curves
from animdrive.export.mouth_cues import read_phones_tsv, read_visemes_tsv
from animdrive.media.audio import write_wav
from animdrive.media.video import probe_video


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    from animdrive.sources.audio.voice import speak

    path = tmp_path_factory.mktemp("sprache") / "Zeile ä.wav"
    write_wav(speak("Bob may move five boxes."), path)
    return path


def test_a_spoken_line_becomes_curves_phones_and_a_glb(animdrive, line, tmp_path):
    ran = animdrive(
        "audio", line, "-o", tmp_path, "--text", "Bob may move five boxes.",
        "--formats", "csv,json,glb,tsv", "--emotion", "happy:0.4", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    made = json.loads(ran.out)
    assert set(made["outputs"]) == {
        "csv", "json", "glb", "phones", "words", "visemes", "provenance",
    }  # fmt: skip
    assert made["figures"]["phones"] > 10
    tracks = [read_curves(tmp_path / f"Zeile ä.{kind}")[0] for kind in ("csv", "json", "glb")]
    for track in tracks:
        assert track.fps == pytest.approx(60)
        assert len(track) == made["figures"]["frames"]
        np.testing.assert_allclose(track.values, tracks[0].values, atol=1e-6)
    assert tracks[0].curve("mouthSmileLeft").max() > 0.1
    assert tracks[0].curve("jawOpen").max() > 0.2
    phones = read_phones_tsv(tmp_path / "Zeile ä.phones.tsv")
    assert [p.label for p in phones.phones if p.label in ("B", "M", "V", "F")][:5] == list("BBMMV")
    assert {s.label for s in read_visemes_tsv(tmp_path / "Zeile ä.visemes.tsv")} >= {
        "closed", "labiodental", "rounded", "open", "rest",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones(animdrive, line, tmp_path):
    for folder, seed in (("a", 3), ("b", 3), ("c", 4)):
        ran = animdrive(
            "audio", line, "-o", tmp_path / folder, "--formats", "csv,json,tsv,glb", "--seed", seed
        )
        assert ran.code == 0, ran.err
    for name in ("csv", "json", "phones.tsv", "visemes.tsv", "glb"):
        first, again, other = (
            (tmp_path / folder / f"Zeile ä.{name}").read_bytes() for folder in "abc"
        )
        assert first == again, name
        assert (first == other) == name.endswith("tsv"), name


@pytest.mark.gl
def test_a_preview_is_as_long_as_the_sound_and_says_what_it_is(animdrive, line, tmp_path):
    import av

    from animdrive.media.audio import probe_audio

    ran = animdrive("audio", line, "-o", tmp_path, "--formats", "mp4", "--size", 128)
    assert ran.code == 0, ran.err
    preview = tmp_path / "Zeile ä.preview.mp4"
    info = probe_video(preview)
    assert (info.width_px, info.height_px, info.has_audio) == (128, 128, True)
    assert info.duration_s == pytest.approx(probe_audio(line).duration_s, abs=0.05)
    with av.open(str(preview)) as container:
        assert json.loads(container.metadata["AIGC"])["Label"] == "1"
    beside = json.loads((tmp_path / "Zeile ä.provenance.json").read_text(encoding="utf-8"))
    assert beside["synthetic"] is True
    assert beside["inputs"][0]["name"] == "Zeile ä.wav"


@pytest.mark.gl
def test_a_clip_becomes_curves_and_a_preview_beside_it(animdrive, carphone, tmp_path):
    ran = animdrive("video", carphone, "-o", tmp_path, "--size", 128, "--json")
    assert ran.code == 0, ran.err
    made = json.loads(ran.out)
    assert made["figures"]["found_share"] == 1.0
    assert made["figures"]["source_frames"] == 120
    assert set(made["outputs"]) == {
        *("csv", "json", "glb", "preview", "provenance", "report", "sheet")
    }
    assert made["figures"]["take"]["confidence_mean"] > 0.3
    info = probe_video(tmp_path / "carphone_pristine.preview.mp4")
    assert info.height_px == 128
    assert info.width_px > 240
    track, _ = read_curves(tmp_path / "carphone_pristine.csv")
    # He gapes twice, at 2.0 and 3.7 s, and closes his mouth at the end.
    jaw, at = track.curve("jawOpen"), track.times_s
    assert jaw[np.abs(at - 2.0) < 0.1].max() > 2 * jaw[np.abs(at - 0.4) < 0.1].max()
    assert jaw[np.abs(at - 3.7) < 0.1].max() > 2 * jaw[-1]


def test_convert_keeps_the_curves(animdrive, line, tmp_path):
    assert animdrive("audio", line, "-o", tmp_path, "--formats", "csv").code == 0
    source = tmp_path / "Zeile ä.csv"
    ran = animdrive("convert", source, tmp_path / "take.glb", "--json")
    assert ran.code == 0, ran.err
    again = animdrive("convert", tmp_path / "take.glb", tmp_path / "take.csv")
    assert again.code == 0, again.err
    first, last = read_curves(source)[0], read_curves(tmp_path / "take.csv")[0]
    np.testing.assert_allclose(first.values, last.values, atol=1e-6)
    np.testing.assert_allclose(first.head_rotation, last.head_rotation, atol=1e-5)


def test_rig_info_lists_parts_and_curves(animdrive):
    described = json.loads(animdrive("rig", "info", "--json").out)
    assert described["parts"]["skin"] > 8000
    assert len(described["curves"]) == 52
    assert "jawOpen" in animdrive("rig", "info").out


@pytest.mark.gl
def test_rig_info_tells_of_every_level_of_detail(animdrive):
    counts = [
        json.loads(animdrive("rig", "info", "--lod", level, "--json").out)["parts"]["skin"]
        for level in ("low", "standard", "high")
    ]
    assert counts == sorted(counts)
    assert counts[0] == 3107
    failed = animdrive("rig", "info", "--lod", "huge")
    assert failed.code == 2
    assert "Unknown level of detail 'huge'" in failed.err


def test_convert_writes_the_level_that_is_asked_for(animdrive, tmp_path):
    import pygltflib

    from animdrive.contract import ARKIT52, CurveTrack
    from animdrive.export.livelink_csv import write_livelink_csv

    source = tmp_path / "take.csv"
    values = np.random.default_rng(3).random((4, 52)).astype(np.float32)
    write_livelink_csv(CurveTrack(ARKIT52, 30.0, values), source)
    sizes = {}
    for level in ("low", "standard"):
        target = tmp_path / f"{level}.glb"
        animdrive("convert", source, target, "--lod", level)
        file = pygltflib.GLTF2().load(str(target))
        head = next(mesh for mesh in file.meshes if mesh.name == "head")
        sizes[level] = file.accessors[head.primitives[0].attributes.POSITION].count
    assert sizes == {"low": 3107, "standard": 12295}
    failed = animdrive("convert", source, tmp_path / "a.json", "--lod", "low")
    assert failed.code == 2
    assert "A level of detail is for a GLB; .json holds curves alone" in failed.err


def test_rig_render_draws_side_by_side(animdrive, tmp_path):
    from animdrive.media.image import read_image

    png = tmp_path / "smile.png"
    ran = animdrive(
        "rig", "render", "-o", png, "--curve", "mouthSmileLeft:1", "--yaw", 0, "--yaw", 40,
        "--size", 96,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert read_image(png).shape == (96, 192, 3)


def test_doctor_finds_what_the_tests_need(animdrive):
    ran = animdrive("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(ran.out)["checks"]}
    assert ran.code == 0
    for name in ("python", "shipped files", "video codecs", "face tracking", "speech model"):
        assert checks[name]["state"] == "ok", checks[name]
    for check in checks.values():
        assert check["state"] == "ok" or check["cure"] or check["name"] == "GPU"


@pytest.mark.parametrize(
    ("module", "check"),
    [("mediapipe", "face tracking"), ("pocketsphinx", "speech model"), ("av", "video codecs")],
)
def test_doctor_finds_what_is_missing_and_tells_the_cure(module, check):
    # In a fresh interpreter, where the package cannot be imported.
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "sys.argv = ['animdrive', 'doctor', '--json']\n"
        "from animdrive.cli.main import main\nmain()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    found = {row["name"]: row for row in json.loads(ran.stdout)["checks"]}
    assert ran.returncode == 1
    assert found[check]["state"] == "broken"
    assert "pip install" in found[check]["cure"]


@pytest.mark.gl
def test_a_result_beside_its_recording_leaves_the_recording_alone(animdrive, carphone, tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(carphone.read_bytes())
    ran = animdrive("video", clip, "-o", tmp_path, "--size", 64)
    assert ran.code == 0, ran.err
    assert clip.read_bytes() == carphone.read_bytes()
    assert (tmp_path / "clip.preview.mp4").exists()


def test_version(animdrive):
    assert animdrive("--version").out.strip() == f"animdrive {__version__}"


def test_no_command_shows_the_help_and_an_unknown_option_is_one_line(animdrive):
    assert "Commands:" in animdrive().err
    number = ["audio", "x.wav", "-o", "y", "--fps", "fast"]
    for wrong in (["audio", "x.wav"], ["doctor", "--what"], number):
        ran = animdrive(*wrong)
        assert ran.code == 2
        assert len(ran.err.strip().splitlines()) == 1
        assert ran.err.startswith("error: ")


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or sys.platform == "win32", reason="POSIX")
@pytest.mark.gl
def test_a_job_that_is_stopped_leaves_no_half_file(carphone, tmp_path):
    command = [sys.executable, "-m", "animdrive", "video", str(carphone), "-o", str(tmp_path / "o")]
    command += ["--formats", "csv,mp4", "--size", "256"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as job:
        for said in job.stderr:  # the preview is begun right after the curves are written
            if said.startswith("write csv"):
                break
        job.send_signal(signal.SIGTERM)
        job.stderr.read()
        assert job.wait() == 128 + signal.SIGTERM
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == [
        "carphone_pristine.csv",
        "carphone_pristine.provenance.json",
    ]
