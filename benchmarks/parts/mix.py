"""A seeded database of some megabytes, and candidates as a challenger hands them in: most are wrong somewhere."""

import json
import random
from pathlib import Path

from sca.records.contract import Task

SHARES = {"solution fails": 0.60, "failure passes": 0.30, "time-out": 0.05, "sound": 0.05}


def write_database(folder: Path, orders: int = 12_000, seed: int = 1) -> int:
    """Write `orders.json` and `customers.json`; their size in bytes."""
    rng = random.Random(seed)
    customers = {
        f"C{i:05d}": {"name": rng.choice(["Ana Ito", "Bo Katz", "Cy Lund"]), "town": rng.choice(["Oslo", "Rome"])}
        for i in range(orders // 4)
    }
    table = {
        f"O{i:05d}": {
            "customer": f"C{rng.randrange(len(customers)):05d}",
            "status": "delivered" if i % 2 else "pending",
            "address": f"{rng.randrange(1, 999)} Main Street",
            "items": [
                {
                    "item": f"I{rng.randrange(10**6):06d}",
                    "name": rng.choice(["cup", "desk"]),
                    "price": rng.randrange(500),
                }
                for _ in range(rng.randint(1, 5))
            ],
        }
        for i in range(orders)
    }
    for name, data in (("orders", table), ("customers", customers)):
        (folder / f"{name}.json").write_text(json.dumps(data), "utf-8")
    return sum(path.stat().st_size for path in folder.glob("*.json"))


def order(number: int) -> str:
    """Id of a pending order."""
    return f"O{2 * number:05d}"


def program(number: int) -> str:
    """Nine reads and a write."""
    reads = "".join(f"get_order({order(number + i)!r})\n" for i in range(9))
    return f"{reads}cancel_order({order(number)!r}, 'too late')\nresult = 'done'\n"


def candidate(number: int, kind: str) -> Task:
    """One task, about an order of its own."""
    mine, other = order(number), order(number + 100)
    solution = program(number)
    failures = [program(number + 50), f"set_address({mine!r}, 'elsewhere')", f"cancel_order({other!r}, 'too late')"]
    if kind == "solution fails":
        solution = program(number + 1)
    elif kind == "failure passes":
        failures[number % 3] = f"cancel_order({mine!r}, 'another reason')"
    elif kind == "time-out":
        solution = "while True:\n    pass\n"
    return Task(
        id=f"warehouse-000000-{number:06d}",
        environment="warehouse",
        instruction=f"Cancel order {mine}.",
        evaluation_function=f"def evaluate():\n    return get_order({mine!r})['status'] == 'cancelled'\n",
        solution=solution,
        failure_cases=failures,
    )


def candidates(count: int = 200, seed: int = 1) -> dict[str, list[Task]]:
    """So many, shuffled; those that run into a time-out apart from the `others`."""
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(count * share))]
    random.Random(seed).shuffle(kinds)
    found: dict[str, list[Task]] = {"others": [], "time-outs": []}
    for number, kind in enumerate(kinds):
        found["time-outs" if kind == "time-out" else "others"].append(candidate(number, kind))
    return found
