"""``animdrive capture import`` and ``prepare``: what they say and how they fail."""

import json

import numpy as np
import pytest

from animdrive.contract import CurveTrack
from animdrive.deformer.linear import LinearDeformer
from animdrive.export.livelink_csv import write_livelink_csv
from animdrive.export.point_cache import write_pc2
from animdrive.rig.head import load_head, save_head
from animdrive.rig.lod import character_at


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A head, curves and a point cache of 45 frames as files."""
    folder = tmp_path_factory.mktemp("given")
    head = character_at(load_head(), "low")
    save_head(head, folder / "head.safetensors")
    rng = np.random.default_rng(6)
    seconds = np.arange(45) / 30
    rate, phase = rng.uniform(0.4, 2.5, (2, 52)), rng.uniform(size=52)
    waves = 0.5 - 0.5 * np.cos(2 * np.pi * (seconds[:, None] * rate[0] + phase))
    active = rng.random(52) < 0.3
    track = CurveTrack(head.rig.names, 30.0, (waves * active).astype(np.float32))
    write_livelink_csv(track, folder / "take.csv")
    write_pc2(LinearDeformer(head.rig).run(track.values), folder / "take.pc2")
    return folder


def test_a_recording_is_imported_told_line_by_line_and_prepared(animdrive, given, tmp_path):
    order = (
        "capture", "import", given / "head.safetensors", "--curves", given / "take.csv",
        "--cache", given / "take.pc2", "-o", tmp_path / "c",
    )  # fmt: skip
    ran = animdrive(*order, "--kind", "rom", "--held-out")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    for start in ("  rig: 8073", "  curves: 45", "  cache: 45", "  topology: ", "  clean: ",
                  "  sync: ", "  stabilise: "):  # fmt: skip
        assert any(line.lstrip("! ").startswith(start.strip()) for line in lines), start
    again = animdrive(*order)
    assert again.code == 2
    assert "has a take 'take' already" in again.err
    told = json.loads(animdrive(*order, "--replace", "--no-sync", "--json").out)
    assert told["command"] == "capture import"
    assert {f["step"] for f in told["figures"]["findings"]} == {
        "read", "topology", "clean", "stabilise",
    }  # fmt: skip
    report = animdrive("capture", "report", tmp_path / "c")
    assert "1 takes, 45 frames" in report.out
    ran = animdrive("capture", "prepare", tmp_path / "c", "-o", tmp_path / "p", "--no-stabilise")
    assert ran.code == 0, ran.err
    assert "take\n  clean: " in ran.out
    assert "stabilise" not in ran.out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--fps", "0"), "--fps 0: the rate must be above 0"),
        (("--fps", "24", "--no-sync"), "--fps needs the step sync"),
        (("--kind", "opera"), "Unknown kind 'opera'"),
        (("--unit", "ell"), "Unknown unit 'ell'"),
        (("--mesh", "nose", "--cache-fps", "-1"), "--cache-fps -1: the rate must be above 0"),
    ],
)
def test_wrong_options_are_one_line_and_status_2(animdrive, given, tmp_path, more, message):
    ran = animdrive(
        "capture", "import", given / "head.safetensors", "--curves", given / "take.csv",
        "--cache", given / "take.pc2", "-o", tmp_path / "c", *more,
    )  # fmt: skip
    assert ran.code == 2
    assert message in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert not (tmp_path / "c").exists()


def test_help_of_import_names_what_it_reads(animdrive):
    said = animdrive("capture", "import", "--help").out
    for word in ("--wrap", "--no-clean", "--no-sync", "--no-stabilise", "--no-topology", ".mdd"):
        assert word in said
