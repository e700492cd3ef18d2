"""The plan of a capture: what is shown, what is kept back, and that it is the same every time."""

from functools import cache

import numpy as np
import pytest

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveTrack
from animdrive.errors import ContractError, InputError
from animdrive.layers.emotion import EMOTIONS
from animdrive.tissue.sentences import HELD_OUT, TRAIN
from animdrive.tissue.take_pairs import mirrored_pair, together
from animdrive.tissue.take_plan import TakePlan
from animdrive.tissue.takes import plan_takes

MADE_UP = ("rom", "pairs", "emotions", "random")


def say(line):
    """Speak like a metronome: a jaw that opens with every word."""
    frames = 12 * len(line.text.split())
    values = np.zeros((frames, 52), np.float32)
    values[:, ARKIT_INDEX["jawOpen"]] = 0.5 - 0.5 * np.cos(np.arange(frames) * np.pi / 6)
    values[:, ARKIT_INDEX["mouthFunnel"]] = 0.4 * values[:, ARKIT_INDEX["jawOpen"]]
    return CurveTrack(ARKIT52, 30.0, values)


def clip(frames=100):
    values = np.zeros((frames, 52), np.float32)
    values[:, ARKIT_INDEX["mouthSmileLeft"]] = np.linspace(0, 1, frames)
    return CurveTrack(ARKIT52, 30.0, values, start_s=0.4)


@cache
def full():
    return plan_takes(TakePlan(), speak=say, clips=[("someone", clip())])


def of(planned, **wanted):
    return [t for t in planned.takes if all(getattr(t, k) == v for k, v in wanted.items())]


def frames(takes):
    return sum(len(take.track) for take in takes)


def test_a_full_capture_has_all_kinds_and_enough_frames():
    planned = full()
    train, held = of(planned, split="train"), of(planned, split="held_out")
    assert 3000 <= frames(train) < 3150
    assert 600 <= frames(held) < 680
    for kind in ("rom", "pairs", "emotions", "random", "speech"):
        assert of(planned, kind=kind, split="train"), kind
    for kind in ("pairs", "emotions", "random", "speech", "clips"):
        assert of(planned, kind=kind, split="held_out"), kind
    for split, total in (("train", 3000), ("held_out", 600)):
        assert frames(of(planned, kind="random", split=split)) == 0.15 * total
    assert len({take.name for take in planned.takes}) == len(planned.takes)
    assert not planned.notes


def test_range_of_motion_takes_every_curve_alone_to_full_and_back():
    values = np.concatenate([take.track.values for take in of(full(), kind="rom")])
    assert ((values > 0).sum(axis=1) <= 1).all()
    np.testing.assert_array_equal(values.max(axis=0), 1.0)
    assert (values == 0).all(axis=1).sum() > 50  # it passes through rest between the curves


def test_pairs_pass_through_both_at_full():
    for take in of(full(), kind="pairs"):
        for pair in (label.split("+") for label in take.about.split(", ")):
            assert together([take.track], tuple(pair)) == pytest.approx(1.0), pair


def test_held_out_pairs_act_together_in_no_training_take():
    planned = full()
    train = [take.track for take in of(planned, split="train")]
    assert len(planned.held_pairs) >= 5
    for pair in planned.held_pairs:
        assert together(train, pair) <= 0.05, pair
        assert together(train, mirrored_pair(pair)) <= 0.05, pair
        held = [take.track for take in of(planned, kind="pairs", split="held_out")]
        assert together(held, pair) == pytest.approx(1.0), pair


def test_held_out_emotions_and_sentences_are_not_learnt_from():
    planned = full()
    learnt = {label for t in of(planned, kind="emotions", split="train") for label in
              t.about.split(", ")}  # fmt: skip
    kept = {label for t in of(planned, kind="emotions", split="held_out") for label in
            t.about.split(", ")}  # fmt: skip
    assert kept == {"+".join(mixture) for mixture in planned.held_mixtures}
    assert not learnt & kept
    assert {name for name in EMOTIONS if EMOTIONS[name]} <= learnt
    for language, lines in HELD_OUT.items():
        assert not set(lines) & set(TRAIN[language])
    for take in of(planned, kind="speech", split="held_out"):
        assert take.about.split(" [")[0] in HELD_OUT["en"]


def test_an_angry_smile_is_angry_and_smiles():
    plan = TakePlan(kinds=("emotions",), frames_train=600, frames_held=0)
    takes = plan_takes(plan).takes
    at = [label for take in takes for label in take.about.split(", ")].index("happy+angry")
    values = np.concatenate([take.track.values for take in takes])[28 * at : 28 * (at + 1)]
    top = values.max(axis=0)
    for curve in ("mouthSmileLeft", "mouthSmileRight", "browDownLeft", "browDownRight"):
        assert top[ARKIT_INDEX[curve]] > 0.5, curve


def test_the_same_plan_gives_the_same_takes_and_another_seed_others():
    plans = [TakePlan(kinds=MADE_UP, frames_train=200, frames_held=60, seed=s) for s in (3, 3, 4)]
    first, again, other = (plan_takes(plan) for plan in plans)
    for a, b in zip(first.takes, again.takes, strict=True):
        assert (a.name, a.about) == (b.name, b.about)
        np.testing.assert_array_equal(a.track.values, b.track.values)
        np.testing.assert_array_equal(a.track.head_rotation, b.track.head_rotation)
    a, b = (of(planned, kind="random", split="train")[0] for planned in (first, other))
    assert np.abs(a.track.values - b.track.values).max() > 0.2


def test_all_takes_move_continuously():
    for take in full().takes:
        if take.kind not in ("clips", "speech"):
            assert np.abs(np.diff(take.track.values, axis=0)).max() < 0.6, take.name


def test_clips_lose_their_start_and_every_third_is_held_out():
    plan = TakePlan(kinds=("clips", "random"), frames_train=400, frames_held=100)
    planned = plan_takes(plan, clips=[(f"c{k}", clip(60)) for k in range(3)])
    assert [t.split for t in of(planned, kind="clips")] == ["train", "train", "held_out"]
    assert all(take.track.start_s == 0 for take in planned.takes)


def test_a_missing_clip_is_told_and_its_frames_go_elsewhere():
    planned = plan_takes(TakePlan(kinds=(*MADE_UP, "clips"), frames_train=200, frames_held=60))
    assert frames(of(planned, split="train")) >= 200
    assert "no clip of a real face" in planned.notes[0]


def test_too_few_frames_are_told():
    planned = plan_takes(TakePlan(kinds=("rom",), frames_train=60, frames_held=60))
    assert not of(planned, split="held_out")
    assert "Only 0 of 60 frames of 'held_out' could be made of rom" in planned.notes[0]


def test_all_sentences_said_they_are_said_again_in_another_voice():
    lines = []

    def listen(line):
        lines.append(line)
        return say(line)

    plan_takes(TakePlan(kinds=("speech",), frames_train=3500, frames_held=0), speak=listen)
    first = lines[0]
    again = next(line for line in lines[1:] if line.text == first.text)
    assert again.voice != first.voice
    assert len({line.seed for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kinds": ("rom", "song")}, "Unknown kind of takes 'song'. Known: rom, pairs"),
        ({"kinds": ()}, "No kind of takes was named"),
        ({"kinds": ("rom", "rom")}, "named twice"),
        ({"fps": 5}, "fps must be in 12..120, got 5"),
        ({"frames_train": 0}, "needs frames: got 0"),
        ({"frames_held": -1}, "and -1 held out"),
        ({"seed": -1}, "seed must be 0 or above"),
        ({"languages": ("tlh",)}, "No sentences in language 'tlh'"),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(InputError, match=message):
        TakePlan(**settings)


def test_speech_needs_a_voice_clips_need_a_clip_and_rates_must_agree():
    with pytest.raises(InputError, match="need a voice"):
        plan_takes(TakePlan(kinds=("speech",)))
    with pytest.raises(InputError, match="there is no clip"):
        plan_takes(TakePlan(kinds=("clips",)))
    with pytest.raises(ContractError, match="'slow' has 30 fps, the capture 60"):
        plan_takes(TakePlan(kinds=("clips",), fps=60), clips=[("slow", clip())])
