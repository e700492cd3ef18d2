"""``animdrive audio --timings``: times from other programs, and back to them."""

import json

import pytest

from animdrive.export.mouth_cues import read_phones_tsv, read_words_tsv
from animdrive.media.audio import write_wav


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    from animdrive.sources.audio.voice import speak

    path = tmp_path_factory.mktemp("said") / "line.wav"
    write_wav(speak("Bob may move five boxes."), path)
    return path


@pytest.fixture(scope="module")
def aligned(line, tmp_path_factory):
    """The line's files, from its text."""
    from animdrive.pipeline.jobs import animate_audio
    from animdrive.pipeline.outputs import OutputConfig

    folder = tmp_path_factory.mktemp("aligned")
    output = OutputConfig(formats=("csv", "tsv", "textgrid"))
    return animate_audio(line, folder, text="Bob may move five boxes.", output=output).outputs


def refused(ran, *words):
    assert ran.code == 2
    assert ran.out == ""
    error = [text for text in ran.err.splitlines() if text.startswith("error:")]
    assert len(error) == 1
    for word in words:
        assert word in error[0]


def test_a_textgrid_of_ours_gives_the_same_files(animdrive, line, aligned, tmp_path):
    ran = animdrive(
        "audio", line, "-o", tmp_path, "--timings", aligned["textgrid"],
        "--formats", "csv,tsv,textgrid", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    again = json.loads(ran.out)["outputs"]
    for name in ("csv", "phones", "words", "visemes", "textgrid"):
        assert (tmp_path / aligned[name].name).read_bytes() == aligned[name].read_bytes(), name
        assert name in again


def test_our_words_give_their_phones(animdrive, line, aligned, tmp_path):
    ran = animdrive(
        "audio", line, "-o", tmp_path, "--timings", aligned["words"], "--formats", "tsv"
    )
    assert ran.code == 0, ran.err
    assert read_words_tsv(tmp_path / "line.words.tsv") == read_words_tsv(aligned["words"])
    labels = [[p.label for p in read_phones_tsv(path).phones if p.label != "SIL"]
              for path in (tmp_path / "line.phones.tsv", aligned["phones"])]  # fmt: skip
    assert labels[0] == labels[1]


def test_subtitles_are_aligned(animdrive, line, tmp_path):
    srt = tmp_path / "line.srt"
    srt.write_text("1\n00:00:00,000 --> 00:00:09,000\nBob may move\nfive boxes.\n")
    ran = animdrive("audio", line, "-o", tmp_path / "o", "--timings", srt, "--formats", "tsv")
    assert ran.code == 0, ran.err
    words = read_words_tsv(tmp_path / "o" / "line.words.tsv")
    assert [word.label for word in words] == "Bob may move five boxes".split()


def test_times_that_cannot_be_used_are_one_line_and_no_folder(animdrive, line, tmp_path):
    times = tmp_path / "times.tsv"
    out = tmp_path / "o"
    for rows, words in (
        ("0\t0.5\tAA\n0.5\t60\tB\n", ("times.tsv, line 3", "'B' lasts to 60.000 s", "sound ends")),
        ("0\t0.5\tAA\n0.5\t0.6\tXQ\n", ("times.tsv, line 3", "'XQ' is not a phone")),
        ("0\t0.5\tAA\n0.3\t0.6\tB\n", ("times.tsv, line 3", "Let no two overlap")),
    ):
        times.write_text("start_s\tend_s\tphone\n" + rows)
        refused(animdrive("audio", line, "-o", out, "--timings", times), *words)
        assert not out.exists()
    refused(animdrive("audio", line, "-o", out, "--timings", tmp_path / "no.tsv"), "not found")
    both = animdrive("audio", line, "-o", out, "--timings", times, "--text", "Bob")
    refused(both, "--timings says what is said, too")


def test_times_are_never_replaced_by_a_result(animdrive, line, aligned, tmp_path):
    times = tmp_path / "line.phones.tsv"
    times.write_bytes(aligned["phones"].read_bytes())
    ran = animdrive("audio", line, "-o", tmp_path, "--timings", times, "--formats", "tsv")
    refused(ran, "line.phones.tsv", "would be replaced")


def test_a_table_of_visemes_and_a_rate_are_taken(animdrive, line, aligned, tmp_path):
    table = tmp_path / "map.json"
    table.write_text('{"rhubarb": {"B": "B"}}')
    ran = animdrive(
        "audio", line, "-o", tmp_path, "--timings", aligned["phones"],
        "--formats", "rhubarb-dat,rhubarb-tsv", "--viseme-map", table, "--dat-fps", 100,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    cues = [row.split("\t") for row in (tmp_path / "line.rhubarb.tsv").read_text().splitlines()]
    first = read_phones_tsv(aligned["phones"]).phones[1]
    assert first.label == "B"
    shown = [shape for start, shape in cues if float(start) <= first.start_s + 0.01][-1]
    assert shown == "B"  # and not A
    frames = [
        row.split()[0] for row in (tmp_path / "line.rhubarb.dat").read_text().splitlines()[1:]
    ]
    assert int(frames[-1]) == pytest.approx(100 * float(cues[-1][0]), abs=2)
    table.write_text('{"rhubarb": {"B": "Z"}}')
    bad = animdrive("audio", line, "-o", tmp_path, "--viseme-map", table)
    refused(bad, "map.json, table 'rhubarb'", "'Z' (B) is no shape")
    refused(animdrive("audio", line, "-o", tmp_path, "--dat-fps", 5), "24..100", "got 5")


def test_unknown_formats_are_named_with_the_known_ones(animdrive, line, tmp_path):
    ran = animdrive("audio", line, "-o", tmp_path / "o", "--formats", "rhubarb")
    refused(ran, "Unknown format 'rhubarb'", "rhubarb-json", "textgrid")
