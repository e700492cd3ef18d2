"""``animdrive live`` from end to end, with phones that are known in place of a recogniser."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from label_stream import LabelStream, segments, voiced

from animdrive.contract import ARKIT52, AudioClip
from animdrive.export import read_curves
from animdrive.media.audio import write_wav
from animdrive.sources.audio.acoustic.network import LIVE
from animdrive.sources.audio.live.stream_protocol import STREAMS
from animdrive.weights import manifest

REAL = STREAMS._table["acoustic"]
SAID = segments("P AA M IY UW S F EH", start_s=0.1)


class Known(LabelStream):
    def __init__(self):
        super().__init__(SAID)


@pytest.fixture(autouse=True)
def known_phones(monkeypatch):
    monkeypatch.setitem(STREAMS._table, "acoustic", f"{__name__}:Known")


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "Zeile ä.wav"
    write_wav(AudioClip(voiced(1.0, 22_050, spans=((0.1, 0.9),)), 22_050), path)
    return path


def frames_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_sent_and_what_is_recorded_are_the_same(animdrive, wav, tmp_path):
    sent = tmp_path / "sent.jsonl"
    ran = animdrive(
        "live", wav, "--no-pace", "--to", f"jsonl:{sent}", "--to", "livelink:127.0.0.1:9",
        "--record", tmp_path / "take", "--fps", "50", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    made = json.loads(ran.out)
    frames = frames_of(sent)
    figures = made["figures"]
    assert figures["frames_sent"] == len(frames) == pytest.approx(1.3 * 50, abs=1)
    assert (figures["frames_dropped"], figures["latency_s"]) == (0, None)
    assert figures["look_ahead_s"] == pytest.approx(0.055)
    assert figures["times_real_time"] > 0
    track, _ = read_curves(Path(made["outputs"]["csv"]))
    assert track.fps == pytest.approx(50)
    values = np.array([list(frame["curves"].values()) for frame in frames])
    np.testing.assert_allclose(track.values, values, atol=1e-6)
    np.testing.assert_allclose(track.head_rotation, [f["head"] for f in frames], atol=1e-6)
    assert values[:, ARKIT52.index("jawOpen")].max() > 0.15
    provenance = json.loads(Path(made["outputs"]["provenance"]).read_text())
    assert provenance["backend"] == "live/acoustic"
    assert provenance["inputs"][0]["name"] == wav.name


def test_paced_as_if_live_it_is_the_same_and_its_latency_is_told(animdrive, wav, tmp_path):
    paced, plain = tmp_path / "paced.jsonl", tmp_path / "plain.jsonl"
    ran = animdrive("live", wav, "--to", f"jsonl:{paced}", "--json")
    assert ran.code == 0, ran.err
    figures = json.loads(ran.out)["figures"]
    latency = figures["latency_s"]
    assert figures["stalls"] == 0
    assert list(latency) == ["mean", "p50", "p99", "max"]
    assert latency["mean"] >= 0.055
    assert latency["p50"] <= latency["p99"] <= latency["max"]
    assert animdrive("live", wav, "--no-pace", "--to", f"jsonl:{plain}").code == 0
    by_number = {frame["frame"]: frame for frame in frames_of(plain)}
    if not figures["sound_dropped_s"]:  # by a machine with much else to do
        for frame in frames_of(paced):
            assert frame == by_number[frame["frame"]]


def test_lines_go_to_stdout_and_the_rest_to_stderr(animdrive, wav):
    ran = animdrive("live", wav, "--no-pace", "--to", "jsonl")
    assert ran.code == 0, ran.err
    assert [json.loads(line)["frame"] for line in ran.out.splitlines()] == list(range(78))
    assert "78 frames sent at 60 fps, 0 dropped" in ran.err
    assert "times faster than real time" in ran.err


def test_raw_sound_comes_through_a_pipe(animdrive, monkeypatch, tmp_path):
    samples = voiced(1.0, 8_000, spans=((0.1, 0.9),))
    raw = np.int16(np.clip(samples, -1, 1) * 32767).tobytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    ran = animdrive("live", "-", "--rate", "8000", "--no-pace", "--record", tmp_path, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["figures"]["sound_s"] == pytest.approx(1.0)
    assert read_curves(tmp_path / "live.csv")[0].curve("jawOpen").max() > 0.15


def test_dials_reach_the_face(animdrive, wav, tmp_path):
    def curves(*options):
        ran = animdrive("live", wav, "--no-pace", "--record", tmp_path, *options)
        assert ran.code == 0, ran.err
        return read_curves(tmp_path / f"{wav.stem}.csv")[0]

    usual = curves()
    still = curves(
        "--jaw", "0", "--lips", "0", "--head", "0", "--gaze", "0", "--brows", "0", "--no-blinks"
    )  # fmt: skip
    assert usual.curve("mouthPucker").max() > 0.1
    assert usual.curve("eyeBlinkLeft").max() == 1.0
    moving = {n for n in ARKIT52 if still.curve(n).max() > 1e-6}
    # What is left are the closures, which no dial undoes.
    assert moving
    assert not {n for n in moving if n.startswith(("eye", "brow", "mouthPucker"))}
    assert not still.head_rotation.any()
    other = curves("--seed", "5")
    np.testing.assert_array_equal(other.curve("jawOpen"), usual.curve("jawOpen"))
    assert not np.array_equal(other.head_rotation, usual.head_rotation)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["WAV"], "Nobody receives the frames. Give --to livelink"),
        (["--to", "vmc"], "Give a sound file, '-' for a pipe, or --mic"),
        (["WAV", "--mic", "--to", "vmc"], "Give a sound file, '-' for a pipe, or --mic"),
        (["--mic", "--no-pace", "--to", "vmc"], "leave --no-pace out"),
        (["WAV", "--device", "1", "--to", "vmc"], "--device names a microphone; give --mic"),
        (["WAV", "--to", "jsonl", "--json"], "Use --to jsonl:FILE"),
        (["WAV", "--to", "osc:1.2.3.4"], "Unknown streaming target 'osc'"),
        (["WAV", "--to", "vmc:127.0.0.1:0"], "'0' is no port in 1..65535"),
        (["nowhere.wav", "--to", "vmc"], "recording not found: nowhere.wav"),
        (["WAV", "--to", "vmc", "--fps", "0"], "fps must be in 1..240, got 0.0"),
        (["WAV", "--to", "vmc", "--jaw", "3"], "jaw must be in 0..2, got 3.0"),
        (["WAV", "--to", "vmc", "--head", "-1"], "head must be in 0..2, got -1.0"),
        (["-", "--to", "vmc", "--rate", "12"], "--rate must be in 1000..384000, got 12"),
        (["-", "--to", "vmc"], "No sound came through the pipe"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(animdrive, monkeypatch, wav, arguments, message):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    ran = animdrive("live", *(wav if part == "WAV" else part for part in arguments))
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("error:") == 1
    assert "Traceback" not in ran.err


def test_a_recording_never_replaces_its_source(animdrive, tmp_path):
    source = tmp_path / "take.csv"  # sound, in spite of its name
    write_wav(AudioClip(voiced(0.3), 16_000), tmp_path / "take.wav")
    (tmp_path / "take.wav").rename(source)
    before = source.read_bytes()
    ran = animdrive("live", source, "--no-pace", "--record", tmp_path)
    assert ran.code == 2
    assert "is an input and would be replaced. Choose another --record." in ran.err
    assert source.read_bytes() == before


def test_ctrl_c_ends_it_properly(tmp_path):
    code = (
        "import sys\n"
        f"sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}\n"
        "from animdrive.sources.audio.live.stream_protocol import STREAMS\n"
        "STREAMS._table['acoustic'] = 'label_stream:LabelStream'\n"
        "from animdrive.cli.main import main\n"
        f"sys.argv = ['animdrive', 'live', '-', '--to', 'jsonl', '--record', {str(tmp_path)!r}]\n"
        "main()\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    running.stdin.write(bytes(6400))
    running.stdin.flush()
    first = running.stdout.readline()  # it is at work, and the pipe now stalls
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err.decode()
    frames = [json.loads(line) for line in (first + out).splitlines()]
    track, _ = read_curves(tmp_path / "live.csv")
    assert len(track) == frames[-1]["frame"] + 1
    assert b"silence stood in" in err


def test_the_real_recogniser_streams_a_spoken_line(animdrive, monkeypatch, tmp_path):
    if LIVE not in manifest():
        pytest.skip("the live network does not ship yet")
    from animdrive.sources.audio.voice import speak

    monkeypatch.setitem(STREAMS._table, "acoustic", REAL)
    write_wav(speak("Bob may move five boxes."), tmp_path / "line.wav")
    ran = animdrive("live", tmp_path / "line.wav", "--no-pace", "--record", tmp_path, "--json")
    assert ran.code == 0, ran.err
    figures = json.loads(ran.out)["figures"]
    assert figures["look_ahead_s"] <= 0.08 + 0.0151
    track, _ = read_curves(tmp_path / "line.csv")
    jaw, close = track.curve("jawOpen"), track.curve("mouthClose")
    assert jaw.max() > 0.2
    shut = (close > 0.9 * jaw) & (jaw > 0.01)
    assert (np.diff(shut.astype(int)) == 1).sum() >= 2
    assert jaw[-3:].max() == 0
