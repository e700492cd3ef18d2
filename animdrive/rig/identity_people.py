"""People: plausible heads drawn at random, each with skin, hair and eyes that go with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from animdrive.contract import Character
from animdrive.contract.head_shape import HEAD_SHAPE_SIZE, HeadShape
from animdrive.errors import InputError
from animdrive.rig.identity import shaped_character
from animdrive.rig.identity_groups import (
    AGE_SLOPES,
    ANCESTRIES,
    ANCESTRY_MEANS,
    FACTORS,
    GREY,
    HAIR,
    IRIS,
    MALE_MEANS,
    PIGMENT,
    SEXES,
    Ancestry,
    Colour,
    Sex,
)
from animdrive.rig.identity_table import NAMED_CONTROLS
from animdrive.rig.paint import paint_skin, paint_skin_normals
from animdrive.rig.paint_eyes import paint_eye
from animdrive.rig.paint_tone import SkinTone
from animdrive.rig.parts import IRIS_UV_RADIUS

AGES = (18.0, 80.0)
"""Years between which people are drawn: the measures are those of adults."""
LIMIT_SD = 2.5
"""No coefficient of a drawn head lies further out."""
WITHIN_GROUP = 0.72
"""Spread of a drawn coefficient within its group. Published spreads hold the error of the caliper
and of finding the landmark, which no face has, and the measures they are of overlap; drawn at full
size, 99 of them at once give caricatures. By judgement, on pictures."""
_AGE_OF_ZERO, _AGE_STEP = 35.0, 15.0


@dataclass(frozen=True, eq=False)
class Person:
    """A head's shape and surface, and of whom they were drawn."""

    shape: HeadShape
    tone: SkinTone | None = None
    """Skin, hair and iris; None for those of the head that ships."""
    sex: Sex | None = None
    ancestry: Ancestry | None = None
    age: float | None = None
    """Years."""


def sampled_person(
    seed: int, *, sex: Sex | None = None, ancestry: Ancestry | None = None, age: float | None = None
) -> Person:
    """Draw a person. The same seed and wishes give the same person.

    Named controls are normal about the mean of the person's group, with the spread `WITHIN_GROUP`
    and the correlations of `identity_groups.FACTORS`, moved by age and clipped at 2.5 standard
    deviations; modes are independent. What is not asked for is drawn too, evenly.

    Args:
        seed: Any whole number from 0.
        sex: "female" or "male".
        ancestry: One of `identity_groups.ANCESTRIES`.
        age: Years, 18..80.

    Raises:
        InputError: an unknown sex or ancestry, an age outside 18..80, or a seed below 0.
    """
    if seed < 0:
        raise InputError(f"The seed must be a whole number from 0, got {seed}.")
    if sex is not None and sex not in SEXES:
        raise InputError(f"Unknown sex '{sex}'. Known: {', '.join(SEXES)}.")
    if ancestry is not None and ancestry not in ANCESTRIES:
        raise InputError(f"Unknown ancestry '{ancestry}'. Known: {', '.join(ANCESTRIES)}.")
    if age is not None and not AGES[0] <= age <= AGES[1]:
        raise InputError(f"The age must be in {AGES[0]:g}..{AGES[1]:g} years, got {age:g}.")
    rng = np.random.default_rng(seed)
    # Everything is drawn, wished for or not, so that a wish changes nothing else about a seed.
    drawn_sex = SEXES[rng.integers(len(SEXES))]
    drawn_ancestry = ANCESTRIES[rng.integers(len(ANCESTRIES))]
    drawn_age = float(rng.uniform(*AGES))
    sex, ancestry = sex or drawn_sex, ancestry or drawn_ancestry
    age = drawn_age if age is None else float(age)
    own = rng.standard_normal(HEAD_SHAPE_SIZE)
    common = rng.standard_normal(len(FACTORS))
    named = len(NAMED_CONTROLS)
    loadings = _loadings()
    values = WITHIN_GROUP * own
    alone = np.sqrt(1 - (loadings**2).sum(1)) * own[:named]
    values[:named] = WITHIN_GROUP * (loadings @ common + alone)
    values[:named] += _group_mean(sex, ancestry)
    slopes = np.array([AGE_SLOPES.get(control.name, 0.0) for control in NAMED_CONTROLS])
    values[:named] += slopes * np.clip((age - _AGE_OF_ZERO) / _AGE_STEP, -0.9, 2.2)
    shape = HeadShape(np.clip(values, -LIMIT_SD, LIMIT_SD))
    return Person(shape, _sampled_tone(rng, ancestry, age), sex, ancestry, age)


def sampled_shape(
    seed: int, sex: Sex | None = None, ancestry: Ancestry | None = None, age: float | None = None
) -> HeadShape:
    """Draw the shape of a head alone; see `sampled_person`."""
    return sampled_person(seed, sex=sex, ancestry=ancestry, age=age).shape


def person_character(person: Person) -> Character:
    """Return the head of `person`: shape, and the surface painted anew where a tone is given."""
    character = shaped_character(person.shape)
    return character if person.tone is None else painted(character, person.tone)


def painted(character: Character, tone: SkinTone, *, size: int = 2048) -> Character:
    """Return `character`, of our topology, with skin and eyes painted in `tone`.

    The map of the skin is the same for all heads, so colours keep their places on any shape.

    Args:
        character: Whom to paint.
        tone: How.
        size: Texels along a side of the skin's pictures; the eye's has half as many.
    """
    skin, normals, eye = _surface(tone, size)
    materials = []
    for material in character.materials:
        if material.name == "skin":
            material = replace(material, texture=skin, normal_texture=normals)
        elif material.name == "eye":
            material = replace(material, texture=eye)
        materials.append(material)
    return replace(character, materials=tuple(materials))


@lru_cache(maxsize=4)
def _surface(tone: SkinTone, size: int) -> tuple[npt.NDArray[np.uint8], ...]:
    from animdrive.rig.build import grown

    _, skin = grown()
    return (
        paint_skin(skin, tone=tone, size=size),
        paint_skin_normals(skin, tone=tone, size=size),
        paint_eye(iris_uv=IRIS_UV_RADIUS, tone=tone, size=size // 2),
    )


@cache
def _loadings() -> npt.NDArray[np.float64]:
    rows = [[factor.get(c.name, 0.0) for factor in FACTORS] for c in NAMED_CONTROLS]
    return np.array(rows)


def _group_mean(sex: Sex, ancestry: Ancestry) -> npt.NDArray[np.float64]:
    """Return [N], where the middle of a group lies, in standard deviations."""
    sign = 1.0 if sex == "male" else -1.0
    mean = np.zeros(len(NAMED_CONTROLS))
    for row, control in enumerate(NAMED_CONTROLS):
        if control.mean is not None:
            women, men = control.mean
            mean[row] = sign * (men - women) / 2 / control.sd
        mean[row] += sign * MALE_MEANS.get(control.name, 0.0)
        mean[row] += ANCESTRY_MEANS[ancestry].get(control.name, 0.0)
    return mean


def _sampled_tone(rng: np.random.Generator, ancestry: Ancestry, age: float) -> SkinTone:
    def one_of(choices: tuple[tuple[Colour, float], ...]) -> npt.NDArray[np.float64]:
        chances = np.array([chance for _, chance in choices])
        number = int(rng.choice(len(choices), p=chances / chances.sum()))
        return np.array(choices[number][0])

    middle, spread = PIGMENT[ancestry]
    melanin = float(np.clip(rng.normal(middle, spread), 0.08, 1.0))
    haemoglobin = float(np.clip(rng.normal(0.40, 0.07), 0.2, 0.65))
    hair = one_of(HAIR[ancestry]) * rng.uniform(0.85, 1.15)
    grey = float(np.clip((age - rng.normal(50, 7)) / 22, 0, 1))
    hair = np.clip(hair + grey * (np.array(GREY) - hair), 0, 255)
    iris = np.clip(one_of(IRIS[ancestry]) * rng.uniform(0.85, 1.15), 0, 255)
    return SkinTone(
        melanin=round(melanin, 4),
        haemoglobin=round(haemoglobin, 4),
        hair_rgb=_rounded(hair),
        iris_rgb=_rounded(iris),
        age=round(age / 90, 4),
    )


def _rounded(colour: npt.NDArray[np.float64]) -> Colour:
    red, green, blue = (round(float(part), 1) for part in colour)
    return red, green, blue
