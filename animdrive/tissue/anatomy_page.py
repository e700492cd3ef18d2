"""The page ``docs/anatomy.md``, written from the tables that the simulation itself uses."""

from __future__ import annotations

from animdrive.tissue.bones import DEPTH_MARKS, TALLIED
from animdrive.tissue.facs import FACS_TABLE, OTHER_MUSCLES, SOURCES, CurveAnatomy
from animdrive.tissue.muscle_table import COURSES

_HEAD = """\
# Anatomy: curves, action units, muscles

![The muscles as fibres over the head, from in front and from the side](muscles.jpg)

Written by `animdrive.tissue.anatomy_page.anatomy_page` from the tables that the simulation uses;
`animdrive rig anatomy` draws the picture and writes this page. Fibres run from origin to insertion,
lie 1 to 20 mm below the skin and follow the shape of the head. Their courses are laid by hand after
the books named below, not measured on a person; they show the muscles' directions and areas, not
their bundles.

## From curve to action unit to muscle

What a muscle gives when the curve alone stands at 1, before the fit of the simulation; 0 rests, 1
is its full contraction. Muscles are those of the curve's own side unless the other is named.
"""

_MUSCLES = """
## Muscles with fibres

One row for left and right. "skull" also stands for the fasciae that hardly give: the galea, the
fascia over the parotid and that over the collarbone. `compressor labii` runs from front to back
through the lips; its fibres follow the rings of the lips.

| muscle | held by | fibres | shortens by | length of a fibre, mm |
|---|---|---|---|---|
"""

_OTHERS = """
## Muscles without fibres

They move bone, eyeball or tongue as bodies.

| muscle | what it does |
|---|---|
"""

_DEPTHS = """
## Soft tissue over the bone

Means over all adults, tallied by Stephan and Simpson (2008), "Facial soft tissue depths in
craniofacial identification (part I): an analytical review of the published adult data", J Forensic
Sci 53(6), to half a millimetre, on an average head, written down from knowledge of that review and
not checked again row by row; the rest says what it stands on. Between them the skin is filled with
the smoothest sheet. Lips, cheeks, lids and nasal wings have skin or mucosa on both sides: there the
depth ends at the middle.

| place | MediaPipe landmarks (left) | mm | stands on |
|---|---|---|---|
"""


def anatomy_page() -> str:
    """Return the page as Markdown."""
    rows = ["| curve | action units | muscles and activations | note | source |",
            "|---|---|---|---|---|"]  # fmt: skip
    rows += [_curve_row(row) for row in FACS_TABLE if not row.curve.endswith("Right")]
    sources = "\n".join(f"- {letter}: {text}" for letter, text in SOURCES.items())
    muscles = "\n".join(
        f"| {_plain(c.name)} | {c.origin} | {len(c.fibres)} | {100 * c.shortening:.0f} % | "
        f"{c.length_mm[0]:g} to {c.length_mm[1]:g} |"
        for c in COURSES
    )
    others = "\n".join(f"| {_plain(name)} | {what} |" for name, what in OTHER_MUSCLES.items())
    depths = "\n".join(
        f"| {m.name} | {', '.join(map(str, m.landmarks))} | {m.depth_mm:g} | "
        f"{'Stephan and Simpson (2008)' if m.source == TALLIED else m.source} |"
        for m in DEPTH_MARKS
    )
    table = "\n".join(rows)
    return (
        f"{_HEAD}\n{table}\n\nSources:\n\n{sources}\n{_MUSCLES}{muscles}\n"
        f"{_OTHERS}{others}\n{_DEPTHS}{depths}\n"
    )


def _curve_row(row: CurveAnatomy) -> str:
    """Return one row; a left curve's stands for the right one too, its mirror image."""
    paired = row.curve.endswith("Left")
    name = f"{row.curve}, ...Right" if paired else row.curve
    side = ", of the other side" if paired and row.side == "right" else ""
    muscles = ", ".join(f"{_plain(name)} {value:g}" for name, value in row.muscles.items())
    units = ", ".join(unit.removesuffix(" (left)") for unit in row.action_units)
    return f"| {name} | {units} | {muscles}{side} | {row.note} | {' '.join(row.source)} |"


def _plain(name: str) -> str:
    return name.replace("_", " ")
