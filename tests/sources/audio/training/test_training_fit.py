"""Learning: the loss falls, a killed run goes on to the same weights, the file says the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open  # noqa: E402

from animdrive.contract import AudioClip  # noqa: E402
from animdrive.errors import InputError  # noqa: E402
from animdrive.media.audio import write_wav  # noqa: E402
from animdrive.sources.audio.acoustic.network import (  # noqa: E402
    network_from_tensors,
    read_network,
)
from animdrive.sources.audio.language.inventory import SYMBOLS  # noqa: E402
from animdrive.sources.audio.training.batches import BatchConfig, make_batch  # noqa: E402
from animdrive.sources.audio.training.export import (  # noqa: E402
    metadata_of,
    tensors_of,
    write_network,
)
from animdrive.sources.audio.training.fit import FitConfig, fit  # noqa: E402
from animdrive.sources.audio.training.model import (  # noqa: E402
    PRESETS,
    AcousticNet,
    NetConfig,
    preset,
)
from animdrive.sources.audio.training.watch import Take, read_takes, score  # noqa: E402

SMALL = {name: replace(layout, channels=24) for name, layout in PRESETS.items()}
PRIORS = {group: np.full(len(SYMBOLS), 1 / len(SYMBOLS)) for group in ("en", "zh", "any")}


def data_of(prepared, layout):
    return BatchConfig(
        prepared.folder,
        prepared.voices,
        size=4,
        frames=150,
        normalisation=layout.normalisation,
    )


def seen(net, features):
    """Log posteriors [T, P] of `net` for features [T, 40]."""
    with torch.no_grad():
        logits = net.eval()(torch.from_numpy(features).T[None])
    return torch.log_softmax(logits, 1)[0].T.numpy()


def busy_net(layout, rng):
    """A net whose batch norms have something to fold."""
    torch.manual_seed(1)
    net = AcousticNet(layout)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.copy_(torch.from_numpy(rng.normal(0, 0.3, module.num_features)))
            module.running_var.copy_(torch.from_numpy(rng.uniform(0.5, 2, module.num_features)))
            module.weight.data.copy_(torch.from_numpy(rng.uniform(0.5, 1.5, module.num_features)))
            module.bias.data.copy_(torch.from_numpy(rng.normal(0, 0.3, module.num_features)))
    return net


@pytest.mark.parametrize("name", PRESETS)
def test_numpy_hears_what_torch_hears(name, rng):
    net = busy_net(SMALL[name], rng)
    network = network_from_tensors(tensors_of(net, PRIORS), metadata_of(net, {}))
    features = rng.normal(0, 1, (230, 40)).astype(np.float32)
    np.testing.assert_allclose(network.log_posteriors(features), seen(net, features), atol=2e-2)
    assert network.running == (name == "live")


@pytest.mark.parametrize("name", PRESETS)
def test_no_more_is_heard_ahead_than_is_told(name, rng):
    layout = SMALL[name]
    net = busy_net(layout, rng).double()  # the outermost frames do little
    features = rng.normal(0, 1, (120, 40))
    other = features.copy()
    other[80:] += 3.0
    moved = np.abs(seen(net, features) - seen(net, other)).max(1)
    first = 80 - layout.frames_ahead
    assert moved[:first].max() < 1e-12
    assert moved[first] > 1e-9
    network = network_from_tensors(tensors_of(net, PRIORS), metadata_of(net, {}))
    assert network.reach[1] == layout.frames_ahead


def test_live_is_within_its_latency():
    live = preset("live")
    assert live.frames_ahead <= 6
    assert live.normalisation == "running"
    offline = preset("offline")
    assert offline.frames_ahead == 31  # as far ahead as back


def test_the_loss_falls_and_the_file_is_what_was_learned(prepared, tmp_path):
    layout = SMALL["offline"]
    told, looks = [], []
    fitted = fit(
        layout,
        data_of(prepared, layout),
        FitConfig(steps=20, workers=0, look_s=0.0, half=False),
        look=lambda net, step, loss: looks.append((step, loss)),
        report=told.append,
    )
    losses = [loss for _, loss in looks]
    assert fitted.steps == 20
    assert losses[-1] < losses[0] - 0.1  # a mean that follows slowly
    assert told[-1].startswith("step 20: loss ")
    out = tmp_path / "net.safetensors"
    write_network(fitted.net, prepared.corpus, out, labels={"steps": 20, "seed": 0})
    network = read_network(out)
    features, _ = make_batch(prepared.corpus, data_of(prepared, layout), 99)
    heard = network.log_posteriors(features[0])
    np.testing.assert_allclose(heard, seen(fitted.net, features[0]), atol=1e-2)
    with safe_open(out, "numpy") as file:
        assert file.metadata()["steps"] == "20"
        assert all(
            file.get_tensor(name).dtype == (np.float32 if name.startswith("prior") else np.float16)
            for name in file.keys()
        )


def test_a_killed_run_goes_on_to_the_same_weights(prepared, tmp_path):
    layout = SMALL["live"]
    config = FitConfig(steps=6, workers=0, save_s=0.0, look_s=1e9)
    whole = fit(layout, data_of(prepared, layout), config)

    class Killed(Exception):
        pass

    def kill(stage, done):
        if done >= 0.5:
            raise Killed

    checkpoint = tmp_path / "run.pt"
    with pytest.raises(Killed):
        fit(layout, data_of(prepared, layout), config, checkpoint=checkpoint, progress=kill)
    told = []
    again = fit(
        layout, data_of(prepared, layout), config, checkpoint=checkpoint, report=told.append
    )
    assert told[0] == "going on at step 2"  # of the third the checkpoint was not yet written
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, again.net.state_dict()[name]), name
    done = fit(layout, data_of(prepared, layout), config, checkpoint=checkpoint)
    assert done.steps == 6  # and nothing is learned twice
    assert torch.equal(done.net.output.weight, whole.net.output.weight)


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_told(prepared, tmp_path):
    layout = SMALL["offline"]
    checkpoint = tmp_path / "run.pt"

    def kill(stage, done):
        if done > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(
            layout,
            data_of(prepared, layout),
            FitConfig(steps=4, workers=0, save_s=0.0),
            checkpoint=checkpoint,
            progress=kill,
        )
    with pytest.raises(InputError, match="checkpoint of a run with other settings"):
        fit(
            layout,
            data_of(prepared, layout),
            FitConfig(steps=4, workers=0, seed=1),
            checkpoint=checkpoint,
        )
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"is damaged .* Remove it to start anew"):
        fit(
            layout,
            data_of(prepared, layout),
            FitConfig(steps=4, workers=0),
            checkpoint=checkpoint,
        )


def test_a_loss_that_is_no_number_is_told(prepared):
    layout = SMALL["offline"]
    with pytest.raises(InputError, match="Training fell apart"):
        fit(
            layout,
            data_of(prepared, layout),
            FitConfig(steps=9, workers=0, learning_rate=1e30),
        )


def test_minutes_end_a_run(prepared):
    layout = SMALL["offline"]
    fitted = fit(layout, data_of(prepared, layout), FitConfig(minutes=0.005, workers=0))
    assert fitted.steps >= 1
    assert fitted.seconds >= 0.3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FitConfig(), "either steps or minutes"),
        (lambda: FitConfig(steps=1, minutes=1.0), "either steps or minutes"),
        (lambda: FitConfig(steps=0), "above 0"),
        (lambda: FitConfig(minutes=0.0), "above 0"),
        (lambda: NetConfig(look_ahead=(1,)), "one number for each dilation"),
        (lambda: NetConfig(dilations=(1,), look_ahead=(3,)), "looks ahead by 0..2 frames, got 3"),
        (lambda: preset("none"), "No preset 'none'"),
    ],
)
def test_settings_that_cannot_be_are_told(make, message):
    with pytest.raises(InputError, match=message):
        make()


class Knowing:
    """A network that hears what it is told to hear."""

    symbols = ("SIL", "AA", "M", "F")
    running = False

    def __init__(self, heard):
        self._heard = heard

    def log_posteriors(self, features):
        rows = [self.symbols.index(phone) for phone in self._heard]
        return np.log(np.eye(4)[rows] * 0.97 + 0.0075)


def test_a_score_counts_frames_and_classes():
    said = ("SIL", "AA", "M", "F")
    take = Take("a", np.zeros(640, np.float32), said)
    right = score(Knowing(said), [take])
    assert right.phones == 1.0
    assert right.classes == pytest.approx(3 / 4)  # nobody rounds their lips
    assert right.frames == 4
    half = score(Knowing(("SIL", "AA", "F", "M")), [take])
    assert half.phones == 0.5
    assert half.classes == pytest.approx(1 / 4)


def test_labelled_recordings_are_read_and_others_left(tmp_path):
    write_wav(AudioClip(np.zeros(1600, np.float32), 16000), tmp_path / "a.wav")
    write_wav(AudioClip(np.zeros(1600, np.float32), 16000), tmp_path / "b.wav")
    (tmp_path / "a.phones.tsv").write_text("start_s\tend_s\tphone\n0.02\t0.05\tM\n")
    (take,) = read_takes(tmp_path)
    assert take.name == "a"
    assert take.phones == ("SIL",) * 2 + ("M",) * 3 + ("SIL",) * 5


def test_a_folder_without_labels_is_told(tmp_path):
    with pytest.raises(InputError, match="No recordings with labels"):
        read_takes(tmp_path)
