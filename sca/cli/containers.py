"""What `--runtime` and `--image` say of the containers that a command uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sca.dialogue.setting import Setting
    from sca.sandbox import Limits
    from sca.sandbox.host import DockerSandbox


@dataclass(frozen=True)
class Containers:
    """How containers are made; nothing said: by the engine's own runtime, from an image built when missing."""

    runtime: str | None = None
    image: str | None = None

    def check(self, settings: "Sequence[Setting]") -> "Containers":
        """Raise `UsageError` where one image would have to serve several environments."""
        from sca.errors import UsageError

        if self.image is not None and len(settings) > 1:
            names = ", ".join(setting.name for setting in settings)
            raise UsageError(f"--image holds one environment, but the tasks are of {names}")
        return self

    def sandbox(
        self, setting: "Setting", limits: "Limits", *, size: int = 1, tasks_per_container: int = 1
    ) -> "DockerSandbox":
        """The sandbox of an environment, to be entered."""
        from sca.sandbox.host import DockerSandbox

        return DockerSandbox(
            setting.folder, data=setting.data, limits=limits, tasks_per_container=tasks_per_container, size=size,
            runtime=self.runtime, image=self.image, switches=setting.switches,
        )  # fmt: skip
