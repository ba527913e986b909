"""Actions on an airline's database by chance: most are carried out, many are refused."""

import random
from typing import Any

Action = tuple[str, dict[str, Any]]
CABINS = ("basic_economy", "economy", "business")


class Author:
    """Writes actions for one database; a few travellers come up again and again."""

    def __init__(self, data: dict[str, Any], seed: int) -> None:
        self.data, self.rng = data, random.Random(seed)
        self.users = self.rng.sample(list(data["users"]), 3)
        self.open = [
            (number, date, day)
            for number, flight in data["flights"].items()
            for date, day in flight["dates"].items()
            if day["status"] == "available"
        ]

    def actions(self, number: int) -> list[Action]:
        """So many of them."""
        makers = [self.book, self.flights, self.cancel, self.certificate, self.bags, self.people, self.flights]
        made = [self.odd() if self.rng.random() < 0.1 else self.rng.choice(makers)() for _ in range(number)]
        bookings = [action for action in made if action[0] == "book_reservation"]
        return [action for action in made if action not in bookings[3:]]  # the original wrote a fourth over the third

    def _user(self) -> str:
        return self.rng.choice(self.users)

    def _reservation_id(self) -> str:
        if self.rng.random() < 0.2:
            return self.rng.choice(["HATHAT", "HATHAU", "NOSUCH"])
        return self.rng.choice(self.data["users"][self._user()]["reservations"])

    def _held(self, reservation_id: str) -> dict[str, Any]:
        return self.data["reservations"].get(reservation_id) or next(iter(self.data["reservations"].values()))

    def _payment_id(self, user_id: str) -> str:
        own = list(self.data["users"][user_id]["payment_methods"])
        return self.rng.choice([*own, *own, "gift_card_0000000", "certificate_3221322"])

    def _segments(self, number: int) -> list[dict[str, Any]]:
        """Mostly such as can be booked."""
        chosen = [self.rng.choice(self.open) for _ in range(number)]
        segments = [{"flight_number": number, "date": date} for number, date, _ in chosen]
        if self.rng.random() < 0.1:
            segments[0]["date"] = self.rng.choice(["2024-05-03", "2024-06-01"])
        return segments

    def _people(self, number: int) -> list[dict[str, str]]:
        return [{"first_name": "Mona", "last_name": f"Quist{n}", "dob": "1990-01-31"} for n in range(number)]

    def book(self) -> Action:
        user_id, cabin, people = self._user(), self.rng.choice(CABINS), self.rng.randint(1, 3)
        segments, insurance, paid_bags = self._segments(self.rng.randint(1, 3)), self.rng.choice(("yes", "no")), 0
        days = [self.data["flights"][one["flight_number"]]["dates"].get(one["date"], {}) for one in segments]
        price = sum(day.get("prices", dict.fromkeys(CABINS, 1))[cabin] for day in days) * people
        price += 30 * people if insurance == "yes" else 0
        if self.rng.random() < 0.3:
            paid_bags = self.rng.randint(1, 3)
        price += 50 * paid_bags + (1 if self.rng.random() < 0.1 else 0)
        return "book_reservation", {
            "user_id": user_id,
            "origin": "JFK",
            "destination": "SEA",
            "flight_type": self.rng.choice(("one_way", "round_trip")),
            "cabin": cabin,
            "flights": segments,
            "passengers": self._people(people),
            "payment_methods": self._payments(user_id, price),
            "total_baggages": paid_bags + self.rng.randint(0, 2),
            "nonfree_baggages": paid_bags,
            "insurance": insurance,
        }

    def _payments(self, user_id: str, price: int) -> list[dict[str, Any]]:
        """Each method once; a certificate or gift card as far as it goes, a credit card for the rest."""
        methods = self.data["users"][user_id]["payment_methods"]
        cards = [name for name, method in methods.items() if method["source"] == "credit_card"]
        payments = []
        for name, method in methods.items():
            if method["source"] != "credit_card" and self.rng.random() < 0.5:
                amount = min(price, method["amount"] + (1 if self.rng.random() < 0.1 else 0))
                payments.append({"payment_id": name, "amount": amount})
                price -= amount
        return [*payments, {"payment_id": self.rng.choice(cards or ["credit_card_0"]), "amount": price}]

    def cancel(self) -> Action:
        return "cancel_reservation", {"reservation_id": self._reservation_id()}

    def certificate(self) -> Action:
        amount = self.rng.choice([50, 100, 150.5])
        return "send_certificate", {"user_id": self.rng.choice([self._user(), "nobody"]), "amount": amount}

    def flights(self) -> Action:
        reservation_id = self._reservation_id()
        held = self._held(reservation_id)
        kept = [{name: one[name] for name in ("flight_number", "date")} for one in held["flights"]]
        flights = self.rng.choice([kept, self._segments(len(kept)), [*kept[:-1], *self._segments(1)]])
        cabin = self.rng.choice([held["cabin"], self.rng.choice(CABINS)])
        arguments = {"cabin": cabin, "flights": flights, "payment_id": self._payment_id(held["user_id"])}
        return "update_reservation_flights", {"reservation_id": reservation_id, **arguments}

    def bags(self) -> Action:
        reservation_id = self._reservation_id()
        held, more = self._held(reservation_id), self.rng.randint(-1, 3)
        arguments = {
            "total_baggages": max(0, held["total_baggages"] + more),
            "nonfree_baggages": max(0, held["nonfree_baggages"] + self.rng.choice([0, more])),
            "payment_id": self._payment_id(held["user_id"]),
        }
        return "update_reservation_baggages", {"reservation_id": reservation_id, **arguments}

    def people(self) -> Action:
        reservation_id = self._reservation_id()
        number = len(self._held(reservation_id)["passengers"]) + (self.rng.random() < 0.1)
        arguments = {"reservation_id": reservation_id, "passengers": self._people(number)}
        return "update_reservation_passengers", arguments

    def odd(self) -> Action:
        """What changes nothing."""
        return self.rng.choice(
            [
                ("think", {"thought": "May it be cancelled?"}),
                ("calculate", {"expression": "2 * (183 + 30)"}),
                ("list_all_airports", {}),
                ("search_direct_flight", {"origin": "JFK", "destination": "SEA", "date": "2024-05-20"}),
                ("search_onestop_flight", {"origin": "JFK", "destination": "SEA", "date": "2024-05-20"}),
                ("transfer_to_human_agents", {"summary": "out of reach"}),
                ("refund", {}),
                ("cancel_reservation", {}),
                ("cancel_reservation", {"reservation_id": self._reservation_id(), "reason": "weather"}),
                ("book_reservation", {"user_id": self._user()}),
            ]
        )
