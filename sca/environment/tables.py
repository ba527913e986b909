"""A state of several tables, read from a file each or from one file that holds them all."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DATABASE = "db.json"
"""The one file, as TauBench 2 has it."""


def load_tables(data: Path, names: Sequence[str]) -> dict[str, Any]:
    """`{name: table}` from `NAME.json` in a folder, or else from its `db.json`; further tables of that are kept.

    A folder that has only a folder `data` with these files in it stands for that one. Raises FileNotFoundError that
    says what is missing, ValueError for a `db.json` without one of the tables.
    """
    place = next((folder for folder in (data, data / "data") if _holds(folder, names)), None)
    if place is None:
        missing = [f"{name}.json" for name in names if not (data / f"{name}.json").is_file()]
        raise FileNotFoundError(f"{data} lacks {', '.join(missing)}, and has no {DATABASE} either")
    if all((place / f"{name}.json").is_file() for name in names):
        return {name: _read(place / f"{name}.json") for name in names}
    database = _read(place / DATABASE)
    if not isinstance(database, dict) or not all(name in database for name in names):
        raise ValueError(f"{place / DATABASE} must be an object that holds {', '.join(names)}")
    return database


def _holds(folder: Path, names: Sequence[str]) -> bool:
    return (folder / DATABASE).is_file() or all((folder / f"{name}.json").is_file() for name in names)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
