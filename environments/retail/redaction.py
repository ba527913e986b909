"""Order numbers out of an instruction: a customer rarely knows them, and an agent is to log in and find the order.

A number goes only where the rest still names that order among the customer's: by a product that only this order
holds, by what can be done to it (a return needs a delivered one), by both together, or because there is no other.
"""

import re
from typing import Any

Record = dict[str, Any]

_ID = r"(?:#W\d+|\bW\d{7})\b"
_IDS = rf"{_ID}(?:\s*(?:,\s*and\b|,|\band\b|\bor\b)\s*(?:order\s+)?{_ID})*"
_NUMBER = r"(?:\s*+(?:number|no\.|id)s?:?)?"
_MENTION = re.compile(
    rf"(?P<aside>(?<!\s)\s*+\(\s*+(?:orders?\b)?{_NUMBER}\s*+(?P<inner>{_IDS})\s*+\))"
    rf"|(?:(?P<article>\b(?:the|my|your|his|her|their|this|that|an?|one)\s+)?(?P<noun>\borders?\b),?{_NUMBER}\s*+)?"
    rf"(?P<outer>{_IDS})",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;\n](?!\s)[^.!?;\n]*)*")
_STATUS = {
    "pending": re.compile(r"\bpending\b|\bcancel|\bnot (?:yet )?(?:been )?(?:sent|shipped)\b", re.IGNORECASE),
    "processed": re.compile(r"\bprocessed\b", re.IGNORECASE),
    "delivered": re.compile(r"\bdelivered\b|\breceived\b|\bexchang|\breturn(?:ed|ing|s)?\b", re.IGNORECASE),
}
"""Words that tell of an order in this state, or of what can be done in this state only."""


def redact(orders: dict[str, Record], instruction: str) -> str:
    """The instruction without those numbers of a customer's `orders` (by number) that the rest makes needless."""
    named = {order for order in set(_numbers(instruction)) if _is_named(order, orders, instruction)}
    mine = "my" if re.search(r"\bI\b", instruction) and not re.search(r"\byou\b", instruction, re.I) else "your"

    def without(found: re.Match[str]) -> str:
        numbers = _numbers(found["inner"] or found["outer"])
        if not named.issuperset(numbers):
            return found[0]
        if found["aside"]:
            return ""
        noun = (found["noun"] or ("order" if len(numbers) == 1 else "orders")).lower()
        told = f"{found['article'] or mine + ' '}{noun}"
        return told.capitalize() if (found["noun"] or "").istitle() and not found["article"] else told

    return _MENTION.sub(without, instruction)


def _numbers(text: str) -> list[str]:
    return [f"#{number.lstrip('#')}" for number in re.findall(_ID, text)]


def _is_named(number: str, orders: dict[str, Record], instruction: str) -> bool:
    """Whether what is said of an order, its number aside, is true of no other of the customer's."""
    if number not in orders:
        return False
    words = re.sub(_ID, "", _context(number, instruction))
    products = _products(words, orders)
    states = {state for state, words_of_it in _STATUS.items() if words_of_it.search(words)}
    said = _facts(orders[number]) & (products | states)
    return all(not said <= _facts(order) for other, order in orders.items() if other != number)


def _context(number: str, instruction: str) -> str:
    """All of it where one number is mentioned, else the sentences with this number and no other."""
    if len(set(_numbers(instruction))) == 1:
        return instruction
    return " ".join(s for s in _SENTENCE.findall(instruction) if set(_numbers(s)) == {number})


def _facts(order: Record) -> set[str]:
    return {order["status"], *(item["name"].lower() for item in order["items"])}


def _products(words: str, orders: dict[str, Record]) -> set[str]:
    """Names of products that are mentioned, whole or, where it is not another's, by their last word."""
    names = {item["name"].lower() for order in orders.values() for item in order["items"]}
    said, rest = set(), words.lower()
    for name in sorted(names, key=len, reverse=True):
        rest, times = re.subn(rf"\b{re.escape(name)}(?:e?s)?\b", " ", rest)
        said |= {name} if times else set()
    return said | {name for name in names if re.search(rf"\b{re.escape(name.split()[-1])}(?:e?s)?\b", rest)}
