"""Where to park in a small town, and what it costs."""

from typing import Any

from sca.environment import Environment, Start, ToolError, read


class Parking(Environment):
    """The car parks of a small town. Nothing can be changed; give the answer itself."""

    counts = "answer"

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A car park each."""
        return [Start(name) for name in state["car_parks"]]

    @read
    def list_car_parks(self) -> list[str]:
        """Return the names of all car parks."""
        return list(self.state["car_parks"])

    @read
    def get_car_park(self, name: str) -> dict[str, int]:
        """Return a car park: cents_an_hour, most_hours and places.

        Example: get_car_park("Mill Lane")
        """
        if name not in self.state["car_parks"]:
            raise ToolError(f"there is no car park {name!r}; list_car_parks() names them")
        found: dict[str, int] = self.state["car_parks"][name]
        return found
