"""The turn loop that challenger and executor share: ask, parse, act, until somebody ends it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sca.controls import strip_controls
from sca.dialogue import prompts
from sca.dialogue.conversation import Conversation
from sca.dialogue.markers import BadTurn, Kind, Turn, parse, stops
from sca.engines import ContextOverflow, Engine, Request, Sampling
from sca.records.contract import Message
from sca.records.ids import seed_for

BAD_TURNS = 3
"""So many turns in a row that are none end an episode as malformed."""
OBSERVATION_LIMIT = 4_000  # characters
Ending = Literal["done", "out_of_turns", "out_of_context", "malformed"]


@dataclass(frozen=True)
class Asker:
    """Everything that one side of an episode samples with."""

    engine: Engine
    sampling: Sampling
    seed: int
    """The run's; each turn's seed comes from it, the episode's id and the turn."""


@dataclass(frozen=True)
class Reaction:
    """What a move leads to: something to hear, and how the episode ended where it did."""

    heard: Message | None = None
    ending: Ending | None = None


Handler = Callable[[Turn], Awaitable[Reaction]]


async def converse(
    key: str, conversation: Conversation, asker: Asker, handlers: Mapping[Kind, Handler], max_turns: int
) -> Ending:
    """Run a dialogue to its end. Raises `InfraError` when engine or sandbox fail."""
    allowed = tuple(sorted(handlers))
    bad = 0
    for turn in range(max_turns):
        if not await ask(key, turn, conversation, asker, stops(allowed)):
            return "out_of_context"
        move = parse(conversation.messages[-1].content, allowed)
        if isinstance(move, BadTurn):
            bad += 1
            if bad == BAD_TURNS:
                return "malformed"
            conversation.say(Message(role="user", content=prompts.reminder(move.problem, allowed)))
            continue
        bad = 0
        reaction = await handlers[move.kind](move)
        if reaction.heard is not None:
            conversation.say(reaction.heard)
        if reaction.ending is not None:
            return reaction.ending
    return "out_of_turns"


async def ask(key: str, turn: int, conversation: Conversation, asker: Asker, stop: tuple[str, ...]) -> bool:
    """One sampled turn into the conversation; False where it no longer fits into the model's context.

    Raises `EngineError` when the engine fails.
    """
    sampling = Sampling(
        asker.sampling.temperature, asker.sampling.top_p, asker.sampling.max_tokens, asker.sampling.stop + stop
    )
    request = Request(
        key=f"{key}:{turn}",
        messages=conversation.chat(),
        prompt_ids=conversation.prompt_ids(),
        sampling=sampling,
        seed=seed_for(asker.seed, key, turn),
    )
    try:
        conversation.reply(await asker.engine.complete(request))
    except ContextOverflow:
        return False
    return True


def cut(text: str, limit: int = OBSERVATION_LIMIT) -> str:
    """An observation without control characters, at most `limit` characters long: head, a note of the gap, tail."""
    text = strip_controls(text)
    if len(text) <= limit:
        return text
    kept = max(limit - 60, 0)
    head, tail = kept * 3 // 4, kept // 4
    return f"{text[:head]}\n[… {len(text) - head - tail} characters left out …]\n{text[len(text) - tail :]}"
