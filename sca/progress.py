"""How long work says how far it is. A stage knows this protocol; what becomes of it, the caller decides."""

from typing import Protocol


class Progress(Protocol):
    """Told after each piece of work that ended."""

    def update(self, *, done: int, good: int, tokens: int) -> None:
        """`done` pieces are there, those of earlier runs included, and `good` of them are as hoped.

        `tokens` were sampled by this run.
        """


class Silence:
    """For those who call a stage as a function and want to hear nothing."""

    def update(self, *, done: int, good: int, tokens: int) -> None:
        """Say nothing."""
