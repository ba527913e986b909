"""A calculator for tools: it parses an expression and works it out, and never runs it as code."""

import ast
import math
import operator
import warnings
from collections.abc import Callable

from sca.environment.authoring import ToolError

MAX_LENGTH = 500
"""Characters of an expression."""
MAX_BITS = 512
"""Size of a whole number, before and after each step: about 154 digits."""
Number = int | float
_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_HOW = "write plain numbers with + - * / // % ** and parentheses"


def calculate(expression: str) -> Number:
    """The value of an arithmetic expression such as `(12 + 3) * 4 / 100`.

    Raises ToolError, which says what to write instead, for anything but arithmetic, for division by zero and
    for numbers beyond MAX_BITS; `9**9**9` is refused before it is worked out.
    """
    if not isinstance(expression, str):
        raise ToolError(f"the expression must be text such as '2 * (3 + 4)', not {type(expression).__name__}")
    if len(expression) > MAX_LENGTH:
        raise ToolError(f"the expression is longer than {MAX_LENGTH} characters; work it out in parts")
    try:
        return _value(_parse(expression.strip()))
    except ZeroDivisionError:
        raise ToolError("division by zero; check the divisor") from None
    except OverflowError:
        raise ToolError("the numbers grow too large; use smaller ones") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolError(f"{expression[:60]!r} is not an arithmetic expression; {_HOW}") from None


def _parse(expression: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parser warns of odd literals such as `1if`
        return ast.parse(expression, mode="eval").body


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _bounded(value)
        case ast.UnaryOp(op=sign) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_value(node.operand))
        case ast.BinOp(op=sign) if type(sign) in _BINARY:
            left, right = _value(node.left), _value(node.right)
            if isinstance(sign, ast.Pow):
                _check_power(left, right)
            return _bounded(_BINARY[type(sign)](left, right))
        case ast.BinOp(op=ast.BitXor()):
            raise ToolError("^ is not a power here; write ** instead")
        case ast.Tuple():
            raise ToolError("one expression without commas, please: write 1000, not 1,000")
    raise ToolError(f"{ast.unparse(node)[:60]!r} is not arithmetic; {_HOW}")


def _check_power(base: Number, exponent: Number) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > 2 * MAX_BITS:
        raise OverflowError
    if base < 0 and not float(exponent).is_integer():
        raise ToolError("a negative number has no such power; use a whole exponent")


def _bounded(number: Number) -> Number:
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise OverflowError
    if not math.isfinite(number):
        raise OverflowError
    return number
