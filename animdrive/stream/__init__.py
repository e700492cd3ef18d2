"""Frames to who watches them now: one class per protocol, one row per class."""

from __future__ import annotations

from animdrive.registry import Registry
from animdrive.stream.target import StreamTarget

TARGETS = Registry(
    "streaming target",
    {
        "livelink": "animdrive.stream.livelink:LiveLinkTarget",
        "vmc": "animdrive.stream.vmc:VmcTarget",
        "vmc-vrm": "animdrive.stream.vmc:VrmTarget",
        "jsonl": "animdrive.stream.jsonl:JsonLinesTarget",
    },
)
"""Where frames can be sent. A target is built as ``cls(where)`` with what follows its name."""


def opened_target(address: str) -> StreamTarget:
    """Return the target that ``NAME`` or ``NAME:WHERE`` names, ready for frames.

    Args:
        address: Such as ``livelink:192.168.1.20:11111``, ``vmc`` or ``jsonl:take.jsonl``.

    Raises:
        BackendError: no such target.
        InputError: the host, port or file after it cannot be used.
    """
    name, _, where = address.partition(":")
    target: StreamTarget = TARGETS.load(name)(where)
    return target
