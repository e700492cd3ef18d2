"""What the figures of a validation mean: a verdict line by line, and findings in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MEAN_MM = 1.0
"""The mean error of moving skin must be below."""
FRAME_MS = 0.5
"""A frame of one character must take less on one core."""
TOO_SMOOTH = 0.7
"""Less of the detail's energy is kept: regularization is too high. On a face 1e-4 keeps 0.89, 0.05
keeps 0.66, 1 keeps 0.34."""
TOO_NOISY = 1.1
"""There is more detail than in the truth: regularization is too low."""
BLOCKY = 1.5
"""The error jumps so much more across borders of patches than beside them: borders show. A radius
of 8 to 12 mm comes to 1.2 to 1.85 on a face, one of 0.3 mm to 2.2."""
OVERFIT = 3.0
"""Errors on held-out takes over errors on those that were learned from."""


@dataclass(frozen=True)
class Check:
    """A line of the verdict."""

    name: str
    """What is asked for."""
    passed: bool | None
    """None where it could not be checked."""
    line: str
    """The figure, in words."""

    @property
    def word(self) -> str:
        """Say "pass", "fail" or "not checked"."""
        return "not checked" if self.passed is None else "pass" if self.passed else "fail"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"check": self.name, "verdict": self.word, "line": self.line}


@dataclass(frozen=True)
class Remark:
    """Something that the user should know of a model."""

    topic: str
    """"detail", "blocks", "overfit", "linear", "coverage", "noise"."""
    line: str
    """One line."""
    severe: bool
    """Whether something is to be done."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"topic": self.topic, "line": self.line, "severe": self.severe}


def verdict(figures: Mapping[str, Any]) -> list[Check]:
    """Return the checklist for the figures of a validation (`measured_figures`)."""
    mean, jitter = figures["errors"]["model"]["mean_mm"], figures["jitter"]
    speed = figures["speed"]["model"]["single_ms"]
    error, own = jitter["error_mm"], jitter["truth_mm"]
    return [
        Check(
            f"mean error < {MEAN_MM:g} mm",
            mean < MEAN_MM,
            f"{mean:.3f} mm over the moving skin of held-out takes",
        ),
        _penetration(figures["penetration"]),
        Check(
            "no jitter",
            None if own == 0 else error < own,
            "no take has three frames"
            if own == 0
            else f"the error's second differences are {error:.4f} mm/frame², the truth's own "
            f"{own:.4f}",
        ),
        Check(
            f"< {FRAME_MS:g} ms per frame",
            speed < FRAME_MS,
            f"{speed:.3f} ms per character and frame on one core, "
            f"{figures['speed']['model']['batch_ms']:.3f} ms in a batch of "
            f"{figures['speed']['batch']}",
        ),
    ]


def _penetration(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Check:
    name = "no penetration"
    if not found:
        return Check(name, None, "the rig has no teeth, eyes or lips by name")
    parts, passed = [], True
    for what, counts in found.items():
        model, truth = counts["model"], counts["truth"]
        passed &= model["vertices"] <= truth["vertices"]
        parts.append(
            f"{what} {model['per_frame']:g} (truth {truth['per_frame']:g}, deepest "
            f"{model['deepest_mm']:.2f} mm)"
        )
    return Check(name, passed, f"vertices per frame deeper than 0.3 mm: {', '.join(parts)}")


def remarks(figures: Mapping[str, Any]) -> list[Remark]:
    """Return what else the figures say, what is to be done included."""
    found = [_detail(figures), _blocks(figures), _overfit(figures), _linear(figures)]
    capture = figures["errors"].get("capture")
    if capture is not None:
        model = figures["errors"]["model"]["rms_mm"]
        better = model < capture["rms_mm"]
        found.append(
            Remark(
                "noise",
                f"the model is {model:.3f} mm (RMS) from the clean truth, the capture itself "
                f"{capture['rms_mm']:.3f}: the model "
                + ("took the noise out" if better else "is no better; raise the regularization"),
                not better,
            )
        )
    coverage = figures["model"].get("coverage")
    if coverage:
        found.append(Remark("coverage", str(coverage["line"]), bool(coverage.get("severe"))))
    return [remark for remark in found if remark is not None]


def _detail(figures: Mapping[str, Any]) -> Remark | None:
    kept = figures["detail"]["kept"]
    if kept is None:
        return None
    if kept < TOO_SMOOTH:
        line = (
            f"too smooth: {100 * kept:.0f} % of the fine detail is kept; lower the regularization"
        )
    elif kept > TOO_NOISY:
        line = f"noisy: {100 * kept:.0f} % of the truth's fine detail; raise the regularization"
    else:
        line = f"{100 * kept:.0f} % of the fine detail is kept"
    return Remark("detail", line, not TOO_SMOOTH <= kept <= TOO_NOISY)


def _blocks(figures: Mapping[str, Any]) -> Remark | None:
    ratio = figures["blocks"]["ratio"]
    if ratio is None:
        return None
    if ratio > BLOCKY:
        line = (
            f"blocky: the error jumps {ratio:.2f} times as much between patches as inside; raise "
            f"the radius"
        )
    else:
        line = f"borders of patches do not show (jumps there {ratio:.2f} times those inside)"
    return Remark("blocks", line, ratio > BLOCKY)


def _overfit(figures: Mapping[str, Any]) -> Remark | None:
    ratio = figures["fit"]["ratio"]
    if ratio is None:
        return None
    line = f"held-out takes are {ratio:.2f} times as far off as those learned from"
    if ratio > OVERFIT:
        line += ": overfitted; add takes, or raise the regularization"
    return Remark("overfit", line, ratio > OVERFIT)


def _linear(figures: Mapping[str, Any]) -> Remark | None:
    ratio = figures["errors"]["ratio_rms"]
    if ratio is None or figures["model"]["kind"] == "linear":
        return None
    if ratio >= 1:
        return Remark("linear", f"no better than the linear rig ({ratio:.2f} of its RMS)", True)
    return Remark("linear", f"1/{1 / ratio:.1f} of the linear rig's RMS error", False)
