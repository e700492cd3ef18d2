from __future__ import annotations

import sys
from importlib import util
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from animdrive.contract import AudioClip, PhoneTrack
from animdrive.contract.stages import Aligner
from animdrive.errors import BackendError
from animdrive.sources.audio import ALIGNERS
from animdrive.sources.audio.language.phones import PHONES
from animdrive.sources.audio.language.text import Spoken, spoken_from_text
from animdrive.sources.audio.mouth.visemes import viseme_segments
from animdrive.sources.audio.sphinx import decoder
from animdrive.sources.audio.sphinx.align import PocketsphinxAligner
from animdrive.sources.audio.sphinx.decoder import NotFoundError
from animdrive.sources.audio.voice import speak

LINE = "Peter Piper picked a peck of pickled peppers, maybe five of them."


def spoken(text: str | None, language: str = "auto") -> Spoken | None:
    if text is None:
        return None
    return spoken_from_text(text, language=language, lookup=decoder.lookup)


def aligned(clip: AudioClip, text: str | None) -> tuple[PhoneTrack, list[str]]:
    notes: list[str] = []
    track = PocketsphinxAligner(tell=notes.append).align(clip, spoken(text))
    if track.phones:
        assert track.phones[0].start_s == 0
        assert track.end_s == pytest.approx(clip.duration_s)
    for before, after in pairwise(track.phones):
        assert after.start_s == before.end_s
        assert (before.label, after.label) != ("SIL", "SIL")
    assert {phone.label for phone in track.phones} <= {*PHONES, "SIL"}
    return track, notes


def changed(clip: AudioClip, samples: np.ndarray) -> AudioClip:
    return AudioClip(samples=samples.astype(np.float32), sample_rate=clip.sample_rate)


def words(track: PhoneTrack) -> list[str]:
    return [word.label for word in track.words]


def starts(track: PhoneTrack) -> np.ndarray:
    return np.array([word.start_s for word in track.words])


@pytest.fixture(scope="module")
def usual(line: AudioClip) -> PhoneTrack:
    return aligned(line, LINE)[0]


def test_the_rows_of_the_table_are_aligners():
    assert ALIGNERS.names() == ("acoustic", "pocketsphinx")
    for name in ALIGNERS.names():
        assert isinstance(ALIGNERS.load(name)(), Aligner)
    with pytest.raises(
        BackendError, match=r"Unknown aligner 'ears'. Available: acoustic, pocketsphinx"
    ):
        ALIGNERS.load("ears")


def test_every_word_is_found_in_order_with_its_phones(usual: PhoneTrack):
    assert words(usual) == LINE.replace(",", "").replace(".", "").split()
    labels = [phone.label for phone in usual.phones if phone.label != "SIL"]
    assert " ".join(labels).startswith("P IY T ER P AY P ER P IH K T")


def test_words_begin_and_end_with_phones(usual: PhoneTrack):
    edges = {phone.start_s for phone in usual.phones} | {phone.end_s for phone in usual.phones}
    assert all({word.start_s, word.end_s} <= edges for word in usual.words)


def test_stops_are_found_in_the_quiet_and_vowels_in_the_loud(usual: PhoneTrack, line: AudioClip):
    def loudness(label: str) -> float:
        parts = [
            line.samples[round(p.start_s * line.sample_rate) : round(p.end_s * line.sample_rate)]
            for p in usual.phones
            if p.label == label
        ]
        return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))

    assert loudness("AY") > 4 * loudness("P")
    assert loudness("P") > loudness("SIL")


def test_the_same_sound_gives_the_same_phones_whatever_came_before(usual, line: AudioClip):
    aligned(speak("Something else entirely."), None)
    assert aligned(line, LINE)[0].phones == usual.phones


def test_later_speech_gives_later_phones(usual: PhoneTrack, line: AudioClip):
    later = np.concatenate([np.zeros(round(2.5 * line.sample_rate)), line.samples])
    moved = starts(aligned(changed(line, later), LINE)[0]) - starts(usual)
    assert np.abs(moved - 2.5).max() < 0.04


@pytest.mark.parametrize("loudness", [1e-3, 0.1, 30.0])
def test_loudness_does_not_move_phones(loudness: float, usual: PhoneTrack, line: AudioClip):
    clip = changed(line, np.clip(loudness * line.samples, -1, 1))
    assert np.median(np.abs(starts(aligned(clip, LINE)[0]) - starts(usual))) <= 0.011


def test_white_noise_at_5_db_does_not_stop_it(usual: PhoneTrack, line: AudioClip):
    strength = float(line.samples.std()) * 10 ** (-5 / 20)
    rough = np.random.default_rng(0).normal(0, strength, len(line.samples))
    track, notes = aligned(changed(line, line.samples + rough), LINE)
    assert words(track) == words(usual)
    assert notes == []
    assert np.median(np.abs(starts(track) - starts(usual))) < 0.05


def test_nothing_is_said_in_a_pause(line: AudioClip):
    pause = np.zeros(round(1.5 * line.sample_rate))
    track, _ = aligned(
        changed(line, np.concatenate([line.samples, pause, line.samples])), f"{LINE} {LINE}"
    )
    silent = [p for p in track.phones if p.label == "SIL" and p.duration_s > 1.4]
    assert len(silent) == 1
    assert silent[0].start_s == pytest.approx(line.duration_s, abs=0.4)


def test_a_long_clip_is_aligned_in_pieces_as_its_parts_are(usual: PhoneTrack, line: AudioClip):
    times = 10
    track, notes = aligned(changed(line, np.tile(line.samples, times)), f"{LINE} " * times)
    expected = np.concatenate([starts(usual) + i * line.duration_s for i in range(times)])
    assert notes == []
    assert track.end_s > 30
    assert np.median(np.abs(starts(track) - expected)) <= 0.011
    assert np.abs(starts(track) - expected).max() < 0.2


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_without_text_words_are_recognised(text: str | None):
    track, notes = aligned(speak("good morning to you", words_per_minute=130), text)
    assert notes == []
    assert len(track.words) >= 2
    assert sum(p.duration_s for p in track.phones if p.label != "SIL") > 0.8


def test_a_wrong_transcript_gives_way_to_what_is_heard(line: AudioClip):
    wrong = "The quick brown fox jumps over the lazy dog while it is raining outside."
    track, notes = aligned(line, wrong)
    assert len(notes) == 1
    assert "does not seem to be what is said" in notes[0]
    assert words(track) != wrong.rstrip(".").split()


def test_a_transcript_that_does_not_fit_gives_way_to_what_is_heard():
    track, notes = aligned(speak("hello"), "word " * 300)
    assert notes[0].startswith("The transcript does not fit into the recording")
    assert len(track.words) < 10


def test_a_transcript_with_a_part_missing_is_told(line: AudioClip):
    _, notes = aligned(line, "Peter Piper picked a peck")
    assert "has no word in the transcript; the mouth rests there" in notes[0]


def test_words_that_nothing_can_read_are_left_out_and_the_rest_is_aligned(line: AudioClip):
    track, notes = aligned(line, LINE.replace("maybe", "ᚠᚢ maybe") + " 😀")
    assert words(track) == LINE.replace(",", "").replace(".", "").split()
    assert notes == []


def test_another_language_keeps_its_own_phones():
    text = "Über die Brücke gehen zwei Jäger."
    said = spoken(text, "de")
    clip = speak(text, voice="de")
    track = PocketsphinxAligner().align(clip, said, language="de")
    assert words(track) == text.rstrip(".").split()
    labels = [phone.label for phone in track.phones if phone.label != "SIL"]
    assert labels == [phone for word in said.words for phone in word.pronunciations[0]]
    assert {"y", "ts"} <= set(labels)


def test_mandarin_is_aligned_as_mandarin():
    text = "你好，女儿学习。"
    clip = speak(text, voice="sit/cmn")
    track = PocketsphinxAligner().align(clip, spoken(text), language="zh")
    assert words(track) == list("你好女儿学习")
    labels = [phone.label for phone in track.phones if phone.label != "SIL"]
    assert "".join(labels).startswith("NIYxaUHNyERɕɥEHɕIY")


def test_sounds_of_another_language_are_no_english_words(line: AudioClip):
    track = PocketsphinxAligner().align(line, None, language="zh")
    assert track.words == ()
    assert len(track.phones) > 20


@pytest.mark.parametrize("text", [None, "hello world"])
@pytest.mark.parametrize(
    "samples",
    [np.zeros(0), np.zeros(10), np.zeros(48000), np.full(48000, 0.5), 1.0],
    ids=["nothing", "short", "silence", "offset", "noise"],
)
def test_without_speech_all_is_silence(samples: np.ndarray | float, text: str | None):
    if isinstance(samples, float):
        samples = np.random.default_rng(0).normal(0, 0.1, 48000)
    clip = AudioClip(samples=samples.astype(np.float32), sample_rate=16000)
    track, notes = aligned(clip, text)
    assert {phone.label for phone in track.phones} <= {"SIL"}
    assert track.words == ()
    assert notes == ["No speech is heard; the mouth stays at rest."]


def test_clicks_are_not_speech():
    samples = (np.random.default_rng(0).random(48000) < 5e-4) * 0.8
    track, _ = aligned(AudioClip(samples=samples.astype(np.float32), sample_rate=16000), None)
    assert sum(p.duration_s for p in track.phones if p.label != "SIL") < 0.5


def test_progress_runs_from_0_to_1(line: AudioClip):
    told: list[tuple[str, float]] = []
    PocketsphinxAligner(progress=lambda stage, done: told.append((stage, done))).align(
        line, spoken(LINE)
    )
    assert told[0] == ("align", 0.0)
    assert told[-1] == ("align", 1.0)


def test_where_the_finer_search_gives_up_phones_share_their_word(
    monkeypatch: pytest.MonkeyPatch, usual: PhoneTrack, line: AudioClip
):
    find_words = decoder.find_words

    def coarse(pcm: decoder.Pcm, wanted: tuple[decoder.Word, ...]) -> list[decoder.Span]:
        return decoder.spread_evenly(find_words(pcm, wanted), wanted)

    monkeypatch.setattr(decoder, "find_phones", coarse)
    track, _ = aligned(line, LINE)
    assert np.abs(starts(track) - starts(usual)).max() < 0.1
    assert [p.label for p in track.phones if p.label != "SIL"][:4] == ["P", "IY", "T", "ER"]


def test_where_recognised_words_do_not_fit_phones_are_heard(
    monkeypatch: pytest.MonkeyPatch, line: AudioClip
):
    def never(pcm: decoder.Pcm, wanted: tuple[decoder.Word, ...]) -> list[decoder.Span]:
        raise NotFoundError

    monkeypatch.setattr(decoder, "find_phones", never)
    track, _ = aligned(line, None)
    assert track.words == ()
    assert len(track.phones) > 20


def _scorer():
    path = Path(__file__).parents[4].parent / "shared" / "eval" / "score_visemes.py"
    if not path.is_file():
        pytest.skip("no scorer beside this checkout")
    found = util.spec_from_file_location("score_visemes", path)
    module = util.module_from_spec(found)
    sys.modules["score_visemes"] = module
    found.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the scorer leaves files open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_hand_labelled_speech_is_found(recordings: Path, tmp_path: Path):
    import soundfile

    scorer = _scorer()
    names = sorted(path.stem for path in recordings.glob("timit_*.wav"))[::6]
    for name in names:
        samples, rate = soundfile.read(recordings / f"{name}.wav", dtype="float32")
        text = (recordings / f"{name}.txt").read_text()
        track, _ = aligned(AudioClip(samples=samples, sample_rate=rate), text)
        rows = "".join(f"{s.start_s}\t{s.end_s}\t{s.label}\n" for s in viseme_segments(track))
        (tmp_path / f"{name}.tsv").write_text("start_s\tend_s\tclass\n" + rows)
    score = scorer.score(str(recordings), str(tmp_path), "timit_", names=set(names))
    assert score["files"] == len(names) >= 5
    assert score["macroF1_4"] > 75
    assert score["bilabial_recall"] > 95
    assert score["closed_precision_speech"] > 95
    assert score["mouth_open_in_sil"] < 15
