"""The named controls of a head's shape: measures, means and spreads, each with its source.

Means and standard deviations are rounded to half a millimetre or degree. Where a study's landmark
is not one of ours, the spread is taken and the mean is told for orientation only: a coefficient
counts from the head that ships, not from a study's mean.
"""

from __future__ import annotations

from animdrive.contract.head_shape import HEAD_SHAPE_SIZE, HeadControl

SOURCES = {
    "Farkas": "Farkas (1994), Anthropometry of the Head and Face, 2nd ed.: North American young "
    "adults",
    "Zhuang": "Zhuang and Bradtmiller (2005), Head-and-face anthropometric survey of U.S. "
    "respirator users, J. Occup. Environ. Hyg. 2:567-576",
    "Young": "Young (1993), Head and face anthropometry of adult U.S. civilians, DOT/FAA/AM-93/10",
    "ANSUR II": "Gordon et al. (2014), 2012 Anthropometric Survey of U.S. Army Personnel, "
    "NATICK/TR-15/007",
    "Legan": "Legan and Burstone (1980), Soft tissue cephalometric analysis for orthognathic "
    "surgery, J. Oral Surg. 38:744-751",
    "Migliori": "Migliori and Gladstone (1984), Determination of the normal range of "
    "exophthalmometric values, Am. J. Ophthalmol. 98:438-442",
    "Bekerman": "Bekerman et al. (2014), Variations in eyeball diameters of the healthy adults, "
    "J. Ophthalmol. 2014:503645",
    "De Greef": "De Greef et al. (2006), Large-scale in-vivo Caucasian facial soft tissue "
    "thickness database, Forensic Sci. Int. 159:S126-S146",
    "Coleman": "after Coleman and Grover (2006), The anatomy of the aging face, Aesthet. Surg. J. "
    "26:S4-S9; size by judgement",
    "Garvin": "after Garvin and Ruff (2012), Sexual dimorphism in skeletal browridge and chin "
    "morphologies, Am. J. Phys. Anthropol. 147:661-670; size by judgement",
    "judgement": "judgement",
}
"""Short name → publication."""

Row = tuple[str, str, str, tuple[float, float] | None, float, str]

_ROWS: tuple[Row, ...] = (
    # name, measure, unit, (mean of women, of men), sd, source
    # -- vault and forehead
    ("head_length", "glabella to the back of the head", "mm", (187.5, 197.5), 7.0, "Zhuang"),
    ("head_breadth", "greatest breadth above the ears", "mm", (147, 153), 6.0, "Zhuang"),
    ("vault_height", "hairline to the top of the head, upright", "mm", None, 5.0, "judgement"),
    ("forehead_height", "brow line to hairline, upright", "mm", (53, 57), 6.0, "Farkas"),
    ("forehead_slope", "lean of the upper forehead backwards", "deg", (6, 10), 4.5, "Farkas"),
    ("forehead_width", "between the temples' crests", "mm", (103, 105.5), 5.5, "Zhuang"),
    # -- brows
    ("brow_ridge", "brow in front of the forehead's middle", "mm", None, 1.6, "Garvin"),
    ("brow_height", "pupil to brow, upright", "mm", None, 2.2, "judgement"),
    ("brow_tilt", "rise of the brow outwards", "deg", None, 3.0, "judgement"),
    # -- face and jaw
    ("face_width", "between the zygomatic arches", "mm", (130, 137), 5.0, "Farkas"),
    ("jaw_width", "between the angles of the jaw", "mm", (91, 97), 6.0, "Farkas"),
    ("jaw_angle", "angle of the jaw, seen from the side", "deg", None, 5.0, "judgement"),
    ("ramus_height", "ear to the angle of the jaw, upright", "mm", None, 4.0, "judgement"),
    ("chin_height", "lower lip to the chin's underside", "mm", (34, 41.5), 3.4, "Farkas"),
    ("chin_protrusion", "chin before the fold under the lip", "mm", (4, 4), 2.2, "Legan"),
    ("chin_width", "breadth of the chin's pad", "mm", None, 4.0, "Garvin"),
    ("chin_cleft", "depth of the cleft", "mm", None, 0.6, "judgement"),
    # -- cheeks
    ("cheekbone_width", "between the cheekbones in front", "mm", None, 4.0, "judgement"),
    ("cheekbone_prominence", "cheekbone before the ear", "mm", None, 2.5, "judgement"),
    ("cheek_fullness", "cheek out of the line cheekbone-jaw", "mm", None, 2.0, "De Greef"),
    ("temple_fullness", "temple out of the line brow-arch", "mm", None, 1.6, "judgement"),
    # -- eyes
    ("eye_spacing", "between the inner corners", "mm", (32, 33.5), 2.5, "Farkas"),
    ("eye_width", "inner to outer corner", "mm", (30.5, 31.5), 1.3, "Farkas"),
    ("eye_height", "opening between the lids", "mm", (11, 10.5), 1.1, "Farkas"),
    ("eye_tilt", "rise from inner to outer corner", "deg", (4, 2), 2.2, "Farkas"),
    ("eye_depth", "eyeball before the outer rim of the orbit", "mm", (15.5, 16.5), 2.0, "Migliori"),
    ("eyeball_size", "diameter of the eyeball", "mm", (24, 24.5), 0.8, "Bekerman"),
    ("lid_crease_height", "upper lid's fold above its margin", "mm", (9, 8), 1.5, "judgement"),
    ("epicanthic_fold", "skin lowered over the inner corner", "mm", None, 1.0, "judgement"),
    # -- nose
    ("nose_height", "root to base, upright", "mm", (50.5, 55), 3.2, "Farkas"),
    ("nose_width", "between the wings", "mm", (31.5, 35), 2.4, "Farkas"),
    ("nose_protrusion", "tip before the base", "mm", (19.5, 20.5), 2.0, "Farkas"),
    ("nose_tip_rotation", "tip above the base, as an angle", "deg", None, 5.0, "Farkas"),
    ("nose_tip_width", "breadth of the lobule", "mm", None, 1.5, "judgement"),
    ("nose_bridge_height", "bridge before the inner corners", "mm", (15, 17), 2.0, "Farkas"),
    ("nose_bridge_width", "breadth of the bridge", "mm", (16.5, 16.5), 2.0, "Zhuang"),
    ("nose_hump", "ridge out of the line root-tip", "mm", None, 0.8, "judgement"),
    ("nasion_depth", "root behind the inner corners", "mm", None, 1.2, "judgement"),
    ("alar_base_height", "wing's foot above the base", "mm", None, 1.0, "judgement"),
    # -- mouth
    ("mouth_width", "between the corners", "mm", (50, 54.5), 3.3, "Farkas"),
    ("upper_lip_height", "red of the upper lip", "mm", (8.5, 8), 1.3, "Farkas"),
    ("lower_lip_height", "red of the lower lip", "mm", (9.5, 9.5), 1.5, "Farkas"),
    ("philtrum_length", "nose to the red of the lip", "mm", (13.5, 16), 2.2, "Farkas"),
    ("upper_lip_protrusion", "upper lip before the nose's base", "mm", (3, 3), 1.6, "Legan"),
    ("lower_lip_protrusion", "lower lip before the fold under it", "mm", (4, 4), 1.4, "Legan"),
    ("mandible_protrusion", "fold under the lip before the nose's base", "mm", None, 2.5, "Legan"),
    ("mouth_corner_height", "corners above the lips' middle", "mm", None, 1.1, "judgement"),
    ("cupids_bow", "peaks of the lip above its middle", "mm", None, 0.6, "judgement"),
    # -- ears and neck
    ("ear_length", "top to lobe", "mm", (58.5, 62.5), 4.0, "ANSUR II"),
    ("ear_protrusion", "rim off the head", "mm", (21, 23), 2.6, "ANSUR II"),
    ("neck_width", "breadth of the neck, from its girth", "mm", (106, 126), 7.0, "ANSUR II"),
    ("larynx", "laryngeal prominence", "mm", None, 1.2, "judgement"),
    # -- what weight and years do; these change other measures too, and are meant to
    ("fat_mass", "thickness of the cheek's and chin's padding", "mm", None, 1.8, "De Greef"),
    ("jowl_sag", "jaw line lowered beside the chin", "mm", None, 1.2, "Coleman"),
    ("cheek_sag", "cheek lowered", "mm", None, 1.5, "Coleman"),
    ("lid_sag", "skin lowered over the upper lid", "mm", None, 1.0, "Coleman"),
    ("eye_bag", "swelling under the eye", "mm", None, 0.8, "Coleman"),
    ("nasolabial_depth", "fold from nose to mouth", "mm", None, 0.8, "Coleman"),
)

NAMED_CONTROLS = tuple(HeadControl(*row) for row in _ROWS)
"""The controls that have a name, in the order of the coefficients."""
COMPOSITE = ("fat_mass", "jowl_sag", "cheek_sag", "lid_sag", "eye_bag", "nasolabial_depth")
"""Controls that change other measures too: weight and years do."""
UNEVEN_MODES = 8
"""The last modes, which make left and right differ."""
EVEN_MODES = HEAD_SHAPE_SIZE - len(NAMED_CONTROLS) - UNEVEN_MODES
"""Modes that are the same on both sides."""
CONTROL_NAMES = (
    *(control.name for control in NAMED_CONTROLS),
    *(f"mode_{number:02d}" for number in range(1, EVEN_MODES + 1)),
    *(f"uneven_{number}" for number in range(1, UNEVEN_MODES + 1)),
)
"""Names of all 99 coefficients, in order."""
