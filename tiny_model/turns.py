"""The agent's turns as messages, and the slips that make an action fail before it is tried again."""

import random
import re

from sca.records.contract import Message


def action(program: str, thought: str | None = None) -> Message:
    """A turn that runs a program."""
    before = f"THOUGHT: {thought} END THOUGHT\n" if thought else ""
    return Message(role="assistant", content=f"{before}ACTION:\n{program}\nEND ACTION")


def answer(text: str, thought: str | None = None) -> Message:
    """The last turn where there is no user, and a challenger's hand-in."""
    before = f"THOUGHT: {thought} END THOUGHT\n" if thought else ""
    return Message(role="assistant", content=f"{before}ANSWER:\n{text}\nEND ANSWER")


def response(words: str) -> Message:
    """A turn that speaks to the user."""
    return Message(role="assistant", content=f"RESPONSE:\n{words}\nEND RESPONSE")


def slipped(program: str, rng: random.Random) -> str:
    """A program that fails before it changes anything: a bracket is missing, or a name is not quite right."""
    picked = re.search(r'if "(\w+)[^"]*" in str\(o\)', program)
    if picked and rng.random() < 0.5:
        return program.replace(picked[0], picked[0].replace(picked[1], f"{picked[1].lower()}"), 1)
    return program[:-1] if program.endswith(")") else program + ")"
