"""Files of the form of M3ToolEval's, with tasks of our own: three kinds of reference, a site with a dead link."""

import json
from pathlib import Path

BASE = """
from collections import namedtuple
from typing import Mapping
from tqdm import tqdm
from .repl import PythonREPL

ToolType = namedtuple("ToolType", ["name", "description", "function", "fn_signature"])
task_iterators = []


class Task:
    def __init__(self, name, tools, instruction, expected_output, is_single_tool_task=True):
        self.name, self.instruction, self.expected_output = name, instruction, expected_output
        self.tools = tools() if callable(tools) else tools
        print(f"Task: {name}")


def register_task_iterator(task_iter, length):
    task_iterators.append((task_iter, length))
"""
CALCULATION = """
from ..base import Task, ToolType, register_task_iterator

LOC = ['"P"', '"Q"']
flights = [{"from_location": LOC[0], "to_location": LOC[1], "date": "2030-01-01", "price": 70}]
hotels = [{"location": place, "preferences": ["sauna"], "price_per_night": 40, "rating": 3} for place in LOC]
NAMES = {
    "trade": "convert_currency calculate_tariff estimate_final_value calculator find_minimum find_maximum",
    "travel": "find_flights book_hotel budget_calculator max min sum",
}
TOOLS = {kind: {name: ToolType(name, "", len, "") for name in names.split()} for kind, names in NAMES.items()}
TASKS = [
    Task(f"{kind}/{number}", TOOLS[kind], f"What is it, number {number}?\\n", reference, False)
    for kind, number, reference in (
        ("trade", 1, sum(0.25 for _ in range(3))),
        ("trade", 2, [1.5, 2.0]),
        ("travel", 3, ("P", 3)),
        ("travel", 4, 7),
    )
]
register_task_iterator(TASKS, len(TASKS))
"""
WEB = """
import json
import os
from ...base import Task, ToolType, register_task_iterator


class Page:
    def __init__(self, name, content):
        self.name, self.content = name, content


with open(os.path.join(os.path.dirname(__file__), "web_pages.jsonl")) as f:
    PAGES = [Page(**json.loads(line)) for line in f.read().splitlines()]


def create_tools():
    names = "click_url go_to_previous_page scroll_down scroll_up view calculator"
    return {name: ToolType(name, "", len, "") for name in names.split()}


ASKED = (
    ("price", "The price of a Sundial?", 0.1 + 0.2),
    ("who", "Who has the number 555?", "Ada Reed"),
    ("people_in_the_attic", "How many people are in the Attic Department?", 2),
    ("phone", "The number of Bo Lind?", "777"),
)
TASKS = [Task(f"web_browsing/{name}", create_tools, told, reference, False) for name, told, reference in ASKED]
register_task_iterator(TASKS, len(TASKS))
"""
PAGES = {
    "/": "Start\nShop [Clickable '/shop']\nAttic [Clickable '/the_attic']",
    "/shop": "Sundial: $0.30\nBo Lind: 777",
    "/the-attic": "Attic Team:\n- Ada Reed: 555",
}


def write_sample(folder: Path, **other: str) -> Path:
    """The folder `m3tooleval`; `other` replaces the text of base, calculation or web."""
    root = folder / "m3tooleval"
    texts = {"base": BASE, "calculation": CALCULATION, "web": WEB} | other
    files = {
        "__init__.py": "from .base import Task\nfrom .impl import calculation, web\n",
        "base.py": texts["base"],
        "repl.py": "from IPython.core.interactiveshell import InteractiveShell\n\n\nclass PythonREPL:\n    pass\n",
        "impl/calculation.py": texts["calculation"],
        "impl/web/__init__.py": texts["web"],
        "impl/web/web_pages.jsonl": "".join(
            json.dumps({"name": name, "content": text}) + "\n" for name, text in PAGES.items()
        ),
    }
    for name, text in files.items():
        (root / "tasks" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "tasks" / name).write_text(text, encoding="utf-8")
    return root
