"""The UDP packets of the Live Link Face app, version 6, as Unreal Engine receives them.

Big-endian: version (u8), device id and subject name (each i32 length and UTF-8), frame number
(i32) and sub-frame (f32), frames per second as numerator and denominator (i32 each), the count 61
(u8), 52 curves in the order of `ARKIT52`, then yaw, pitch and roll of head, left eye and right eye
(f32 each). A packet without a face ends before the count.

Angles have the signs of the app's recordings: yaw above 0 is to the subject's right, pitch above
0 is down, roll is mirrored to ours as yaw is.
"""

from __future__ import annotations

import struct
import uuid
from fractions import Fraction

from animdrive.contract import ARKIT52, CurveFrame
from animdrive.stream.target import UdpSender

PORT = 11111
"""Where Unreal listens."""
VERSION = 6
"""Of the packet."""
SUBJECT = "animdrive"
"""The name that Unreal shows."""
_COUNT = len(ARKIT52) + 9


def device_id(subject: str) -> str:
    """Return the 36 characters that tell senders apart: the same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{subject}.animdrive")).upper()


def livelink_packet(frame: CurveFrame, *, subject: str = SUBJECT) -> bytes:
    """Return the datagram of one frame.

    Args:
        frame: What to send; confidence 0 makes the short packet that says there is no face.
        subject: Name that the receiver shows.
    """
    names = b""
    for text in (device_id(subject), subject):
        encoded = text.encode("utf-8")
        names += struct.pack(">i", len(encoded)) + encoded
    rate = Fraction(frame.fps).limit_denominator(1001)
    clock = struct.pack(
        ">ifii",
        frame.number & 0x7FFFFFFF,  # 414 days at 60 frames per second
        0.0,
        rate.numerator,
        rate.denominator,
    )
    head = struct.pack(">B", VERSION) + names + clock
    if frame.confidence == 0:
        return head
    numbers = [float(value) for value in frame.values]
    for pitch, yaw, roll in (frame.head_rotation, *frame.eye_rotation):
        numbers += [-float(yaw) + 0.0, float(pitch), -float(roll) + 0.0]
    return head + struct.pack(f">B{_COUNT}f", _COUNT, *numbers)


class LiveLinkTarget:
    """Sends to Unreal Engine's Live Link, or to whatever reads the app's packets."""

    def __init__(self, where: str = "", *, subject: str = SUBJECT) -> None:
        """Open ``HOST:PORT``; both have defaults: this machine, 11111.

        Raises:
            InputError: the host or port cannot be used.
        """
        self.lost = 0
        self._subject = subject
        self._sender = UdpSender(where, default_port=PORT, example=f"livelink:127.0.0.1:{PORT}")

    def send(self, frame: CurveFrame) -> None:
        """Send one packet."""
        self.lost += not self._sender.send(livelink_packet(frame, subject=self._subject))

    def close(self) -> None:
        """Close the socket."""
        self._sender.close()
