"""From the environments that tasks name to their folders."""

from collections.abc import Sequence
from pathlib import Path

from sca.cli.console import say
from sca.dialogue.setting import Setting
from sca.environment.loading import find
from sca.errors import BadInput, UsageError
from sca.records.contract import Task


def shown(file: str | Path) -> str:
    """An input as messages name it."""
    return "stdin" if str(file) == "-" else str(file)


def setting_name(env: str | None, data: Path | None) -> str | None:
    """The name of the environment that `--env` says; None where it says nothing."""
    return None if env is None else Setting.open(env, data).name


def settings_of(
    tasks: Sequence[Task], file: str, env: str | None, data: Path | None
) -> list[tuple[Setting, list[Task]]]:
    """The environment of each task of `file`, with its tasks; `env` says where the one of its name lies.

    Raises `ScaError` where an environment is not found or a task names a family that it lacks.
    """
    _check_names(tasks, file)
    names = list(dict.fromkeys(task.environment for task in tasks))
    given = Setting.open(env, data) if env is not None else None
    if given is not None and names and given.name not in names:
        raise UsageError(f"--env {env}: the tasks in {file} are of {', '.join(names)}")
    if data is not None and len(names) > 1:
        raise UsageError(f"--data goes with one environment; the tasks in {file} are of {', '.join(names)}")
    found = []
    for name in names:
        members = [task for task in tasks if task.environment == name]
        setting = given if given is not None and given.name == name else _find(members[0], file, data)
        _check_families(setting, members, file)
        _tell_strangers(setting, members, file)
        found.append((setting, members))
    return found


def _find(task: Task, file: str, data: Path | None) -> Setting:
    try:
        folder = find(task.environment)
    except UsageError as error:
        hint = f"or say with --env where {task.environment} lies"
        raise UsageError(f"{file}: {task.id}: environment: {error}, {hint}") from error
    return Setting.open(str(folder), data)


def _check_names(tasks: Sequence[Task], file: str) -> None:
    """A file of tasks is data: it may name an environment, but not have the Python of any folder imported."""
    problems = [
        f"{file}: {task.id}: environment: must be a name, not the path {task.environment}"
        for task in tasks
        if task.environment in (".", "..") or task.environment.startswith("~") or "/" in task.environment
    ]
    if problems:
        raise BadInput(problems, hint="say where the environment lies with --env FOLDER")


def _tell_strangers(setting: Setting, tasks: Sequence[Task], file: str) -> None:
    """Warn of tasks whose user the data lacks: all their calls would be refused, and a rule that ignores errors
    would pass them for doing nothing."""
    if not setting.environment.user:
        return
    known = {start.text for start in setting.starts}
    # a challenger's record also says the theme, after the start
    strangers = [
        task for task in tasks if task.start is not None and task.start.partition("; theme: ")[0] not in known
    ]
    if strangers:
        say(
            f"{file}: {len(strangers)} of {len(tasks)} tasks are of users whom the data of {setting.name} does not "
            f"hold, such as {strangers[0].start}; --data names the folder with the data they were written for",
            style="yellow",
        )


def _check_families(setting: Setting, tasks: Sequence[Task], file: str) -> None:
    problems = []
    for task in tasks:
        try:
            setting.check_family(task.family)
        except UsageError as error:
            problems.append(f"{file}: {task.id}: family: {error}")
    if problems:
        raise BadInput(problems)
