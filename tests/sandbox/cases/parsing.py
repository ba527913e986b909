"""Sources that are hard to read, for the parser inside or for the host."""

from sandbox.cases import ACCEPTED, CHECK, WORK, Case, attack, with_work

SYNTAX = ("syntax", "solution_syntax")

CASES = [
    attack("a source of 10 MB", "too_large", "#" * (10 << 20)),
    attack("a source of one byte too many", "too_large", "#" * (64 * 1024 + 1)),
    Case("a check of 10 MB", "too_large", E="#" * (10 << 20)),
    Case("a failure of 10 MB", "too_large", F="#" * (10 << 20)),
    attack("a source that is large in UTF-8 only", "too_large", "#" + "é" * 40_000),
    attack("100,000 brackets", ("too_large", *SYNTAX), "(" * 100_000),
    attack("100,000 brackets at run time", "rejected", "eval('(' * 100_000)"),
    attack("100,000 balanced brackets at run time", "rejected", "eval('[' * 100_000 + ']' * 100_000)"),
    attack("60,000 brackets", SYNTAX, "[" * 60_000),
    attack("60,000 balanced brackets", SYNTAX, "[" * 30_000 + "]" * 30_000),
    attack("60,000 signs", "rejected", "-" * 60_000 + "1"),
    attack("30,000 sums", "rejected", "x = 0\nx = x" + "+x" * 30_000),
    attack("20,000 attributes", "rejected", "x" + ".x" * 20_000),
    attack("10,000 lambdas", "rejected", "x = " + "lambda:" * 8_000 + "1"),
    attack("nested blocks", SYNTAX, "\n".join(" " * n + "if 1:" for n in range(200)) + " " * 200 + "pass"),
    attack("five thousand digits", SYNTAX, "x = " + "9" * 5000),
    attack("a null byte", SYNTAX, "x = 1\0"),
    attack("a byte order mark", SYNTAX, "\ufeffx = 1"),
    attack("an unclosed text", SYNTAX, "x = '''"),
    attack("tabs and spaces mixed", SYNTAX, "if 1:\n\tx = 1\n        y = 1"),
    attack("return outside a function", SYNTAX, "return 1"),
    attack("an await outside a function", SYNTAX, "await x"),
    attack("a lone surrogate", ("syntax", "solution_exception", "solution_fails"), "x = '\ud800'"),
    attack("a lone surrogate as result", ("solution_fails", "solution_bad_result"), "result = '\\ud800'"),
    attack("a name that only looks like another", "solution_exception", "ｘ = 1\nget_оrder('A1001')"),
    attack("a format that grows", ("solution_oom", "solution_exception", "solution_timeout"), "x = f'{1:10000000000}'"),
    Case("a check that does not parse", "syntax", E="def evaluate(: return True"),
    Case("a failure that does not parse", "syntax", F="def"),
    with_work("another coding", "# -*- coding: utf-7 -*-"),
    with_work("a coding that does not exist", "# coding: nonsense"),
    Case("a warning of the compiler", ACCEPTED, S=f"x = '\\d'\nassert (1, 'always') is not None\n{WORK}"),
    Case("a future import", ACCEPTED, S=f"from __future__ import annotations\n{WORK}", E="from __future__ import annotations\n" + CHECK),
    attack("a message with escapes", "solution_exception",
           "raise ValueError('\\x1b[2J\\x1b]0;x\\x07\\u202e[bold]x[/]\\r\\n{\"id\": \"fake\"}')"),
    attack("a class with escapes in its name", "solution_exception", "raise type('\\x1b[2J', (Exception,), {})"),
    attack("a ToolError with escapes", "solution_exception", "raise ToolError('\\x1b[2J')"),
]  # fmt: skip
