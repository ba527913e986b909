"""Write the site: `python -m environments.web_browsing.make`, or `… --out DIR`. The same bytes each time."""

import argparse
import json
import random
from pathlib import Path

from environments.web_browsing import pages
from environments.web_browsing.company import (
    CATEGORIES,
    DEPARTMENTS,
    DISCOUNTS,
    DOMAIN,
    FIRST_NAMES,
    LAST_NAMES,
    PHONE,
    Item,
    Person,
)

SEED = 20260815
HERE = Path(__file__).parent


def people(rng: random.Random) -> list[Person]:
    """Everybody, department by department; some share a last name, nobody a number."""
    number = sum(len(department.posts) for department in DEPARTMENTS)
    names = zip(rng.sample(FIRST_NAMES, number), rng.sample(LAST_NAMES * 2, number), strict=True)
    staff = []
    for digit, department in enumerate(DEPARTMENTS, start=1):
        extensions = rng.sample(range(10, 99), len(department.posts))
        for (post, expertise), extension in zip(department.posts, extensions, strict=True):
            first, last = next(names)
            box = rng.choice((f"{first}.{last}", f"{first[0]}.{last}", f"{last}.{first}")).lower()
            staff.append(
                Person(
                    name=f"{first} {last}",
                    post=post,
                    department=department.name,
                    expertise=expertise,
                    email=f"{box}@{DOMAIN}",
                    phone=f"{PHONE}{digit}{extension}",
                    room=f"{rng.choice('ABC')}{rng.randint(1, 29)}",
                    since=rng.randint(1986, 2025),
                )
            )
    return staff


def items(rng: random.Random, staff: list[Person]) -> list[Item]:
    """Every product, category by category, and who answers questions about it."""
    advisers = [one for one in staff if one.department not in ("Accounts", "Dispatch")]
    stock = iter(rng.sample(range(1100, 9900), 100))
    return [
        Item(
            name=product.name,
            about=product.about,
            category=category,
            price=round(rng.randint(product.least * 20, product.most * 20) / 20, 2),
            discount=rng.choice(DISCOUNTS),
            stock=f"BW-{next(stock)}",
            in_stock=rng.randint(3, 60),
            warranty=rng.choice((2, 3, 5, 10)),
            contact=rng.choice(advisers),
        )
        for category, (_, products) in CATEGORIES.items()
        for product in products
    ]


def site() -> dict[str, str]:
    """The text of each page by address; the start page first."""
    rng = random.Random(SEED)
    staff = people(rng)
    return pages.site(rng, staff, items(rng, staff))


def write(folder: Path) -> None:
    """Write `pages.json`, a page a line."""
    lines = ",\n".join(f"{json.dumps(url)}: {json.dumps(text, ensure_ascii=False)}" for url, text in site().items())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pages.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the site.")
    parser.add_argument("--out", type=Path, default=HERE / "data", help="the folder to write into")
    write(parser.parse_args().out)
