"""What holds after any calls at all."""

import json

from airline.actions import Author
from airline.desk import SMALL, TOOLS, call, changeable, desk, state_hash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32)
NUMBERS = st.integers(-3, 3)
some = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def steps(seed):
    """Calls, whether each was carried out, and the state as text before and after it."""
    ran = desk()
    before = json.dumps(changeable(ran.state))
    for name, arguments in Author(SMALL, seed).actions(6):
        if name in TOOLS:
            done = call(ran, name, arguments)
            after = json.dumps(changeable(ran.state))
            yield name, arguments, done, before, after
            before = after


def owed(reservation):
    """What a reservation costs, apart from what its own past has made cheaper or dearer."""
    number = len(reservation["passengers"])
    flights = sum(flight["price"] for flight in reservation["flights"])
    return (
        number * (flights + (30 if reservation["insurance"] == "yes" else 0)) + 50 * reservation["nonfree_baggages"]
    )


@some
@given(SEEDS)
def test_a_refused_call_and_a_read_change_nothing(seed):
    for name, _, done, before, after in steps(seed):
        assert (done and TOOLS[name].kind == "write") or before == after


@some
@given(SEEDS)
def test_no_balance_is_ever_negative(seed):
    for *_, after in steps(seed):
        for user in json.loads(after)["users"].values():
            assert all(method.get("amount", 0) >= 0 for method in user["payment_methods"].values())


@some
@given(SEEDS)
def test_the_payment_history_of_a_booking_sums_to_what_is_due(seed):
    for name, arguments, done, _, after in steps(seed):
        state = json.loads(after)
        if done and name == "book_reservation":
            made = state["reservations"][state["users"][arguments["user_id"]]["reservations"][-1]]
            assert sum(payment["amount"] for payment in made["payment_history"]) == owed(made)


@some
@given(SEEDS)
def test_a_change_of_flights_is_paid_for_to_the_dollar(seed):
    for name, arguments, done, before, after in steps(seed):
        if done and name == "update_reservation_flights":
            was, now = (json.loads(text)["reservations"][arguments["reservation_id"]] for text in (before, after))
            more = sum(p["amount"] for p in now["payment_history"]) - sum(p["amount"] for p in was["payment_history"])
            assert more == owed(now) - owed(was)


@some
@given(SEEDS)
def test_what_was_paid_sums_to_nothing_once_it_is_cancelled(seed):
    for name, arguments, done, _, after in steps(seed):
        if done and name == "cancel_reservation":
            paid = json.loads(after)["reservations"][arguments["reservation_id"]]["payment_history"]
            assert sum(payment["amount"] for payment in paid) == 0


def test_flights_are_never_changed():
    before = json.dumps(SMALL["flights"])
    for seed in range(50):
        assert list(steps(seed))
    assert json.dumps(SMALL["flights"]) == before


@some
@given(SEEDS)
def test_the_same_calls_give_the_same_state(seed):
    one, other = (desk(), desk())
    for name, arguments in Author(SMALL, seed).actions(6):
        for each in (one, other):
            if name in TOOLS:
                call(each, name, json.loads(json.dumps(arguments)))
    assert json.loads(json.dumps(changeable(one.state), allow_nan=False)) == changeable(one.state)
    assert state_hash(one.state) == state_hash(other.state)


@some
@given(NUMBERS, NUMBERS, st.lists(NUMBERS, max_size=3))
def test_negative_numbers_are_refused(total, paid, amounts):
    ran = desk()
    user_id, user = next(iter(ran.state["users"].items()))
    reservation_id, card = user["reservations"][0], next(iter(user["payment_methods"]))
    bags = {"total_baggages": total, "nonfree_baggages": paid, "payment_id": card}
    done = call(ran, "update_reservation_baggages", {"reservation_id": reservation_id, **bags})
    assert not (done and min(total, paid) < 0)
    for amount in amounts:
        assert not (call(ran, "send_certificate", {"user_id": user_id, "amount": amount}) and amount < 0)
