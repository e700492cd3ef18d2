"""How well a network solves people whose curves are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from animdrive.sources.video.fitting.regressor_net import LANDMARK_UNIT_M, RegressorNet
from animdrive.sources.video.training.examples import Prepared, chosen_landmarks

_AT_REST = 8


def solved(
    net: RegressorNet, person: Prepared, model: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return curves [N, 52] in 0..1 of all of a person's pictures.

    Args:
        net: Trained or not.
        person: Whom to solve, seen at rest.
        model: [478, 3] metres, the built-in head's landmarks.
    """
    training = net.training
    net.eval()
    index = chosen_landmarks(net.config.landmarks)
    shape = torch.from_numpy((person.neutral - model[index]) / LANDMARK_UNIT_M).float()
    with torch.inference_mode():
        faces = torch.from_numpy(np.ascontiguousarray(person.cutouts)).permute(0, 3, 1, 2)
        told = torch.cat(
            [net.looker(faces[at : at + 64].float() / 255) for at in range(0, len(faces), 64)]
        )
        rest = told[person.resting[:_AT_REST]].mean(dim=0, keepdim=True)
        curves = net(
            torch.from_numpy((person.head - person.neutral) / LANDMARK_UNIT_M).float(),
            shape.expand(len(told), -1, -1),
            torch.from_numpy(person.turned),
            told,
            rest.expand_as(told),
        )
    net.train(training)
    return np.asarray(curves.clamp(0, 1).numpy(), dtype=np.float64)
