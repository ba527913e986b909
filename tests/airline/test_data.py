"""The airline that ships."""

import datetime
import json
from collections import Counter

import pytest
from airline.desk import AIRLINE, FOLDER, TOOLS

from environments.airline.make import FREE_BAGS, LARGE, SMALL_SIZE, write
from sca.environment import Start

FOLDERS = {"data": (LARGE, AIRLINE.load(FOLDER / "data")), "small": (SMALL_SIZE, AIRLINE.load(FOLDER / "small"))}
both = pytest.mark.parametrize("folder", FOLDERS)


@both
def test_the_same_bytes_come_out_each_time(folder, tmp_path):
    write(tmp_path, FOLDERS[folder][0])
    for name in ("users", "flights", "reservations"):
        assert (tmp_path / f"{name}.json").read_bytes() == (FOLDER / folder / f"{name}.json").read_bytes()


def test_it_is_as_large_as_the_benchmarks():
    state = FOLDERS["data"][1]
    assert {name: len(table) for name, table in state.items()} == {"users": 500, "flights": 300, "reservations": 2000}
    assert {len(flight["dates"]) for flight in state["flights"].values()} == {30}


def test_the_tools_are_those_of_the_benchmark():
    reads = {
        "get_user_details",
        "get_reservation_details",
        "list_all_airports",
        "search_direct_flight",
        "search_onestop_flight",
        "calculate",
        "think",
    }
    writes = {
        "book_reservation",
        "cancel_reservation",
        "update_reservation_flights",
        "update_reservation_baggages",
        "update_reservation_passengers",
        "send_certificate",
        "transfer_to_human_agents",
    }
    assert {name for name, tool in TOOLS.items() if tool.kind == "read"} == reads
    assert {name for name, tool in TOOLS.items() if tool.kind == "write"} == writes


@both
def test_a_reservation_belongs_to_the_user_who_lists_it(folder):
    state = FOLDERS[folder][1]
    listed = {(name, key) for key, user in state["users"].items() for name in user["reservations"]}
    assert listed == {(name, one["user_id"]) for name, one in state["reservations"].items()}


@both
def test_what_was_paid_is_what_it_costs(folder):
    for one in FOLDERS[folder][1]["reservations"].values():
        each = sum(flight["price"] for flight in one["flights"]) + (30 if one["insurance"] == "yes" else 0)
        price = each * len(one["passengers"]) + 50 * one["nonfree_baggages"]
        paid = sum(payment["amount"] for payment in one["payment_history"])
        assert paid == (0 if one.get("status") == "cancelled" else price)


@both
def test_bags_are_free_as_the_policy_says(folder):
    state = FOLDERS[folder][1]
    for one in state["reservations"].values():
        free = FREE_BAGS[state["users"][one["user_id"]]["membership"]][one["cabin"]] * len(one["passengers"])
        assert one["nonfree_baggages"] == max(0, one["total_baggages"] - free)


@both
def test_flights_of_a_reservation_exist_and_follow_each_other(folder):
    state = FOLDERS[folder][1]
    for one in state["reservations"].values():
        place = one["origin"]
        for flight in one["flights"]:
            known = state["flights"][flight["flight_number"]]
            assert (flight["origin"], flight["destination"]) == (known["origin"], known["destination"])
            assert flight["origin"] == place
            assert flight["date"] in known["dates"]
            place = flight["destination"]
        assert place == (one["origin"] if one["flight_type"] == "round_trip" else one["destination"])


def test_what_is_to_come_can_be_booked_and_what_is_past_cannot():
    for flight in FOLDERS["data"][1]["flights"].values():
        for date, day in flight["dates"].items():
            assert (day["status"] == "available") == (date > "2024-05-15")


def test_the_day_has_flights_of_every_status():
    flights = FOLDERS["data"][1]["flights"].values()
    today = Counter(flight["dates"]["2024-05-15"]["status"] for flight in flights)
    assert set(today) == {"landed", "cancelled", "flying", "on time", "delayed"}


def test_a_landed_flight_says_when():
    for flight in FOLDERS["data"][1]["flights"].values():
        for day in flight["dates"].values():
            if day["status"] == "landed":
                left, came = (day[f"actual_{end}_time_est"] for end in ("departure", "arrival"))
                assert datetime.datetime.fromisoformat(left) < datetime.datetime.fromisoformat(came)
                assert came <= "2024-05-15T15:00:00"


def test_reservations_are_of_every_kind():
    state = FOLDERS["data"][1]
    seen = Counter((one["cabin"], one["flight_type"], one["insurance"]) for one in state["reservations"].values())
    assert len(seen) == 12
    assert min(seen.values()) > 60
    flown = Counter(
        state["flights"][flight["flight_number"]]["dates"][flight["date"]]["status"]
        for one in state["reservations"].values()
        for flight in one["flights"]
    )
    assert set(flown) == {"landed", "cancelled", "flying", "on time", "delayed", "available"}


def test_challengers_begin_from_a_traveller_each():
    state = FOLDERS["small"][1]
    assert AIRLINE.starts(state) == [Start(user_id) for user_id in state["users"]]


def test_data_of_taubench_2_is_one_file_with_the_tables(tmp_path):
    (tmp_path / "db.json").write_text(json.dumps(FOLDERS["small"][1]), encoding="utf-8")
    assert AIRLINE.load(tmp_path) == FOLDERS["small"][1]
