"""From the environments that tasks name to their folders."""

from collections.abc import Sequence
from pathlib import Path

from sca.dialogue.setting import Setting
from sca.errors import BadInput, UsageError
from sca.records.contract import Task


def settings_of(tasks: Sequence[Task], env: str | None, data: Path | None) -> list[tuple[Setting, list[Task]]]:
    """The environment of each task, with its tasks; `env` says where the one of its name lies.

    Raises `ScaError` where an environment is not found or a task names a family that it lacks.
    """
    names = list(dict.fromkeys(task.environment for task in tasks))
    given = Setting.open(env, data) if env is not None else None
    if given is not None and names and given.name not in names:
        raise UsageError(f"--env {env}: the tasks are of {', '.join(names)}")
    if data is not None and len(names) > 1:
        raise UsageError(f"--data goes with one environment; the tasks are of {', '.join(names)}")
    found = []
    for name in names:
        setting = given if given is not None and given.name == name else Setting.open(name, data)
        members = [task for task in tasks if task.environment == name]
        _check_families(setting, members)
        found.append((setting, members))
    return found


def _check_families(setting: Setting, tasks: Sequence[Task]) -> None:
    problems = []
    for task in tasks:
        try:
            setting.check_family(task.family)
        except UsageError as error:
            problems.append(f"{task.id}: family: {error}")
    if problems:
        raise BadInput(problems)
