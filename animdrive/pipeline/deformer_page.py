"""A validation as one page (HTML, all in one file) and as one sheet (PNG)."""

from __future__ import annotations

import base64
import html
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from animdrive.contract import Provenance
from animdrive.files import write_text
from animdrive.pipeline.deformer_pictures import Pictures
from animdrive.provenance import aigc_label, provenance_dict

if TYPE_CHECKING:
    from animdrive.render.compose import Image

_STYLE = """\
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1320px;
       padding: 0 1rem; color: #1b1e24; background: #fbfbfa; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.about { color: #5c6470; margin-top: .2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #e2e3e0; }
th:first-child, td:first-child, td.text { text-align: left; }
tr.head th { background: #eef0ec; } tr.group td { padding-top: .8rem; color: #5c6470; }
.pass { color: #176b3a; font-weight: 600; } .fail { color: #a3211b; font-weight: 600; }
.unchecked { color: #6b6f76; font-weight: 600; }
figure { margin: 1rem 0; } figcaption { color: #5c6470; } img { max-width: 100%; }
@media (prefers-color-scheme: dark) {
  body { color: #dfe2e6; background: #15171b; } tr.head th { background: #23272e; }
  th, td { border-color: #2e333b; } .pass { color: #62c48a; } .fail { color: #f0857d; } }
"""
_GROUPS = {"all": "Held-out takes", "kind": "By kind", "take": "By take", "region": "By region"}
_INK, _PAPER = (28, 30, 36), (246, 246, 244)
_COLOURS = {"pass": (23, 107, 58), "fail": (163, 33, 27), "not checked": (107, 111, 118)}


def write_page(
    folder: Path, document: Mapping[str, Any], pictures: Pictures, provenance: Provenance
) -> dict[str, Path]:
    """Write ``validation.html`` and, where something was drawn, ``validation.png``.

    Args:
        folder: Where.
        document: All figures, verdict and remarks.
        pictures: What was drawn.
        provenance: From what.
    """
    from animdrive.render.still import write_png

    written = {"page": folder / "validation.html"}
    write_text(written["page"], page_text(document, pictures, provenance))
    if pictures.heat:
        labels = {
            "title": f"Validation of {title_of(document)}",
            "comment": f"Synthetic: made by {provenance_dict(provenance)['generator']}",
            "AIGC": aigc_label(provenance),
        }
        written["sheet"] = folder / "validation.png"
        write_png(sheet_of(document, pictures), written["sheet"], metadata=labels)
    return written


def title_of(document: Mapping[str, Any]) -> str:
    """Return the name of the model that a validation is of."""
    model = document["model"]
    return f"{model['file']} ({model['kind']})" if model["file"] else "the linear rig"


def about_lines(document: Mapping[str, Any]) -> list[str]:
    """Return what was measured on what, and sizes, in words."""
    capture, size, errors = document["capture"], document["size"], document["errors"]
    truth = f", against the truth in {capture['truth']}" if capture["truth"] else ""
    lines = [
        f"{capture['held_out_frames']} frames of {capture['held_out_takes']} held-out takes of "
        f"{capture['folder']}, {capture['moving_vertices']} moving of {capture['vertices']} "
        f"vertices{truth}",
    ]
    model, linear = errors["model"], errors["linear"]
    lines.append(
        f"mean {model['mean_mm']:.3f}, p99 {model['p99_mm']:.3f}, max {model['max_mm']:.2f} mm; "
        f"linear rig: mean {linear['mean_mm']:.3f}, p99 {linear['p99_mm']:.3f}, max "
        f"{linear['max_mm']:.2f} mm"
    )
    if size["cache_bytes"]:
        lines.append(
            f"{size['file_bytes'] / 1e6:.2f} MB, 1:{size['cache_to_file']:.0f} of the "
            f"{size['cache_bytes'] / 1e6:.0f} MB of training takes as float32; at run time "
            f"{size['runtime_bytes'] / 1e6:.2f} MB, {100 * size['runtime_to_cache']:.2f} % of it"
        )
    return lines


# -- HTML ----------------------------------------------------------------------------------------


def page_text(document: Mapping[str, Any], pictures: Pictures, provenance: Provenance) -> str:
    """Return the page, pictures included; it loads nothing from anywhere."""
    title = html.escape(f"Validation of {title_of(document)}")
    generator = provenance_dict(provenance)["generator"]
    about = "<br>".join(html.escape(line) for line in about_lines(document))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n"
        f'<meta name="generator" content="{_attribute(generator)}">\n'
        f'<meta name="AIGC" content="{_attribute(aigc_label(provenance))}">\n'
        f"<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="about">{about}</p>\n'
        f"{_verdict_html(document)}{_errors_html(document)}{_more_html(document)}"
        f"{_pictures_html(pictures)}</body>\n</html>\n"
    )


def _attribute(value: object) -> str:
    return html.escape(str(value), quote=True)


def _verdict_html(document: Mapping[str, Any]) -> str:
    rows = [
        (
            html.escape(check["check"]),
            f'<span class="{_css(check["verdict"])}">{check["verdict"]}</span>',
            html.escape(check["line"]),
        )
        for check in document["verdict"]
    ]
    rows += [
        (
            html.escape(remark["topic"]),
            '<span class="fail">look</span>' if remark["severe"] else "",
            html.escape(remark["line"]),
        )
        for remark in document["remarks"]
    ]
    body = "".join(
        f'<tr><td>{name}</td><td>{word}</td><td class="text">{line}</td></tr>\n'
        for name, word, line in rows
    )
    return f"<h2>Verdict</h2>\n<table>\n{body}</table>\n"


def _css(word: str) -> str:
    return "unchecked" if word == "not checked" else word


def _errors_html(document: Mapping[str, Any]) -> str:
    skins = [name for name in ("model", "linear", "capture") if name in document["errors"]]
    figures = ("mean_mm", "rms_mm", "p95_mm", "p99_mm", "max_mm")
    names = [f"{skin} {figure.removesuffix('_mm')}" for skin in skins for figure in figures]
    lines = [f'<tr class="head">{_cells(["mm", *names, "RMS ratio"], tag="th")}</tr>']
    group = ""
    for row in document["rows"]:
        if row["group"] != group:
            group = row["group"]
            wide = len(names) + 2
            lines.append(f'<tr class="group"><td colspan="{wide}">{_GROUPS[group]}</td></tr>')
        values = [f"{row[skin][figure]:.3f}" for skin in skins for figure in figures]
        ratio = "" if row["ratio_rms"] is None else f"{row['ratio_rms']:.3f}"
        lines.append(f"<tr>{_cells([row['name'], *values, ratio])}</tr>")
    table = "\n".join(lines)
    return f"<h2>Distance from the truth</h2>\n<table>\n{table}\n</table>\n"


def _more_html(document: Mapping[str, Any]) -> str:
    jitter, fit, speed = document["jitter"], document["fit"], document["speed"]
    rows: list[Sequence[str]] = [
        ["second differences, mm/frame²", f"error {jitter['error_mm']:.4f}",
         f"linear rig's error {jitter['linear_error_mm']:.4f}", f"truth {jitter['truth_mm']:.4f}"],
        ["ms per character and frame, one core", f"alone {speed['model']['single_ms']:.3f}",
         f"of {speed['batch']}: {speed['model']['batch_ms']:.3f}",
         f"linear rig {speed['linear']['single_ms']:.3f}"],
    ]  # fmt: skip
    if fit["train"] is not None:
        rows.append([
            "mean error, mm", f"learned from {fit['train']['mean_mm']:.4f}",
            f"held out {fit['held_out']['mean_mm']:.4f}", f"ratio {fit['ratio']}",
        ])  # fmt: skip
    for check, counts in document["penetration"].items():
        said = [
            f"{who}: {found['vertices']} in {found['frames']} frames, deepest "
            f"{found['deepest_mm']:.2f} mm"
            for who, found in counts.items()
        ]
        rows.append([f"skin in {check}, vertices deeper than 0.3 mm", *said])
    body = "\n".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    return f"<h2>Motion, fit, contact, speed</h2>\n<table>\n{body}\n</table>\n"


def _cells(values: Iterable[str], *, tag: str = "td") -> str:
    return "".join(f"<{tag}>{html.escape(str(value))}</{tag}>" for value in values)


def _pictures_html(pictures: Pictures) -> str:
    parts = []
    if pictures.heat:
        parts.append("<h2>Where the errors are</h2>\n")
        parts += [
            _figure(f"{name}: mean and largest error of every vertex", image)
            for name, image in pictures.heat.items()
        ]
    if pictures.worst:
        parts.append("<h2>The worst frames: truth, model, linear rig, error</h2>\n")
        parts += [_figure(caption, image) for caption, image in pictures.worst]
    return "".join(parts)


def _figure(caption: str, image: Image) -> str:
    import cv2

    data = base64.b64encode(cv2.imencode(".png", image[..., ::-1])[1].tobytes()).decode("ascii")
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>\n"
    )


# -- PNG -----------------------------------------------------------------------------------------


def sheet_of(document: Mapping[str, Any], pictures: Pictures) -> Image:
    """Return verdict, heat and worst frames as one picture."""
    images = [*pictures.heat.values(), *(image for _, image in pictures.worst)]
    width = images[0].shape[1]
    gap = np.full((4, width, 3), _PAPER, dtype=np.uint8)
    parts: list[Image] = [_text_panel(document, width)]
    for image in images:
        parts += [gap, image]
    return np.concatenate(parts, axis=0)


def _text_panel(document: Mapping[str, Any], width: int) -> Image:
    """Return title, verdict and remarks as a picture `width` wide."""
    import cv2

    scale = max(width / 1280, 0.3)
    lines: list[tuple[str, str, tuple[int, int, int], float]] = [
        ("", f"Validation of {title_of(document)}", _INK, 0.8)
    ]
    lines += [("", line, _INK, 0.5) for line in about_lines(document)]
    headings = len(lines) - 1
    lines += [
        (check["verdict"].upper(), f"{check['check']}: {check['line']}",
         _COLOURS[check["verdict"]], 0.5)
        for check in document["verdict"]
    ]  # fmt: skip
    lines += [
        ("LOOK" if remark["severe"] else "-", f"{remark['topic']}: {remark['line']}",
         _COLOURS["fail"] if remark["severe"] else _INK, 0.5)
        for remark in document["remarks"]
    ]  # fmt: skip
    face, left, indent = cv2.FONT_HERSHEY_DUPLEX, round(14 * scale), round(130 * scale)
    step = round(26 * scale)
    wrapped: list[tuple[str, str, tuple[int, int, int], float, int]] = []
    for row, (mark, text, colour, size) in enumerate(lines):
        start = left + (indent if row > headings else 0)
        # The widest letter is some 0.8 of the font's height wide; what is left over is margin.
        room = int((width - 2 * left - indent) / (10.5 * scale * size / 0.5))
        first, *more = textwrap.wrap(_drawable(text), max(room, 20))
        wrapped += [(mark, first, colour, size, start)]
        wrapped += [("", line, _INK, size, start) for line in more]
    panel = np.full((round(step * (len(wrapped) + 1)), width, 3), _PAPER, dtype=np.uint8)
    for number, (mark, text, colour, size, start) in enumerate(wrapped):
        y = round(step * (number + 1.2))
        if mark:
            cv2.putText(panel, mark, (left, y), face, size * scale, colour, 1, cv2.LINE_AA)
        cv2.putText(panel, text, (start, y), face, size * scale, _INK, 1, cv2.LINE_AA)
    return panel


def _drawable(text: str) -> str:
    """Return `text` in the letters that the drawn font has."""
    for sign, plain in (("²", "^2"), ("·", "*"), ("×", "x"), ("–", "-"), ("±", "+-")):
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode("ascii")
