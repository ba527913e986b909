"""Errors with a reader: each is one line that tells a person what is wrong and what to do.

    ScaError            one line on stderr, exit 1
    ├─ UsageError       wrong flags or a file made with other settings: exit 2
    ├─ BadInput         lines of an input file that do not fit: every one is named
    └─ InfraError       a part of the machinery failed; retried, counted, never a verdict or a reward
       ├─ SandboxError  the Docker engine or a container
       │  └─ StateLost  tools that a program called took the state along: the program's doing, not a fault
       └─ EngineError   the model's engine
          └─ ContextOverflow  the prompt does not fit into the model's context: an outcome, not a fault

Anything else that is raised is a bug, and keeps its traceback; what a job meets is shown when the others are done.
"""

from collections.abc import Sequence


class ScaError(Exception):
    """Something a person can mend; the message says how."""

    exit_code = 1


class UsageError(ScaError):
    """The command was called wrongly."""

    exit_code = 2


class BadInput(ScaError):
    """Lines of a file that cannot be used; `problems` are ready to print, one a line; `hint` says what to do."""

    def __init__(self, problems: Sequence[str], *, hint: str | None = None) -> None:
        self.problems = tuple(problems)
        self.hint = hint
        super().__init__("\n".join(self.problems))


class InfraError(ScaError):
    """The machinery failed: the work is missing, not wrong."""


class SandboxError(InfraError):
    """The engine or a container failed."""


class StateLost(SandboxError):
    """A tool hung and had to be killed, and the world's state with it, or it left what cannot be written as JSON."""


class EngineError(InfraError):
    """The model could not be asked, or did not answer."""


class ContextOverflow(EngineError):
    """The prompt is longer than the model's context; the episode ends as `out_of_context`."""
