"""What every streaming target is, and the socket that those on a network share."""

from __future__ import annotations

import socket
from typing import Protocol, runtime_checkable

from animdrive.contract import CurveFrame
from animdrive.errors import InputError


@runtime_checkable
class StreamTarget(Protocol):
    """Somebody who receives frames, in order, while they are made."""

    lost: int
    """Frames that could not be handed over: nobody's network takes them."""

    def send(self, frame: CurveFrame) -> None:
        """Hand over one frame; never waits for the receiver."""
        ...

    def close(self) -> None:
        """Finish: files are complete, sockets gone. Closing again does nothing."""
        ...


class UdpSender:
    """A socket that sends datagrams to one address, and goes on where nobody listens."""

    def __init__(self, where: str, *, default_port: int, example: str) -> None:
        """Look up the address.

        Args:
            where: ``HOST:PORT``, ``HOST`` or nothing (this machine); IPv6 as ``[::1]:PORT``.
            default_port: Port where none is named.
            example: How the option is written, for messages.

        Raises:
            InputError: the port is no number in 1..65535, or the host is unknown.
        """
        host, port = _host_and_port(where, default_port, example)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            # "localhost" has both kinds of address, and receivers listen on the older one.
            found.sort(key=lambda row: row[0] != socket.AF_INET)
            family, kind, protocol, _, address = found[0]
            self._socket = socket.socket(family, kind, protocol)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"The host '{host}' cannot be found ({reason}). Write it as {example}."
            ) from error
        self._socket.setblocking(False)
        if family == socket.AF_INET:
            # Whoever names a broadcast address wants one.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._address = address
        self._open = True

    def send(self, packet: bytes) -> bool:
        """Send `packet`; return whether this machine took it.

        A full buffer, a cable that is out or a receiver that is gone must not stop the face.
        """
        try:
            self._socket.sendto(packet, self._address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        if self._open:
            self._open = False
            self._socket.close()


def _host_and_port(where: str, default_port: int, example: str) -> tuple[str, int]:
    host, colon, port_text = where.rpartition(":")
    if not colon or where.endswith("]"):
        host, port_text = where, ""
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port_text:
        return host, default_port
    if not (port_text.isascii() and port_text.isdecimal() and 1 <= int(port_text) <= 65535):
        raise InputError(f"'{port_text}' is no port in 1..65535. Write it as {example}.")
    return host, int(port_text)
