"""A small rig that everybody could have made: an egg of quads with a few shapes."""

import numpy as np

from animdrive.contract import Character, CurveTrack, Material, Mesh, Part, Rig

RINGS, AROUND = 12, 16
HEIGHT = 0.24
NAMES = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft", "mouthSmileRight", "puff_Up")


def quads():
    """Return [Q, 4] corners, counter-clockwise seen from outside."""
    rows = []
    for ring in range(RINGS - 1):
        for step in range(AROUND):
            a, b = ring * AROUND + step, ring * AROUND + (step + 1) % AROUND
            rows.append((a, a + AROUND, b + AROUND, b))
    return np.array(rows)


def triangles():
    """Return the quads as fans around their first corner."""
    return quads()[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)


def neutral():
    """Return [V, 3] metres, an egg that looks along +Z."""
    up, around = np.meshgrid(
        np.linspace(0.05, 0.95, RINGS) * np.pi,
        np.arange(AROUND) / AROUND * 2 * np.pi,
        indexing="ij",
    )
    wide = np.sin(up)
    x, y, z = 0.08 * wide * np.sin(around), 0.5 * np.cos(up), 0.1 * wide * np.cos(around)
    y *= HEIGHT / np.ptp(y)
    return np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)


def uv():
    """Return [V, 2]."""
    rest = neutral()
    return ((rest[:, :2] - rest[:, :2].min(0)) / np.ptp(rest[:, :2], axis=0)).astype(np.float32)


def deltas():
    """Return [C, V, 3] metres: bumps at six places of the front."""
    rest = neutral()
    places = {
        "eyeBlinkLeft": ((0.04, 0.03, 0.08), (0.0, -0.006, 0.001)),
        "eyeBlinkRight": ((-0.04, 0.03, 0.08), (0.0, -0.006, 0.001)),
        "jawOpen": ((0.0, -0.08, 0.06), (0.0, -0.02, -0.004)),
        "mouthSmileLeft": ((0.04, -0.03, 0.08), (0.006, 0.008, -0.002)),
        "mouthSmileRight": ((-0.04, -0.03, 0.08), (-0.006, 0.008, -0.002)),
        "puff_Up": ((0.0, 0.08, 0.06), (0.0, 0.004, 0.006)),
    }
    found = []
    for name in NAMES:
        place, move = places[name]
        near = np.exp(-(((rest - place) / 0.03) ** 2).sum(axis=1))
        found.append(np.where(near > 0.01, near, 0)[:, None] * np.array(move))
    return np.array(found, dtype=np.float32)


def rig():
    return Rig(Mesh(neutral(), triangles(), uv()), NAMES, deltas())


def character():
    made = rig()
    count, faces = len(made.neutral.vertices), len(made.neutral.faces)
    return Character(
        rig=made,
        parts=(Part("skin", slice(0, count), slice(0, faces), "skin"),),
        materials=(Material("skin"),),
        head_pivot=np.array([0.0, -0.02, 0.0], dtype=np.float32),
        eye_pivots=np.array([[0.03, 0.03, 0.05], [-0.03, 0.03, 0.05]], dtype=np.float32),
        head_weight=np.ones(count, dtype=np.float32),
        landmarks=np.zeros(0, dtype=np.int32),
    )


def track(frames=75, fps=30.0, seed=3):
    """Return lively curves, each a sum of slow waves, at rest in the first frames."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(frames) / fps
    waves = [
        sum(np.sin(2 * np.pi * (rng.uniform(0.3, 2.2) * seconds + rng.uniform())) for _ in range(3))
        for _ in NAMES
    ]
    values = np.clip(0.35 + 0.25 * np.array(waves).T, 0, 1)
    values *= np.clip((seconds - 0.1) / 0.4, 0, 1)[:, None]
    return CurveTrack(NAMES, fps, values.astype(np.float32))


def skin(performed):
    """Return [T, V, 3] metres, the linear rig performing a track."""
    return (neutral() + np.einsum("tc,cvx->tvx", performed.values, deltas())).astype(np.float32)


def skin_at(performed, seconds):
    """Return [N, V, 3], the same at any times."""
    columns = [np.interp(seconds, performed.times_s, c) for c in performed.values.T]
    moved = np.einsum("tc,cvx->tvx", np.array(columns).T, deltas())
    return (neutral() + moved).astype(np.float32)


def write_obj(vertices, path, *, faces=None, uv=None, index="{v}"):
    """Write an OBJ of quads as another program would."""
    lines = ["# made elsewhere", "o face", "mtllib none.mtl"]
    lines += [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in vertices.tolist()]
    if uv is not None:
        lines += [f"vt {u:.7f} {v:.7f}" for u, v in uv.tolist()]
    corners = quads() if faces is None else faces
    lines += ["f " + " ".join(index.format(v=v + 1) for v in row) for row in corners.tolist()]
    path.write_text("\n".join(lines) + "\n")


def write_obj_rig(folder, *, scale=1.0, spell=str):
    """Write the rig as a folder of OBJs; `spell` says how shapes are called."""
    folder.mkdir(exist_ok=True)
    write_obj(neutral() * scale, folder / "Neutral.obj", uv=uv(), index="{v}/{v}")
    for name, offsets in zip(NAMES, deltas(), strict=True):
        write_obj((neutral() + offsets) * scale, folder / f"{spell(name)}.obj")
    return folder
