"""Write `test.jsonl` from the sources beside it: `python -m environments.web_browsing.tasks.make`. The same bytes.

Keys of a `[[task]]`:

    kind            one of the nine of the benchmark, or several
    instruction     line breaks are spaces
    expected        what the answer must say; a number with a fraction is compared to two decimals
    solution        Python; `follow`, `page`, `fact` and `money` below are put before it
    near_misses     wrong answers, three or more; `= …` is arithmetic, rounded to two decimals
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from environments.held_out import Record, odd_keys, record, sources, write

HERE = Path(__file__).parent
KEYS = {"kind", "instruction", "expected", "solution", "near_misses"}
HELPERS = {
    "follow": '''
opened = []


def follow(*labels):
    """From the start page, click one link after the other, each by the words before it."""
    while opened:
        go_to_previous_page()
        opened.pop()
    for label in labels:
        url = re.search(re.escape(label) + r".*?Clickable '(.*?)'", page())[1]
        click_url(url)
        opened.append(url)
''',
    "page": '''
def page():
    """The current page from its first line to its last."""
    while not re.search(r", lines 1 to", view()):
        scroll_up()
    parts = [view()]
    while parts[-1].endswith("(more below)"):
        parts.append(scroll_down())
    return "\\n".join(parts)
''',
    "fact": '''
def fact(name):
    """What the current page says after `name:`, without a link."""
    return re.search(rf"^{name}: (.*?)(?: \\[Clickable.*)?$", page(), re.M)[1]
''',
    "money": '''
def money(expression):
    """The value, written as xx.xx."""
    return f"{calculator(expression):.2f}"
''',
}
"""What solutions use, by name; `follow`, which all use, needs `page`."""


def tasks() -> Iterator[Record]:
    """Every task as a record of `test.jsonl`, in the order of the sources."""
    for number, source in enumerate(sources(HERE, lambda source: odd_keys(source, KEYS)), start=1):
        yield task(f"web_browsing-test-{number:06}", source)


def task(task_id: str, source: Record) -> Record:
    """A source as a line of a file of tasks."""
    wrong = [_wrong(near_miss) for near_miss in source["near_misses"]]
    return record(task_id, source, "the page /", check(source["expected"]), _whole(source["solution"].strip()), wrong)


def check(expected: Any) -> str:
    """The source of `evaluate`."""
    decimals = ", decimals=2" if isinstance(expected, float) else ""
    return f"def evaluate(answer):\n    return same(answer, {expected!r}{decimals})\n"


def _whole(solution: str) -> str:
    """With the helpers that it uses."""
    used = [code.strip() for name, code in HELPERS.items() if name in ("follow", "page") or f"{name}(" in solution]
    return "\n\n\n".join(["import re", *used, solution])


def _wrong(answer: str) -> str:
    arithmetic = answer.startswith("= ")
    return f"result = round({answer[2:]}, 2)" if arithmetic else f"result = {answer!r}"


if __name__ == "__main__":
    write(tasks(), HERE / "test.jsonl")
