"""The engine's stream: stdout and stderr of a container in one, in pieces with a header of eight bytes each."""

from sca.sandbox.guest.frames import Malformed

HEADER = 8
STDIN, STDOUT, STDERR = range(3)
KEPT = 4096
"""Bytes of stderr that are kept, its last ones."""


class Demultiplexer:
    """Takes the stream apart again, however it was cut; nothing is held but a header and the end of stderr.

    A header is the stream's number, three zeros and the piece's length (u32, big-endian); Docker's API, "Attach to
    a container", stream format.
    """

    def __init__(self) -> None:
        self.stderr = b""
        """The last of what was written there."""
        self._header = b""
        self._kind = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> bytes:
        """Take in bytes; what of stdout is among them. Raises `Malformed` at what is no header."""
        found = []
        while data:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
                if self._kind == STDOUT:
                    found.append(piece)
                elif self._kind == STDERR:
                    self.stderr = (self.stderr + piece)[-KEPT:]
                continue
            missing = HEADER - len(self._header)
            self._header, data = self._header + data[:missing], data[missing:]
            if len(self._header) == HEADER:
                self._begin(self._header)
                self._header = b""
        return b"".join(found)

    def _begin(self, header: bytes) -> None:
        if header[0] not in (STDIN, STDOUT, STDERR) or header[1:4] != b"\0\0\0":
            raise Malformed(f"{header!r} is no header of the engine's")
        self._kind, self._left = header[0], int.from_bytes(header[4:], "big")
