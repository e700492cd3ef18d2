"""Making USD files: in metres, +Y up, one time code per frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from animdrive.errors import BackendError, InputError

CURE = "Install it with: pip install 'animdrive[usd]'"


def check_usd() -> None:
    """Raise BackendError unless USD can be read and written here."""
    try:
        from pxr import Usd  # noqa: F401
    except ImportError as error:
        raise BackendError(
            f"USD files need the package usd-core, which is not installed ({error}). {CURE}."
        ) from error


def new_stage(
    aside: Path, path: Path, *, fps: float, frames: int, labels: Mapping[str, str] | None
) -> Any:
    """Return a new ``Usd.Stage`` in metres, +Y up, whose time codes are frames 0 to `frames` - 1.

    Args:
        aside: The file that is written, to be renamed to `path`; USD makes it itself, so whatever
            is there goes.
        path: The file that was asked for, for messages.
        fps: Frames per second.
        frames: How many; none is one at rest.
        labels: Written into the layer, such as the provenance.

    Raises:
        BackendError: usd-core is not installed.
        InputError: USD cannot make a file there.
    """
    check_usd()
    from pxr import Tf, Usd, UsdGeom

    aside.unlink(missing_ok=True)
    try:
        stage = Usd.Stage.CreateNew(str(aside))
    except Tf.ErrorException as error:
        raise InputError(f"Cannot write {path}: USD cannot make files there.") from error
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(fps)
    stage.SetFramesPerSecond(fps)
    stage.SetStartTimeCode(0.0)
    stage.SetEndTimeCode(float(max(frames - 1, 0)))
    stage.GetRootLayer().customLayerData = dict(labels or {})
    return stage
