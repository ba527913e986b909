"""`sca env`, as a person calls it."""

import subprocess
import sys

import pytest


@pytest.fixture
def sca(tmp_path):
    """Run a command in an empty folder."""

    def sca(*arguments: str, **options):
        return subprocess.run(
            [sys.executable, "-m", "sca", *arguments],
            capture_output=True, text=True, check=False, cwd=tmp_path, **options,
        )  # fmt: skip

    return sca


def test_list_names_what_ships_and_what_it_holds(sca_here):
    told = dict(line.split(maxsplit=1) for line in sca_here("env", "list").stdout.splitlines()[::2])
    assert told.keys() >= {"airline", "calculation", "retail", "web_browsing"}
    assert told["calculation"] == "4 families, 24 tools, 75 test tasks; counts the answer, without a user"
    assert told["retail"].endswith("counts the state and the answer, with a user")


def test_list_goes_on_past_an_environment_that_cannot_be_imported(sca_here, tmp_path):
    folder = tmp_path / "environments" / "broken"
    folder.mkdir(parents=True)
    (folder / "environment.py").write_text("import nothing_like_this")
    told = " ".join(sca_here("env", "list").stdout.split())
    assert f"broken {folder / 'environment.py'} cannot be imported: ModuleNotFoundError" in told
    assert "calculation 4 families" in told


def test_show_prints_what_the_model_reads(sca_here):
    shown = sca_here("env", "show", "calculation", "--family", "trade_calculator").stdout
    assert "  convert_currency(base_price: float, conversion_rate: float) -> float   [read]\n" in shown
    assert "      Example: convert_currency(200, 1.5) returns 300.0\n" in shown


def test_show_prints_starts_and_themes(sca_here):
    shown = sca_here("env", "show", "retail").stdout
    assert "\nThemes (17), dealt out with the starts\n  a return of a part of an order\n" in shown


def test_show_prints_only_the_family_that_was_asked_for(sca_here):
    assert "reverse_string" not in sca_here("env", "show", "calculation", "--family", "trade_calculator").stdout


def test_an_unknown_family_is_wrong_usage_and_names_the_known_ones(sca_here):
    assert sca_here("env", "show", "calculation", "--family", "tea", code=2).stderr == (
        "error: environment calculation has no family 'tea' "
        "(message_decoder, dna_sequencer, trade_calculator, travel_planner)\n"
    )


def test_an_unknown_environment_is_wrong_usage_and_names_the_known_ones(sca_here):
    told = sca_here("env", "show", "tea", code=2).stderr
    assert told.startswith("error: no environment called tea; known are ")
    assert "calculation, retail" in told


def test_what_new_writes_passes_the_checks_that_need_no_container(sca_here):
    sca_here("env", "new", "tea_house")
    assert sca_here("env", "check", "tea_house", "--static").stdout == ""


def test_new_overwrites_nothing(sca_here, tmp_path):
    (tmp_path / "tea_house").mkdir()
    assert sca_here("env", "new", "tea_house", code=2).stderr == (
        "error: tea_house is there already; choose another name, or remove it first\n"
    )


def test_a_name_that_ids_could_not_carry_is_refused(sca_here):
    assert sca_here("env", "new", "tea-house", code=2).stderr == (
        "error: 'tea-house' cannot be a name; use letters, digits and _, as in my_shop\n"
    )


def test_check_names_what_is_wrong_on_stdout_and_exits_1(sca_here, tmp_path):
    sca_here("env", "new", "tea_house")
    path = tmp_path / "tea_house" / "environment.py"
    path.write_text(
        path.read_text().replace('"""Return the user id of the customer with this e-mail address."""', "")
    )
    ended = sca_here("env", "check", "tea_house", "--static", code=1)
    assert (ended.stdout, ended.stderr) == (
        "environment.py, find_user: has no docstring; "
        "tell the model what it does, what it returns and what it refuses\n",
        "error: tea_house: 1 thing is wrong; its tools were not tried\n",
    )


def test_play_asks_for_a_family_where_there_are_several(sca_here):
    assert sca_here("env", "play", "calculation", code=2).stderr.splitlines()[0] == (
        "error: choose the tools with --family: message_decoder, dna_sequencer, trade_calculator, travel_planner"
    )


@pytest.mark.docker
def test_what_new_writes_passes_every_check_in_containers(sca):
    sca("env", "new", "tea_house")
    ended = sca("env", "check", "./tea_house")
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        0,
        "",
        "tea_house: nothing is wrong; its tools and tasks were tried in the sandbox\n",
    )


@pytest.mark.docker
def test_a_person_plays_at_a_prompt_whose_variables_live_on(sca):
    sca("env", "new", "tea_house")
    lines = (
        'order = "A1001"\n'
        'for item in ["cup-7"]:\n    x = return_items(order, [item])\n\n'
        'x["return_items"]\n'
        "reset\n"
        'get_order("A1001")["return_items"]\n'
        "help find_user\n"
        "quit\n"
        "1 + 1\n"
    )
    shown = sca("env", "play", "tea_house", input=lines).stdout.splitlines()
    assert shown[0] == "['cup-7']"
    assert shown[-3:] == [
        "KeyError: 'return_items'",
        "  find_user(email: str) -> str   [read]",
        "      Return the user id of the customer with this e-mail address.",
    ]
