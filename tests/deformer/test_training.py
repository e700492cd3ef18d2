import numpy as np
import pytest
import torch

from animdrive.deformer import training
from animdrive.deformer.training import LoopConfig, train
from animdrive.errors import InputError


def line():
    torch.manual_seed(3)
    return torch.nn.Linear(4, 2)


def loss_of(module):
    truth = torch.tensor([[1.0, -2.0, 0.5, 0.0], [0.3, 0.0, 1.0, -1.0]])

    def loss(rng):
        x = torch.from_numpy(rng.standard_normal((16, 4)).astype(np.float32))
        return (module(x) - x @ truth.T).square().mean()

    return loss


def test_it_learns_and_tells():
    module, told = line(), []
    history = train(module, loss_of(module), config=LoopConfig(iterations=400, learning_rate=0.05,
                    weight_decay=0.0), check=lambda: 1.5, report=told.append)  # fmt: skip
    assert history.loss[-1] < 1e-4 < history.loss[0]
    assert history.iteration[-1] == history.stopped == 400
    assert told[-1].startswith("iteration 400/400: loss ")
    assert "held out 1.5" in told[-1]


class Killed(Exception):
    pass


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_CHECKPOINT_S", 0.0)
    config = LoopConfig(iterations=60, learning_rate=0.02)
    whole = line()
    train(whole, loss_of(whole), config=config, settings={"a": 1})
    broken, path = line(), tmp_path / "run.safetensors"
    inner = loss_of(broken)
    calls = []

    def dies(rng):
        calls.append(1)
        if len(calls) == 38:
            raise Killed
        return inner(rng)

    with pytest.raises(Killed):
        train(broken, dies, config=config, settings={"a": 1}, checkpoint=path)
    again, told = line(), []
    history = train(again, loss_of(again), config=config, settings={"a": 1}, checkpoint=path,
                    report=told.append)  # fmt: skip
    assert told[0] == "going on at iteration 37 of 60"
    assert torch.equal(again.weight, whole.weight)
    assert history.stopped == 60
    assert not path.exists()


def test_a_checkpoint_of_another_run_is_not_taken_up(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_CHECKPOINT_S", 0.0)
    path = tmp_path / "run.safetensors"
    module = line()
    inner = loss_of(module)
    calls = []

    def dies(rng):
        calls.append(1)
        if len(calls) == 5:
            raise Killed
        return inner(rng)

    with pytest.raises(Killed):
        train(module, dies, config=LoopConfig(iterations=9), checkpoint=path)
    with pytest.raises(InputError, match="other settings or other data"):
        train(line(), inner, config=LoopConfig(iterations=8), checkpoint=path)
    path.write_bytes(b"\x10\0\0\0\0\0\0\0not a header....")
    with pytest.raises(InputError, match=r"is damaged .* Remove it"):
        train(line(), inner, config=LoopConfig(iterations=9), checkpoint=path)


def test_early_stopping_keeps_the_best():
    module = line()
    errors = iter([5.0, 4.0, 1.0, *[3.0] * 40])
    kept = []

    def check():
        error = next(errors)
        if error == 1.0:
            kept.append(module.weight.detach().clone())
        return error

    history = train(module, loss_of(module), check=check,
                    config=LoopConfig(iterations=200, early_stopping=True))  # fmt: skip
    assert history.stopped < 200
    assert torch.equal(module.weight, kept[0])


def test_a_loss_that_is_no_number_stops_it():
    module = line()
    with pytest.raises(InputError, match="smaller learning rate"):
        train(module, lambda _: module.weight.sum() * float("nan"), config=LoopConfig(iterations=5))
