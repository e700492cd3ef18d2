"""VMC, the Virtual Motion Capture protocol: OSC over UDP, for VRM avatars.

Each frame is ``/VMC/Ext/OK 1``, ``/VMC/Ext/T seconds``, one ``/VMC/Ext/Blend/Val name value`` per
blend shape, ``/VMC/Ext/Bone/Pos`` for the head (and the eyes), and ``/VMC/Ext/Blend/Apply`` last.
Messages are bundled into datagrams that pass any network unbroken; Apply stands in the last.

Two kinds of avatar, two targets, for an avatar that has both kinds of clip would move its mouth
twice: `VmcTarget` sends the 52 PerfectSync clips, `VrmTarget` the vowels and blinks that every VRM
has, by their VRM 0 names.

Unity's axes are left-handed: +Y up, the avatar looks along +Z, +X is its right. So a quaternion
``(x, y, z, w)`` of ours is ``(x, -y, -z, w)`` there.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from animdrive.contract import ARKIT52, ARKIT_INDEX, CurveFrame
from animdrive.stream.target import UdpSender
from animdrive.stream.vowels import vowel_weights

PORT = 39539
"""Where an avatar program (VMC calls it the marionette) listens."""
PERFECT_SYNC: tuple[str, ...] = tuple(name[0].upper() + name[1:] for name in ARKIT52)
"""The 52 PerfectSync clips, in the order of `ARKIT52`."""
_LARGEST = 1400
"""Bytes in a datagram: what is left of an Ethernet frame's 1500."""
_EMPTY_BUNDLE = 16
"""Bytes of a bundle with nothing in it; each message adds 4 and its own."""


def unity_quaternion(angles: npt.ArrayLike) -> tuple[float, float, float, float]:
    """Return x, y, z, w in Unity's axes for pitch, yaw, roll [3] in ours, radians.

    Ours is ``Ry(yaw) · Rx(pitch) · Rz(roll)``.
    """
    half = np.asarray(angles, dtype=np.float64) / 2
    (sx, sy, sz), (cx, cy, cz) = np.sin(half), np.cos(half)
    x = sx * cy * cz + cx * sy * sz
    y = cx * sy * cz - sx * cy * sz
    z = cx * cy * sz - sx * sy * cz
    w = cx * cy * cz + sx * sy * sz
    return float(x), float(-y), float(-z), float(w)


def _message(address: str, *values: tuple[str, str | int | float]) -> OscMessage:
    builder = OscMessageBuilder(address)
    for kind, value in values:
        builder.add_arg(value, kind)
    return builder.build()


def _blend(name: str, value: float) -> OscMessage:
    return _message("/VMC/Ext/Blend/Val", ("s", name), ("f", value))


def _bone(name: str, angles: npt.ArrayLike) -> OscMessage:
    place: list[tuple[str, str | int | float]] = [("f", 0.0)] * 3
    turn: list[tuple[str, str | int | float]] = [("f", part) for part in unity_quaternion(angles)]
    return _message("/VMC/Ext/Bone/Pos", ("s", name), *place, *turn)


def perfect_sync_messages(frame: CurveFrame) -> list[OscMessage]:
    """Return what an avatar with the 52 clips is told; its clips turn the eyes."""
    return [
        *_clock(frame),
        *(
            _blend(name, float(value))
            for name, value in zip(PERFECT_SYNC, frame.values, strict=True)
        ),
        _bone("Head", frame.head_rotation),
        _message("/VMC/Ext/Blend/Apply"),
    ]


def vrm_messages(frame: CurveFrame) -> list[OscMessage]:
    """Return what an avatar with vowels and blinks alone is told; its bones turn the eyes."""
    left = float(frame.values[ARKIT_INDEX["eyeBlinkLeft"]])
    right = float(frame.values[ARKIT_INDEX["eyeBlinkRight"]])
    both = min(left, right)
    clips = {
        **vowel_weights(frame.values),
        # What both lids share goes to Blink: avatars add Blink_L and Blink_R to it.
        "Blink": both,
        "Blink_L": left - both,
        "Blink_R": right - both,
    }
    return [
        *_clock(frame),
        *(_blend(name, value) for name, value in clips.items()),
        _bone("Head", frame.head_rotation),
        _bone("LeftEye", frame.eye_rotation[0]),
        _bone("RightEye", frame.eye_rotation[1]),
        _message("/VMC/Ext/Blend/Apply"),
    ]


def _clock(frame: CurveFrame) -> tuple[OscMessage, OscMessage]:
    return _message("/VMC/Ext/OK", ("i", 1)), _message("/VMC/Ext/T", ("f", frame.time_s))


def bundled(messages: Iterable[OscMessage]) -> list[bytes]:
    """Return `messages` in order as datagrams of at most 1400 bytes, each an OSC bundle."""
    datagrams: list[bytes] = []
    builder, size = OscBundleBuilder(IMMEDIATELY), _EMPTY_BUNDLE
    for message in messages:
        if size > _EMPTY_BUNDLE and size + 4 + message.size > _LARGEST:
            datagrams.append(builder.build().dgram)
            builder, size = OscBundleBuilder(IMMEDIATELY), _EMPTY_BUNDLE
        builder.add_content(message)
        size += 4 + message.size
    if size > _EMPTY_BUNDLE:
        datagrams.append(builder.build().dgram)
    return datagrams


class VmcTarget:
    """Sends the 52 PerfectSync clips and the head, for avatars that have them."""

    def __init__(self, where: str = "") -> None:
        """Open ``HOST:PORT``; both have defaults: this machine, 39539.

        Raises:
            InputError: the host or port cannot be used.
        """
        self.lost = 0
        self._sender = UdpSender(where, default_port=PORT, example=f"vmc:127.0.0.1:{PORT}")

    def messages(self, frame: CurveFrame) -> list[OscMessage]:
        """Return what is said about one frame."""
        return perfect_sync_messages(frame)

    def send(self, frame: CurveFrame) -> None:
        """Send one frame; lost as soon as one of its datagrams is."""
        taken = [self._sender.send(datagram) for datagram in bundled(self.messages(frame))]
        self.lost += not all(taken)

    def close(self) -> None:
        """Close the socket."""
        self._sender.close()


class VrmTarget(VmcTarget):
    """Sends vowels, blinks, head and eyes, for any VRM avatar."""

    def messages(self, frame: CurveFrame) -> list[OscMessage]:
        """Return what is said about one frame."""
        return vrm_messages(frame)
