"""Checks of a simulated face on its final vertices, by other code than the solver's own contacts.

Everything takes vertices [V, 3] in metres of the whole character, head unrotated, eyes posed, and
returns millimetres.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from exact import Surface, penetration

from animdrive.contract import CurveTrack
from animdrive.rig.pose import eye_rotation_from_looks, posed_vertices

MM = 1e3
"""Millimetres per metre."""


@dataclass(frozen=True, eq=False)
class Checker:
    """Measures frames of one character against its rest."""

    character: object
    topology: object

    # -- sets of vertices --------------------------------------------------------------------

    @cached_property
    def rest(self):
        """[V, 3] metres."""
        return self.character.rig.neutral.vertices.astype(np.float64)

    @cached_property
    def skin_faces(self):
        """[F, 3]."""
        return self.topology.faces[-1].astype(np.int64)

    @property
    def skin_count(self):
        """Number of the skin's vertices."""
        return self.topology.counts[-1]

    @cached_property
    def _regions(self):
        """Flooded parts of the skin: name to [V] bool, bounded by rings and not by coordinates."""
        rings = self.topology.rings
        seam = set(rings["lips_inner"].tolist())
        fornix = set(rings["mouth_3"].tolist())
        inner = self._flooded(rings["mouth_1"], seam | fornix)
        bag = self._flooded(rings["mouth_4"], fornix)
        lids = np.zeros(self.skin_count, dtype=bool)
        for side in ("left", "right"):
            lids |= self._flooded(rings[f"eye_{side}_1"], set(rings[f"eye_{side}_0"].tolist()))
        return {"vestibule": inner, "bag": bag, "under_lids": lids}

    def _flooded(self, start, walls):
        queue = [int(v) for v in start if int(v) not in walls]
        found = set(queue)
        while queue:
            for other in self._follow[queue.pop()]:
                if other not in found and other not in walls:
                    found.add(other)
                    queue.append(other)
        mask = np.zeros(self.skin_count, dtype=bool)
        mask[list(found)] = True
        return mask

    @cached_property
    def lip_halves(self):
        """Vertices of the upper and the lower lip from the red's edge to the vestibule's turn.

        Each ring runs from the right corner over the upper lip to the left corner and back, so its
        two halves are the two lips; the corners, where they are one, belong to neither.
        """
        label = dict.fromkeys(range(self.skin_count))
        for name, ring in self.topology.rings.items():
            if name.startswith("lips_") or name in ("mouth_1", "mouth_2"):
                half = len(ring) // 2
                label |= dict.fromkeys(ring[1:half].tolist(), "upper")
                label |= dict.fromkeys(ring[half + 1 :].tolist(), "lower")
                label |= dict.fromkeys((int(ring[0]), int(ring[half])), "corner")
        # Between the rings a vertex belongs to the lip whose ring is nearest, edge by edge.
        queue = [v for v, name in label.items() if name]
        inside = self.topology.masks["lips"] > 0.02
        inside[self.topology.rings["mouth_2"]] = True
        while queue:
            following = []
            for vertex in queue:
                for other in self._follow[vertex]:
                    if label[other] is None and inside[other]:
                        label[other] = label[vertex]
                        following.append(other)
            queue = following
        return {
            lip: np.array([v for v, name in label.items() if name == lip])
            for lip in ("upper", "lower")
        }

    @cached_property
    def _follow(self):
        follow = [set() for _ in range(self.skin_count)]
        for a, b, c in self.skin_faces.tolist():
            for p, q in ((a, b), (b, c), (c, a)):
                follow[p].add(q)
                follow[q].add(p)
        return follow

    # -- contacts ----------------------------------------------------------------------------

    def posed(self, vertices, values):
        """Return `vertices` with the eyeballs turned as the eyeLook curves of `values` say."""
        names = self.character.rig.names
        row = np.asarray(values, dtype=np.float32)[None]
        return posed_vertices(
            self.character,
            np.asarray(vertices, dtype=np.float32),
            head_rotation=np.zeros(3),
            head_position=np.zeros(3),
            eye_rotation=eye_rotation_from_looks(CurveTrack(names, 30.0, row))[0],
        ).astype(np.float64)

    def lip_lip(self, vertices):
        """Return mm, how deep a vertex of one lip lies inside the other, the deepest one."""
        deepest = 0.0
        for mine, other in (("upper", "lower"), ("lower", "upper")):
            there = np.isin(self.skin_faces, self.lip_halves[other]).all(1)
            surface = Surface(vertices[: self.skin_count], self.skin_faces[there])
            depth = penetration(vertices[self.lip_halves[mine]], surface, reach=0.006)
            deepest = max(deepest, float(depth.max()))
        return deepest * MM

    def lip_teeth(self, vertices):
        """Return mm, how deep a vertex of lips or outer cheek lies inside a tooth or a gum."""
        mask = ~self._regions["bag"] & ~self._regions["under_lids"]
        mask[self.topology.rings["mouth_3"]] = False  # the fold of the vestibule lies on the gum
        face = mask & (self.topology.behind < 0.3)
        points = vertices[: self.skin_count][face]
        deepest = 0.0
        for name in ("teeth_upper", "teeth_lower", "gums_upper", "gums_lower"):
            depth = penetration(points, self._part(vertices, name))
            deepest = max(deepest, float(depth.max()))
        return deepest * MM

    def lid_eye(self, vertices, *, backs=False):
        """Return mm, how deep a vertex of the lids lies inside its (posed) eyeball.

        `backs` counts the hidden backs of the lids too, which the rest pose itself tucks into the
        eyeball so that no gap shows.
        """
        deepest = 0.0
        for side in ("left", "right"):
            ball = self._part(vertices, f"eye_{side}")
            margin = self.rest[self.topology.rings[f"eye_{side}_0"]]
            near = np.linalg.norm(self.rest[: self.skin_count] - margin.mean(0), axis=1) < 0.026
            near &= backs | ~self._regions["under_lids"]
            depth = penetration(vertices[: self.skin_count][near], ball)
            deepest = max(deepest, float(depth.max()))
        return deepest * MM

    def _part(self, vertices, name):
        part = self.character.part(name)
        faces = self.character.rig.neutral.faces[part.faces] - part.vertices.start
        return Surface(vertices[part.vertices], faces)

    # -- matter ------------------------------------------------------------------------------

    def enclosed(self, vertices):
        """Return mm³ inside skin and mouth's lining, the neck closed by a flat lid."""
        skin = vertices[: self.skin_count].astype(np.float64)
        faces = np.concatenate([self.skin_faces, self._lid])
        a, b, c = (skin[faces[:, k]] - skin.mean(0) for k in range(3))
        return float((np.cross(a, b) * c).sum() / 6 * MM**3)

    @cached_property
    def _lid(self):
        directed = np.concatenate([self.skin_faces[:, [i, (i + 1) % 3]] for i in range(3)])
        there = {tuple(edge) for edge in directed.tolist()}
        rim = [(b, a) for a, b in there if (b, a) not in there]
        first = min(min(edge) for edge in rim)
        return np.array([(first, a, b) for a, b in rim if first not in (a, b)])

    def tissue_volume(self, depth):
        """Return mm³ of soft tissue at rest: every vertex's share of area times its `depth` [V]."""
        skin = self.rest[: self.skin_count]
        a, b, c = (skin[self.skin_faces[:, k]] for k in range(3))
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
        face = ~(self._regions["bag"] | self._regions["under_lids"])
        return float((area * (depth * face)[self.skin_faces].mean(1)).sum() * MM**3)

    def volume_change(self, vertices, depth):
        """Return the change of enclosed volume as a share of the soft tissue's, signed."""
        gained = self.enclosed(vertices) - self.enclosed(self.rest)
        return gained / self.tissue_volume(depth)

    def mirror_error(self, vertices, mirrored):
        """Return mm, the largest difference of `mirrored` from the mirror image of `vertices`."""
        skin = vertices[: self.skin_count][self.topology.mirror] * [-1, 1, 1]
        return float(np.linalg.norm(skin - mirrored[: self.skin_count], axis=1).max() * MM)

    def acceleration(self, frames):
        """Return mm per frame², the largest second difference over frames [T, V, 3] of the skin."""
        skin = np.asarray(frames, dtype=np.float64)[:, : self.skin_count]
        second = skin[2:] - 2 * skin[1:-1] + skin[:-2]
        return float(np.linalg.norm(second, axis=2).max() * MM)
