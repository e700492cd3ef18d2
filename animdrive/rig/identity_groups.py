"""How groups of people differ on average, and which measures go together.

Differences between groups are small beside those within each: the numbers shift the middle of a
wide cloud. They are standard deviations of `animdrive.rig.identity_table` from the mean of all six
groups, rounded, after Farkas et al. (2005), "International anthropometric study of facial
morphology in various ethnic groups/races", J. Craniofac. Surg. 16:615-646 (face, nose, eyes, mouth,
ears); Zhuang, Landsittel, Benson, Roberge and Shaffer (2010), "Facial anthropometric differences
among gender, ethnicity, and age groups", Ann. Occup. Hyg. 54:391-402 (head, face, nose, lips); and
the intercanthal distances of 118 cohorts pooled in PMC9029890.
Lids, brows, bridge and profile, which those do not measure, are set by judgement.
"""

from __future__ import annotations

from typing import Literal, get_args

Sex = Literal["female", "male"]
Ancestry = Literal[
    "african", "east_asian", "european", "latin_american", "middle_eastern", "south_asian"
]
SEXES: tuple[Sex, ...] = get_args(Sex)
ANCESTRIES: tuple[Ancestry, ...] = get_args(Ancestry)

ANCESTRY_MEANS: dict[Ancestry, dict[str, float]] = {
    "african": {
        "nose_width": 1.9, "nose_protrusion": -0.6, "nose_height": -0.5,
        "nose_bridge_height": -0.8, "nose_bridge_width": 0.7, "nose_tip_width": 0.9,
        "nose_hump": -0.4, "eye_spacing": 0.8, "upper_lip_height": 1.4, "lower_lip_height": 1.2,
        "upper_lip_protrusion": 1.2, "lower_lip_protrusion": 0.8, "mandible_protrusion": 0.3,
        "mouth_width": 0.5, "head_length": 0.2, "head_breadth": -0.3, "forehead_slope": -0.3,
        "chin_protrusion": -0.4, "ear_length": -0.7, "eye_depth": 0.2,
    },
    "east_asian": {
        "nose_width": 0.2, "nose_protrusion": -0.6, "nose_bridge_height": -1.0,
        "nose_bridge_width": 0.5, "nose_tip_width": 0.3, "nose_hump": -0.4, "nasion_depth": -0.2,
        "eye_spacing": 0.7, "epicanthic_fold": 1.5, "eye_tilt": 0.9, "eye_depth": 0.5,
        "lid_crease_height": -1.2, "eye_height": -0.5, "eye_width": -0.3, "face_width": 0.8,
        "cheekbone_width": 0.8, "cheekbone_prominence": 0.7, "jaw_width": 0.4,
        "head_length": -0.7, "head_breadth": 0.6, "brow_ridge": -0.6, "brow_height": 0.4,
        "chin_protrusion": -0.2, "mouth_width": -0.4, "cheek_fullness": 0.3,
        "upper_lip_protrusion": 0.2,
    },
    "european": {
        "nose_width": -1.3, "nose_protrusion": 0.6, "nose_bridge_height": 0.7, "nose_height": 0.3,
        "nose_bridge_width": -0.6, "nose_tip_width": -0.6, "nose_hump": 0.2, "eye_spacing": -0.7,
        "epicanthic_fold": -0.6, "eye_tilt": -0.2, "eye_depth": -0.4, "lid_crease_height": 0.4,
        "upper_lip_height": -0.7, "lower_lip_height": -0.6, "upper_lip_protrusion": -0.6,
        "lower_lip_protrusion": -0.4, "face_width": -0.3, "cheekbone_width": -0.4,
        "head_length": 0.2, "brow_ridge": 0.3, "chin_protrusion": 0.5, "ear_length": 0.2,
    },
    "latin_american": {
        "nose_width": 0.2, "nose_bridge_height": -0.1, "nose_tip_width": 0.2, "nose_hump": 0.2,
        "eye_spacing": -0.1, "epicanthic_fold": 0.4, "eye_tilt": 0.4, "lid_crease_height": -0.3,
        "face_width": 0.4, "cheekbone_width": 0.5, "cheekbone_prominence": 0.4,
        "head_length": -0.4, "head_breadth": 0.3, "upper_lip_height": 0.1,
    },
    "middle_eastern": {
        "nose_width": -0.7, "nose_protrusion": 0.7, "nose_height": 0.6,
        "nose_bridge_height": 0.7, "nose_hump": 0.8, "nose_tip_rotation": -0.5,
        "nose_tip_width": -0.2, "eye_spacing": -0.6, "eye_width": 0.3, "epicanthic_fold": -0.5,
        "lid_crease_height": 0.3, "brow_height": -0.4, "brow_ridge": 0.2, "chin_protrusion": 0.2,
        "face_width": -0.2, "ear_length": 0.2,
    },
    "south_asian": {
        "nose_width": -0.3, "nose_protrusion": 0.1, "nose_bridge_height": 0.3,
        "nose_height": -0.2, "eye_spacing": -0.3, "eye_width": 0.3, "eye_height": 0.3,
        "epicanthic_fold": -0.3, "lid_crease_height": 0.2, "face_width": -0.5,
        "head_breadth": -0.5, "cheekbone_width": -0.3, "lower_lip_height": 0.3,
        "upper_lip_height": 0.1, "brow_height": -0.2,
    },
}  # fmt: skip

MALE_MEANS = {
    "brow_ridge": 0.7, "brow_height": -0.5, "brow_tilt": -0.2, "jaw_angle": -0.35,
    "ramus_height": 0.6, "chin_width": 0.5, "cheek_fullness": -0.2, "cheekbone_prominence": -0.1,
    "nasion_depth": 0.2, "nose_hump": 0.2, "nose_tip_rotation": -0.3, "larynx": 0.9,
    "lid_crease_height": -0.2, "mandible_protrusion": 0.1, "vault_height": 0.2,
    "alar_base_height": -0.1, "nose_tip_width": 0.2, "eye_depth": -0.1,
}  # fmt: skip
"""What men have more, for measures without published means of both sexes, by judgement; women have
as much less."""

FACTORS: tuple[dict[str, float], ...] = (
    {  # size of the head: measures of one body grow together
        "head_length": 0.55, "head_breadth": 0.5, "vault_height": 0.4, "forehead_width": 0.5,
        "face_width": 0.55, "cheekbone_width": 0.55, "jaw_width": 0.45, "ramus_height": 0.4,
        "chin_height": 0.3, "chin_width": 0.35, "nose_height": 0.4, "nose_width": 0.3,
        "nose_protrusion": 0.25, "mouth_width": 0.35, "eye_spacing": 0.35, "eye_width": 0.3,
        "ear_length": 0.35, "neck_width": 0.4,
    },
    {  # long and narrow against short and broad
        "head_length": 0.25, "head_breadth": -0.4, "face_width": -0.35, "cheekbone_width": -0.3,
        "jaw_width": -0.25, "nose_height": 0.35, "chin_height": 0.35, "philtrum_length": 0.2,
        "jaw_angle": 0.35, "forehead_height": 0.2, "nose_width": -0.2,
    },
    {  # fullness of the lips
        "upper_lip_height": 0.65, "lower_lip_height": 0.65, "upper_lip_protrusion": 0.45,
        "lower_lip_protrusion": 0.45, "philtrum_length": -0.3, "cupids_bow": 0.2,
    },
    {  # stoutness
        "fat_mass": 0.8, "neck_width": 0.4, "cheek_fullness": 0.45, "jaw_width": 0.2,
        "temple_fullness": 0.3, "nose_width": 0.15,
    },
    {  # a strong nose
        "nose_protrusion": 0.4, "nose_bridge_height": 0.5, "nose_hump": 0.35,
        "nasion_depth": 0.2, "nose_tip_rotation": -0.3,
    },
)  # fmt: skip
"""Loadings of the controls on common factors; what is left of each varies on its own. Signs and
sizes follow the correlations of head and face measures in Cheverud et al. (1990), "1988
Anthropometric survey of US Army personnel: correlation coefficients and regression equations"
(stature-like size 0.2 to 0.5), rounded; lips, nose and stoutness by judgement."""

AGE_SLOPES = {
    "jowl_sag": 0.75, "cheek_sag": 0.65, "lid_sag": 0.6, "eye_bag": 0.6, "nasolabial_depth": 0.8,
    "upper_lip_height": -0.25, "lower_lip_height": -0.2, "philtrum_length": 0.2,
    "ear_length": 0.35, "nose_tip_rotation": -0.3, "nose_width": 0.15, "temple_fullness": -0.3,
    "cheek_fullness": -0.15, "mouth_corner_height": -0.25, "eye_height": -0.15,
}  # fmt: skip
"""Standard deviations for every 15 years beyond 35: after Coleman and Grover (2006); ears, lips and
nose widen and lips thin with age in Li et al. (2013), Chin. Sci. Bull. 58:517-524."""

Colour = tuple[float, float, float]

PIGMENT: dict[Ancestry, tuple[float, float]] = {
    "african": (0.86, 0.06), "east_asian": (0.45, 0.06), "european": (0.40, 0.07),
    "latin_american": (0.56, 0.08), "middle_eastern": (0.52, 0.07), "south_asian": (0.67, 0.08),
}  # fmt: skip
"""Mean and spread of `SkinTone.melanin`."""

_BLACK, _DARK, _BROWN = (26.0, 21.0, 19.0), (42.0, 31.0, 25.0), (72.0, 51.0, 37.0)
HAIR: dict[Ancestry, tuple[tuple[Colour, float], ...]] = {
    "african": ((_BLACK, 0.9), (_DARK, 0.1)),
    "east_asian": ((_BLACK, 0.85), (_DARK, 0.15)),
    "european": (
        (_DARK, 0.25), (_BROWN, 0.35), ((98.0, 73.0, 50.0), 0.2), ((134.0, 105.0, 72.0), 0.14),
        ((124.0, 64.0, 36.0), 0.06),
    ),
    "latin_american": ((_BLACK, 0.6), (_DARK, 0.4)),
    "middle_eastern": ((_BLACK, 0.5), (_DARK, 0.4), (_BROWN, 0.1)),
    "south_asian": ((_BLACK, 0.85), (_DARK, 0.15)),
}  # fmt: skip
"""Colours of hair and how common they are."""
GREY: Colour = (124.0, 121.0, 118.0)

_UMBER, _CHESTNUT, _HAZEL = (56.0, 37.0, 25.0), (92.0, 62.0, 38.0), (110.0, 90.0, 54.0)
IRIS: dict[Ancestry, tuple[tuple[Colour, float], ...]] = {
    "african": ((_UMBER, 0.9), (_CHESTNUT, 0.1)),
    "east_asian": ((_UMBER, 0.8), (_CHESTNUT, 0.2)),
    "european": (
        (_CHESTNUT, 0.3), (_HAZEL, 0.2), ((98.0, 112.0, 80.0), 0.15), ((102.0, 128.0, 150.0), 0.35),
    ),
    "latin_american": ((_UMBER, 0.6), (_CHESTNUT, 0.35), (_HAZEL, 0.05)),
    "middle_eastern": ((_UMBER, 0.4), (_CHESTNUT, 0.45), (_HAZEL, 0.15)),
    "south_asian": ((_UMBER, 0.7), (_CHESTNUT, 0.3)),
}  # fmt: skip
"""Colours of the iris and how common they are."""
