"""The prompts, as templates in this folder: `full` for models that read, `brief` for models that know."""

from functools import cache, partial
from typing import Any, Literal

from sca.dialogue import hand_in
from sca.dialogue.setting import Setting
from sca.records.contract import Message, Task, Verdict
from sca.templates import render

Style = Literal["full", "brief"]
Feedback = Literal["full", "none"]
_render = partial(render, "sca.dialogue")
_STEPS = ("one tool call", "two tool calls", "three tool calls", "four or more tool calls")


def executor_prompt(setting: Setting, task: Task, style: Style, max_turns: int) -> list[Message]:
    """What an executor sees first. Of the task only the instruction is in it, and that only without a user."""
    messages = [_executor_system(setting, task.family, style, max_turns)]
    if not setting.environment.user:
        messages.append(Message(role="user", content=task.instruction or ""))
    return messages


@cache
def _executor_system(setting: Setting, family: str | None, style: Style, max_turns: int) -> Message:
    """The same for every attempt at a family's tasks, and it takes milliseconds to render."""
    return Message(role="system", content=_system("executor", setting, family, style, max_turns=max_turns))


def challenger_prompt(
    setting: Setting, index: int, style: Style, max_turns: int, feedback: Feedback
) -> list[Message]:
    """What the challenger of episode `index` sees first; starts are dealt out in turn."""
    start = setting.start(index)
    examples = [_example(task) for task in setting.examples(start.family)] if style == "full" else []
    system = _system(
        "challenger", setting, start.family, style, max_turns=max_turns, feedback=feedback, examples=examples,
        checks=setting.checks(start.family),
    )  # fmt: skip
    return [Message(role="system", content=system), _opening(setting, index, style, acts=True)]


def proposer_prompt(setting: Setting, index: int, style: Style) -> list[Message]:
    """What one who writes instructions without acting (PAE) sees; starts are those of the challenger."""
    family = setting.start(index).family
    examples = [task.instruction for task in setting.examples(family)] if style == "full" else []
    system = _system("proposer", setting, family, style, examples=examples)
    return [Message(role="system", content=system), _opening(setting, index, style, acts=False)]


def _opening(setting: Setting, index: int, style: Style, *, acts: bool) -> Message:
    """What an episode begins from; `acts`: the writer can look around by itself."""
    start = setting.start(index)
    content = _render(
        f"{style}/challenger_start",
        name=setting.name,
        start=start.text,
        theme=start.theme,
        label=start.label,
        family=start.family,
        number=index + 1,
        steps=_STEPS[(index + index // len(_STEPS)) % len(_STEPS)],
        acts=acts,
        seen="" if acts else setting.first_observation(start),
    )
    return Message(role="user", content=content)


def user_prompt(instruction: str, stop: str) -> list[Message]:
    """What a simulated user's model sees first; `stop` is what it says to end the conversation."""
    system = _render("user", instruction=instruction, stop=stop)
    return [Message(role="system", content=system), Message(role="user", content=_render("user_greeting"))]


def reminder(problem: str, allowed: tuple[str, ...]) -> str:
    """The answer to a turn that is none."""
    return _render("reminder", problem=problem, allowed=allowed)


def feedback_text(verdict: Verdict) -> str:
    """What the challenger is told of its hand-in."""
    return _render("feedback", verdict=verdict)


def _system(role: str, setting: Setting, family: str | None, style: Style, **more: Any) -> str:
    return _render(
        f"{style}/{role}",
        name=setting.name,
        description=setting.description,
        policy=setting.policy,
        family=family,
        tools=setting.tools(family),
        user=setting.environment.user,
        counts=setting.environment.counts,
        **more,
    )


def _example(task: Task) -> str:
    return hand_in.render(
        task.instruction or "", task.evaluation_function or "", task.solution or "", task.failure_cases or []
    )
