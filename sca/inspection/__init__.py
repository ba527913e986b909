"""What is wrong with an environment, found before a model or a verdict is misled by it (`sca env check`)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing to mend: where, and what is wrong and what to do."""

    place: str
    """A file, a tool, a line: `environment.py, get_order`."""
    problem: str
    wrong: bool = True
    """False: advice, which does not fail the check."""
    blocks: bool = False
    """Whether nothing can be tried in the sandbox before it is mended."""

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"
