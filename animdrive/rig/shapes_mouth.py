"""Jaw, lips and cheeks: the ARKit curves from jawForward to cheekPuff, as offsets of the skin.

Directions and sizes follow the muscles (Ekman, Friesen and Hager 2002, FACS manual) and the
pictures in Apple's ARFaceAnchor.BlendShapeLocation reference. Millimetres at full strength.
"""

from __future__ import annotations

import numpy as np

from animdrive.rig.arch import dental_arches
from animdrive.rig.cage import MM
from animdrive.rig.dental_guard import DentalGuard
from animdrive.rig.folds import nasolabial_fold
from animdrive.rig.jaw import jaw_matrix, jaw_moved
from animdrive.rig.shaping import Index, Shaper, bump
from animdrive.rig.surface import Points, smoothstep


class MouthShapes:
    """Makes every shape of the lower face; left ones only, the right are mirrored."""

    def __init__(self, shaper: Shaper) -> None:
        self.shaper, self.skin, self.lips = shaper, shaper.skin, shaper.lips
        v = self.skin.vertices / MM
        x, y, z = v.T
        inside = self.skin.masks["mouth"] > 0.05
        lids = self.skin.masks["lid_left"] + self.skin.masks["lid_right"] > 0.02
        behind = self.skin.behind
        outer = ~inside
        self._upper_face = shaper.where((y > 30) | lids | ((np.abs(x) < 9) & (y > 14) & outer))
        self._back = shaper.where((behind > 0.30) & outer)
        self._chin = shaper.where(outer & (np.abs(x) < 13) & (y < -58) & (y > -76) & (z > -30))
        self._nose = shaper.where(outer & (np.abs(x) < 15) & (y > -4.5) & (y < 14) & (z > -8))
        # The deep mouth stays with the skull above and the jaw below; only the jaw moves it.
        self._deep = shaper.where(np.isin(np.arange(len(v)), self._deep_ring()))
        self._guard = DentalGuard(dental_arches(self.skin.stomion))
        lattice = self.skin.lattice
        self._lining = lattice.vertices[(lattice.row > -0.3) & (lattice.row < 3)]

    def _deep_ring(self) -> list[int]:
        return [v for name in ("mouth_3", "mouth_4") for v in self.skin.rings[name]]

    def lip_shape(
        self,
        offsets: Points,
        *,
        others: list[tuple[Index, Points]] | None = None,
        chin: Points | None = None,
        nose: Points | None = None,
        seal: float | None = None,
    ) -> Points:
        """Return offsets [V, 3] of the skin for `offsets` [N, 3] of the lips, metres.

        With `seal` the lips go on touching; it is the upper lip's lead, see `LipPoints.sealed`.
        """
        still = np.zeros(3)
        if seal is not None:
            offsets = self.lips.sealed(offsets, lead=seal)
        return self.shaper.bend(
            [
                (self.lips.vertices, offsets),
                *(others or []),
                (self._chin, still if chin is None else chin * MM),
                (self._nose, still if nose is None else nose * MM),
            ],
            [self._upper_face, self._back, self._deep],
        )

    def guarded(
        self, offsets: Points, *, after: Points | None = None, jaw: Points | None = None
    ) -> Points:
        """Return `offsets` [V, 3] under which the lining stays out of teeth and gums.

        Args:
            offsets: What a curve does.
            after: What another curve does that this one is meant to be added to.
            jaw: [4, 4] where the lower teeth are then; by default at rest.
        """
        rest = self.skin.vertices[self._lining]
        if after is not None:
            rest = rest + after[self._lining]
        place = rest + offsets[self._lining]
        result = offsets.copy()
        result[self._lining] += self._guard.clear(place, jaw=jaw) - place
        return result

    def _jaw_shift(self, share: Points, direction: Points) -> Points:
        """Return [V, 3] of a jaw that slides by `direction`, mm: lips that touch slide together."""
        offset = share[:, None] * direction * MM
        own = offset[self.lips.vertices]
        offset = offset + self.lip_shape(self.lips.sealed(own) - own)
        teeth = np.eye(4)
        teeth[:3, 3] = direction * MM
        return self.guarded(offset, jaw=teeth)

    # -- jaw ---------------------------------------------------------------------------------

    def jaw_share(self) -> Points:
        """Return [V] how far each vertex follows the mandible, 0..1."""
        lips, skin = self.lips, self.skin
        s = np.abs(lips.s)
        share = np.where(lips.upper > 0, 0.03 + 0.42 * s**4, 1.0 - 0.55 * s**3)
        y, z = skin.vertices[:, 1] / MM, skin.vertices[:, 2] / MM
        x = np.abs(skin.vertices[:, 0]) / MM
        inside = skin.masks["mouth"] > 0.05
        bone = self.shaper.where(
            ~inside & (y < -50) & (y > -80) & (x < 40 - 0.4 * (z + 10).clip(max=0) * -1) & (z > -45)
        )
        deep = np.array(self._deep_ring())
        middle = np.median(y[deep])
        moved = [
            (lips.vertices, np.column_stack([share, share * 0, share * 0])),
            (bone, np.array([1.0, 0, 0])),
            (deep[y[deep] < middle - 2], np.array([1.0, 0, 0])),
        ]
        still = [
            deep[y[deep] > middle + 2],
            self._upper_face,
            self._nose,
            self.shaper.where(~inside & (y > -2)),
            self.shaper.where(~inside & (skin.behind > 0.38)),
        ]
        solved = self.shaper.bend(moved, still)[:, 0]
        return np.clip(solved, 0, 1)

    def jaw_open(self, share: Points) -> Points:
        """Return jawOpen: the mandible turns about its hinge."""
        v = self.skin.vertices
        return jaw_moved(v, share) - v

    def mouth_close(self, jaw_open: Points) -> Points:
        """Return mouthClose: lips that meet while the jaw hangs at the same strength.

        Each pair of points across the slit shares out what jawOpen put between them, so that
        ``jawOpen = mouthClose`` leaves the gap of the face at rest, whatever the strength.
        """
        lips = self.lips
        opened = jaw_open[lips.vertices]
        between = opened - opened[lips.mate]  # how far the jaw carried it away from its mate
        share = np.where(lips.upper > 0, 0.30, 0.70)[:, None]
        return self.lip_shape(np.asarray(-share * between))

    # -- lips --------------------------------------------------------------------------------

    def left(self) -> dict[str, Points]:
        """Return the left one of each pair of lip and cheek shapes, without its "Left"."""
        lips, near = self.lips, self.shaper.around
        s, up, depth = lips.s, lips.upper, lips.depth
        low = 1 - up
        corner = smoothstep(0.0, 1.0, s) ** 1.3
        half = bump(-0.25, 0.48, 1.0, s)
        half_low = bump(-0.25, 0.42, 0.98, s)
        side = smoothstep(-0.35, 0.15, s)
        rim = np.clip(depth / 3, 0, 1)  # 0 at the vermilion's edge, 1 where lips meet
        shapes = {}
        shapes["mouthSmile"] = self.lip_shape(
            lips.vector(8.5 * corner, 8.5 * corner + 0.6 * half * low, -7.0 * corner - 0.8 * half),
            others=[
                (near(425, 2.5), np.array([3.0, 6.0, 4.0]) * MM),
                (near(280, 2.5), np.array([1.0, 4.0, 3.2]) * MM),
            ],
            seal=0.5,
        )
        shapes["mouthFrown"] = self.lip_shape(
            lips.vector(1.5 * corner, -9.0 * corner - 0.8 * half, -2.0 * corner),
            seal=0.5,
        )
        shapes["mouthDimple"] = self.lip_shape(
            lips.vector(5.0 * corner, 1.5 * corner, -6.5 * corner),
            seal=0.5,
        )
        shapes["mouthStretch"] = self.lip_shape(
            lips.vector(9.0 * corner, -3.5 * corner - 0.8 * half * low, -7.0 * corner),
            seal=0.5,
        )
        shapes["mouthPress"] = self.lip_shape(
            lips.vector(
                0.0,
                side * (1 - s.clip(0) ** 4) * (-1.6 * up + 2.2 * low) * (1 - rim),
                -side * (1.0 + 1.2 * (1 - np.abs(rim - 0.5) * 2)),
            ),
            seal=0.5,
        )
        shapes["mouthLowerDown"] = self.lip_shape(
            lips.vector(
                0.8 * half_low * low,
                -7.5 * half_low * low,
                -0.6 * half_low * low,
            )
        )
        shapes["mouthUpperUp"] = self.lip_shape(
            lips.vector(0.8 * half * up, 7.0 * half * up, -0.6 * half * up),
            others=[(near(327, 4), np.array([0.4, 1.6, -0.2]) * MM)],
            nose=None,
        )
        shapes["noseSneer"] = self.lip_shape(
            lips.vector(0.0, 2.8 * half * up, 0.3 * half * up),
            others=[
                (near(327, 4.5), np.array([0.8, 4.6, -0.8]) * MM),
                (near(358, 4.0), np.array([0.5, 4.4, -0.4]) * MM),
                (near(429, 4.0), np.array([0.3, 3.8, 0.6]) * MM),
                (near(355, 4.0), np.array([0.3, 2.6, 1.0]) * MM),
            ],
        )
        shapes["mouthSmile"] += nasolabial_fold(self.skin)
        shapes = {name: self.guarded(offset) for name, offset in shapes.items()}
        shapes["cheekSquint"] = self._cheek_squint()
        # Lips are one tissue: across the midline a side's pull fades out within a few millimetres.
        own_side = smoothstep(-8 * MM, 2 * MM, self.skin.vertices[:, 0])[:, None]
        return {name: own_side * offset for name, offset in shapes.items()}

    def _cheek_squint(self) -> Points:
        shaper = self.shaper
        lids = shaper.where(self.skin.masks["lid_left"] + self.skin.masks["lid_right"] > 0.02)
        return shaper.bend(
            [
                (shaper.around(280, 8), np.array([-0.5, 5.5, 2.4]) * MM),
                (shaper.around(347, 5), np.array([-0.3, 4.2, 1.6]) * MM),
                (shaper.around(449, 3), np.array([0.0, 2.2, 0.8]) * MM),
            ],
            [
                lids,
                shaper.where(self.skin.vertices[:, 1] > 41 * MM),
                self.lips.vertices,
                self._back,
                self._deep,
                self._nose,
                shaper.where(self.skin.vertices[:, 0] < 10 * MM),
            ],
        )

    def both(self, share: Points) -> dict[str, Points]:
        """Return the shapes that have no side, and jawLeft and mouthLeft as "jaw" and "mouth"."""
        lips = self.lips
        s, up, depth = lips.s, lips.upper, lips.depth
        low = 1 - up
        sign = 2 * up - 1
        middle = np.sqrt(np.clip(1 - s**2, 0, 1))
        rim = np.clip(depth / 3, 0, 1)
        at_rest = self.skin.vertices[lips.vertices] / MM
        inner = depth >= 4
        jaw = self.jaw_open(share)
        shapes = {"jawOpen": jaw, "mouthClose": self.mouth_close(jaw)}
        shapes["jawForward"] = self._jaw_shift(share, np.array([0.0, -0.6, 7.5]))
        shapes["jaw"] = self._jaw_shift(share, np.array([8.5, 0.0, -0.8]))
        shapes["mouthPucker"] = self.lip_shape(
            lips.vector(
                -0.46 * at_rest[:, 0],
                sign * middle * (1.6 * (1 - rim) + 0.15) * ~inner,
                4.5 + 4.5 * np.abs(s) ** 2 + 2.2 * middle * np.sin(np.pi * rim),
            ),
            seal=0.5,
        )
        shapes["mouthFunnel"] = self.lip_shape(
            lips.vector(
                -0.30 * at_rest[:, 0],
                middle * (5.0 * up - 6.0 * low) * (0.75 + 0.25 * rim),
                4.0 + 4.0 * s**2 + 1.8 * middle * np.sin(np.pi * rim),
            ),
        )
        shapes["mouth"] = self.lip_shape(
            lips.vector(9.0, 0.6 * s, -3.0 * s - 0.4),
            chin=np.array([2.0, 0.0, 0.0]),
            nose=np.array([0.8, 0.0, 0.0]),
            seal=0.5,
        )
        rolled = middle**0.6
        # Each ring of the rolled lip takes the place of the one inside it; the rim turns under.
        back = np.interp(depth, [0, 1, 2, 3, 4, 5], [-2.2, -4.8, -5.4, -3.8, -1.4, 0.0])
        over = np.interp(depth, [0, 1, 2, 3, 4, 5], [4.6, 3.6, 1.7, 0.0, 0.0, 0.0]) * rolled
        # Near the corners the lips are thin: no point may cross the line where they meet.
        touch = self.lips.at_seal(at_rest)
        over = np.minimum(over, 0.85 * np.abs(at_rest[:, 1] - touch[:, 1]))
        shapes["mouthRollLower"] = self.lip_shape(
            lips.vector(0.0, over * low, back * middle**2 * low)
        )
        shapes["mouthRollUpper"] = self.lip_shape(
            lips.vector(0.0, -over * up, back * middle**1.2 * up)
        )
        shapes["mouthShrugLower"] = self.lip_shape(
            lips.vector(
                0.0,
                middle * (4.6 * low + 3.2 * up),
                middle * (2.4 * low * (1 - 0.5 * rim) + 1.0 * up),
            ),
            chin=np.array([0.0, 4.5, 0.6]),
            seal=0.3,
        )
        shapes["mouthShrugUpper"] = self.lip_shape(
            lips.vector(0.0, 3.6 * middle * up, (1.6 + 1.2 * (1 - rim)) * middle * up),
            nose=np.array([0.0, 0.5, 0.0]),
            seal=0.9,
        )
        shapes["cheekPuff"] = self._cheek_puff()
        jaws = ("jawOpen", "jawForward", "jaw")
        return {
            name: offset if name in jaws else self.guarded(offset)
            for name, offset in shapes.items()
            if name != "mouthClose"
        } | {"mouthClose": self.guarded(shapes["mouthClose"], after=jaw, jaw=jaw_matrix())}

    def _cheek_puff(self) -> Points:
        shaper, lips = self.shaper, self.lips
        moved: list[tuple[Index, Points]] = []
        for side in (1, -1):
            for centre, out in (
                ((46, -26, -30), (8.5, -0.5, 5.5)),
                ((38, -40, -28), (6.0, -2.5, 5.0)),
            ):
                spot = shaper.near((side * centre[0], centre[1], centre[2]), 9)
                moved.append((spot, np.array([side * out[0], out[1], out[2]]) * MM))
        puffed = (1 - np.abs(lips.s) ** 3) * np.interp(lips.depth, [0, 1, 3], [2.2, 1.2, 0.3])
        return self.lip_shape(lips.vector(0.0, 0.0, puffed), others=moved)
