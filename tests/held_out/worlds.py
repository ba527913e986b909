"""The environments that ship, with their held-out tasks; of those with sources, what makes the file of them."""

from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

from environments.airline.tasks import make as airline
from environments.retail.tasks import make as retail
from environments.web_browsing.tasks import make as web_browsing
from sca.dialogue import prompts
from sca.dialogue.setting import Setting
from sca.records.contract import Task
from sca.records.reading import read


@dataclass(frozen=True)
class World:
    """An environment and its tasks."""

    name: str
    maker: ModuleType | None = None

    def __str__(self) -> str:
        return self.name

    @cached_property
    def setting(self) -> Setting:
        return Setting.open(self.name)

    @cached_property
    def tasks(self) -> list[Task]:
        return read(self.setting.test_tasks, Task).records

    @cached_property
    def examples(self) -> list[Task]:
        return read(self.setting.folder / "examples.jsonl", Task).records

    def prompts(self, style: str) -> list[str]:
        """What models are told, whatever the task: those who write one, with every theme, and who attempts one."""
        seen = [
            message
            for index in range(max(len(self.setting.environment.themes), len(self.setting.environment.families), 1))
            for prompt in (
                prompts.challenger_prompt(self.setting, index, style, 10, "full"),
                prompts.proposer_prompt(self.setting, index, style),
            )
            for message in prompt
        ]
        seen += [m for example in self.examples for m in prompts.executor_prompt(self.setting, example, style, 15)]
        return list(dict.fromkeys(message.content for message in seen))


MADE = [World("retail", retail), World("airline", airline), World("web_browsing", web_browsing)]
ALL = [World("calculation"), *MADE]
