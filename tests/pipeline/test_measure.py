"""Tables of what the skin does: from files and folders, in chunks as at once."""

import json

import numpy as np
import pytest

from animdrive.contract import ARKIT52, CurveTrack
from animdrive.deformer.linear import LinearDeformer
from animdrive.errors import InputError
from animdrive.export import write_curves
from animdrive.pipeline import deformer_points, measure
from animdrive.pipeline.measure import measure_skin
from animdrive.rig.head import load_head
from animdrive.rig.skin_measures import AGAINST_REST, COLUMNS, SkinMeasures


def curves(frames, *, start_s=0.0, turned=False):
    """Return a mouth that opens and eyes that blink, slowly."""
    values = np.zeros((frames, len(ARKIT52)), np.float32)
    wave = 0.5 - 0.5 * np.cos(np.arange(frames) * 0.2)
    values[:, ARKIT52.index("jawOpen")] = wave
    values[:, ARKIT52.index("eyeBlinkRight")] = wave**2
    head = np.full((frames, 3), 0.4 if turned else 0.0, np.float32)
    return CurveTrack(names=ARKIT52, fps=50.0, values=values, head_rotation=head, start_s=start_s)


def table(path):
    lines = path.read_text().splitlines()
    assert lines[0].split("\t") == ["time_s", *COLUMNS]
    rows = np.array([[float(cell) for cell in line.split("\t")] for line in lines[1:]])
    return rows[:, 0], rows[:, 1:]


def written(folder, name, track):
    folder.mkdir(exist_ok=True)
    path = folder / name
    write_curves(track, path)
    return path


def test_chunks_give_what_the_whole_gives(tmp_path, monkeypatch):
    track = curves(23, turned=True)
    path = written(tmp_path, "take.json", track)
    head = load_head()
    whole = SkinMeasures(head).measure(LinearDeformer(head.rig).run(track.values))
    tables = []
    for size in (5, 100):
        monkeypatch.setattr(deformer_points, "_CHUNK", size)
        result = measure_skin(path, tmp_path / str(size), deformer="linear")
        times, values = table(result.outputs["take"])
        np.testing.assert_allclose(times, track.times_s, atol=1e-6)
        np.testing.assert_allclose(values, whole, atol=1e-3)  # also: the turned head is taken out
        tables.append(result.outputs["take"].read_bytes())
    assert tables[0] == tables[1]
    figures = result.figures["take"]
    assert (figures["frames"], figures["fps"], figures["deformer"]) == (23, 50.0, "linear")
    for column, name in enumerate(COLUMNS):
        found = figures["columns"][name]
        assert found["mean"] == pytest.approx(values[:, column].mean(), abs=2e-4)
        assert found["max"] == pytest.approx(values[:, column].max(), abs=2e-4)
        assert found["min"] == pytest.approx(values[:, column].min(), abs=2e-4)
    json.dumps(result.figures)


def test_rest_of_every_shipped_deformer_is_zero_and_only_a_chunk_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(deformer_points, "_CHUNK", 2)
    track = curves(5).with_values(np.zeros((5, len(ARKIT52))))
    path = written(tmp_path, "take.csv", track)
    sizes = []
    maker = measure.skin_maker

    def watched(name, rig):
        made = maker(name, rig)
        run = made.run

        class Watched:
            names = made.names

            def run(self, values):
                sizes.append(len(values))
                return run(values)

        return Watched()

    monkeypatch.setattr(measure, "skin_maker", watched)
    for name in ("auto", "npc", "linear"):
        result = measure_skin(path, tmp_path / name, deformer=name)
        values = table(result.outputs["take"])[1]
        for column in AGAINST_REST:
            assert not values[:, COLUMNS.index(column)].any(), (name, column)
    assert max(sizes) == 2
    assert result.figures["take"]["deformer"] == "linear"


def test_a_deformer_that_remembers_begins_anew_with_every_take(tmp_path, monkeypatch):
    head = load_head()
    linear = LinearDeformer(head.rig)

    class Sinking:
        names = linear.names
        fallen = 0

        def reset(self):
            self.fallen = 0

        def run(self, values):
            skin = linear.run(values).copy()
            for frame in skin:
                self.fallen += 1
                frame[:, 1] -= 0.001 * (self.fallen - 1)
            return skin

    monkeypatch.setattr(measure, "skin_maker", lambda name, rig: Sinking())
    for name in ("a.csv", "b.csv"):
        written(tmp_path, name, curves(4).with_values(np.zeros((4, len(ARKIT52)))))
    result = measure_skin(tmp_path, deformer="linear")
    for path in result.outputs.values():
        drop = table(path)[1][:, COLUMNS.index("jaw_drop_mm")]
        np.testing.assert_allclose(drop, [0, 1, 2, 3], atol=1e-3)


def test_a_folder_gives_every_performance_once(tmp_path):
    written(tmp_path, "b.csv", curves(300, start_s=1.5))
    written(tmp_path, "a.json", curves(3))
    written(tmp_path, "a.csv", curves(3))  # so short that it tells another rate
    written(tmp_path, "a.glb", curves(3))
    (tmp_path / "a.provenance.json").write_text("{}")
    (tmp_path / "a.ovr.json").write_text("{}")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "settings.json").write_text("{}")
    stages = []
    result = measure_skin(
        tmp_path, deformer="linear", progress=lambda stage, done: stages.append((stage, done))
    )
    assert result.outputs == {n: tmp_path / f"{n}.measure.tsv" for n in ("a", "b")}
    assert result.figures["a"]["source"] == str(tmp_path / "a.json")
    times, _ = table(result.outputs["a"])
    np.testing.assert_allclose(times, [0, 0.02, 0.04], atol=1e-6)
    times, _ = table(result.outputs["b"])
    np.testing.assert_allclose(times, 1.5 + np.arange(300) / 50, atol=1e-3)
    assert [note.split(":")[0] for note in result.notes if "settings.json" in note] == [
        "Not measured"
    ]
    assert {("measure a", 1.0), ("measure b", 1.0)} <= set(stages)
    again = {name: path.read_bytes() for name, path in result.outputs.items()}
    result = measure_skin(tmp_path, deformer="linear")  # tables are no curves
    assert {name: path.read_bytes() for name, path in result.outputs.items()} == again


def test_a_damaged_file_is_told_of_and_the_one_beside_it_is_measured(tmp_path):
    (tmp_path / "a.json").write_text("nothing, really\n")
    written(tmp_path, "a.csv", curves(2))
    result = measure_skin(tmp_path, tmp_path / "out", deformer="linear")
    assert result.figures["a"]["source"].endswith("a.csv")
    assert any("a.json" in note and "a.csv was measured instead" in note for note in result.notes)
    (tmp_path / "a.csv").unlink()
    with pytest.raises(InputError, match=r"a\.json"):
        measure_skin(tmp_path, tmp_path / "new", deformer="linear")
    assert not (tmp_path / "new").exists()


def test_what_holds_no_curves_is_refused(tmp_path):
    with pytest.raises(InputError, match="not found"):
        measure_skin(tmp_path / "none")
    with pytest.raises(InputError, match="holds no curves"):
        measure_skin(tmp_path)
    path = written(tmp_path, "a.json", curves(2))
    with pytest.raises(InputError, match="No deformer 'wax'"):
        measure_skin(path, deformer="wax")
    with pytest.raises(InputError, match="is a file"):
        measure_skin(path, path, deformer="linear")
