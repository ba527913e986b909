"""Write the flights and hotels: `python -m environments.calculation.make`. The same bytes each time."""

import json
import random
from pathlib import Path
from typing import Any

SEED = 20260601
CITIES = ("Athens", "Dublin", "Lisbon", "Oslo", "Prague", "Rome", "Vienna", "Zurich")
DATES = [f"2026-06-{day:02}" for day in range(1, 15)]
PREFERENCES = ("breakfast", "gym", "parking", "pool", "wifi")
HOTELS_A_CITY = 6


def flights(rng: random.Random) -> list[dict[str, Any]]:
    """Each way between two cities on each day: none, one, two or three flights, of different prices."""
    rows = []
    for origin in CITIES:
        for destination in CITIES:
            if origin == destination:
                continue
            usual = rng.randint(60, 320)
            for date in DATES:
                number = rng.choices((0, 1, 2, 3), (1, 4, 4, 2))[0]
                for price in rng.sample(range(usual * 7 // 10, usual * 3 // 2), number):
                    rows.append({"from_location": origin, "to_location": destination, "date": date, "price": price})
    return rows


def hotels(rng: random.Random) -> list[dict[str, Any]]:
    """Some hotels in each city; no two of a city cost the same."""
    rows = []
    for city in CITIES:
        for price in rng.sample(range(35, 220), HOTELS_A_CITY):
            offered = sorted(rng.sample(PREFERENCES, rng.choices((1, 2, 3, 4), (1, 3, 3, 1))[0]))
            rating = min(5, 2 + (price + rng.randrange(60)) // 60)
            rows.append({"location": city, "preferences": offered, "price_per_night": price, "rating": rating})
    return rows


def write(folder: Path) -> None:
    """Write `flights.json` and `hotels.json`, a row a line."""
    rng = random.Random(SEED)
    for name, rows in (("flights", flights(rng)), ("hotels", hotels(rng))):
        lines = ",\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent / "data")
