"""Four small worlds of pure functions: what counts is the answer."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from sca.environment import Environment, Start, Toolset, load_tables

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
    def load(cls, data: Path) -> dict[str, Any]:
        """The tables flights and hotels, a list each.

        Raises FileNotFoundError that names what is missing, ValueError for tables of something else.
        """
        tables = load_tables(data, ("flights", "hotels"))
        if not all(isinstance(table, list) for table in tables.values()):
            raise ValueError("flights.json and hotels.json must each hold a list")
        return tables

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A theme each, the families in turn."""
        rows = [[Start(theme, family) for theme in themes(family)] for family in cls.families]
        return list(chain.from_iterable(zip(*rows, strict=True)))
