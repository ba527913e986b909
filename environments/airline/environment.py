"""An airline's booking desk: the database counts and what the agent said, and a simulated traveller takes part."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from sca.environment import Environment, Start, load_tables
from sca.environment.service import Service

from .booking import Bookings
from .changes import Changes
from .lookups import LookUps
from .themes import THEMES

TABLES = ("users", "flights", "reservations")


class Airline(Changes, Bookings, Service, LookUps, Environment):
    """The booking desk of an airline: look travellers, flights and reservations up, book, change and cancel
    reservations, and compensate. It is now 2024-05-15 15:00 EST."""

    counts = "both"
    user = True
    leaves_out_unchanged = True
    themes = THEMES
    switches: ClassVar[dict[str, str]] = {
        "original_cabin": "update_reservation_flights charges for the new cabin but leaves the old one in the "
        "reservation, as TauBench does"
    }

    @classmethod
    def load(cls, data: Path) -> dict[str, Any]:
        """The tables users, flights and reservations, each by id, in the format of TauBench's own files, or of
        TauBench 2's `db.json`.

        Raises FileNotFoundError that names what is missing.
        """
        return load_tables(data, TABLES)

    @classmethod
    def defects(cls, state: Any, actions: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
        """Where the original charges for another cabin and leaves the old one."""
        changed = (
            arguments["reservation_id"]
            for name, arguments in actions
            if name == "update_reservation_flights"
            and (held := state["reservations"].get(arguments.get("reservation_id")))
            and held["cabin"] != arguments.get("cabin")
        )
        return [f"the original does not write the new cabin of {found}: +original_cabin" for found in changed]

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A traveller each, by user id."""
        return [Start(user_id) for user_id in state["users"]]
