"""Four small worlds of pure functions: what counts is the answer."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, ClassVar

from sca.environment import Environment, Start, Toolset

from .dna import DnaSequencer
from .messages import MessageDecoder
from .themes import themes
from .trade import TradeCalculator
from .travel import TravelPlanner


class Calculation(Environment):
    """Questions that a few calls of simple tools answer. Nothing can be changed; give the answer itself."""

    counts = "answer"
    families: ClassVar[Mapping[str, type[Toolset]]] = {
        "message_decoder": MessageDecoder,
        "dna_sequencer": DnaSequencer,
        "trade_calculator": TradeCalculator,
        "travel_planner": TravelPlanner,
    }

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A theme each, the families in turn."""
        rows = [[Start(theme, family) for theme in themes(family)] for family in cls.families]
        return list(chain.from_iterable(zip(*rows, strict=True)))
