"""The page of tables is the one in docs, and holds every row of the tables."""

from pathlib import Path

from animdrive.contract import ARKIT52
from animdrive.tissue.anatomy_page import anatomy_page
from animdrive.tissue.bones import DEPTH_MARKS
from animdrive.tissue.facs import FACS_TABLE, SOURCES
from animdrive.tissue.muscle_table import COURSES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_in_docs_is_what_the_tables_say():
    """Write it anew with 'animdrive rig anatomy -o docs/anatomy.md'."""
    assert (DOCS / "anatomy.md").read_text(encoding="utf-8") == anatomy_page()


def test_its_picture_is_there_and_small():
    picture = DOCS / "muscles.jpg"
    assert picture.read_bytes()[:2] == b"\xff\xd8"
    assert picture.stat().st_size <= 200_000


def test_every_curve_muscle_place_and_source_is_on_the_page():
    page = anatomy_page()
    for curve in ARKIT52:
        assert curve.removesuffix("Left").removesuffix("Right") in page
    for course in COURSES:
        assert f"| {course.name.replace('_', ' ')} |" in page
    for mark in DEPTH_MARKS:
        assert f"| {mark.name} |" in page
    for source in SOURCES.values():
        assert source in page
    pairs = sum(row.curve.endswith("Right") for row in FACS_TABLE)
    assert page.count("...Right |") == pairs
