"""Drawn people: repeatable, diverse, like their groups; and their files."""

import json

import numpy as np
import pytest

from animdrive.contract.head_shape import HeadShape
from animdrive.errors import InputError
from animdrive.rig.identity import head_shape
from animdrive.rig.identity_file import read_head_shape, read_person, write_person
from animdrive.rig.identity_groups import ANCESTRIES, HAIR, IRIS, PIGMENT, SEXES
from animdrive.rig.identity_people import (
    LIMIT_SD,
    Person,
    painted,
    sampled_person,
    sampled_shape,
)
from animdrive.rig.identity_table import CONTROL_NAMES


def drawn(count, **wishes):
    return np.array([sampled_shape(seed, **wishes).coefficients for seed in range(count)])


def of(coefficients, name):
    return coefficients[:, CONTROL_NAMES.index(name)]


def test_a_seed_gives_the_same_person_again():
    first, second = sampled_person(5), sampled_person(5)
    np.testing.assert_array_equal(first.shape.coefficients, second.shape.coefficients)
    assert (first.tone, first.sex, first.ancestry, first.age) == (
        second.tone, second.sex, second.ancestry, second.age,
    )  # fmt: skip
    assert np.abs(first.shape.coefficients - sampled_shape(6).coefficients).max() > 0.5


def test_a_wish_that_is_drawn_anyway_changes_nothing():
    person = sampled_person(11)
    again = sampled_person(11, sex=person.sex, ancestry=person.ancestry, age=person.age)
    np.testing.assert_array_equal(person.shape.coefficients, again.shape.coefficients)
    assert person.tone == again.tone


def test_everybody_is_within_the_limit_and_nobody_is_average():
    everybody = drawn(60)
    assert np.abs(everybody).max() <= LIMIT_SD
    assert (np.abs(everybody).max(1) > 0.8).all()
    spread = everybody.std(0)
    assert spread.min() > 0.4
    assert spread.max() < 1.6


def test_groups_differ_as_published():
    men, women = drawn(60, sex="male"), drawn(60, sex="female")
    for name in ("face_width", "nose_height", "neck_width", "brow_ridge", "chin_height"):
        assert of(men, name).mean() > of(women, name).mean() + 0.3, name
    african, european = drawn(60, ancestry="african"), drawn(60, ancestry="european")
    east_asian = drawn(60, ancestry="east_asian")
    assert of(african, "nose_width").mean() > of(european, "nose_width").mean() + 1
    assert of(african, "upper_lip_height").mean() > of(european, "upper_lip_height").mean() + 1
    assert of(east_asian, "eye_spacing").mean() > of(european, "eye_spacing").mean() + 0.8
    assert of(east_asian, "nose_bridge_height").mean() < of(european, "nose_bridge_height").mean()
    old, young = drawn(60, age=75), drawn(60, age=20)
    for name in ("jowl_sag", "nasolabial_depth", "ear_length"):
        assert of(old, name).mean() > of(young, name).mean() + 0.5, name
    assert of(old, "upper_lip_height").mean() < of(young, "upper_lip_height").mean()


def test_measures_of_size_go_together():
    everybody = drawn(300, sex="male", ancestry="european", age=35)
    together = np.corrcoef(of(everybody, "face_width"), of(everybody, "jaw_width"))[0, 1]
    apart = np.corrcoef(of(everybody, "face_width"), of(everybody, "cupids_bow"))[0, 1]
    assert 0.15 < together < 0.6
    assert abs(apart) < 0.2


def test_every_group_has_its_colours():
    assert set(HAIR) == set(IRIS) == set(PIGMENT) == set(ANCESTRIES)
    melanin = {
        ancestry: np.mean([sampled_person(s, ancestry=ancestry).tone.melanin for s in range(20)])
        for ancestry in ANCESTRIES
    }
    assert melanin["african"] > melanin["south_asian"] > melanin["european"]
    grey = sampled_person(1, ancestry="african", age=80).tone.hair_rgb
    dark = sampled_person(1, ancestry="african", age=20).tone.hair_rgb
    assert min(grey) > max(dark)
    assert {sampled_person(s).sex for s in range(20)} == set(SEXES)


def test_a_person_reads_back_as_written(tmp_path):
    person = sampled_person(7, sex="female")
    path = tmp_path / "head.json"
    write_person(person, path)
    again = read_person(path)
    np.testing.assert_array_equal(again.shape.coefficients, person.shape.coefficients)
    assert again.tone == person.tone
    assert (again.sex, again.ancestry, again.age) == (person.sex, person.ancestry, person.age)
    write_person(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_a_bare_shape_reads_back_and_is_short(tmp_path):
    path = tmp_path / "head.json"
    write_person(Person(head_shape({"nose_width": 1.5})), path)
    assert json.loads(path.read_text())["coefficients"] == {"nose_width": 1.5}
    expected = head_shape({"nose_width": 1.5}).coefficients
    np.testing.assert_array_equal(read_head_shape(path).coefficients, expected)
    assert read_person(path).tone is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ("[1, 2]", "is not a head shape"),
        ('{"format": "something"}', "is not a head shape"),
        ('{"format": "animdrive head shape", "version": 9}', "has version 9; this"),
        ('{"format": "animdrive head shape", "version": 1}', "is damaged: 'coefficients'"),
        (
            '{"format": "animdrive head shape", "version": 1, "coefficients": [1]}',
            "is damaged: 'coefficients' must be names and numbers",
        ),
        (
            '{"format": "animdrive head shape", "version": 1, "coefficients": {"nose": 1}}',
            "Unknown control 'nose'",
        ),
        (
            '{"format": "animdrive head shape", "version": 1, "coefficients": {"nose_width": 9}}',
            "is 9 standard deviations",
        ),
        (
            '{"format": "animdrive head shape", "version": 1, "coefficients": {"nose_width": "a"}}',
            "is damaged",
        ),
        (
            '{"format": "animdrive head shape", "version": 1, "coefficients": {}, "tone": 4}',
            "'tone' must have age",
        ),
        (
            '{"format": "animdrive head shape", "version": 1, "coefficients": {},'
            ' "tone": {"melanin": 3}}',
            r"SkinTone\.melanin must be in 0\.\.1",
        ),
    ],
)
def test_a_file_that_is_no_head_shape_is_told_so(tmp_path, text, told):
    path = tmp_path / "head.json"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_person(path)


def test_wishes_that_cannot_be_met_are_told():
    with pytest.raises(InputError, match="seed must be a whole number from 0, got -1"):
        sampled_person(-1)
    with pytest.raises(InputError, match="Unknown sex 'x'"):
        sampled_person(1, sex="x")
    with pytest.raises(InputError, match="Unknown ancestry 'martian'"):
        sampled_person(1, ancestry="martian")
    with pytest.raises(InputError, match=r"in 18\.\.80 years, got 12"):
        sampled_person(1, age=12)


@pytest.mark.slow
def test_paint_changes_the_surface_alone():
    from animdrive.rig.head import load_head

    head, tone = load_head(), sampled_person(2, ancestry="african").tone
    dark = painted(head, tone, size=256)
    assert dark.rig is head.rig
    assert dark.material("skin").normal_texture.shape == (256, 256, 3)
    assert dark.material("skin").texture.mean() < head.material("skin").texture.mean() - 20
    assert dark.material("teeth") is head.material("teeth")


def test_a_shape_without_a_tone_keeps_the_surface():
    from animdrive.rig.head import load_head
    from animdrive.rig.identity_people import person_character

    character = person_character(Person(HeadShape()))
    assert character.materials is load_head().materials
