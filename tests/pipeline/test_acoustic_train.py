"""The whole way from voices to a model with its card and its entry in the manifest."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from animdrive.contract import AudioClip
from animdrive.errors import InputError
from animdrive.files import sha256_of
from animdrive.media.audio import write_wav
from animdrive.pipeline.acoustic_card import with_entry
from animdrive.pipeline.acoustic_train import AcousticTrainConfig, train_acoustic
from animdrive.sources.audio.acoustic.network import read_network
from animdrive.sources.audio.training import voices as voice_table

TINY = AcousticTrainConfig(
    preset="live", voices="espeak", steps=2, share=0.004, channels=16, batch=2, workers=0
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of two voices, two steps old, in a folder with a manifest of another."""
    folder = tmp_path_factory.mktemp("weights")
    (folder / "manifest.toml").write_text('# Kept.\n\n[other]\nfile = "other.safetensors"\n')
    heard = tmp_path_factory.mktemp("heard")
    write_wav(AudioClip(np.zeros(16000, np.float32), 16000), heard / "a.wav")
    (heard / "a.phones.tsv").write_text("start_s\tend_s\tphone\n0.0\t0.5\tM\n")
    told = []
    with pytest.MonkeyPatch.context() as patch:
        few = voice_table.ESPEAK_VOICES[:1] + voice_table.ESPEAK_VOICES[2:3]
        patch.setitem(voice_table.VOICE_SETS, "espeak", few)
        result = train_acoustic(
            folder / "acoustic_live.safetensors",
            config=TINY,
            watch=[heard],
            manifest=folder / "manifest.toml",
            report=told.append,
        )
    return folder, heard, result, told


def test_the_model_can_be_read_and_its_figures_are_told(trained):
    folder, heard, result, told = trained
    network = read_network(result.outputs["model"])
    assert network.running
    assert result.figures["steps"] == 2
    assert result.figures["voices"] == 2
    assert result.figures["real_speech"][str(heard)]["takes"] == 1
    assert any("mouth classes F1" in line for line in told)
    hisses = [network.symbols.index(phone) for phone in ("ɕ", "ʂ", "tɕ", "dʑ", "ʈʂ")]
    assert network.priors["zh"][hisses].sum() > 0.01
    assert network.priors["en"][hisses].sum() < 1e-3
    assert not list(folder.glob(".*"))  # no checkpoint
    assert (folder / "acoustic_live_work" / "espeak_cmn.power.npy").is_file()


def test_the_same_settings_give_the_same_bytes(trained, tmp_path, monkeypatch):
    folder, _, _, _ = trained
    few = voice_table.ESPEAK_VOICES[:1] + voice_table.ESPEAK_VOICES[2:3]
    monkeypatch.setitem(voice_table.VOICE_SETS, "espeak", few)
    out = tmp_path / "again.safetensors"
    train_acoustic(out, config=replace(TINY, workers=1), work=folder / "acoustic_live_work")
    assert out.read_bytes() == (folder / "acoustic_live.safetensors").read_bytes()


def test_the_card_tells_how_it_was_made_and_of_whom(trained):
    folder, _, _, _ = trained
    card = (folder / "acoustic_live.md").read_text("utf-8")
    assert "--preset live --voices espeak --steps 2 --seed 0 --channels 16 --share 0.004" in card
    assert "| espeak cmn | zh | made up |" in card
    assert "GPL-3.0-or-later" in card
    assert "Real speech" in card
    assert "6 frames ahead" in card


def test_the_manifest_lists_it_and_keeps_the_others(trained):
    folder, _, _, _ = trained
    text = (folder / "manifest.toml").read_text("utf-8")
    listed = tomllib.loads(text)
    assert text.startswith("# Kept.")
    assert listed["other"] == {"file": "other.safetensors"}
    entry = listed["acoustic_live"]
    assert entry["sha256"] == sha256_of(folder / entry["file"])
    assert set(entry) == {"file", "sha256", "licence", "data", "made_by"}


def test_an_entry_takes_the_place_of_the_old_one_alone():
    manifest = (
        '# Top.\n\n[a]\nfile = "a"\n\n[b]\nfile = "b"\nold = "x"\n\n# Of c.\n[c]\nfile = "c"\n'
    )
    changed = with_entry(manifest, "b", {"file": 'new "b"'})
    assert tomllib.loads(changed) == {
        "a": {"file": "a"},
        "b": {"file": 'new "b"'},
        "c": {"file": "c"},
    }
    assert changed.startswith("# Top.\n\n[a]")
    assert "\n# Of c.\n[c]" in changed
    assert with_entry(changed, "b", {"file": 'new "b"'}) == changed
    assert tomllib.loads(with_entry("", "a", {"file": "a"})) == {"a": {"file": "a"}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"share": 0.0}, "share is a part"),
        ({"batch": 0}, "batch is a number"),
        ({"workers": -1}, "workers is a number"),
        ({"channels": 3}, "channels is the network's width"),
    ],
)
def test_settings_that_cannot_be_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        AcousticTrainConfig(**settings)


def test_places_that_cannot_be_are_told_before_long_work(tmp_path):
    with pytest.raises(InputError, match=r"Models are \.safetensors files"):
        train_acoustic(tmp_path / "model.pt", config=TINY)
    with pytest.raises(InputError, match="lists what lies beside it"):
        train_acoustic(
            tmp_path / "model.safetensors", config=TINY, manifest=tmp_path / "x" / "manifest.toml"
        )
    with pytest.raises(InputError, match="No recordings with labels"):
        train_acoustic(tmp_path / "model.safetensors", config=TINY, watch=[tmp_path])
    assert list(tmp_path.iterdir()) == []
