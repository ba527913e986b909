"""docs/architecture.md is true: every folder is in its list, and imports go down the list only."""

import ast
import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TABLE = re.findall(r"^\| (`.*?) \|", (REPO / "docs" / "architecture.md").read_text("utf-8"), flags=re.MULTILINE)
ROOMS = {
    name.strip("/").removesuffix(".py").removesuffix("/__init__").replace("/", "."): row
    for row, cell in enumerate(TABLE)
    for name in re.findall(r"`(sca/[^`]+)`", cell)
} | {"sca.sandbox": next(row for row, cell in enumerate(TABLE) if "sandbox/host" in cell)}


def row_of(module):
    """Of the innermost room that a module is in; None for what is in none."""
    rooms = [room for room in ROOMS if f"{module}.".startswith(f"{room}.")]
    return ROOMS[max(rooms, key=len)] if rooms else None


def imported(tree):
    """Modules of ours that a file imports anywhere, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_folder_of_the_package_is_in_the_list():
    folders = {f"sca.{path.parent.name}" for path in (REPO / "sca").glob("*/*.py")}
    assert {folder for folder in folders if row_of(folder) is None} == set()


def test_imports_go_down_the_list_only():
    upward = []
    for path in sorted((REPO / "sca").rglob("*.py")):
        module = ".".join(path.relative_to(REPO).with_suffix("").parts).removesuffix(".__init__")
        mine = row_of(module)
        for other in imported(ast.parse(path.read_text("utf-8"))) if mine is not None else ():
            its = row_of(other) if other.startswith("sca.") else None
            if its is not None and its < mine:
                upward.append(f"{module} → {other}")
    assert upward == []
