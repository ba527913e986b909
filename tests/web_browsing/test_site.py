"""The site that ships."""

import json
import re
import subprocess
import sys

import pytest
from web_browsing.site import FOLDER, PAGES, STATE, WEB

from environments.web_browsing import make
from environments.web_browsing.company import CATEGORIES, DEPARTMENTS
from environments.web_browsing.environment import links


def reached():
    """The pages that links lead to from the start page, and those that are linked to."""
    seen, ahead = set(), ["/"]
    while ahead:
        url = ahead.pop()
        if url not in seen:
            seen.add(url)
            ahead += links(PAGES.get(url, ""))
    return seen


def of(folder):
    """The pages about one person, or one product, as their facts by name."""
    facts = {}
    for url, text in PAGES.items():
        if re.fullmatch(rf"/{folder}/[a-z]+(-[a-z]+)+", url) and ": " in text and not url.endswith(("-d", "-k")):
            lines = text.splitlines()
            pairs = (line.split(": ", 1) for line in lines if re.match(r"[A-Z][\w -]*: ", line))
            facts[lines[0]] = {name: value.split(" [")[0] for name, value in pairs}
    return facts


def test_every_page_is_reached_by_links_and_no_link_is_dead():
    assert reached() == set(PAGES)


def test_there_are_more_than_55_pages():
    assert len(PAGES) >= 55


def test_the_site_is_written_again_to_the_same_bytes(tmp_path):
    make.write(tmp_path)
    assert (tmp_path / "pages.json").read_bytes() == (FOLDER / "data" / "pages.json").read_bytes()


def test_the_documented_command_writes_where_it_is_told(tmp_path):
    command = [sys.executable, "-m", "environments.web_browsing.make", "--out", str(tmp_path)]
    subprocess.run(command, check=True)
    assert (tmp_path / "pages.json").read_bytes() == (FOLDER / "data" / "pages.json").read_bytes()


def test_everybody_has_a_page_with_all_that_is_asked_for():
    people = of("people")
    assert len(people) == sum(len(department.posts) for department in DEPARTMENTS)
    assert all(
        {"E-mail", "Phone", "Expertise", "Department", "Post", "Room"} <= facts.keys() for facts in people.values()
    )


def test_no_two_people_share_an_e_mail_address_or_a_number():
    people = of("people").values()
    for name in ("E-mail", "Phone", "Expertise"):
        assert len({facts[name] for facts in people}) == len(people)


@pytest.mark.parametrize("department", DEPARTMENTS, ids=lambda department: department.name)
def test_a_department_lists_those_whose_pages_name_it(department):
    listed = re.findall(r"^- (.*) \[", PAGES[f"/departments/{department.name.lower().replace(' ', '-')}"], re.M)
    own = [name for name, facts in of("people").items() if facts["Department"] == department.name]
    assert sorted(listed) == sorted(own)


def test_the_digit_for_the_department_is_in_each_number():
    digits = {name: digit for digit, name in re.findall(r"^(\d) (.*)$", PAGES["/contact"], re.M)}
    assert all(facts["Phone"][len("01632 960")] == digits[facts["Department"]] for facts in of("people").values())


def test_every_product_has_a_price_and_says_what_discount_it_has():
    products = of("products")
    assert len(products) == sum(len(own) for _, own in CATEGORIES.values())
    for facts in products.values():
        assert re.fullmatch(r"\d+\.\d\d", facts["Price"])
        assert re.fullmatch(r"none|\d+%", facts["Discount"])


def test_those_who_answer_questions_have_a_page():
    assert {facts["Questions answered by"] for facts in of("products").values()} <= of("people").keys()


def test_challengers_begin_from_the_parts_of_the_site_each_with_a_page():
    pages = [start.text.removeprefix("the page ") for start in WEB.starts(STATE)]
    assert "/departments" in pages
    assert all(url in PAGES and not re.match(r"/people/\w+-\w\w+|/products/\w+-\w", url) for url in pages)


def test_what_is_seen_first_is_the_start_page():
    assert WEB.first_observation(STATE, WEB.starts(STATE)[0]) == PAGES["/"]


def test_a_site_without_a_start_page_is_refused(tmp_path):
    (tmp_path / "pages.json").write_text(json.dumps({"/home": "text"}))
    with pytest.raises(ValueError, match=r"pages.json has no page '/', where browsing begins"):
        WEB.load(tmp_path)
