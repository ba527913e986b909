"""Does what a model was trained on hold the tasks that it is measured on? `python -m experiments.leaks --help`.

Two instructions are compared as words, with marks for values such as numbers, quotations, ids and names. They leak
into each other where they are the same (`exact`), the same but for the values (`values`), or share most of their runs
of three words (`near`); and two tasks where their solutions are the same code (`solution`).
"""

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

NEAR = 0.6
"""Share of the runs of three words, of all that either instruction has."""
_RUN = 3  # words
_LEAST_RUNS = 3  # of an instruction that is compared by its runs; shorter ones are near to too much
_VALUE = re.compile(r"\"[^\"]*\"|'[^'\s]+'|`[^`]*`|\b[ACGTU]{4,}\b|\S*(?:\d|@)\S*")
_NAME = re.compile(r"(?<=[\w,;] )(?:[A-Z][\w-]*)(?: [A-Z][\w-]*)*")
"""Capitals within a sentence: people, cities, products."""
_INSTRUCTION = re.compile(r"<instruction>\n(.*?)\n</instruction>", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """An instruction and where it stands."""

    where: str
    instruction: str
    solution: str | None = None


@dataclass(frozen=True)
class Leak:
    """A pair of texts that are too much alike."""

    sort: str
    """exact, values, near or solution."""
    here: Text
    there: Text
    share: float = 1.0

    def __str__(self) -> str:
        alike = f" {self.share:.2f}" if self.sort == "near" else ""
        lines = f"{self.sort}{alike}: {self.here.where} and {self.there.where}"
        return f"{lines}\n  {self.here.instruction}\n  {self.there.instruction}"


def texts(path: Path) -> list[Text]:
    """The instructions of a file of tasks, attempts or dialogues (`messages`). Raises `typer.BadParameter`."""
    found = []
    for number, line in _lines(path):
        try:
            record = json.loads(line)
            solution = record.get("solution")
            for instruction in instructions(record):
                where = f"{path}:{number}" + (f" ({record['id']})" if "id" in record else "")
                found.append(Text(where, instruction, solution if isinstance(solution, str) else None))
        except (ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
            raise typer.BadParameter(f"{path}, line {number}: neither a task nor a dialogue: {error!r}") from error
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Those that hold something, with their numbers; only a line feed ends a line of JSON."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def instructions(record: dict[str, Any]) -> Iterator[str]:
    """What somebody is asked for: the task's, else that of a dialogue, said to an executor or handed in."""
    if record.get("instruction"):
        yield record["instruction"]
    elif "messages" in record:
        handed_in = [text for m in record["messages"] for text in _INSTRUCTION.findall(m["content"])]
        first, *_ = handed_in or [m["content"] for m in record["messages"] if m["role"] == "user"]
        yield first


def plain(text: str) -> tuple[str, ...]:
    """Words and values in small letters, without punctuation."""
    return tuple(re.findall(r"[\w.@#-]*\w", text.lower()))


def masked(text: str) -> tuple[str, ...]:
    """The words in small letters, with a mark for each value and each name."""
    return tuple(re.findall(r"[a-z]+|#", _NAME.sub("#", _VALUE.sub(" # ", text)).lower()))


def values_of(text: str) -> tuple[str, ...]:
    """Its values and names in their order of size, the marks of `masked`."""
    rest = _VALUE.sub(" # ", text)
    return tuple(sorted([*_VALUE.findall(text), *_NAME.findall(rest)]))


def _code(source: str | None) -> str | None:
    """A solution without its layout; None where there is none that calls something: an answer alone tells little."""
    try:
        tree = ast.parse(source or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return ast.dump(tree) if any(isinstance(node, ast.Call) for node in ast.walk(tree)) else None


def find(here: Iterable[Text], there: Sequence[Text], near: float = NEAR, *, same: bool = False) -> Iterator[Leak]:
    """The leaks between two sets of texts, for each text of `here` at most one. Of 60,000 a few seconds' work.

    `same`: only those with the same values are alike. For fresh draws, which have the wording of the corpus.
    """
    index = Index(there, near, same=same)
    for text in here:
        if (leak := index.leak(text)) is not None:
            yield leak


_Key = tuple[tuple[str, ...], ...]
"""Words that are compared, with the values where these count."""


class Index:
    """The texts that must not leak, by all that they are compared by."""

    def __init__(self, there: Sequence[Text], near: float = NEAR, *, same: bool = False) -> None:
        self.near, self.same = near, same
        self.exact = {plain(text.instruction): text for text in there}
        self.shapes = {self._key(text): text for text in there}
        self.solutions = {code: text for text in there if (code := _code(text.solution))}
        self.there = [(text, self._runs(self._key(text))) for text in there]
        self.holders: dict[_Key, list[int]] = defaultdict(list)
        for number, (_, runs) in enumerate(self.there):
            for run in runs:
                self.holders[run].append(number)
        self.known: dict[_Key, tuple[Text, float] | None] = {}

    def leak(self, text: Text) -> Leak | None:
        """What this text leaks from, the plainest first."""
        if other := self.exact.get(plain(text.instruction)):
            return Leak("exact", text, other)
        key = self._key(text)
        if other := self.shapes.get(key):
            return Leak("values", text, other)
        if key not in self.known:
            self.known[key] = self._nearest(self._runs(key))
        if (nearest := self.known[key]) is not None:
            return Leak("near", text, *nearest)
        code = _code(text.solution)
        if code and (other := self.solutions.get(code)):
            return Leak("solution", text, other)
        return None

    def _key(self, text: Text) -> _Key:
        return masked(text.instruction), values_of(text.instruction) if self.same else ()

    @staticmethod
    def _runs(key: _Key) -> frozenset[_Key]:
        words, values = key
        return frozenset((run, values) for run in zip(*(words[place:] for place in range(_RUN)), strict=False))

    def _nearest(self, runs: frozenset[_Key]) -> tuple[Text, float] | None:
        shared = Counter(number for run in runs for number in self.holders.get(run, ()))
        best: tuple[Text, float] | None = None
        for number, count in shared.items():
            text, theirs = self.there[number]
            share = count / (len(runs) + len(theirs) - count)
            if min(len(runs), len(theirs)) >= _LEAST_RUNS and share >= self.near and (not best or share > best[1]):
                best = text, share
        return best


def main(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Corpora or generated tasks.")],
    against: Annotated[list[Path], typer.Option(exists=True, dir_okay=False, help="Tasks to measure on.")],
    near: Annotated[float, typer.Option(min=0.05, max=1, help="Share of runs of three words.")] = NEAR,
    same_values: Annotated[bool, typer.Option("--same-values", help="For fresh draws, of known wording.")] = False,
    clean: Annotated[Path | None, typer.Option(help="Write the lines of FILE that do not leak, exit 0.")] = None,
) -> None:
    """Name every instruction of FILES that is, or is close to, one of those to measure on; exit 1 where there is one.

    \b
    python -m experiments.leaks corpus.jsonl --against environments/retail/tasks/test.jsonl
    python -m experiments.leaks validated.jsonl --same-values --against held_out.jsonl --clean unleaked.jsonl
    """
    if clean and len(files) != 1:
        raise typer.BadParameter("--clean needs exactly one FILE")
    there = [text for path in against for text in texts(path)]
    leaking: set[str] = set()
    count = 0
    for path in files:
        here = texts(path)
        count += len(here)
        for leak in find(here, there, near, same=same_values):
            leaking.add(leak.here.where.split(" (")[0])
            typer.echo(str(leak))
    typer.echo(f"{len(leaking)} of {count} instructions leak ({len(there)} to measure on)", err=True)
    if clean:
        kept = [line for number, line in _lines(files[0]) if f"{files[0]}:{number}" not in leaking]
        clean.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    elif leaking:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
