"""What challengers of each family begin from: a kind of task and a setting, so that tasks do not all look alike."""

_KINDS = {
    "message_decoder": (
        "decode a hexadecimal string and then read it backwards",
        "undo a Caesar cipher of a given shift",
        "decode hexadecimal text that is also in Caesar's cipher",
        "find the length of a decoded message",
        "find the shortest of several decoded messages",
        "find the longest of several decoded messages",
        "undo three layers, one after the other",
        "compare two messages written in different codes",
    ),
    "dna_sequencer": (
        "transcribe a DNA sequence",
        "translate an mRNA sequence to amino acids",
        "count the nucleotides of a sequence",
        "find the most frequent nucleotide and its count",
        "turn mRNA back to DNA and count its letters",
        "go from DNA to amino acids",
        "check whether a sequence is valid before using it",
        "find the most frequent nucleotide of two joined sequences",
    ),
    "trade_calculator": (
        "convert a price and add the tariff",
        "work out the tariff alone on goods in another currency",
        "find the cheapest of several offers after tariff",
        "find the dearest of several offers after conversion",
        "price several units, convert the total and add the tariff",
        "work with a discount before conversion",
        "find the difference between two offers",
        "list the final values of several goods in order",
    ),
    "travel_planner": (
        "the cheapest flight and the cheapest hotel, for some nights",
        "a hotel with two given preferences",
        "the difference between the dearest and the cheapest flight",
        "a flight there and a flight back",
        "a round through three cities",
        "the best-rated hotel within the cheapest trip",
        "how many flights or hotels fit",
        "the price of all nights in two cities together",
    ),
}
_SETTINGS = {
    "message_decoder": ("a radio log", "a note in a library book", "a treasure hunt", "a game", "a museum label"),
    "dna_sequencer": ("a lab course", "a plant nursery", "a crime story", "a quiz", "a fungus sample"),
    "trade_calculator": ("tea and spices", "machine parts", "musical instruments", "a space port", "wool and cloth"),
    "travel_planner": (
        "leaving from Oslo in the first days of June 2026",
        "leaving from Lisbon on 2026-06-04",
        "ending in Vienna before 2026-06-10",
        "between Dublin, Rome and Zurich",
        "from Prague or Athens, on a small budget",
    ),
}


def themes(family: str) -> list[str]:
    """Every kind in every setting; neighbours differ in both, since the numbers of each have no common divisor."""
    kinds, settings = _KINDS[family], _SETTINGS[family]
    count = len(kinds) * len(settings)
    return [f"{kinds[i % len(kinds)]}; setting: {settings[i % len(settings)]}" for i in range(count)]
