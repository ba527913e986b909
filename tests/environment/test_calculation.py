import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.calculation import make
from sca.environment import ToolError, Toolset, tools_of
from sca.environment.loading import find, load

FOLDER = find("calculation")
CALCULATION = load(FOLDER)
STATE = CALCULATION.load(FOLDER / "data")
DNA = st.text("ACGT", max_size=40)


def family(name: str) -> Toolset:
    return CALCULATION.families[name](STATE)


def examples() -> list[tuple[str, str]]:
    """Every call that a docstring shows, with its family."""
    return [
        (name, line.strip().removeprefix("Example: "))
        for name, toolset in CALCULATION.families.items()
        for tool in tools_of(toolset).values()
        for line in tool.doc.splitlines()
        if line.strip().startswith("Example: ")
    ]


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        (
            "message_decoder",
            "convert_hex_to_ascii reverse_string caesar_decode string_length minimum_value maximum_value",
        ),
        (
            "dna_sequencer",
            "count_nucleotides transcribe_dna_to_mrna translate_mrna_to_amino_acid find_max_nucleotide "
            "is_valid_dna_sequence reverse_transcribe_mrna_to_dna",
        ),
        (
            "trade_calculator",
            "convert_currency calculate_tariff estimate_final_value calculator find_minimum find_maximum",
        ),
        ("travel_planner", "find_flights book_hotel budget_calculator max min sum"),
    ],
)
def test_each_family_has_the_tools_of_the_benchmark(name, tools):
    assert list(tools_of(CALCULATION.families[name])) == tools.split()


def test_every_tool_shows_an_example():
    assert len(examples()) == 24


@pytest.mark.parametrize(("name", "example"), examples())
def test_what_a_docstring_shows_is_what_the_tool_returns(name, example):
    call, _, shown = example.partition(" returns ")
    toolset = family(name)
    result = eval(call, {tool: getattr(toolset, tool) for tool in tools_of(type(toolset))})
    assert json.loads(json.dumps(result)) == eval(shown) if shown else result


@given(st.text(), st.integers(-100, 100))
def test_caesar_decoding_is_undone_by_the_opposite_shift(text, shift):
    decoder = family("message_decoder")
    assert decoder.caesar_decode(decoder.caesar_decode(text, shift), -shift) == text


@given(st.text())
def test_hexadecimal_is_read_back_to_any_text(text):
    assert family("message_decoder").convert_hex_to_ascii(text.encode().hex()) == text


@given(DNA)
def test_reverse_transcription_undoes_transcription(dna):
    sequencer = family("dna_sequencer")
    assert sequencer.reverse_transcribe_mrna_to_dna(sequencer.transcribe_dna_to_mrna(dna)) == dna


@given(DNA)
def test_nucleotide_counts_add_up_to_the_length(dna):
    assert sum(family("dna_sequencer").count_nucleotides(dna).values()) == len(dna)


@given(DNA)
def test_the_most_frequent_nucleotide_is_counted_most(dna):
    sequencer = family("dna_sequencer")
    counts = sequencer.count_nucleotides(dna)
    _, largest = sequencer.find_max_nucleotide(*(part for item in counts.items() for part in item))
    assert largest == max(counts.values())


@given(st.text("ACGU", max_size=40))
def test_each_codon_becomes_one_amino_acid(mrna):
    amino_acids = family("dna_sequencer").translate_mrna_to_amino_acid(mrna)
    assert len([name for name in amino_acids.split("-") if name]) == -(-len(mrna) // 3)


@pytest.mark.parametrize("preference", make.PREFERENCES)
def test_a_hotel_search_returns_only_hotels_with_the_preference(preference):
    hotels = [hotel for city in make.CITIES for hotel in family("travel_planner").book_hotel(city, preference)]
    assert hotels == [hotel for hotel in STATE["hotels"] if preference in hotel["preferences"]]


def test_flights_are_those_of_the_route_and_day():
    flights = family("travel_planner").find_flights("Oslo", "Rome", "2026-06-03")
    assert {(f["from_location"], f["to_location"], f["date"]) for f in flights} == {("Oslo", "Rome", "2026-06-03")}


@pytest.mark.parametrize(
    ("name", "call", "message"),
    [
        (
            "message_decoder",
            "convert_hex_to_ascii('0x41')",
            "hex_string must be an even number of the digits 0-9 and",
        ),
        ("message_decoder", "convert_hex_to_ascii('ff')", "these bytes are not text (UTF-8)"),
        ("message_decoder", "minimum_value()", "give at least one number"),
        ("dna_sequencer", "transcribe_dna_to_mrna('ACU')", "'U' at position 3 is no DNA letter; use only A, C, G, T"),
        ("dna_sequencer", "find_max_nucleotide('A', 1, 'C')", "give names and counts in turn"),
        ("trade_calculator", "calculator('9**9**9')", "the numbers grow too large"),
        ("travel_planner", "find_flights('Bonn', 'Rome', '2026-06-01')", "no city called 'Bonn'; cities are Athens,"),
        ("travel_planner", "find_flights('Oslo', 'Rome', '1 June')", "date must be written as YYYY-MM-DD"),
        ("travel_planner", "book_hotel('Rome', 'sauna')", "no hotel offers 'sauna'; preferences are breakfast, gym"),
        ("travel_planner", "min([])", "give numbers, one by one or as one list: min(120, 95)"),
    ],
)
def test_a_refusal_says_what_to_do(name, call, message):
    with pytest.raises(ToolError, match=re.escape(message)):
        eval(f"tools.{call}", {"tools": family(name)})


def test_starts_deal_out_the_families_in_turn():
    families = [start.family for start in CALCULATION.starts(STATE)]
    assert families == list(CALCULATION.families) * 40


def test_no_two_starts_are_the_same():
    starts = CALCULATION.starts(STATE)
    assert len({start.text for start in starts}) == len(starts)


def test_the_data_is_what_its_generator_writes(tmp_path):
    make.write(tmp_path)
    written = {path.name: path.read_bytes() for path in Path(tmp_path).iterdir()}
    assert written == {path.name: path.read_bytes() for path in (FOLDER / "data").iterdir()}
