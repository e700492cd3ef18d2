"""A model sees takes as they were performed, and every figure comes out of the same frames."""

import numpy as np
import pytest
from small import small_capture, small_character, small_model

from animdrive.deformer.comparison import (
    CHUNK,
    Comparison,
    chosen_skin,
    fit_error,
    moving_skin,
    run_frames,
)
from animdrive.deformer.errors_table import Spread
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import InputError

TAKES = ("random_1", "random_2")


class Remembering(LinearDeformer):
    """A model with a memory: tells what it was asked for, and moves with the head."""

    def __init__(self, rig):
        super().__init__(rig)
        self.asked = []

    def reset(self):
        self.asked.append("reset")

    def run(self, values, head=None):
        self.asked.append((len(values), None if head is None else head.shape))
        return super().run(values)


def moving():
    moved = np.zeros(len(small_character().rig.neutral.vertices), np.float32)
    for name in TAKES:
        moving_skin(small_character(), small_capture().take(name).vertices, moved)
    return chosen_skin(small_character(), moved)


def compared(model, **options):
    comparison = Comparison(model, small_character(), moving(), **options)
    for name in TAKES:
        comparison.add(
            small_capture().take(name), posed=lambda skin, frame: skin, penetration_step=50
        )
    return comparison


def test_a_model_with_a_memory_sees_each_take_from_its_beginning():
    model = Remembering(small_character().rig)
    comparison = compared(model)
    runs, frames = [], 0
    for entry in model.asked:
        if entry == "reset":
            runs.append(0)
            continue
        count, head = entry
        assert head == (count, 4, 4)
        assert count <= CHUNK
        runs[-1] += count
        frames += count
    assert runs == [len(small_capture().take(name).take.track) for name in TAKES]
    assert frames == comparison.frames


def test_fit_runs_a_memory_through_and_others_where_they_are_looked_at():
    took = small_capture().take("random_1")
    every, memory = LinearDeformer(small_character().rig), Remembering(small_character().rig)
    spreads = [Spread(), Spread()]
    for model, spread in zip((every, memory), spreads, strict=True):
        fit_error(model, took, took, moving(), 7, spread)
    assert spreads[0].figures() == spreads[1].figures()
    assert spreads[0].count == len(moving()) * len(range(0, len(took.vertices), 7))
    assert sum(count for count, _ in memory.asked[1:]) == len(took.vertices)


def test_the_worst_frames_come_from_different_takes_first():
    comparison = compared(small_model(), worst_runs=3)
    worst = comparison.worst_first(6)
    assert {frame.take for frame in worst[:2]} == set(TAKES)
    assert len({(frame.take, frame.frame) for frame in worst}) == 6
    assert worst[0].rms_mm == max(frame.rms_mm for frame in comparison.worst)
    for frame in worst:
        truth = small_capture().take(frame.take).vertices[frame.frame]
        np.testing.assert_array_equal(frame.skins["truth"], truth)


def test_heat_is_the_mean_and_the_largest_error_of_a_vertex():
    comparison = compared(small_model())
    error = np.concatenate([
        small_model().run(took.take.track.values) - took.vertices
        for took in map(small_capture().take, TAKES)
    ])  # fmt: skip
    apart = np.linalg.norm(error, axis=2) * 1000
    np.testing.assert_allclose(comparison.heat["model"].mean, apart.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(comparison.heat["model"].most, apart.max(axis=0), atol=1e-3)


def test_a_model_that_is_the_truth_has_no_error_and_all_detail():
    class Truth(LinearDeformer):
        def run(self, values):
            from small import small_truth

            return small_truth(values)

    comparison = compared(Truth(small_character().rig))
    assert comparison.table.total().figures["model"].max == 0.0
    assert comparison.jitter["error"].rms_mm == 0.0
    assert comparison.detail.kept == pytest.approx(1.0)


def test_skin_that_never_moves_cannot_be_measured():
    with pytest.raises(InputError, match=r"never leaves its rest by 0\.1 mm"):
        chosen_skin(small_character(), np.zeros(len(small_character().rig.neutral.vertices)))


def test_models_that_do_not_hear_the_head_are_not_told():
    values = small_capture().take("random_2").take.track.values
    skin = run_frames(small_model(), values, slice(3, 9), np.zeros((len(values), 4, 4)))
    np.testing.assert_array_equal(skin, small_model().run(values[3:9]))
