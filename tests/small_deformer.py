"""A small symmetric face with a skin that no sum of shapes makes, and a deformer that learned it.

Made once per process and shared: `small_character`, `small_capture`, `small_data`, `small_model`.
"""

from functools import cache

import numpy as np

from animdrive.contract import Character, CurveTrack, Material, Mesh, Part, Rig
from animdrive.contract.capture import Capture, CapturedTake, Take, TakeEntry
from animdrive.deformer.data import training_data
from animdrive.deformer.neural_morph import NeuralMorphConfig
from animdrive.deformer.neural_morph_training import train_neural_morph
from animdrive.deformer.training import LoopConfig
from animdrive.pipeline.capture_prepare import Book
from animdrive.pipeline.capture_settings import CAPTURE_FORMAT
from animdrive.pipeline.capture_write import write_take_file
from animdrive.provenance import provenance_of
from animdrive.rig.head import save_head

NAMES = (
    "browInnerUp",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "jawOpen",
    "mouthFunnel",
    "mouthSmileLeft",
    "mouthSmileRight",
)
WIDE, TALL = 17, 16
"""Columns and rows of the skin; the column in the middle lies on x = 0."""
EYES = ((0.03, 0.03, 0.07), (-0.03, 0.03, 0.07))
PIVOT = (0.0, -0.06, 0.0)
FPS = 30.0
_PLACES = {
    "browInnerUp": ((0.0, 0.06), (0.0, 0.008, 0.002)),
    "eyeBlinkLeft": ((0.035, 0.03), (0.0, -0.007, 0.001)),
    "eyeBlinkRight": ((-0.035, 0.03), (0.0, -0.007, 0.001)),
    "jawOpen": ((0.0, -0.07), (0.0, -0.02, -0.004)),
    "mouthFunnel": ((0.0, -0.045), (0.0, 0.0, 0.01)),
    "mouthSmileLeft": ((0.03, -0.04), (0.008, 0.007, -0.002)),
    "mouthSmileRight": ((-0.03, -0.04), (-0.008, 0.007, -0.002)),
}


def _grid(wide, tall, centre, size, bulge):
    """Return vertices, faces and uv of a bulging sheet that looks along +Z, mirrored to the bit."""
    half = np.linspace(0, 1, wide // 2 + 1)
    u = np.r_[-half[:0:-1], half] if wide % 2 else np.linspace(-1, 1, wide)
    x, y = np.meshgrid(u, np.linspace(-1, 1, tall))
    z = bulge * np.cos(x * 1.2) * np.cos(y * 1.1)
    points = np.stack([x * size[0], y * size[1], z], axis=-1).reshape(-1, 3) + centre
    at = np.arange(wide * tall).reshape(tall, wide)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([a, c, d], -1)]).reshape(-1, 3)
    uv = np.stack([x * 0.5 + 0.5, y * 0.5 + 0.5], axis=-1).reshape(-1, 2)
    return points, faces, uv


@cache
def small_character():
    """Return a face of 297 vertices and 7 curves: skin, teeth that the jaw moves, two eyes."""
    pieces = [
        ("skin", "head", _grid(WIDE, TALL, (0, 0, 0), (0.08, 0.1), 0.08)),
        ("teeth", "head", _grid(3, 3, (0, -0.045, 0.05), (0.02, 0.008), 0.01)),
        ("eye_left", "eye_left", _grid(4, 2, EYES[0], (0.008, 0.006), 0.004)),
        ("eye_right", "eye_right", _grid(4, 2, EYES[1], (0.008, 0.006), 0.004)),
    ]
    parts, vertex, face = [], 0, 0
    faces = []
    for name, bone, (points, triangles, _) in pieces:
        run = slice(vertex, vertex + len(points)), slice(face, face + len(triangles))
        parts.append(Part(name, *run, material=name.split("_")[0], bone=bone))
        faces.append(triangles + vertex)
        vertex, face = vertex + len(points), face + len(triangles)
    rest = np.concatenate([points for _, _, (points, _, _) in pieces])
    deltas = np.zeros((len(NAMES), vertex, 3))
    skin, teeth = parts[0].vertices, parts[1].vertices
    for row, name in enumerate(NAMES):
        place, move = _PLACES[name]
        deltas[row, skin] = _near(rest[skin], place, 0.025)[:, None] * np.array(move)
    deltas[NAMES.index("jawOpen"), teeth] = (0.0, -0.012, 0.0)
    uv = np.concatenate([uv for _, _, (_, _, uv) in pieces])
    colours = {"skin": (0.8, 0.6, 0.5, 1.0), "teeth": (0.9, 0.9, 0.85, 1.0), "eye": (1, 1, 1, 1)}
    return Character(
        rig=Rig(Mesh(rest, np.concatenate(faces), uv), NAMES, deltas),
        parts=tuple(parts),
        materials=tuple(Material(name, base_color=colour) for name, colour in colours.items()),
        head_pivot=np.array(PIVOT),
        eye_pivots=np.array(EYES),
        head_weight=np.clip((rest[:, 1] + 0.1) / 0.05, 0, 1),
        landmarks=np.zeros(0, dtype=np.int32),
        regions={"lips": np.flatnonzero(_near(rest, (0, -0.05), 0.02) > 0.3)},
    )


def small_truth(values):
    """Return the true skin [T, V, 3] metres of curve `values` [T, C]: folds, slides, limits."""
    character = small_character()
    rig, skin = character.rig, character.parts[0].vertices
    v = {name: np.asarray(values)[:, column] for column, name in enumerate(rig.names)}
    moved = rig.neutral.vertices + np.einsum("tc,cvx->tvx", values, rig.deltas)
    rest = rig.neutral.vertices[skin]

    def add(amount, place, width, move):
        bump = _near(rest, place, width)[:, None] * np.array(move)
        moved[:, skin] += amount[:, None, None] * bump

    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        smile, blink = v[f"mouthSmile{side}"], v[f"eyeBlink{side}"]
        add(smile * v["jawOpen"], (0.035 * sign, -0.055), 0.02, (0.003 * sign, -0.004, 0.002))
        add(smile**2, (0.045 * sign, -0.01), 0.02, (0.0, 0.002, 0.004))
        add(np.sin(np.pi * blink), (0.035 * sign, 0.03), 0.015, (0.0, 0.0, 0.003))
    add(v["jawOpen"] * v["mouthFunnel"], (0.0, -0.06), 0.02, (0.0, 0.005, 0.003))
    return moved.astype(np.float32)


def small_track(frames=60, *, seed=1):
    """Return lively curves with head and eyes in motion, `frames` at 30 per second."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(frames)[:, None] / FPS
    rate, phase = rng.uniform(0.3, 1.5, (2, len(NAMES))) * [[1], [2 * np.pi]]
    values = np.clip(0.5 + 0.7 * np.sin(2 * np.pi * rate * seconds + phase), 0, 1)
    turn = 0.2 * np.sin(2 * np.pi * rng.uniform(0.1, 0.4, 3) * seconds)
    return CurveTrack(
        NAMES,
        FPS,
        values.astype(np.float32),
        head_rotation=turn,
        head_position=0.05 * turn,
        eye_rotation=np.stack([turn, turn], axis=1) * [0.5, 0.8, 0.0],
    )


@cache
def small_capture(frames=240):
    """Return a capture of three takes of the true skin, the last one held out."""
    takes = {}
    for number, (kind, split) in enumerate(
        (("rom", "train"), ("random", "train"), ("random", "held_out"))
    ):
        track = small_track(frames if split == "train" else 60, seed=number)
        name = f"{kind}_{number}"
        takes[name] = CapturedTake(
            take=Take(name, kind, split, track),
            vertices=small_truth(track.values),
            times_s=np.arange(len(track)) / FPS,
            head_transform=np.tile(np.eye(4, dtype=np.float32), (len(track), 1, 1)),
        )
    entries = tuple(
        TakeEntry(name, take.take.kind, take.take.split, len(take.take.track))
        for name, take in takes.items()
    )
    return Capture(small_character(), FPS, entries, takes.__getitem__)


def small_folder(folder, *, change=lambda take: take, splits=("train", "held_out")):
    """Write `small_capture` as a folder, each take through `change`, and return the folder."""
    capture = small_capture()
    rest = capture.character.rig.neutral.vertices
    provenance = provenance_of((), backend="test", config={})
    folder.mkdir()
    save_head(capture.character, folder / "base.safetensors")
    entries = [entry for entry in capture.takes if entry.split in splits]
    for entry in entries:
        write_take_file(folder, change(capture.take(entry.name)), rest, "", provenance)
    settings = {"format": CAPTURE_FORMAT, "fps": capture.fps, "seed": 0}
    Book(folder, settings, capture.character, provenance).write(entries, {}, whole=True)
    return folder


@cache
def small_data():
    """Return what a deformer learns from `small_capture`."""
    return training_data(small_capture())


@cache
def small_model(*, latent=24, mode="local", storage="int8", iterations=200):
    """Return a `NeuralMorph` of the small face, trained here in about a second."""
    config = NeuralMorphConfig(
        mode=mode, latent=latent, patches=3, hidden=12, radius_m=0.02, storage=storage, batch=128
    )
    loop = LoopConfig(iterations=iterations, learning_rate=1e-2)
    return train_neural_morph(small_data(), config=config, loop=loop).model(small_data(), config)


def _near(points, place, width):
    """Return [N] 0..1, how near `points` are to a place of x and y."""
    near = np.exp(-((points[:, :2] - np.array(place)) ** 2).sum(axis=1) / (2 * width**2))
    return np.where(near > 0.02, near, 0.0)
