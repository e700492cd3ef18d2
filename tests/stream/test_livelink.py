"""Packets byte by byte, against a parser written from the layout alone."""

import struct
import uuid

import numpy as np
import pytest
from stream_frames import listening, some_frame

from animdrive.contract import ARKIT52, CurveFrame
from animdrive.stream.livelink import LiveLinkTarget, device_id, livelink_packet


def parsed(packet):
    """The fields of a packet, as a receiver that knows only the layout takes them."""
    at = 0

    def take(count):
        nonlocal at
        at += count
        assert at <= len(packet)
        return packet[at - count : at]

    def number(count=4):
        return int.from_bytes(take(count), "big", signed=count == 4)

    def real():
        return float(np.frombuffer(take(4), dtype=">f4")[0])

    found = {"version": number(1)}
    found["device"] = take(number()).decode("utf-8")
    found["subject"] = take(number()).decode("utf-8")
    found["frame"], found["sub_frame"] = number(), real()
    found["rate"] = (number(), number())
    found["values"] = [real() for _ in range(number(1))] if at < len(packet) else None
    assert at == len(packet)
    return found


def test_the_packet_is_these_bytes():
    values = np.zeros(52)
    values[0], values[17], values[51] = 1.0, 0.5, 0.25
    frame = CurveFrame(
        number=258, fps=60.0, values=values, head_rotation=[0.5, -0.25, 2.0],
        eye_rotation=[[0.125, -1.0, 0.0], [0.0, 1.0, -0.5]],
    )  # fmt: skip
    identity = device_id("me").encode()
    one, half, quarter = b"\x3f\x80\0\0", b"\x3f\0\0\0", b"\x3e\x80\0\0"
    expected = (
        b"\x06"
        + b"\0\0\0\x24" + identity
        + b"\0\0\0\x02me"
        + b"\0\0\x01\x02" + b"\0\0\0\0"
        + b"\0\0\0\x3c" + b"\0\0\0\x01"
        + b"\x3d"
        + one + 16 * b"\0\0\0\0" + half + 33 * b"\0\0\0\0" + quarter
        + quarter + half + b"\xc0\0\0\0"  # head: yaw and roll turned round, pitch not
        + one + b"\x3e\0\0\0" + b"\0\0\0\0"
        + b"\xbf\x80\0\0" + b"\0\0\0\0" + half
    )  # fmt: skip
    assert livelink_packet(frame, subject="me") == expected


def test_a_receiver_reads_back_what_was_sent():
    frame = some_frame(123_456)
    found = parsed(livelink_packet(frame, subject="Gesicht ä"))
    assert (found["version"], found["subject"]) == (6, "Gesicht ä")
    assert (found["frame"], found["sub_frame"], found["rate"]) == (123_456, 0.0, (60, 1))
    np.testing.assert_array_equal(np.float32(found["values"][:52]), frame.values)
    for at, (pitch, yaw, roll) in enumerate((frame.head_rotation, *frame.eye_rotation)):
        triple = found["values"][52 + 3 * at : 55 + 3 * at]
        assert triple == pytest.approx([-yaw, pitch, -roll])


def test_each_curve_stands_in_its_place():
    for place in (0, 15, 16, 21, 22, 51):
        values = np.zeros(52)
        values[place] = 1
        frame = CurveFrame(0, 30.0, values, np.zeros(3), np.zeros((2, 3)))
        assert np.flatnonzero(parsed(livelink_packet(frame))["values"]).tolist() == [place]
    assert ARKIT52[15:17] == ("jawLeft", "jawRight")  # the app's files have them the other way


def test_without_a_face_the_packet_stops_before_the_count():
    whole, short = (livelink_packet(some_frame(confidence=c)) for c in (1.0, 0.0))
    assert whole.startswith(short)
    assert len(whole) - len(short) == 1 + 61 * 4
    assert parsed(short)["values"] is None


@pytest.mark.parametrize(
    ("fps", "rate"), [(30.0, (30, 1)), (30_000 / 1001, (30_000, 1001)), (12.5, (25, 2))]
)
def test_the_rate_is_a_fraction(fps, rate):
    assert parsed(livelink_packet(some_frame(fps=fps)))["rate"] == rate


def test_the_device_is_the_same_for_the_same_name_and_another_for_another():
    assert device_id("a") == device_id("a") != device_id("b")
    assert len(device_id("a")) == 36
    uuid.UUID(device_id("a"))


def test_a_year_of_frames_still_fits():
    assert parsed(livelink_packet(some_frame(2**31 + 5)))["frame"] == 5


def test_packets_arrive_in_order_and_whole():
    with listening() as (catcher, port):
        target = LiveLinkTarget(f"127.0.0.1:{port}", subject="me")
        for number in range(5):
            target.send(some_frame(number))
        came = [catcher.recv(65536) for _ in range(5)]
        target.close()
    assert came == [livelink_packet(some_frame(n), subject="me") for n in range(5)]
    assert target.lost == 0
    assert struct.unpack(">f", came[4][-4:])[0] == pytest.approx(-some_frame(4).eye_rotation[1, 2])


def test_what_the_network_refuses_is_counted_and_stops_nothing():
    target = LiveLinkTarget("127.0.0.1:9")
    target.close()  # as good as a network that is down
    target.send(some_frame())
    assert target.lost == 1
