"""The pages of the site, line by line. Every page is linked to by another: a test follows the links."""

import random
from collections.abc import Sequence

from environments.web_browsing.company import CATEGORIES, DEPARTMENTS, NAME, NEWS, Item, Person, slug

LETTERS = ("A-D", "E-K", "L-P", "Q-Z")
Pages = dict[str, str]


def site(rng: random.Random, staff: Sequence[Person], items: Sequence[Item]) -> Pages:
    """The text of each page by address; the start page first."""
    lines = {
        **_front(),
        **_people(rng, staff),
        **_departments(rng, staff),
        **_products(rng, items),
        **_news(staff, items),
    }
    return {url: "\n".join(text) for url, text in lines.items()}


def _link(url: str) -> str:
    return f"[Clickable '{url}']"


def _front() -> dict[str, list[str]]:
    home = f"Start page {_link('/')}"
    return {
        "/": [
            f"{NAME}: made to be read, since 1911.",
            f"What we make {_link('/products')}",
            f"Who we are {_link('/people')}",
            f"Our departments {_link('/departments')}",
            f"Discounts and conditions {_link('/conditions')}",
            f"Delivery {_link('/delivery')}",
            f"News {_link('/news')}",
            f"About the house {_link('/about')}",
            f"How to reach us {_link('/contact')}",
            "Closed on Sundays, and on the day of the regatta.",
        ],
        "/conditions": [
            "Prices on the product pages are in euros, for one piece, tax included.",
            "The discount on a product's own page comes off its price.",
            "Schools: 12% off the sum of a bill, whatever is on it.",
            "Members of the Barometer Club: 5% off the sum of a bill, but not where the school discount is taken.",
            "Ten pieces or more of one product: 6% off these pieces.",
            "Discounts are taken one after the other: a product's own, the one for ten pieces, the one on the bill.",
            "Delivery is added at the end and never discounted.",
            f"What it costs {_link('/delivery')}",
            home,
        ],
        "/delivery": [
            "By carrier within the country: 6.90 euros a bill.",
            "To the islands: 14.50 euros a bill.",
            "To other countries of Europe: 22.80 euros a bill.",
            "Elsewhere: ask our dispatch department, please.",
            f"Dispatch {_link('/departments/dispatch')}",
            "Collected by yourself: nothing.",
            "From a sum of 300 euros after discounts, delivery within the country is free.",
            f"Discounts and conditions {_link('/conditions')}",
            home,
        ],
        "/about": [
            f"{NAME} has made instruments for people who are out of doors since 1911.",
            "It belongs to those who work in it.",
            f"Our history {_link('/about/history')}",
            f"The workshop may be visited {_link('/about/visits')}",
            f"Who works here {_link('/people')}",
            f"Open positions {_link('/about/positions')}",
            home,
        ],
        "/about/history": [
            "1911: Two sisters repair compasses in a boathouse.",
            "1926: The first barometer of our own.",
            "1948: The house moves to the old brewery, where it still is.",
            "1973: Those who work here buy the company.",
            "1998: The optics shop opens.",
            "2019: The calibration cellars are dug.",
            f"Back {_link('/about')}",
        ],
        "/about/visits": [
            "On the first Thursday of a month, at 10 and at 14 hours.",
            "Adults 7.50 euros, children 3.00 euros, classes of a school 40.00 euros.",
            "A group has no more than 15 people.",
            "Please write to the head of customer care.",
            f"Customer care {_link('/departments/customer-care')}",
            f"Back {_link('/about')}",
        ],
        "/about/positions": [
            "Workshop: one glass blower, from autumn.",
            "Accounts: one bookkeeper, half-time.",
            "Repairs: two technicians.",
            "These people are not counted among our departments yet.",
            f"Departments {_link('/departments')}",
            f"Back {_link('/about')}",
        ],
        "/contact": [
            "Write to people rather than to the house: everybody has a page with e-mail and phone.",
            f"Everybody by name {_link('/people')}",
            "Numbers are 01632 960, then one digit for the department, then two for the person:",
            *(f"{digit} {department.name}" for digit, department in enumerate(DEPARTMENTS, start=1)),
            f"The departments {_link('/departments')}",
            home,
        ],
    }


def _people(rng: random.Random, staff: Sequence[Person]) -> dict[str, list[str]]:
    by_last_name = sorted(staff, key=lambda one: (one.name.split()[1], one.name))
    pages = {
        "/people": [
            "Everybody by last name:",
            *(f"{letters} {_link(f'/people/{letters.lower()}')}" for letters in LETTERS),
            f"By department {_link('/departments')}",
            f"Start page {_link('/')}",
        ]
    }
    for letters in LETTERS:
        first, last = letters.split("-")
        pages[f"/people/{letters.lower()}"] = [
            f"People, {letters}",
            *(f"{one.name} {_link(one.url)}" for one in by_last_name if first <= one.name.split()[1][0] <= last),
            f"Everybody {_link('/people')}",
        ]
    for one in staff:
        facts = [
            f"E-mail: {one.email}",
            f"Phone: {one.phone}",
            f"Expertise: {one.expertise}",
            f"Room: {one.room}",
            f"Here since: {one.since}",
            f"Department: {one.department} {_link(f'/departments/{slug(one.department)}')}",
        ]
        rng.shuffle(facts)
        back = f"Everybody {_link('/people')}"
        pages[one.url] = [one.name, f"Post: {one.post}", *facts, back]
    return pages


def _departments(rng: random.Random, staff: Sequence[Person]) -> dict[str, list[str]]:
    links = (f"{department.name} {_link(f'/departments/{slug(department.name)}')}" for department in DEPARTMENTS)
    pages = {"/departments": ["Our eight departments:", *links, f"Start page {_link('/')}"]}
    for department in DEPARTMENTS:
        own = [one for one in staff if one.department == department.name]
        pages[f"/departments/{slug(department.name)}"] = [
            f"{department.name}: {department.about}",
            f"It is led by {own[0].name}. Who works here, the head among them:",
            *(f"- {one.name} {_link(one.url)}" for one in rng.sample(own, len(own))),
            f"Other departments {_link('/departments')}",
        ]
    return pages


def _products(rng: random.Random, items: Sequence[Item]) -> dict[str, list[str]]:
    links = (f"{category} {_link(f'/products/{slug(category)}')}" for category in CATEGORIES)
    pages = {"/products": ["What we make:", *links, f"Start page {_link('/')}"]}
    for category, (about, _) in CATEGORIES.items():
        pages[f"/products/{slug(category)}"] = [
            f"{category}: {about}",
            *(f"{item.name} {_link(item.url)}" for item in items if item.category == category),
            f"Discounts and conditions {_link('/conditions')}",
            f"Other products {_link('/products')}",
        ]
    for item in items:
        facts = [
            f"Price: {item.price:.2f}",
            f"Discount: {f'{item.discount}%' if item.discount else 'none'}",
            f"Stock number: {item.stock}",
            f"In stock: {item.in_stock}",
            f"Warranty: {item.warranty} years",
            f"Questions answered by: {item.contact.name} {_link(item.contact.url)}",
        ]
        rng.shuffle(facts)
        back = f"More of {item.category} {_link(f'/products/{slug(item.category)}')}"
        pages[item.url] = [item.name, item.about, *facts, back]
    return pages


def _news(staff: Sequence[Person], items: Sequence[Item]) -> dict[str, list[str]]:
    products = {item.name: item for item in items}
    experts = {one.expertise: one for one in staff}
    pages = {
        "/news": [
            "News:",
            *(f"{post.title} {_link(f'/news/{slug(post.title)}')}" for post in NEWS),
            f"Start page {_link('/')}",
        ]
    }
    for post in NEWS:
        one, item = experts[post.expertise], products[post.product]
        pages[f"/news/{slug(post.title)}"] = [
            post.title,
            *(line.format(person=one.name, product=item.name) for line in post.lines),
            f"{one.name} {_link(one.url)}",
            f"{item.name} {_link(item.url)}",
            f"More news {_link('/news')}",
        ]
    return pages
