"""A stub of an OpenAI-compatible server that answers every request after the same pause, in a process of its own.

    python stub_server.py PAUSE TURNS      prints its port

It speaks just enough HTTP, in plain asyncio, to take little of a core: the length of the body, and how often the
assistant has spoken in it. The last turn is an answer, those before are actions: tool calls where the request offers
tools, else text.
"""

import asyncio
import json
import sys
from typing import Any

TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "estimate_final_value", "arguments": json.dumps({"price": 12.5, "tariff": 1.0})},
}
ACTION = "THOUGHT: add the tariff to the price END THOUGHT\nACTION:\nestimate_final_value(12.5, 1.0)\nEND ACTION"
ANSWER = "ANSWER: 13.5 END ANSWER"
USAGE = {"prompt_tokens": 1500, "completion_tokens": 40, "total_tokens": 1540}


def _reply(message: dict[str, Any], finish: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "stub",
        "choices": [choice],
        "usage": USAGE,
    }
    return _response(body)


def _response(body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(content),
        content,
    )


MODELS = _response({"object": "list", "data": [{"id": "stub", "object": "model", "created": 1, "owned_by": "stub"}]})
SPEAK, CALL, END = (
    _reply({"content": ACTION}, "stop"),
    _reply({"content": None, "tool_calls": [TOOL_CALL]}, "tool_calls"),
    _reply({"content": ANSWER}, "stop"),
)


class Stub(asyncio.Protocol):
    """One connection; its requests come one after the other."""

    def __init__(self, pause: float, turns: int) -> None:
        self.pause, self.turns = pause, turns
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to answer to."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the body is whole."""
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.received[:head].lower().find(b"content-length:")
        length = int(self.received[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.received) < head + 4 + length:
            return
        body, self.received = self.received[head + 4 :], bytearray()
        if not length:
            self.transport.write(MODELS)
            return
        spoken = body.count(b'"role": "assistant"') + body.count(b'"role":"assistant"')
        reply = END if spoken >= self.turns - 1 else CALL if b'"tools"' in body else SPEAK
        asyncio.get_running_loop().call_later(self.pause, self._send, reply)

    def _send(self, reply: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(reply)


async def main(pause: float, turns: int) -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stub(pause, turns), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), int(sys.argv[2])))
