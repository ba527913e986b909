"""Write the letters: `python docs/examples/archive/make.py`. The same bytes each time."""

import json
import random
import sys
from pathlib import Path

SENDERS = ("Ida Fenn", "Brother Anselm", "the ferryman", "Dr. Moray", "the parish")
MATTERS = ("a leak in the roof", "the price of coal", "a lost cow", "a bell that is cracked", "the new bridge")
DRAWERS = {"bridge and ferry": 13, "church": 17, "school": 9}


def write(folder: Path) -> None:
    """Write `letters.json`, a letter a line."""
    rng = random.Random(1931)
    numbers = iter(rng.sample(range(100, 1000), sum(DRAWERS.values())))
    letters = {
        f"L{next(numbers)}": {
            "drawer": drawer,
            "year": rng.randint(1890, 1949),
            "sender": rng.choice(SENDERS),
            "text": f"I write to you about {rng.choice(MATTERS)}.",
            "label": rng.choice((None, None, None, "answered")),
        }
        for drawer, number in DRAWERS.items()
        for _ in range(number)
    }
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(letter)}" for key, letter in letters.items())
    (folder / "letters.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data")
