"""Which muscles stand behind each of the 52 curves, by way of FACS action units.

The activations are priors: what a muscle gives when the curve alone stands at 1. A solver may
change them to reach a curve's pose; it should not need to add a muscle that is not named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from animdrive.contract import ARKIT52

FACS = "Ekman, Friesen and Hager (2002), Facial Action Coding System: the manual"
GRAY = "Standring (2016), Gray's Anatomy, 41st ed., ch. 30 (face), 32 (jaw), 41 (orbit)"
PARKE = "Parke and Waters (2008), Computer Facial Animation, 2nd ed., ch. 3"
WATERS = "Waters (1987), A muscle model for animating three-dimensional facial expression"
APPLE = "Apple, ARFaceAnchor.BlendShapeLocation (reference)"

SOURCES: dict[str, str] = {"F": FACS, "G": GRAY, "P": PARKE, "W": WATERS, "A": APPLE}
"""Letters used in `CurveAnatomy.source`."""

Side = Literal["left", "right", "both"]

OTHER_MUSCLES: dict[str, str] = {
    "masseter": "lifts the mandible, its superficial part draws it forward",
    "temporalis": "lifts the mandible and draws it back",
    "pterygoid_medial": "lifts the mandible; of one side alone, swings it to the other side",
    "pterygoid_lateral": "draws the condyle forward: opens, protrudes, swings to the other side",
    "digastric": "with geniohyoid and mylohyoid lowers the chin",
    "genioglossus": "draws the tongue forward",
    "rectus_superior": "turns the eye up",
    "rectus_inferior": "turns the eye down",
    "rectus_medial": "turns the eye towards the nose",
    "rectus_lateral": "turns the eye away from the nose",
    "obliquus_superior": "turns the eye down where it looks inward",
    "obliquus_inferior": "turns the eye up where it looks inward",
}
"""Muscles that move bone, eyeball or tongue rather than skin; they have no fibres here, the jaw is
moved by `animdrive.tissue.bones.Mandible` and the eyes by `animdrive.rig.pose`."""


@dataclass(frozen=True)
class CurveAnatomy:
    """What one ARKit curve is made of."""

    curve: str
    action_units: tuple[str, ...]
    """FACS numbers, "AU12"; "AD" for action descriptors; "L" and "R" before one side's."""
    side: Side
    """Whose muscles act: the subject's left or right ones, or both."""
    muscles: Mapping[str, float]
    """Name without side to prior activation, above 0 to 1."""
    note: str
    source: str
    """Letters of `SOURCES`."""

    def sided(self) -> dict[str, float]:
        """Return activations with the sides in the names, as `Muscle.name` has them."""
        sides = ("left", "right") if self.side == "both" else (self.side,)
        return {f"{name}_{side}": value for name, value in self.muscles.items() for side in sides}


def _pair(
    curve: str, units: tuple[str, ...], muscles: dict[str, float], note: str, source: str
) -> tuple[CurveAnatomy, CurveAnatomy]:
    return (
        CurveAnatomy(f"{curve}Left", units, "left", muscles, note, source),
        CurveAnatomy(f"{curve}Right", units, "right", muscles, note, source),
    )


def _crossed(
    curve: str, units: tuple[str, str], muscles: dict[str, float], note: str, source: str
) -> tuple[CurveAnatomy, CurveAnatomy]:
    """Return a movement to one side that the other side's muscles make."""
    return (
        CurveAnatomy(f"{curve}Left", (units[0],), "right", muscles, note, source),
        CurveAnatomy(f"{curve}Right", (units[1],), "left", muscles, note, source),
    )


# fmt: off
_EYES = (
    *_pair("eyeBlink", ("AU45",), {
        "orbicularis_oculi_palpebral_upper": 1.0, "orbicularis_oculi_palpebral_lower": 0.35},
        "levator palpebrae lets go; the upper lid does most of the way", "FG"),
    *_pair("eyeLookDown", ("AU64",), {"rectus_inferior": 1.0, "obliquus_superior": 0.5},
        "levator palpebrae lets go in step with the eye, so the upper lid follows it", "FG"),
    *_pair("eyeLookIn", ("AU61/62",), {"rectus_medial": 1.0},
        "the cornea's bulge carries the lids sideways", "FG"),
    *_pair("eyeLookOut", ("AU61/62",), {"rectus_lateral": 1.0},
        "the cornea's bulge carries the lids sideways", "FG"),
    *_pair("eyeLookUp", ("AU63",), {
        "rectus_superior": 1.0, "obliquus_inferior": 0.5, "levator_palpebrae": 0.5},
        "levator palpebrae shares its sheath with rectus superior: the lid goes up too", "FG"),
    *_pair("eyeSquint", ("AU7",), {
        "orbicularis_oculi_palpebral_lower": 1.0, "orbicularis_oculi_palpebral_upper": 0.35,
        "orbicularis_oculi_orbital_lower": 0.20},
        "lid tightener: the lower lid rises and straightens", "FGW"),
    *_pair("eyeWide", ("AU5",), {"levator_palpebrae": 1.0},
        "upper lid raiser; the superior tarsal muscle helps", "FG"),
)

_JAW = (
    CurveAnatomy("jawForward", ("AU29",), "both", {
        "pterygoid_lateral": 1.0, "pterygoid_medial": 0.4, "masseter": 0.4},
        "both condyles slide forward on their tubercles", "FG"),
    *_crossed("jaw", ("AU30 (left)", "AU30 (right)"), {
        "pterygoid_lateral": 1.0, "pterygoid_medial": 0.6},
        "the other side's condyle slides forward and swings the chin over", "FG"),
    CurveAnatomy("jawOpen", ("AU26", "AU27"), "both", {
        "pterygoid_lateral": 1.0, "digastric": 1.0, "platysma": 0.10},
        "masseter, temporalis and medial pterygoid let go; hinge and glide", "FGA"),
)

_LIPS = (
    CurveAnatomy("mouthClose", ("AU8",), "both", {
        "orbicularis_oris_upper_marginal": 0.7, "orbicularis_oris_lower_marginal": 0.8,
        "orbicularis_oris_upper_peripheral": 0.4, "orbicularis_oris_lower_peripheral": 0.4,
        "mentalis": 0.5, "depressor_septi": 0.3},
        "lips towards each other while the jaw hangs; read together with jawOpen", "FA"),
    CurveAnatomy("mouthFunnel", ("AU22", "AU25"), "both", {
        "orbicularis_oris_upper_peripheral": 0.4, "orbicularis_oris_lower_peripheral": 0.4,
        "incisivus_superior": 0.9, "incisivus_inferior": 0.9,
        "levator_labii_superioris": 0.45, "levator_labii_superioris_alaeque_nasi": 0.3,
        "depressor_labii_inferioris": 0.45},
        "the peripheral ring pushes out, levators and depressors turn the lips outwards", "FGA"),
    CurveAnatomy("mouthPucker", ("AU18",), "both", {
        "orbicularis_oris_upper_peripheral": 0.6, "orbicularis_oris_lower_peripheral": 0.6,
        "orbicularis_oris_upper_marginal": 0.2, "orbicularis_oris_lower_marginal": 0.2,
        "incisivus_superior": 1.0, "incisivus_inferior": 1.0, "mentalis": 0.15},
        "the incisive muscles draw the corners to the middle, the ring closes", "FGW"),
    CurveAnatomy("mouthLeft", ("L14", "L20"), "left", {
        "buccinator_upper": 0.7, "buccinator_lower": 0.7, "risorius": 0.6,
        "zygomaticus_major": 0.3, "depressor_anguli_oris": 0.2},
        "one side draws, the other's cheek gives", "FA"),
    CurveAnatomy("mouthRight", ("R14", "R20"), "right", {
        "buccinator_upper": 0.7, "buccinator_lower": 0.7, "risorius": 0.6,
        "zygomaticus_major": 0.3, "depressor_anguli_oris": 0.2},
        "one side draws, the other's cheek gives", "FA"),
    *_pair("mouthSmile", ("AU12",), {
        "zygomaticus_major": 1.0, "zygomaticus_minor": 0.35, "levator_anguli_oris": 0.30,
        "risorius": 0.25, "orbicularis_oculi_orbital_lower": 0.10},
        "lip corner puller; AU13 (levator anguli oris) sharpens the corner", "FGW"),
    *_pair("mouthFrown", ("AU15",), {
        "depressor_anguli_oris": 1.0, "platysma": 0.25, "mentalis": 0.15},
        "lip corner depressor", "FGW"),
    *_pair("mouthDimple", ("AU14",), {
        "buccinator_upper": 0.9, "buccinator_lower": 0.9, "risorius": 0.3},
        "the corner is drawn back and pressed to the teeth", "FG"),
    *_pair("mouthStretch", ("AU20",), {
        "risorius": 1.0, "platysma": 0.7, "depressor_anguli_oris": 0.2},
        "lip stretcher, back and a little down", "FGW"),
    CurveAnatomy("mouthRollLower", ("AU28",), "both", {
        "compressor_labii_lower": 1.0, "orbicularis_oris_lower_marginal": 0.2,
        "mentalis": 0.15},
        "the red of the lip turns in over the teeth; the jaw drops a little for room", "FA"),
    CurveAnatomy("mouthRollUpper", ("AU28",), "both", {
        "compressor_labii_upper": 1.0, "orbicularis_oris_upper_marginal": 0.2,
        "depressor_septi": 0.15},
        "the red of the lip turns in over the teeth", "FA"),
    CurveAnatomy("mouthShrugLower", ("AU17",), "both", {
        "mentalis": 1.0, "orbicularis_oris_lower_peripheral": 0.2},
        "chin raiser: pushes the lower lip up and out, dimples the chin", "FGW"),
    CurveAnatomy("mouthShrugUpper", ("AU10", "AU17"), "both", {
        "orbicularis_oris_upper_peripheral": 0.5, "levator_labii_superioris": 0.4,
        "levator_labii_superioris_alaeque_nasi": 0.2, "mentalis": 0.3},
        "the upper lip shoved up and out; lists that pair each curve with one unit call it AU10",
        "FA"),
    *_pair("mouthPress", ("AU23", "AU24"), {
        "compressor_labii_upper": 0.9, "compressor_labii_lower": 0.9,
        "orbicularis_oris_upper_marginal": 0.5, "orbicularis_oris_lower_marginal": 0.5,
        "mentalis": 0.3},
        "lip presser, narrowing the red", "FG"),
    *_pair("mouthLowerDown", ("AU16",), {"depressor_labii_inferioris": 1.0, "platysma": 0.2},
        "lower lip depressor", "FGW"),
    *_pair("mouthUpperUp", ("AU10", "AU11"), {
        "levator_labii_superioris": 1.0, "zygomaticus_minor": 0.4,
        "levator_labii_superioris_alaeque_nasi": 0.7, "nasalis_alar": 0.1},
        "upper lip raiser, deepens the middle of the nasolabial furrow", "FGW"),
)

_BROW_CHEEK_NOSE = (
    *_pair("browDown", ("AU4",), {
        "corrugator_supercilii": 1.0, "depressor_supercilii": 0.8, "procerus": 0.5,
        "orbicularis_oculi_orbital_upper": 0.25},
        "brow lowerer: down and together, upright folds in the glabella", "FGW"),
    CurveAnatomy("browInnerUp", ("AU1",), "both", {
        "frontalis_medial": 1.0, "corrugator_supercilii": 0.1},
        "inner brow raiser: lines in the middle of the forehead", "FGW"),
    *_pair("browOuterUp", ("AU2",), {"frontalis_lateral": 1.0, "frontalis_medial": 0.2},
        "outer brow raiser: arched lines over the brow", "FGW"),
    CurveAnatomy("cheekPuff", ("AU33", "AU34"), "both", {
        "orbicularis_oris_upper_marginal": 0.6, "orbicularis_oris_lower_marginal": 0.6,
        "orbicularis_oris_upper_peripheral": 0.3, "orbicularis_oris_lower_peripheral": 0.3},
        "air behind closed lips; buccinator gives way and only holds the pressure", "FA"),
    *_pair("cheekSquint", ("AU6",), {
        "orbicularis_oculi_orbital_lower": 1.0, "orbicularis_oculi_orbital_upper": 0.35,
        "zygomaticus_minor": 0.1},
        "cheek raiser: lifts the cheek, crow's feet", "FGW"),
    *_pair("noseSneer", ("AU9",), {
        "levator_labii_superioris_alaeque_nasi": 1.0, "levator_labii_superioris": 0.3,
        "procerus": 0.4, "nasalis_transverse": 0.4, "nasalis_alar": 0.2,
        "depressor_supercilii": 0.2},
        "nose wrinkler", "FGW"),
    CurveAnatomy("tongueOut", ("AD19",), "both", {"genioglossus": 1.0},
        "the tongue is a body of its own; lips and jaw do not take part", "FGA"),
)
# fmt: on

_ROWS = {row.curve: row for row in (*_EYES, *_JAW, *_LIPS, *_BROW_CHEEK_NOSE)}


FACS_TABLE: tuple[CurveAnatomy, ...] = tuple(_ROWS[name] for name in ARKIT52)
"""One row for each of `ARKIT52`, in its order."""
