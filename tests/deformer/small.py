"""The small face of `small_deformer`, under the name by which this folder knows it."""

from small_deformer import (
    small_capture,
    small_character,
    small_data,
    small_model,
    small_track,
    small_truth,
)

__all__ = [
    "small_capture",
    "small_character",
    "small_data",
    "small_model",
    "small_track",
    "small_truth",
]
