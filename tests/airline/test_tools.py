"""What the tools find and refuse, on an airline small enough to work out by hand."""

import json

import pytest
from airline.desk import AIRLINE, desk

from sca.environment import ToolError

OPEN = {
    "status": "available",
    "available_seats": {"basic_economy": 2, "economy": 1, "business": 0},
    "prices": {"basic_economy": 50, "economy": 100, "business": 300},
}
LATER = {**OPEN, "prices": {"basic_economy": 70, "economy": 140, "business": 420}}


def flight(number, origin, destination, leaves, arrives, **dates):
    return {
        "flight_number": number,
        "origin": origin,
        "destination": destination,
        "scheduled_departure_time_est": leaves,
        "scheduled_arrival_time_est": arrives,
        "dates": {f"2024-05-{day.removeprefix('d')}": status for day, status in dates.items()},
    }


FLIGHTS = [
    flight("HAT001", "JFK", "ORD", "09:00:00", "11:30:00", d14={"status": "cancelled"}, d20=OPEN, d21=LATER),
    flight("HAT002", "ORD", "SEA", "11:30:00", "16:00:00", d20=OPEN, d21=LATER),
    flight("HAT003", "ORD", "SEA", "11:00:00", "15:30:00", d20=OPEN),
    flight("HAT004", "JFK", "DEN", "22:00:00", "02:00:00+1", d20=OPEN),
    flight("HAT005", "DEN", "SEA", "07:00:00", "10:00:00", d20=OPEN, d21=LATER),
    flight("HAT006", "JFK", "SEA", "08:00:00", "14:00:00", d20={"status": "delayed"}, d31=OPEN),
]
MONA = {
    "name": {"first_name": "Mona", "last_name": "Quist"},
    "payment_methods": {
        "credit_card_1": {"source": "credit_card", "id": "credit_card_1"},
        "gift_card_1": {"source": "gift_card", "amount": 80, "id": "gift_card_1"},
        "certificate_1": {"source": "certificate", "amount": 150, "id": "certificate_1"},
    },
    "reservations": ["AAAAAA"],
}
HELD = {
    "reservation_id": "AAAAAA",
    "user_id": "mona_quist_1",
    "cabin": "economy",
    "flights": [
        {"flight_number": "HAT001", "date": "2024-05-20", "price": 90, "origin": "JFK", "destination": "ORD"}
    ],
    "passengers": [{"first_name": "Mona", "last_name": "Quist", "dob": "1990-01-31"}],
    "payment_history": [{"payment_id": "credit_card_1", "amount": 90}],
    "total_baggages": 1,
    "nonfree_baggages": 0,
}


@pytest.fixture
def small():
    state = {
        "users": {"mona_quist_1": MONA},
        "flights": {one["flight_number"]: one for one in FLIGHTS},
        "reservations": {"AAAAAA": HELD},
    }
    made = desk()
    made.state = json.loads(json.dumps(state))
    return made


def booking(*payments, cabin="economy", people=1, bags=(0, 0), insurance="no"):
    return (
        "mona_quist_1", "JFK", "ORD", "one_way", cabin, [{"flight_number": "HAT001", "date": "2024-05-20"}],
        [{"first_name": "A", "last_name": "B", "dob": "2000-01-01"}] * people,
        [{"payment_id": name, "amount": amount} for name, amount in payments], *bags, insurance,
    )  # fmt: skip


def numbers(found):
    return [[one["flight_number"] for one in way] for way in found]


def test_a_direct_flight_is_shown_with_the_seats_and_prices_of_its_day(small):
    (found,) = small.search_direct_flight("JFK", "ORD", "2024-05-21")
    assert (found["flight_number"], found["prices"]["economy"], "dates" in found) == ("HAT001", 140, False)


def test_what_cannot_be_booked_is_not_found(small):
    assert small.search_direct_flight("JFK", "SEA", "2024-05-20") == []
    assert small.search_direct_flight("JFK", "ORD", "2024-05-14") == []


def test_a_second_flight_leaves_after_the_first_has_arrived(small):
    found = small.search_onestop_flight("JFK", "SEA", "2024-05-20")
    assert numbers(found) == [["HAT001", "HAT002"], ["HAT004", "HAT005"]]


def test_after_midnight_the_second_flight_is_that_of_the_next_day(small):
    _, (first, second) = small.search_onestop_flight("JFK", "SEA", "2024-05-20")
    assert (first["date"], second["date"], second["prices"]["economy"]) == ("2024-05-20", "2024-05-21", 140)


def test_the_last_day_of_a_month_has_a_next_one(small):
    assert small.search_onestop_flight("JFK", "SEA", "2024-05-31") == []


def test_airports_are_those_that_flights_join(small):
    assert small.list_all_airports() == {"DEN": "Denver", "JFK": "New York", "ORD": "Chicago", "SEA": "Seattle"}


def test_a_booking_uses_a_certificate_up_and_charges_a_gift_card(small):
    made = small.book_reservation(*booking(("certificate_1", 100), ("gift_card_1", 80), bags=(2, 1), insurance="yes"))
    assert made["reservation_id"] == "HATHAT"
    assert made["flights"][0]["price"] == 100
    assert small.state["users"]["mona_quist_1"]["payment_methods"] == {
        "credit_card_1": MONA["payment_methods"]["credit_card_1"],
        "gift_card_1": {"source": "gift_card", "amount": 0, "id": "gift_card_1"},
    }
    assert small.state["users"]["mona_quist_1"]["reservations"] == ["AAAAAA", "HATHAT"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (booking(("credit_card_1", 99)), "the payments add up to 99, but the price is 100"),
        (booking(("gift_card_1", 100)), "gift_card_1 holds 80, not 100"),
        (booking(("gift_card_1", 50), ("gift_card_1", 50)), "gift_card_1 holds 80, not 100"),
        (booking(("certificate_1", 50), ("certificate_1", 50)), "certificate_1 can be used once only"),
        (booking(("credit_card_1", 150), ("gift_card_1", -50)), "each payment must be like"),
        (booking(("paypal_1", 100)), "'paypal_1' is no payment method of this traveller"),
        (booking(("credit_card_1", 200), people=2), "HAT001 has 1 seats left in economy on 2024-05-20, not 2"),
        (booking(("credit_card_1", 100), bags=(-1, 0)), "must not be negative"),
    ],
)
def test_a_booking_that_cannot_be_is_refused_and_nothing_changes(small, arguments, told):
    before = repr(small.state)
    with pytest.raises(ToolError, match=told):
        small.book_reservation(*arguments)
    assert repr(small.state) == before


def test_there_is_no_fourth_booking(small):
    for _ in range(3):
        small.book_reservation(*booking(("credit_card_1", 100)))
    with pytest.raises(ToolError, match="no more than three"):
        small.book_reservation(*booking(("credit_card_1", 100)))


def test_a_flight_that_stays_keeps_its_price_and_another_cabin_costs_what_it_costs_today(small):
    kept = [{"flight_number": "HAT001", "date": "2024-05-20"}]
    assert small.update_reservation_flights("AAAAAA", "economy", kept, "credit_card_1")["payment_history"] == [
        {"payment_id": "credit_card_1", "amount": 90}
    ]
    changed = small.update_reservation_flights("AAAAAA", "basic_economy", kept, "gift_card_1")
    assert changed["payment_history"][1:] == [{"payment_id": "gift_card_1", "amount": -40}]
    assert (changed["cabin"], changed["flights"][0]["price"]) == ("basic_economy", 50)
    assert small.state["users"]["mona_quist_1"]["payment_methods"]["gift_card_1"]["amount"] == 120


def test_with_the_switch_the_cabin_stays_as_it_was(small):
    small.switches_on = frozenset(AIRLINE.switches)
    kept = [{"flight_number": "HAT001", "date": "2024-05-20"}]
    changed = small.update_reservation_flights("AAAAAA", "basic_economy", kept, "credit_card_1")
    assert (changed["cabin"], changed["flights"][0]["price"]) == ("economy", 50)


def test_a_certificate_pays_for_no_change(small):
    with pytest.raises(ToolError, match="a certificate pays for new reservations only"):
        small.update_reservation_baggages("AAAAAA", 2, 1, "certificate_1")


def test_bags_that_are_not_free_are_paid_for(small):
    assert small.update_reservation_baggages("AAAAAA", 3, 1, "gift_card_1")["payment_history"][1:] == [
        {"payment_id": "gift_card_1", "amount": 50}
    ]


def test_the_number_of_passengers_stays(small):
    with pytest.raises(ToolError, match="AAAAAA is for 1 passengers, not 2"):
        small.update_reservation_passengers("AAAAAA", HELD["passengers"] * 2)


def test_a_cancellation_notes_the_refund_and_credits_nothing_yet(small):
    cancelled = small.cancel_reservation("AAAAAA")
    assert cancelled["payment_history"] == [
        {"payment_id": "credit_card_1", "amount": 90},
        {"payment_id": "credit_card_1", "amount": -90},
    ]
    assert cancelled["status"] == "cancelled"


def test_certificates_are_numbered_and_there_are_three(small):
    assert [small.send_certificate("mona_quist_1", 50) for _ in range(3)] == [
        "certificate_3221322",
        "certificate_3221323",
        "certificate_3221324",
    ]
    with pytest.raises(ToolError, match="no more than three certificates"):
        small.send_certificate("mona_quist_1", 50)


def test_a_transfer_leaves_a_mark_and_writes_nothing(small):
    before = repr(small.state)
    small.transfer_to_human_agents("A suitcase got lost.")
    assert (small.transferred(), repr(small.state)) == (True, before)
