"""What can go wrong, in five kinds. A message names the value, the place and the next step.

AnimdriveError
├── InputError      what the user gave cannot be used: a file, a setting, a name
├── ContractError   a value breaks the contract of its type: a bug where it was made
├── BackendError    a stage's implementation is unknown, or not installed
├── WeightsError    a file of `weights/` is missing, altered or not what was asked for
└── DeviceError     this machine lacks something: a renderer, a GPU, a microphone
"""

from __future__ import annotations


class AnimdriveError(Exception):
    """Base of every error that animdrive raises on purpose."""


class InputError(AnimdriveError):
    """What the user gave cannot be used. The command line ends with status 2."""


class ContractError(AnimdriveError):
    """A value breaks the contract of its type. Mend it where the value is made."""


class BackendError(AnimdriveError):
    """A stage's implementation is unknown, or its extra is not installed."""


class WeightsError(AnimdriveError):
    """A shipped file is missing, altered or not what was asked for."""


class DeviceError(AnimdriveError):
    """This machine lacks something that the work needs."""
