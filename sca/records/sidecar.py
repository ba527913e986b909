"""The sidecar `X.jsonl.meta.json`: how a file was made, and whether it is complete.

It is written before the first line, so that an interrupted file still says what it was to be; never does it hold a
credential.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from sca import __version__
from sca.errors import ScaError
from sca.records.ids import settings_hash
from sca.records.scrubbing import plain_data, scrub

_COUNTED = ("torch", "transformers", "vllm", "peft", "accelerate", "docker")
"""Packages whose version shapes an output, named where they are loaded."""


class Sidecar:
    """What `X.jsonl.meta.json` says, kept on disk as it changes."""

    def __init__(self, file: Path, settings: Mapping[str, Any]) -> None:
        self.path = beside(file)
        self.settings = scrub(plain_data(settings))
        self._facts: dict[str, Any] = {}
        self._told: dict[str, Any] = {"counts": {}, "timings": {}}
        self.complete = False
        self.runs: list[dict[str, Any]] = []

    @property
    def counts(self) -> dict[str, Any]:
        """What was counted when it was finished."""
        counts: dict[str, Any] = self._told["counts"]
        return counts

    def load(self) -> dict[str, Any] | None:
        """What the file on disk says, or None where there is none. Raises `ScaError` where it cannot be read."""
        try:
            held = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ScaError(f"cannot read {self.path} ({error}); --force begins afresh") from error
        if not isinstance(held, dict) or not isinstance(held.get("settings"), dict) or not _told_runs(held):
            raise ScaError(f"{self.path} is not a sidecar of ours; --force begins afresh")
        return held

    def go_on(self, held: Mapping[str, Any]) -> None:
        """Take over what an earlier run told."""
        known = {"complete", "settings", "settings_hash", "counts", "timings", "versions", "runs"}
        self._facts = {name: value for name, value in held.items() if name not in known}
        self._told = {name: held.get(name) or {} for name in self._told}
        self.runs = list(held.get("runs") or [])
        self.complete = bool(held.get("complete"))

    def close_runs(self, last_write: float) -> None:
        """Give a run that was killed the time up to its last line, at `last_write` in seconds since the epoch."""
        for run in self.runs:
            if run.get("seconds") is None:
                started = datetime.fromisoformat(run["started"]).timestamp()
                run["seconds"] = round(max(0.0, last_write - started), 3)

    def note(self, **facts: Any) -> None:
        """Set top-level fields, as `model` or `limits`, and `counts` and `timings`."""
        for name, value in scrub(plain_data(facts)).items():
            (self._told if name in self._told else self._facts)[name] = value

    def save(self) -> None:
        """Put it on disk in one piece. Raises `ScaError` where that cannot be."""
        text = json.dumps(self._content(), indent=2, ensure_ascii=False)
        aside = self.path.with_name(self.path.name + ".tmp")
        try:
            with aside.open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise ScaError(f"cannot write {self.path}: {error.strerror}") from error

    def remove(self) -> None:
        """Take it off the disk."""
        self.path.unlink(missing_ok=True)

    def _content(self) -> dict[str, Any]:
        return {
            "complete": self.complete,
            "settings_hash": settings_hash(self.settings),
            "settings": self.settings,
            **self._facts,
            **self._told,
            "versions": versions(),
            "runs": self.runs,
        }


def _told_runs(held: Mapping[str, Any]) -> bool:
    """Whether each run that it tells of says when it started and, if it has ended, how long it took."""
    try:
        for run in held.get("runs") or []:
            datetime.fromisoformat(run["started"])
            if not isinstance(run["seconds"], int | float | None):
                return False
    except (TypeError, ValueError, LookupError):
        return False
    return True


def beside(file: Path) -> Path:
    """Where the sidecar of a file lies."""
    return file.with_name(file.name + ".meta.json")


def versions() -> dict[str, str]:
    """Of Python, of sca, and of the packages that are loaded; asking loads none."""
    loaded = [name for name in _COUNTED if name in sys.modules]
    known = {name: _version(name) for name in loaded}
    return {"python": platform.python_version(), "sca": __version__} | {k: v for k, v in known.items() if v}


def _version(name: str) -> str:
    """Of a package, or of its build for CPUs, which has another name; empty where neither is known."""
    for candidate in (name, f"{name}-cpu"):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(candidate)
    return ""


def differences(there: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`seed: 1 there, 2 now` for each field, in dotted names, in which two settings differ."""
    old, new = dict(_flat(there)), dict(_flat(now))
    names = [*new, *(name for name in old if name not in new)]
    return [f"{name}: {_say(old, name)} there, {_say(new, name)} now" for name in names if _differ(old, new, name)]


_ABSENT = object()


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> bool:
    # As JSON text, for Python takes 1, 1.0 and True for the same.
    return json.dumps(old.get(name, "\0absent")) != json.dumps(new.get(name, "\0absent"))


def _say(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name, _ABSENT)
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
