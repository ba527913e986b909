"""Every check of an environment: those that need no container, and those that run tools and tasks in one."""

from pathlib import Path

from sca.dialogue.setting import Setting
from sca.inspection import Finding
from sca.inspection.documentation import check_documentation
from sca.inspection.material import check_closeness, check_state, read_tasks
from sca.inspection.trials import check_in_sandbox
from sca.sandbox import Sandbox


def static_findings(setting: Setting) -> list[Finding]:
    """What reading and importing the folder shows. No tool is called."""
    (tests, wrong_tests), (examples, wrong_examples) = (read_tasks(setting, path) for path in _files(setting))
    return [
        *check_documentation(setting.environment),
        *check_state(setting),
        *wrong_tests,
        *wrong_examples,
        *check_closeness(examples, tests),
    ]


async def sandboxed_findings(setting: Setting, sandbox: Sandbox) -> list[Finding]:
    """What running tools and tasks shows. `sandbox` is entered here. Raises SandboxError."""
    tasks = [
        (str(path.relative_to(setting.folder)), task)
        for path in _files(setting)
        for task in read_tasks(setting, path)[0]
    ]
    async with sandbox:
        return await check_in_sandbox(setting, sandbox, tasks)


def _files(setting: Setting) -> tuple[Path, Path]:
    return setting.test_tasks, setting.folder / "examples.jsonl"
