"""German and Spanish, spoken by a voice that tells when it says what."""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pytest

from animdrive.contract import ARKIT52, AudioClip, Segment
from animdrive.sources.audio.language.inventory import BILABIALS, SILENCE
from animdrive.sources.audio.speech import SpeechConfig, SpeechResult, speech_curves
from animdrive.sources.audio.training.speak_espeak import speak
from animdrive.sources.audio.training.voice_labels import timed_phones
from animdrive.sources.audio.training.voices import Voice

LINES = {
    "de": (
        "Guten Morgen, meine Damen und Herren, willkommen in Berlin.",
        "Im Februar blühen bei Bamberg viele bunte Blumen.",
    ),
    "es": (
        "Buenos días, me llamo Pablo y vivo en Bilbao.",
        "El bombero compró pan y mantequilla para su mamá.",
    ),
}
Case = tuple[SpeechResult, SpeechResult, list[Segment]]


@pytest.fixture(scope="module", params=list(LINES))
def spoken(request) -> list[Case]:
    """Of each line what is made with the script, without it, and what is said when."""
    language: str = request.param
    voice = Voice("espeak", language, language, 1.0, 1.0, "", "")
    config = SpeechConfig(language=language)
    cases = []
    for text, utterance in zip(LINES[language], speak(voice, LINES[language], seed=3), strict=True):
        clip = AudioClip(samples=utterance.samples, sample_rate=16000)
        truth = [
            Segment(start, end, phone)
            for phone, start, end in timed_phones(voice, utterance.labels)
            if phone is not None and end > start
        ]
        made = speech_curves(clip, text, config=config), speech_curves(clip, config=config)
        cases.append((*made, truth))
    return cases


def closed(result: SpeechResult, phones: list[Segment]) -> list[bool]:
    """Return of each P, B and M whether the lips shut in it, or 20 ms beside."""
    values = result.track.values
    parted = values[:, ARKIT52.index("jawOpen")] - values[:, ARKIT52.index("mouthClose")]
    times = np.arange(len(values)) / result.track.fps
    return [
        bool((parted[(times >= p.start_s - 0.02) & (times <= p.end_s + 0.02)] < 0.01).any())
        for p in phones
        if p.label in BILABIALS
    ]


def test_phones_begin_where_the_voice_begins_them(spoken):
    late = []
    for result, _, truth in spoken:
        found = result.phones.phones
        blocks = SequenceMatcher(
            None, [p.label for p in truth], [p.label for p in found], autojunk=False
        ).get_matching_blocks()
        for block in blocks:
            for k in range(block.size):
                if truth[block.a + k].label != SILENCE:
                    late.append(found[block.b + k].start_s - truth[block.a + k].start_s)
    assert len(late) > 50
    assert np.median(np.abs(late)) < 0.012
    assert np.mean(np.abs(late) <= 0.03) > 0.85


def test_lips_shut_for_every_bilabial(spoken):
    shut = [hit for result, _, truth in spoken for hit in closed(result, truth)]
    assert len(shut) >= 8
    assert all(shut)


def test_without_a_script_lips_shut_for_most(spoken):
    shut = [hit for _, alone, truth in spoken for hit in closed(alone, truth)]
    assert np.mean(shut) >= 0.7
