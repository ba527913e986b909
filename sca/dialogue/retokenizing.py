"""Tokens of an attempt from its text, where the engine did not record them (`--retokenize`)."""

from typing import Protocol

from sca.dialogue.conversation import REWRITTEN, for_engine
from sca.engines import Renderer
from sca.records.contract import Segment, Trajectory


class Encoder(Renderer, Protocol):
    """A renderer that also turns plain text into ids."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text as it is."""


def retokenize(attempt: Trajectory, renderer: Encoder) -> list[Segment]:
    """Segments of the messages; the agent's own turns are the trained spans.

    These need not be the ids that were sampled: a text has many tokenisations.
    """
    segments: list[Segment] = []
    ids: list[int] = []
    trained: list[tuple[int, int]] = []
    split: str | None = None
    heard = 0  # messages that the ids hold
    reply: list[int] = []
    for number, message in enumerate(attempt.messages):
        if message.role != "assistant":
            continue
        bridge = None
        if heard:
            before, after = attempt.messages[: heard - 1], attempt.messages[heard:number]
            text = attempt.messages[heard - 1].content
            bridge = renderer.bridge(for_engine(before), text, reply, for_engine(after))
        if bridge is None:
            if trained:
                segments.append(Segment(split=split, trained=trained, logprobs=[], ids=ids))
                split = REWRITTEN
            ids, trained = renderer.prompt(for_engine(attempt.messages[:number])), []
        else:
            ids += bridge
        reply = renderer.encode(message.content)
        if reply:  # a turn may be empty
            trained.append((len(ids), len(ids) + len(reply)))
        ids += reply
        heard = number + 1
    if trained:
        segments.append(Segment(split=split, trained=trained, logprobs=[], ids=ids))
    return segments
