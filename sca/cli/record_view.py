"""One record for reading: what is asked first, then code in colour, the verdict in words, the dialogue turn by turn.

Nothing that a model wrote is read as markup, and its control characters become visible. A field that is not as it
should be is shown as the JSON that it is.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.syntax import Syntax
from rich.text import Text

from sca.cli.filters import Fields, ending, kind_of
from sca.cli.listing import colour
from sca.cli.reasons import OUTCOMES, reason_in_words
from sca.controls import show_controls
from sca.records.contract import Task, Trajectory

_ROLES = {"system": "dim", "user": "cyan", "assistant": "green", "tool": "yellow"}
_ACTION = re.compile(r"(?<=ACTION:)(.*?)(?=END ACTION|\Z)", re.DOTALL)
_COLOURED = 64 * 1024
"""Letters of code that are coloured; more would take long."""


@dataclass(frozen=True)
class View:
    """How much of a record is shown."""

    lines: int | None = 40
    """Lines of one text, then it is cut; None shows all."""

    def record(self, fields: Fields) -> Iterator[Text]:
        """All parts of one record, ready to print one after the other."""
        rest = dict(fields)
        yield Text.assemble(("── ", "dim"), _text(rest.pop("id", "no id"), "bold"), (" ──", "dim"))
        yield from self._facts(rest, ("environment", "family", "start", "task_id", "attempt", "model", "run"))
        match kind_of(fields):
            case "attempt":
                yield from self._attempt(fields, rest)
            case "task" | "judged task":
                yield from self._task(fields, rest)
        for name, value in rest.items():
            if value is None and name in Task.model_fields | Trajectory.model_fields:
                continue  # of ours, and not said
            yield from self._section(name, self._prose(value) if isinstance(value, str) else self._data(value))

    def _task(self, fields: Fields, rest: Fields) -> Iterator[Text]:
        if kind_of(fields) == "judged task":
            yield from self._verdict(fields, rest.pop("verdict"))
        elif ending(fields) == "no hand-in":
            yield _text("no hand-in: the episode ended without a task", "red")
        yield from self._part(rest, "instruction", self._prose)
        yield from self._part(rest, "evaluation_function", self._code)
        yield from self._part(rest, "solution", self._code)
        cases = rest.pop("failure_cases", None)
        for number, case in enumerate(cases if isinstance(cases, list) else [], 1):
            yield from self._section(f"failure case {number}", self._code(case))
        if cases and not isinstance(cases, list):
            yield from self._section("failure_cases", self._data(cases))
        yield from self._origin(rest)

    def _verdict(self, fields: Fields, verdict: Fields) -> Iterator[Text]:
        word = ending(fields)
        valid = verdict.get("valid") is True
        sentence = None if valid else reason_in_words(word)
        yield Text.assemble(
            (show_controls("valid" if valid else f"rejected: {word}"), f"bold {colour(fields)}"),
            f"  {sentence}" if sentence else "",
        )
        if detail := verdict.get("detail"):
            yield _indented(self._prose(detail))
        checks = verdict.get("checks")
        if isinstance(checks, dict) and checks:
            yield Text("  ").join(_mark(name, passed) for name, passed in checks.items())
        known = {"valid", "reason", "detail", "checks"}
        yield from self._facts(dict(verdict), [name for name in verdict if name not in known])

    def _attempt(self, fields: Fields, rest: Fields) -> Iterator[Text]:
        word = str(rest.pop("outcome", None))
        yield Text.assemble(
            (show_controls(f"reward {rest.pop('reward')}  {word}"), f"bold {colour(fields)}"),
            f"  {OUTCOMES[word]}" if word in OUTCOMES else "",
        )
        yield from self._part(rest, "answer", self._prose)
        yield from self._part(rest, "detail", self._prose)
        yield from self._dialogue(rest.pop("messages"))
        calls = rest.pop("calls", None)
        if calls:
            yield from self._section("tool calls", *(self._call(call) for call in _list(calls)))
        tokens = rest.pop("tokens", None)
        yield from self._facts(rest, ("usage", "state_hash"))
        if tokens:
            yield from self._section("tokens", _text(_count(tokens)))

    def _origin(self, rest: Fields) -> Iterator[Text]:
        origin = rest.pop("origin", None)
        if not isinstance(origin, dict):
            rest |= {"origin": origin} if origin is not None else {}
            return
        told = {name: value for name, value in origin.items() if name != "messages"}
        if told.get("tokens"):
            told["tokens"] = _count(told["tokens"])
        if told:
            yield from self._section("origin", *self._facts(told, [*told]))
        if "messages" in origin:
            yield from self._dialogue(origin["messages"])

    def _dialogue(self, messages: Any) -> Iterator[Text]:
        for message in _list(messages):
            known = isinstance(message, dict) and isinstance(message.get("content"), str)
            role = str(message.get("role")) if isinstance(message, dict) else "?"
            yield Text()
            yield _text(f"▸ {role}", f"bold {_ROLES.get(role, '')}")
            if not known:
                yield self._data(message)
                continue
            yield from self._spoken(message["content"], role)
            more = {name: value for name, value in message.items() if name not in ("role", "content")}
            yield from self._facts(more, list(more))

    def _spoken(self, content: str, role: str) -> Iterator[Text]:
        if role != "assistant":
            yield self._prose(content, "dim" if role == "system" else "")
            return
        for index, piece in enumerate(_ACTION.split(content)):
            if piece.strip():
                yield self._code(piece.strip("\n")) if index % 2 else self._prose(piece.strip("\n"))

    def _call(self, call: Any) -> Text:
        if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
            return self._data(call)
        arguments = ", ".join(f"{name}={_json(value)}" for name, value in call["arguments"].items())
        line = _text(f"{call.get('name')}({arguments})")
        if call.get("error") is not None:
            line.append(show_controls(f"  {call['error']}"), "red")
        return line

    def _part(self, rest: Fields, name: str, show: Callable[[Any], Text]) -> Iterator[Text]:
        value = rest.pop(name, None)
        if value is not None:
            yield from self._section(name.replace("_", " "), show(value))

    def _section(self, title: str, *body: Text) -> Iterator[Text]:
        yield Text()
        yield _text(title, "bold")
        yield from map(_indented, body)

    def _facts(self, rest: Fields, names: Any) -> Iterator[Text]:
        for name in names:
            value = rest.pop(name, None)
            if value not in (None, {}, [], ""):
                label = _text(f"{name}: ", "dim")
                yield label.append(self._cut(_plain(value)), "default not dim")

    def _prose(self, value: Any, style: str = "") -> Text:
        return Text(self._cut(_plain(value)), style=style)

    def _code(self, value: Any) -> Text:
        text = self._cut(_plain(value))
        if not isinstance(value, str) or len(text) > _COLOURED:
            return Text(text)
        coloured = Syntax("", "python", theme="ansi_dark").highlight(text)
        coloured.remove_suffix("\n")
        return coloured

    def _data(self, value: Any) -> Text:
        return Text(self._cut(show_controls(json.dumps(value, indent=2, ensure_ascii=False))))

    def _cut(self, text: str) -> str:
        lines = text.split("\n")
        if self.lines is None or len(lines) <= self.lines + 1:
            return text
        return "\n".join(lines[: self.lines]) + f"\n… {len(lines) - self.lines} more lines (--whole shows them)"


def _mark(name: str, passed: Any) -> Text:
    sign, style = ("✓", "green") if passed is True else ("✗", "red") if passed is False else ("·", "dim")
    return Text.assemble((sign, style), " ", (show_controls(name), "" if passed is not None else "dim"))


def _indented(text: Text) -> Text:
    return Text("\n").join(Text("  ").append_text(line) for line in text.split("\n", allow_blank=True))


def _count(tokens: Any) -> str:
    segments = [segment for segment in _list(tokens) if isinstance(segment, dict)]
    ids = sum(len(_list(segment.get("ids"))) for segment in segments)
    spans = [span for segment in segments for span in _list(segment.get("trained"))]
    trained = sum(len(range(*span)) for span in spans if _is_span(span))
    return f"{ids} in {len(segments)} segment{'' if len(segments) == 1 else 's'}, {trained} of them the agent's own"


def _is_span(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(end, int) for end in value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> str:
    return show_controls(value if isinstance(value, str) else _json(value))


def _text(value: Any, style: str = "") -> Text:
    return Text(_plain(value), style=style)
