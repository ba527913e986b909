"""Ids, their order, and the seeds made from them."""

from hypothesis import given
from hypothesis import strategies as st

from sca.records.ids import attempt_id, natural, seed_for, settings_hash, task_id


def test_an_id_names_environment_settings_index_and_attempt():
    assert attempt_id(task_id("retail", "3fa9c1", 12), 3) == "retail-3fa9c1-000012-a3"


def test_the_hash_of_settings_is_six_hex_digits():
    assert settings_hash({"model": "tiny", "seed": 1}) == "c6d96d"


def test_the_order_of_names_does_not_change_the_hash():
    assert settings_hash({"a": 1, "b": 2}) == settings_hash({"b": 2, "a": 1})


def test_another_seed_changes_the_hash():
    assert settings_hash({"seed": 1}) != settings_hash({"seed": 2})


def test_a_tuple_hashes_like_the_list_that_a_file_makes_of_it():
    assert settings_hash({"stop": ("a", "b")}) == settings_hash({"stop": ["a", "b"]})


def test_another_key_for_the_same_server_keeps_the_hash():
    assert settings_hash({"api_key": "sk-one"}) == settings_hash({"api_key": "sk-two"})


def test_a_seed_is_the_first_64_bits_of_sha256():
    # printf '7\0retail-3fa9c1-000012\0004' | sha256sum, its first 16 digits
    assert seed_for(7, "retail-3fa9c1-000012", 4) == 6077042844818348167


@given(st.integers(), st.text(), st.integers(min_value=0))
def test_a_seed_has_64_bits(run_seed, record_id, turn):
    assert 0 <= seed_for(run_seed, record_id, turn) < 2**64


def test_run_id_and_turn_each_change_the_seed():
    assert len({seed_for(1, "a", 1), seed_for(2, "a", 1), seed_for(1, "b", 1), seed_for(1, "a", 2)}) == 4


def test_numbers_in_ids_sort_by_value():
    assert sorted(["e-1-a10", "e-1-a2", "e-01-a3", "d-9"], key=natural) == ["d-9", "e-1-a2", "e-01-a3", "e-1-a10"]


def test_an_id_of_a_million_digits_sorts():
    assert natural("9" * 1_000_000) < natural("1" + "0" * 1_000_000)


@given(st.lists(st.text()))
def test_any_ids_can_be_sorted(names):
    assert len(sorted(names, key=natural)) == len(names)
