"""The records that pass between stages. Other programs rely on these names: add fields, rename none.

Text that a person reads comes first in each record, bulky fields last. Unknown fields are kept.
"""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["system", "user", "assistant", "tool"]
Outcome = Literal["success", "failure", "out_of_turns", "out_of_context", "malformed"]


class Record(BaseModel):
    """A line of a JSONL file; fields that we do not know are kept as they are."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Message(Record):
    """One message of a dialogue. Role `tool` is an observation; engines send it as `user` with `OUTPUT:`."""

    role: Role
    content: str


class Action(Record):
    """A tool call that a benchmark's author holds for right."""

    name: str
    arguments: dict[str, Any]


class Task(Record):
    """Code-as-Task: what to ask, how to tell that it was done, proof that it can be, and near misses."""

    id: str = Field(min_length=1)
    environment: str = Field(min_length=1)
    family: str | None = None
    instruction: str | None = None
    """None, like the code fields, where an episode ended without a hand-in."""
    evaluation_function: str | None = None
    """Source that defines `evaluate()` or `evaluate(answer)`."""
    solution: str | None = None
    failure_cases: list[str] | None = None
    actions: list[Action] | None = None
    """Of a benchmark's task: the tool calls that lead to the right final state. Some may be refused."""
    outputs: list[str] | None = None
    """Of a benchmark's task: what the agent has to say."""
    expected_output: str | None = None
    """Of a benchmark's task that is answered: its reference, as Python writes the value."""
    start: str | None = None
    """What the challenger began from: a user id, a family, a theme."""
    origin: dict[str, Any] = Field(default_factory=dict)
    """{method, model, turns, earlier hand-ins, messages, usage …} of the challenger's episode."""

    @model_validator(mode="after")
    def _is_a_task(self) -> Self:
        if {"task_id", "messages"} <= (self.model_extra or {}).keys():
            raise ValueError("is an attempt, not a task")
        return self


class Verdict(Record):
    """What the checks say of a task."""

    valid: bool
    reason: str | None
    """None when valid; otherwise one of SANDBOX's reasons, as `solution_fails`."""
    detail: str = ""
    """What happened, for a person and for the challenger: a traceback, or a sentence."""
    checks: dict[str, Any] = Field(default_factory=dict)
    """Each check in order: passed (true or false) or null where it was not reached."""
    quality: dict[str, Any] = Field(default_factory=dict)
    seconds: float = 0.0


class JudgedTask(Task):
    """A line of `validated.jsonl` or `rejected.jsonl`."""

    verdict: Verdict


class ToolCall(Record):
    """A tool call that was made, as the trusted side of the sandbox saw it."""

    name: str
    arguments: dict[str, Any]
    error: str | None = None
    """What the tool refused with; None when the call succeeded."""


class Segment(Record):
    """Tokens of one unbroken prompt: context and the agent's own turns.

    A dialogue is one segment unless its chat template rewrites history, where a new one begins.
    """

    split: str | None = None
    """Why it does not go on from the segment before; None for the first one."""
    trained: list[tuple[int, int]]
    """Half-open spans of `ids` that the agent sampled."""
    logprobs: list[float]
    """Log-probability of each sampled token at temperature 1, in order of the spans."""
    ids: list[int]


class Trajectory(Record):
    """One attempt at one task."""

    id: str = Field(min_length=1)
    task_id: str
    environment: str
    family: str | None = None
    attempt: int
    reward: Literal[0, 1]
    outcome: Outcome
    answer: str | None = None
    detail: str | None = None
    """Why the reward is 0 where that is not plain: an exception of `evaluate`, say."""
    messages: list[Message]
    calls: list[ToolCall] = Field(default_factory=list)
    state_hash: str | None = None
    model: str | None = None
    run: str | None = None
    """The settings' hash of the run that made it: attempts of two models at one task share an id, never this."""
    task_hash: str | None = None
    """Of what was asked and checked; see `sca.records.ids.task_hash`."""
    usage: dict[str, int] = Field(default_factory=dict)
    """prompt_tokens, completion_tokens …; those of a simulated user as user_prompt_tokens and so on."""
    user_thoughts: list[str | None] | None = None
    """What a simulated user thought before each of its lines; the agent has seen none of it."""
    noop_passes: bool | None = None
    """Whether doing nothing at this task has a reward of 1 too; None where that was not worked out."""
    own_reward: Literal[0, 1] | None = None
    """Beside an `official` reward: what our own rule gives."""
    defects: list[str] | None = None
    """What is known to be wrong with a benchmark's task."""
    state_changes: dict[str, Any] | None = None
    """JSON pointer (RFC 6901) to each entry of the database that the attempt changed: {before, after}."""
    state_changes_left_out: int | None = None
    """How many there are beyond those."""
    tokens: list[Segment] | None = None
