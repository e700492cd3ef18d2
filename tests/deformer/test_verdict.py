"""Figures become words: each line of the verdict, and what is to be done."""

import copy

import pytest

from animdrive.deformer.verdict import remarks, verdict

FIGURES = {
    "model": {"kind": "neural_morph", "coverage": None},
    "errors": {
        "model": {"mean_mm": 0.2, "rms_mm": 0.4},
        "linear": {"mean_mm": 1.0, "rms_mm": 2.0},
        "ratio_rms": 0.2,
    },
    "jitter": {"error_mm": 0.1, "truth_mm": 0.5},
    "speed": {"model": {"single_ms": 0.3, "batch_ms": 0.1}, "batch": 64},
    "penetration": {
        "teeth": {
            "model": {"vertices": 4, "per_frame": 0.4, "deepest_mm": 0.5},
            "truth": {"vertices": 4, "per_frame": 0.4, "deepest_mm": 0.6},
        }
    },
    "detail": {"kept": 0.9},
    "blocks": {"ratio": 1.1},
    "fit": {"ratio": 1.5},
}


def changed(place, value):
    figures = copy.deepcopy(FIGURES)
    *path, last = place
    inner = figures
    for key in path:
        inner = inner[key]
    inner[last] = value
    return figures


def words(figures):
    return [check.word for check in verdict(figures)]


def said(figures, topic):
    return next(remark for remark in remarks(figures) if remark.topic == topic)


def test_a_good_model_passes_line_by_line():
    assert words(FIGURES) == ["pass"] * 4
    assert [check.name for check in verdict(FIGURES)] == [
        "mean error < 1 mm",
        "no penetration",
        "no jitter",
        "< 0.5 ms per frame",
    ]
    assert not any(remark.severe for remark in remarks(FIGURES))
    assert said(FIGURES, "linear").line == "1/5.0 of the linear rig's RMS error"


@pytest.mark.parametrize(
    ("place", "value", "line", "text"),
    [
        (("errors", "model", "mean_mm"), 1.0, 0, "1.000 mm over the moving skin"),
        (("penetration", "teeth", "model", "vertices"), 5, 1, "teeth 0.4 (truth 0.4"),
        (("jitter", "error_mm"), 0.6, 2, "0.6000 mm/frame², the truth's own 0.5000"),
        (("speed", "model", "single_ms"), 0.51, 3, "0.510 ms per character"),
    ],
)
def test_each_line_fails_alone_and_has_its_figure(place, value, line, text):
    figures = changed(place, value)
    assert words(figures) == ["fail" if number == line else "pass" for number in range(4)]
    assert text in verdict(figures)[line].line
    assert verdict(figures)[line].as_dict()["verdict"] == "fail"


def test_what_is_not_there_is_not_checked():
    assert words(changed(("penetration",), {}))[1] == "not checked"
    assert words(changed(("jitter", "truth_mm"), 0.0))[2] == "not checked"


@pytest.mark.parametrize(
    ("place", "value", "topic", "text"),
    [
        (("detail", "kept"), 0.5, "detail", "too smooth: 50 % .* lower the regularization"),
        (("detail", "kept"), 1.3, "detail", "noisy: 130 % .* raise the regularization"),
        (("blocks", "ratio"), 2.0, "blocks", "blocky: .* 2.00 times .* raise the radius"),
        (("fit", "ratio"), 5.0, "overfit", "5.00 times .* overfitted; add takes"),
        (("errors", "ratio_rms"), 1.2, "linear", r"no better than the linear rig \(1.20"),
        (
            ("model", "coverage"),
            {"line": "2 curves are never used", "severe": True},
            "coverage",
            "2 curves are never used",
        ),
        (("errors", "capture"), {"rms_mm": 0.3}, "noise", "itself 0.300: the model is no better"),
    ],
)
def test_what_is_wrong_is_told_with_its_cure(place, value, topic, text):
    import re

    remark = said(changed(place, value), topic)
    assert remark.severe
    assert re.search(text, remark.line)


def test_what_cannot_be_told_is_left_out():
    topics = [
        remark.topic
        for remark in remarks(
            changed(("detail", "kept"), None) | {"blocks": {"ratio": None}, "fit": {"ratio": None}}
        )
    ]
    assert topics == ["linear"]


def test_a_model_that_took_the_noise_out_is_praised():
    remark = said(changed(("errors", "capture"), {"rms_mm": 0.5}), "noise")
    assert "took the noise out" in remark.line
    assert not remark.severe
