"""The prompts, as templates in this folder: `full` for models that read, `brief` for models that know."""

from functools import cache
from typing import Any, Literal

import jinja2

from sca.dialogue import hand_in
from sca.dialogue.setting import Setting
from sca.records.contract import Message, Task, Verdict

Style = Literal["full", "brief"]
Feedback = Literal["full", "none"]
_STEPS = ("one tool call", "two tool calls", "three tool calls", "four or more tool calls")


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("sca.dialogue", "prompts"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text for a model, not HTML
    )


def _render(template: str, **values: Any) -> str:
    return _templates().get_template(f"{template}.jinja").render(**values).strip()


def executor_prompt(setting: Setting, task: Task, style: Style, max_turns: int) -> list[Message]:
    """What an executor sees first. Of the task only the instruction is in it, and that only without a user."""
    system = _system("executor", setting, task.family, style, max_turns=max_turns)
    messages = [Message(role="system", content=system)]
    if not setting.environment.user:
        messages.append(Message(role="user", content=task.instruction or ""))
    return messages


def challenger_prompt(
    setting: Setting, index: int, style: Style, max_turns: int, feedback: Feedback
) -> list[Message]:
    """What the challenger of episode `index` sees first; starts are dealt out in turn."""
    start = setting.starts[index % len(setting.starts)]
    examples = [_example(task) for task in setting.examples(start.family)] if style == "full" else []
    system = _system(
        "challenger", setting, start.family, style, max_turns=max_turns, feedback=feedback, examples=examples,
        checks=setting.checks(start.family),
    )  # fmt: skip
    opening = _render(
        f"{style}/challenger_start",
        name=setting.name,
        start=start.text,
        family=start.family,
        number=index + 1,
        steps=_STEPS[(index // len(setting.starts)) % len(_STEPS)],
    )
    return [Message(role="system", content=system), Message(role="user", content=opening)]


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
