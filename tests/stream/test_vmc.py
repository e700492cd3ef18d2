"""OSC bundles against a parser written from the OSC 1.0 specification."""

import struct

import numpy as np
import pytest
from stream_frames import listening, some_frame

from animdrive.contract import ARKIT52, CurveFrame
from animdrive.rig.pose import rotation_matrix
from animdrive.stream.vmc import (
    PERFECT_SYNC,
    VmcTarget,
    VrmTarget,
    bundled,
    perfect_sync_messages,
    unity_quaternion,
    vrm_messages,
)


def text(data, at):
    end = data.index(b"\0", at)
    return data[at:end].decode(), at + (end - at) // 4 * 4 + 4


def messages_of(packet):
    """(address, arguments) of every message of a bundle."""
    assert packet[:16] == b"#bundle\0" + b"\0\0\0\0\0\0\0\x01"  # at once
    at, found = 16, []
    while at < len(packet):
        size = struct.unpack_from(">i", packet, at)[0]
        assert size % 4 == 0
        body = packet[at + 4 : at + 4 + size]
        assert len(body) == size
        at += 4 + size
        address, here = text(body, 0)
        kinds, here = text(body, here)
        arguments = []
        for kind in kinds[1:]:
            if kind == "s":
                value, here = text(body, here)
            else:
                value = struct.unpack_from({"i": ">i", "f": ">f"}[kind], body, here)[0]
                here += 4
            arguments.append(value)
        assert here == size
        found.append((address, arguments))
    return found


def said(frame, make):
    return [message for packet in bundled(make(frame)) for message in messages_of(packet)]


def blends(messages):
    return {a[0]: a[1] for address, a in messages if address == "/VMC/Ext/Blend/Val"}


def bones(messages):
    return {a[0]: a[1:] for address, a in messages if address == "/VMC/Ext/Bone/Pos"}


def test_one_message_is_these_bytes():
    frame = CurveFrame(0, 60.0, np.zeros(52), np.zeros(3), np.zeros((2, 3)))
    packet = bundled(perfect_sync_messages(frame))[0]
    assert packet[16:40] == b"\0\0\0\x14/VMC/Ext/OK\0,i\0\0\0\0\0\x01"
    assert packet[40:64] == b"\0\0\0\x14/VMC/Ext/T\0\0,f\0\0\0\0\0\0"
    blend = b"/VMC/Ext/Blend/Val\0\0,sf\0EyeBlinkLeft\0\0\0\0\0\0\0\0"
    assert packet[64:112] == b"\0\0\0\x2c" + blend


def test_a_receiver_reads_back_the_52_clips():
    frame = some_frame(90)
    messages = said(frame, perfect_sync_messages)
    assert messages[0] == ("/VMC/Ext/OK", [1])
    assert messages[1] == ("/VMC/Ext/T", [1.5])
    assert messages[-1] == ("/VMC/Ext/Blend/Apply", [])
    found = blends(messages)
    assert list(found) == list(PERFECT_SYNC)
    assert [name.lower() for name in found] == [name.lower() for name in ARKIT52]
    np.testing.assert_array_equal(np.float32(list(found.values())), frame.values)
    assert list(bones(messages)) == ["Head"]


@pytest.mark.parametrize("make", [perfect_sync_messages, vrm_messages])
def test_datagrams_pass_any_network_and_apply_is_last(make):
    packets = bundled(make(some_frame()))
    assert max(map(len, packets)) <= 1400
    addresses = [address for packet in packets for address, _ in messages_of(packet)]
    assert addresses.count("/VMC/Ext/Blend/Apply") == 1
    assert addresses[-1] == "/VMC/Ext/Blend/Apply"


def test_no_datagram_is_sent_for_nothing():
    assert bundled([]) == []


@pytest.mark.parametrize("seed", range(5))
def test_unity_turns_the_mirrored_head_as_we_turn_ours(seed):
    angles = np.random.default_rng(seed).normal(0, 0.7, 3)
    x, y, z, w = unity_quaternion(angles)
    assert x * x + y * y + z * z + w * w == pytest.approx(1)
    theirs = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    mirror = np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(theirs, mirror @ rotation_matrix(angles) @ mirror, atol=1e-6)


def test_bones_stand_at_their_place_and_turn():
    frame = some_frame()
    found = bones(said(frame, vrm_messages))
    assert list(found) == ["Head", "LeftEye", "RightEye"]
    turns = (frame.head_rotation, *frame.eye_rotation)
    for (x, y, z, *turn), angles in zip(found.values(), turns, strict=True):
        assert (x, y, z) == (0, 0, 0)
        assert turn == pytest.approx(unity_quaternion(angles), abs=1e-6)


def test_any_avatar_gets_vowels_and_blinks():
    values = np.zeros(52)
    values[ARKIT52.index("jawOpen")] = 0.6
    values[ARKIT52.index("eyeBlinkLeft")] = 0.75
    values[ARKIT52.index("eyeBlinkRight")] = 0.5
    frame = CurveFrame(0, 60.0, values, np.zeros(3), np.zeros((2, 3)))
    found = blends(said(frame, vrm_messages))
    assert set(found) == {"A", "I", "U", "E", "O", "Blink", "Blink_L", "Blink_R"}
    assert found["A"] > 0.7
    assert (found["Blink"], found["Blink_L"], found["Blink_R"]) == (0.5, 0.25, 0.0)


@pytest.mark.parametrize(
    ("kind", "make"), [(VmcTarget, perfect_sync_messages), (VrmTarget, vrm_messages)]
)
def test_bundles_arrive_in_order_and_whole(kind, make):
    frame = some_frame()
    with listening() as (catcher, port):
        target = kind(f"localhost:{port}" if kind is VmcTarget else f":{port}")
        target.send(frame)
        expected = bundled(make(frame))
        assert [catcher.recv(65536) for _ in expected] == expected
        target.close()
    target.send(frame)
    assert target.lost == 1
