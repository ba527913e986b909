"""What the tools share: find a record or refuse, and the checks that come before any change."""

from typing import Any, Literal

from sca.environment import ToolError, Toolset

Record = dict[str, Any]
Cabin = Literal["basic_economy", "economy", "business"]
INSURANCE = 30
"""Dollars a passenger."""
BAG = 50
"""Dollars a checked bag that is not free."""


class Desk(Toolset):
    """Look-ups that refuse with what to do instead. Nothing here changes the state."""

    def _user(self, user_id: str) -> Record:
        user: Record | None = self.state["users"].get(user_id)
        if user is None:
            raise ToolError(f"no traveller has the user id {user_id!r}; ask for it, it looks like mona_quist_1234")
        return user

    def _reservation(self, reservation_id: str) -> Record:
        reservation: Record | None = self.state["reservations"].get(reservation_id)
        if reservation is None:
            raise ToolError(
                f"there is no reservation {reservation_id!r}; get_user_details lists those of a traveller"
            )
        return reservation

    def _seat(self, segment: Record, cabin: str, passengers: int) -> Record:
        """A flight on a date as a reservation holds it, if there is room for everybody."""
        number, date = segment.get("flight_number"), segment.get("date")
        if not isinstance(number, str) or not isinstance(date, str):
            raise ToolError('each flight must be like {"flight_number": "HAT001", "date": "2024-05-20"}')
        flight: Record | None = self.state["flights"].get(number)
        if flight is None:
            raise ToolError(
                f"there is no flight {number}; search_direct_flight and search_onestop_flight find flights"
            )
        day = flight["dates"].get(date)
        if day is None or day["status"] != "available":
            status = "does not fly" if day is None else f"is {day['status']!r}"
            raise ToolError(f"{number} {status} on {date}; only an available flight can be booked")
        if day["available_seats"][cabin] < passengers:
            raise ToolError(
                f"{number} has {day['available_seats'][cabin]} seats left in {cabin} on {date}, not {passengers}"
            )
        places = {"origin": flight["origin"], "destination": flight["destination"]}
        return {**segment, "price": day["prices"][cabin], **places}

    def _method_for_change(self, reservation: Record, payment_id: str, due: float) -> Record:
        """The payment method that pays what is due, or gets it back where it is negative."""
        method = payment_method(self._user(reservation["user_id"]), payment_id)
        if method["source"] == "certificate":
            raise ToolError("a certificate pays for new reservations only; name a credit card or a gift card")
        if method["source"] == "gift_card" and method["amount"] < due:
            raise ToolError(f"{payment_id} holds {method['amount']}, but {due} is due; choose another payment method")
        return method


def payment_method(user: Record, payment_id: Any) -> Record:
    """One of those that a traveller has."""
    methods: dict[str, Record] = user["payment_methods"]
    if not isinstance(payment_id, str) or payment_id not in methods:
        raise ToolError(f"{payment_id!r} is no payment method of this traveller; theirs are {', '.join(methods)}")
    return methods[payment_id]


def settle(reservation: Record, method: Record, payment_id: str, due: float) -> None:
    """Take what is due off a gift card, or put it back on, and note it in the payment history."""
    if method["source"] == "gift_card":
        method["amount"] -= due
    if due != 0:
        reservation["payment_history"].append({"payment_id": payment_id, "amount": due})


def check_bags(total_baggages: int, nonfree_baggages: int) -> None:
    """Refuse a negative number."""
    if total_baggages < 0 or nonfree_baggages < 0:
        raise ToolError("a number of bags must not be negative")
