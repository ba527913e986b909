"""The user whom an agent serves: knows the instruction, says one line at a time, and ends the conversation.

A simulated user is a model with the instruction as its secret. It thinks, then speaks; only the line is passed on.
To its model the roles are turned round: the agent's words are `user` messages, its own turns `assistant`.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from sca.dialogue import prompts
from sca.dialogue.conversation import Conversation
from sca.dialogue.markers import BadTurn, Kind, parse, stops
from sca.dialogue.turns import BAD_TURNS, Asker, Ending, ask
from sca.engines import Engine
from sca.records.contract import Message

STOP = "###STOP###"
"""Ends a conversation."""
YESES = 5
"""So often a scripted user says yes, then it stops."""
_FORM: tuple[Kind, ...] = ("response",)
_MARKER = re.compile(r"\b(?:END )?(?:THOUGHT|ACTION|RESPONSE|ANSWER)\b:?")
_NOTHING_MORE = re.compile(r"\b(?:any|some)thing else\b|\bfurther (?:help|assistance)\b|\bhelp you further\b", re.I)


@dataclass(frozen=True)
class Line:
    """What a user says, and whether that is the end."""

    text: str
    """One line; empty where the user's model failed to give one."""
    ending: Ending | None = None
    detail: str | None = None
    """Why it ended where the user is to blame."""


class User(Protocol):
    """The user of one episode."""

    @property
    def usage(self) -> Mapping[str, int]:
        """Tokens that its model took: prompt_tokens, completion_tokens …; nothing where there is none."""

    thoughts: list[str | None]
    """What it thought before each line; no agent ever sees this."""

    async def say(self, heard: str | None) -> Line:
        """The next line, in reply to what the agent said; None before the first. Raises `EngineError`."""


class Users(Protocol):
    """Makes the user of each episode."""

    @property
    def engine(self) -> Engine | None:
        """Their model's; it must be entered."""

    def user(self, key: str, instruction: str) -> User:
        """A user who wants what the instruction says; `key` is the attempt's id."""

    def describe(self) -> dict[str, Any]:
        """What a sidecar says of them."""


@dataclass
class _ScriptedUser:
    """States the instruction, says yes, and stops.

    It says yes to whatever comes first, and to each question after that. It stops when the agent asks nothing any
    more or asks whether there is anything else, and after so many yeses in any case.
    """

    instruction: str
    yeses: int = 0
    usage: dict[str, int] = field(default_factory=dict)
    thoughts: list[str | None] = field(default_factory=list)

    async def say(self, heard: str | None) -> Line:
        self.thoughts.append(None)
        if heard is None:
            return Line(" ".join(self.instruction.split()))
        asked = "?" in heard or not self.yeses
        if self.yeses == YESES or not asked or _NOTHING_MORE.search(heard):
            return Line(STOP, "done")
        self.yeses += 1
        return Line("Yes.")


@dataclass(frozen=True)
class ScriptedUsers:
    """For small models and tests: no model takes part."""

    engine: None = None

    def user(self, key: str, instruction: str) -> User:
        """One that states the instruction, says yes, and stops."""
        return _ScriptedUser(instruction)

    def describe(self) -> dict[str, Any]:
        """Nothing can be set."""
        return {"kind": "scripted"}


class _SimulatedUser:
    """One conversation from the user's side."""

    def __init__(self, key: str, instruction: str, asker: Asker) -> None:
        self._key = f"{key}:user"
        self._asker = asker
        self._conversation = Conversation(prompts.user_prompt(instruction, STOP), asker.engine.renderer)
        self._turn = 0
        self.thoughts: list[str | None] = []

    @property
    def usage(self) -> Mapping[str, int]:
        return self._conversation.usage

    async def say(self, heard: str | None) -> Line:
        if heard is not None:
            self._conversation.say(Message(role="user", content=heard))
        problem = ""
        for _ in range(BAD_TURNS):
            if not await ask(self._key, self._turn, self._conversation, self._asker, stops(_FORM)):
                return Line("", "out_of_context", "user: the dialogue no longer fits into its model's context")
            self._turn += 1
            said = _read(self._conversation.messages[-1].content)
            if not isinstance(said, BadTurn):
                self.thoughts.append(said[0])
                return Line(said[1], "done" if STOP in said[1] else None)
            problem = said.problem
            self._conversation.say(Message(role="user", content=prompts.reminder(problem, _FORM)))
        return Line("", "malformed", f"user: {BAD_TURNS} turns in a row were no line to the agent: {problem}")


@dataclass(frozen=True)
class SimulatedUsers:
    """A model plays the user."""

    asker: Asker
    base_of: str | None = None
    """The checkpoint whose base model this is, where it was chosen for that."""

    @property
    def engine(self) -> Engine:
        """The asker's."""
        return self.asker.engine

    def user(self, key: str, instruction: str) -> User:
        """One whose random numbers come from the run's seed, the attempt's id and its own turns."""
        return _SimulatedUser(key, instruction, self.asker)

    def describe(self) -> dict[str, Any]:
        """The engine, how it samples, and why this model."""
        base = {"base_of": self.base_of} if self.base_of else {}
        engine, sampling = self.asker.engine.describe(), asdict(self.asker.sampling)
        return {"kind": "model", **base, "engine": engine, "sampling": sampling}


def _read(text: str) -> tuple[str | None, str] | BadTurn:
    """Thought and line of a turn. What stands outside the markers may be a thought, so it is never passed on."""
    if text.strip() == STOP:
        return None, STOP
    turn = parse(text, _FORM)
    if isinstance(turn, BadTurn):
        return turn
    line = " ".join(turn.body.split())
    if not line or _MARKER.search(line):
        return BadTurn("The response must be one line to the agent, without a marker in it.")
    return turn.thought, line
