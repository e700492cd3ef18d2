"""Heads of other people: drawn, set by hand or read, and written as shape, picture or GLB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animdrive.contract.head_shape import HeadShape
from animdrive.contract.stages import Progress, no_progress
from animdrive.errors import ContractError, InputError

if TYPE_CHECKING:
    from animdrive.rig.identity_people import Person

SUFFIXES = (".json", ".png", ".glb")
"""What a head can be written as."""


def list_controls() -> list[dict[str, Any]]:
    """Return every coefficient of a head's shape: name, measure, unit, mean, spread, source."""
    from animdrive.rig.identity import head_controls
    from animdrive.rig.identity_basis import base_places
    from animdrive.rig.identity_rulers import RULERS
    from animdrive.rig.identity_table import SOURCES

    rows = []
    for control in head_controls():
        ruler = RULERS.get(control.name)
        rows.append(
            {
                "name": control.name,
                "measure": control.measure,
                "unit": control.unit,
                "here": round(float(ruler(base_places())), 1) if ruler else None,
                "mean_female": control.mean[0] if control.mean else None,
                "mean_male": control.mean[1] if control.mean else None,
                "sd": control.sd,
                "source": control.source,
                "reference": SOURCES[control.source],
            }
        )
    return rows


def make_identity(
    out: Path,
    *,
    seed: int | None = None,
    sex: str | None = None,
    ancestry: str | None = None,
    age: float | None = None,
    base: Path | None = None,
    values: Mapping[str, float] | None = None,
    yaws_deg: tuple[float, ...] = (0.0,),
    size_px: int = 512,
    lod: str = "standard",
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Draw or read a person, set some coefficients, and write the head to `out`.

    Args:
        out: Ends in .json (shape and surface, to be read again), .png (a picture) or .glb.
        seed: Of whom to draw; None without sex, ancestry and age starts from the head that ships.
        sex: Wish for the draw.
        ancestry: Wish for the draw.
        age: Wish for the draw, years.
        base: Written by this function as .json, to start from instead of drawing.
        values: Coefficients to set on top, standard deviations.
        yaws_deg: Camera angles of a picture, side by side.
        size_px: Height of a picture.
        lod: Level of detail of a GLB.
        progress: Told of the stages.

    Returns:
        The person as plain values, and the head's measures under "measures".

    Raises:
        InputError: a wish, a name, a value or a path that cannot be used.
        DeviceError: a picture is asked for and this machine has no renderer.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{out.name} must end in one of {', '.join(SUFFIXES)}.")
    if not 64 <= size_px <= 4096:
        raise InputError(f"The size must be in 64..4096 pixels, got {size_px}.")
    if not np.isfinite(yaws_deg).all():
        raise InputError(f"A camera angle must be a number of degrees, got {yaws_deg}.")
    from animdrive.rig.identity import neutral_of
    from animdrive.rig.identity_file import person_dict, write_person
    from animdrive.rig.identity_people import person_character
    from animdrive.rig.identity_rulers import measures_of
    from animdrive.rig.lod import character_at, check_level

    check_level(lod)
    progress("shape", 0.0)
    person = _person(seed, sex, ancestry, age, base)
    person = replace(person, shape=_with(person.shape, values or {}))
    described = person_dict(person)
    described["measures"] = {
        name: round(value, 2) for name, value in measures_of(*neutral_of(person.shape)).items()
    }
    progress("shape", 1.0)
    suffix = out.suffix.lower()
    if suffix == ".json":
        write_person(person, out)
        return described
    progress("surface", 0.0)
    character = character_at(person_character(person), lod)
    progress("surface", 1.0)
    progress("write", 0.0)
    if suffix == ".png":
        from animdrive.render.camera import portrait_camera
        from animdrive.render.scene import Renderer
        from animdrive.render.still import write_png

        pictures = []
        with Renderer(character, size_px=(size_px, size_px)) as renderer:
            for yaw in yaws_deg:
                renderer.camera = portrait_camera(
                    character, (size_px, size_px), yaw_rad=float(np.radians(yaw))
                )
                pictures.append(renderer.draw(character.rig.neutral.vertices))
        write_png(np.ascontiguousarray(np.concatenate(pictures, axis=1)), out)
    else:
        from animdrive import __version__
        from animdrive.contract import ARKIT52, CurveTrack, Provenance
        from animdrive.export.gltf import write_glb

        rest = CurveTrack(ARKIT52, 30.0, np.zeros((0, len(ARKIT52)), dtype=np.float32))
        settings = {key: described[key] for key in described if key != "measures"}
        provenance = Provenance((), "rig/identity", settings, version=__version__, seed=seed or 0)
        write_glb(character, rest, out, provenance=provenance)
    progress("write", 1.0)
    return described


def _person(
    seed: int | None, sex: str | None, ancestry: str | None, age: float | None, base: Path | None
) -> Person:
    from animdrive.rig.identity_file import read_person
    from animdrive.rig.identity_people import Person, sampled_person

    wishes = (seed, sex, ancestry, age)
    if base is not None:
        if any(wish is not None for wish in wishes):
            raise InputError("A head is either read or drawn: leave out --from, or the wishes.")
        return read_person(base)
    if all(wish is None for wish in wishes):
        return Person(HeadShape())
    return sampled_person(seed or 0, sex=sex, ancestry=ancestry, age=age)  # type: ignore[arg-type]


def _with(shape: HeadShape, values: Mapping[str, float]) -> HeadShape:
    from animdrive.rig.identity import head_shape
    from animdrive.rig.identity_table import CONTROL_NAMES

    coefficients = shape.coefficients.copy()
    try:
        head_shape(values)
    except ContractError as error:
        raise InputError(f"--set: {error}") from None
    for name, value in values.items():
        coefficients[CONTROL_NAMES.index(name)] = value
    return HeadShape(coefficients)
