"""A small language for conditions: `0 < avg < 1 and turns <= 8`. It is parsed, never run as Python.

Names stand for facts of a record; there are numbers, text, True, False, None, comparisons (chained, and `in`), `and`,
`or`, `not`, and + - * / % on numbers. Nothing else: no calls, no attributes, no indexing. A fact that a record lacks
is None: it equals None alone, every order comparison and sum with it is false, and nothing is in it.
"""

import ast
import difflib
import operator
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sca.errors import UsageError

Fact = str | float | int | bool | None
LONGEST = 1_000
"""Characters of a condition."""
DEEPEST = 100
"""Levels of a condition's tree."""

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CONSTANTS = ("True", "False", "None")


class Condition:
    """A condition, read once and asked of many records."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        """Raises `UsageError` that points at what is not understood, and at names that are not among `names`."""
        self.text = text.strip()
        if len(self.text) > LONGEST:
            raise UsageError(f"the condition is longer than {LONGEST} characters")
        self._lines = self.text.splitlines() or [""]
        self._before = int(len(self._lines) > 1)
        """Lines that are put before it: one of several lines is read in parentheses."""
        self.names: set[str] = set()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what it hints at is no concern of a condition's
                self._tree = ast.parse(f"(\n{self.text}\n)" if self._before else self.text, mode="eval").body
            if _depth(self._tree) > DEEPEST:
                raise UsageError(f"the condition is nested deeper than {DEEPEST} levels")
            self._check(self._tree, names)
        except SyntaxError as error:
            raise self._wrong(error.msg, error.lineno or 1, (error.offset or 1) - 1, 1) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise UsageError(f"the condition cannot be read: {error}") from error

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        """Whether a record with these facts meets it. Raises `UsageError` where text meets a number."""
        return bool(self._value(self._tree, facts))

    def _check(self, node: ast.expr, names: Collection[str]) -> None:
        match node:
            case ast.Name(id=name) if name in names:
                self.names.add(name)
            case ast.Name(id=name):
                close = difflib.get_close_matches(name.lower(), [*names, *_CONSTANTS], n=1) or [
                    constant for constant in _CONSTANTS if constant.lower() == name.lower()
                ]
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(names))}"
                raise self._at(node, f"there is no {name!r} here; {hint}")
            case ast.Constant(value=str() | int() | float() | None):
                pass
            case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._check(part, names)
            case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.UAdd(), operand=part):
                self._check(part, names)
            case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
                self._check(node.left, names)
                self._check(node.right, names)
            case ast.Compare(ops=ops) if not any(isinstance(op, ast.Is | ast.IsNot) for op in ops):
                for part in (node.left, *node.comparators):
                    self._check(part, names)
            case ast.Compare():
                raise self._at(node, "say == or != in place of `is`")
            case _:
                raise self._at(
                    node, "this is no part of a condition: names, numbers, text, comparisons, and or not, + - * / %"
                )

    def _value(self, node: ast.expr, facts: Mapping[str, Fact]) -> Any:
        match node:
            case ast.Name(id=name):
                return facts.get(name)
            case ast.Constant(value=value):
                return value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return [self._value(part, facts) for part in parts]
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(self._value(part, facts) for part in parts)
            case ast.BoolOp(values=parts):
                return any(self._value(part, facts) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return not self._value(part, facts)
            case ast.UnaryOp(op=op, operand=part):
                number = self._number(part, facts)
                return -number if isinstance(op, ast.USub) and number is not None else number
            case ast.BinOp(left=left, op=op, right=right):
                one, other = self._number(left, facts), self._number(right, facts)
                if one is None or other is None:
                    return None
                try:
                    return _ARITHMETIC[type(op)](one, other)
                except (ZeroDivisionError, OverflowError):
                    return None
            case ast.Compare():
                return self._compare(node, facts)
        raise AssertionError(node)  # _check lets nothing else through

    def _compare(self, node: ast.Compare, facts: Mapping[str, Fact]) -> bool:
        parts = [node.left, *node.comparators]
        values = [self._value(part, facts) for part in parts]
        return all(
            self._pair(node, op, one, other) for op, one, other in zip(node.ops, values, values[1:], strict=False)
        )

    def _pair(self, node: ast.Compare, op: ast.cmpop, one: Any, other: Any) -> bool:
        if isinstance(op, ast.Eq | ast.NotEq):
            return (one == other) is isinstance(op, ast.Eq)
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(other, list) and not (isinstance(one, str) and isinstance(other, str)):
                if one is None or other is None:
                    return isinstance(op, ast.NotIn)  # as in a list: nothing is in what is missing
                raise self._at(node, "`in` asks for text in text, or for one of a list: family in ('a', 'b')")
            return (one in other) is isinstance(op, ast.In)
        if one is None or other is None:
            return False
        if not (_is_number(one) and _is_number(other)) and not (isinstance(one, str) and isinstance(other, str)):
            raise self._at(node, f"{one!r} and {other!r} have no order")
        return _ORDER[type(op)](one, other)

    def _number(self, node: ast.expr, facts: Mapping[str, Fact]) -> float | int | None:
        value = self._value(node, facts)
        if value is not None and not _is_number(value):
            raise self._at(node, f"{value!r} is no number")
        number: float | int | None = value
        return number

    def _at(self, node: ast.expr, problem: str) -> UsageError:
        line = self._line(node.lineno).encode()  # the parser counts bytes
        end = node.end_col_offset if node.end_lineno == node.lineno else None
        start = len(line[: node.col_offset].decode())
        return self._wrong(problem, node.lineno, start, len(line[node.col_offset : end].decode()))

    def _wrong(self, problem: str, number: int, start: int, length: int) -> UsageError:
        return UsageError(f"{problem}\n  {self._line(number)}\n  {' ' * start}{'^' * max(length, 1)}")

    def _line(self, number: int) -> str:
        """The line that the parser counts as `number`."""
        return self._lines[min(max(number - 1 - self._before, 0), len(self._lines) - 1)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [inner for node in level for inner in ast.iter_child_nodes(node)]
    return depth
