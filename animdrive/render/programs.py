"""Shader programs, put together from the files in ``shaders``."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Any, Literal

Kind = Literal["SKIN", "EYE", "WET", "PLAIN"]
KINDS: tuple[Kind, ...] = ("SKIN", "EYE", "WET", "PLAIN")

_KIND_OF_WORD: dict[str, Kind] = {
    "skin": "SKIN",
    "ear": "SKIN",
    "ears": "SKIN",
    "eye": "EYE",
    "eyes": "EYE",
    "cornea": "EYE",
    "teeth": "WET",
    "gums": "WET",
    "tongue": "WET",
    "mouth": "WET",
}
"""How the parts of a face reflect light, by the first word of a part's name."""

_DISTANCES: dict[str, object] = {
    "REACH_M": 0.017,  # how far a vertex looks for what shades it
    "FAR_M": 0.025,  # an occluder this far in front counts half
    "SHADOW_SOFT_M": 0.004,  # the key light's half shadow
    "SHADOW_BIAS_M": 0.0012,  # below this a surface does not shade itself
}

_VERSION = "#version 330 core\n"
_TAPS = 12
"""Looks that a vertex takes around itself, at what shades it and at the key light alike."""


def kind_of_part(name: str) -> Kind:
    """Return how the part `name` reflects light; unknown names are plain surfaces."""
    return _KIND_OF_WORD.get(name.split("_")[0], "PLAIN")


def _text(name: str) -> str:
    return files("animdrive.render").joinpath("shaders", name).read_text(encoding="utf-8")


def _spiral(count: int) -> str:
    """Return places in the unit disc, evenly spread, as GLSL: Vogel (1979)'s sunflower."""
    turn = math.pi * (3 - math.sqrt(5))
    places = [(math.sqrt((i + 0.5) / count), i * turn) for i in range(count)]
    return ", ".join(f"vec2({r * math.cos(a):.5f}, {r * math.sin(a):.5f})" for r, a in places)


def depth_program(context: Any) -> Any:
    """Return the program that draws depth alone."""
    return context.program(vertex_shader=_text("depth.vert"), fragment_shader=_text("depth.frag"))


def background_program(context: Any) -> Any:
    """Return the program of the background; draw three vertices with it."""
    return context.program(
        vertex_shader=_text("whole.vert"),
        fragment_shader=_VERSION + _text("tone.glsl") + _text("background.frag"),
    )


def smoothing_program(context: Any) -> Any:
    """Return the program that smooths a picture's edges; draw three vertices with it."""
    return context.program(
        vertex_shader=_text("whole.vert"), fragment_shader=_VERSION + _text("smooth.frag")
    )


def surface_program(context: Any, kind: Kind, *, textured: bool, bumped: bool) -> Any:
    """Return the program of one kind of surface."""
    flags: dict[str, object] = {name: int(name == kind) for name in KINDS}
    flags |= {"HAS_TEXTURE": int(textured), "HAS_NORMALS": int(bumped), **_DISTANCES}
    flags |= {"TAPS": _TAPS, "SPIRAL": _spiral(_TAPS)}
    head = _VERSION + "".join(f"#define {k} {v}\n" for k, v in flags.items())
    return context.program(
        vertex_shader=head + _text("surface.vert"),
        fragment_shader=head + _text("tone.glsl") + _text("surface.frag"),
    )
