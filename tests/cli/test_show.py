"""`sca show`: records for reading, and nothing that a model wrote is obeyed."""

import io
import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sca.cli import main
from sca.cli.filters import named
from sca.cli.reasons import all_reasons, reason_in_words
from sca.cli.record_view import View
from sca.cli.token_view import CONTEXT, TRAINED, token_view
from sca.engines.opening import SHIPPED
from sca.engines.tokenizing import tokenizer_of

TASK = {
    "id": "e-3fa9c1-000001",
    "environment": "e",
    "family": "trade",
    "instruction": "What is 12.5 plus a tariff of 8 percent?",
    "evaluation_function": "def evaluate(answer):\n    return same(answer, 13.5)",
    "solution": "result = add(12.5, 1.0)",
    "failure_cases": ["result = 12.5", "result = 1.0"],
    "origin": {
        "method": "sca",
        "model": "tiny",
        "messages": [{"role": "assistant", "content": "ACTION:\nlook()\nEND"}],
    },
}
REJECTED = TASK | {
    "id": "e-3fa9c1-000002",
    "verdict": {
        "valid": False,
        "reason": "noop_passes",
        "detail": "evaluate accepts the untouched state",
        "checks": {"parses": True, "noop_fails": False, "solution_runs": None},
    },
}
VALID = TASK | {"verdict": {"valid": True, "reason": None}}
ATTEMPT = {
    "id": "e-3fa9c1-000001-a0",
    "task_id": "e-3fa9c1-000001",
    "environment": "e",
    "attempt": 0,
    "reward": 0,
    "outcome": "out_of_turns",
    "messages": [{"role": "user", "content": "Add."}, {"role": "tool", "content": "13.5"}],
    "calls": [
        {"name": "add", "arguments": {"x": 12.5, "y": "ü"}, "error": None},
        {"name": "pay", "arguments": {}, "error": "no money"},
    ],
    "tokens": [{"trained": [[1, 3]], "logprobs": [-0.5, -0.1], "ids": [1, 2, 3]}],
}
WON = ATTEMPT | {"id": "e-3fa9c1-000001-a1", "reward": 1, "outcome": "success", "answer": "13.5"}


@pytest.fixture
def show(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def show(records, *arguments):
        lines = [line if isinstance(line, str) else json.dumps(line) for line in records]
        (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
        monkeypatch.setattr(sys, "argv", ["sca", "show", "in.jsonl", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return show


def test_many_records_are_listed_one_a_line(show):
    _, out, _ = show([VALID, REJECTED])
    assert out.splitlines() == [
        "2 judged tasks: 1 valid, 1 noop_passes",
        "e-3fa9c1-000001  trade  valid        What is 12.5 plus a tariff of 8 percent?",
        "e-3fa9c1-000002  trade  noop_passes  What is 12.5 plus a tariff of 8 percent?",
    ]


def test_attempts_are_listed_with_outcome_and_answer(show):
    _, out, _ = show([ATTEMPT, WON])
    assert out.splitlines()[1:] == ["e-3fa9c1-000001-a0  out_of_turns", "e-3fa9c1-000001-a1  success       → 13.5"]


def test_other_records_are_listed_as_they_are(show):
    _, out, _ = show([{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}])
    assert out.splitlines() == ["2 records", '–  {"step": 1, "loss": 0.5}', '–  {"step": 2, "loss": 0.25}']


def test_an_episode_without_a_hand_in_says_so(show):
    _, out, _ = show([TASK, {"id": "b", "environment": "e", "instruction": None}])
    assert out.splitlines()[0] == "2 tasks: 1 handed in, 1 no hand-in"


def test_a_long_list_is_cut_and_says_how_to_see_it_all(show):
    _, out, _ = show([TASK | {"id": f"t{index}"} for index in range(5)], "--limit", "2")
    assert (out.count("trade"), out.splitlines()[-1]) == (2, "… and 3 more; --limit 0 lists all")


def test_limit_0_lists_all(show):
    assert show([TASK | {"id": f"t{index}"} for index in range(60)], "--limit", "0")[1].count("trade") == 60


def test_a_rejection_is_said_in_words(show):
    _, out, _ = show([REJECTED])
    assert "rejected: noop_passes  The check passes although nothing was done." in out.splitlines()


def test_checks_are_marked_as_passed_failed_or_not_reached(show):
    assert "✓ parses  ✗ noop_fails  · solution_runs" in show([REJECTED])[1].splitlines()


@pytest.mark.parametrize(
    "part",
    [
        "What is 12.5 plus a tariff of 8 percent?",
        "  def evaluate(answer):\n      return same(answer, 13.5)\n",
        "solution\n  result = add(12.5, 1.0)\n",
        "failure case 2\n  result = 1.0\n",
        "evaluate accepts the untouched state",
        "  model: tiny\n",
        "▸ assistant\nACTION:\nlook()\n",
    ],
)
def test_a_task_is_shown_whole(show, part):
    assert part in show([REJECTED])[1]


@pytest.mark.parametrize(
    "part",
    [
        "reward 0  out_of_turns  It used up its turns.\n",
        "▸ user\nAdd.\n",
        "▸ tool\n13.5\n",
        'add(x=12.5, y="ü")\n',
        "pay()  no money\n",
        "3 in 1 segment, 2 of them the agent's own\n",
    ],
)
def test_an_attempt_is_shown_whole(show, part):
    assert part in show([ATTEMPT])[1]


def test_tokens_of_an_episode_are_counted_and_what_nobody_said_is_not_shown(show):
    tokens = [{"ids": [*range(4000)], "trained": [[10, 30]], "logprobs": [-0.5] * 20}]
    _, shown, _ = show([TASK | {"origin": TASK["origin"] | {"tokens": tokens}, "actions": None, "strange": None}])
    assert "tokens: 4000 in 1 segment, 20 of them the agent's own" in shown
    assert "actions" not in shown
    assert "strange" in shown


def test_unknown_fields_are_shown_too(show):
    assert '"level": 3' in show([TASK | {"difficulty": {"level": 3}}])[1]


def test_a_field_of_a_wrong_type_is_shown_as_it_is(show):
    code, out, _ = show([TASK | {"failure_cases": "x = 1", "instruction": 5}])
    assert (code, '"x = 1"' in out) == (0, True)


def test_an_id_picks_one_record(show):
    assert show([VALID, REJECTED], "e-3fa9c1-000002")[1].startswith("── e-3fa9c1-000002 ──\n")


def test_a_part_of_an_id_that_no_other_has_picks_one_record(show):
    assert show([VALID, REJECTED], "02")[1].startswith("── e-3fa9c1-000002 ──\n")


def test_the_id_of_a_task_lists_its_attempts(show):
    assert show([ATTEMPT, WON, ATTEMPT | {"id": "x", "task_id": "y"}], "e-3fa9c1-000001")[1].startswith(
        "2 attempts: "
    )


def test_two_runs_of_one_id_are_both_shown(show):
    out = show([ATTEMPT | {"run": "a"}, ATTEMPT | {"run": "b"}], ATTEMPT["id"])[1]
    assert out.count("── e-3fa9c1-000001-a0 ──") == 2


def test_an_id_that_is_not_there_is_wrong_usage(show):
    assert show([TASK], "zz") == (
        2,
        "",
        "error: no record in in.jsonl has 'zz' in its id; `sca show in.jsonl` lists them\n",
    )


@pytest.mark.parametrize(
    ("word", "ids"),
    [("valid", ["e-3fa9c1-000001"]), ("rejected", ["e-3fa9c1-000002"]), ("noop_passes", ["e-3fa9c1-000002"])],
)
def test_tasks_are_filtered_by_verdict_or_reason(show, word, ids):
    out = show([VALID, REJECTED, ATTEMPT], "--only", word)[1]
    assert [line.split()[1] for line in out.splitlines() if line.startswith("──")] == ids


@pytest.mark.parametrize(
    ("word", "name"), [("success", WON["id"]), ("failure", ATTEMPT["id"]), ("out_of_turns", ATTEMPT["id"])]
)
def test_attempts_are_filtered_by_reward_or_outcome(show, word, name):
    assert show([ATTEMPT, WON, VALID], "--only", word)[1].startswith(f"── {name} ──")


def test_a_word_that_no_record_could_have_is_wrong_usage(show):
    assert show([TASK], "--only", "nonsense")[0] == 2


def test_a_reason_that_none_has_shows_none(show):
    assert show([VALID, REJECTED], "--only", "syntax")[:2] == (0, "0 records\n")


def test_bad_lines_are_named_and_the_others_shown(show):
    code, out, err = show(["{oops", TASK])
    assert (code, "tariff" in out) == (0, True)
    assert err == "warning: in.jsonl, line 1: is not JSON: key must be a string at column 2\n"


def test_a_file_of_which_no_line_can_be_read_is_wrong_usage(show):
    code, _, err = show(["{", "]"])
    assert (code, "in.jsonl holds no record that can be read" in err) == (2, True)


def test_markup_is_shown_as_it_is(show):
    assert (
        "[bold]x[/] :smile: [link=http://x]y[/link]"
        in show([TASK | {"instruction": "[bold]x[/] :smile: [link=http://x]y[/link]"}])[1]
    )


HOSTILE = "a\x1b[31mred\x1b]0;title\x07\x9b2J\r\u202edcba\u2066\x00\ufeff"
VISIBLE = r"a\x1b[31mred\x1b]0;title\x07\x9b2J\x0d\u202edcba\u2066\x00\ufeff"
SPOILED = [
    TASK | {"instruction": HOSTILE},
    TASK | {"id": HOSTILE},
    TASK | {"family": HOSTILE},
    TASK | {"solution": HOSTILE},
    TASK | {"failure_cases": [HOSTILE]},
    TASK | {"origin": {"model": HOSTILE}},
    TASK | {"origin": {"messages": [{"role": "assistant", "content": f"ACTION: {HOSTILE} END ACTION"}]}},
    TASK | {"origin": {"messages": [{"role": HOSTILE, "content": "x"}]}},
    TASK | {"note": HOSTILE},
    TASK | {"note": {"deep": [HOSTILE]}},
    TASK | {HOSTILE: 1},
    TASK | {"verdict": {"valid": False, "reason": HOSTILE}},
    TASK | {"verdict": {"valid": False, "reason": "syntax", "detail": HOSTILE}},
    TASK | {"verdict": {"valid": False, "reason": "syntax", "checks": {HOSTILE: True}}},
    ATTEMPT | {"answer": HOSTILE},
    ATTEMPT | {"outcome": HOSTILE},
    ATTEMPT | {"messages": [{"role": "tool", "content": HOSTILE}]},
    ATTEMPT | {"calls": [{"name": HOSTILE, "arguments": {HOSTILE: HOSTILE}, "error": HOSTILE}]},
]


@pytest.mark.parametrize("record", SPOILED)
def test_control_characters_become_visible(show, record):
    out = show([record])[1]
    assert r"\u202e" in out
    assert all(letter.isprintable() for letter in out.replace("\n", ""))


@pytest.mark.parametrize("record", SPOILED)
def test_control_characters_become_visible_in_a_list(show, record):
    out = show([record, record | {"id": "other"}])[1]
    assert all(letter.isprintable() for letter in out.replace("\n", ""))


def test_they_are_shown_as_their_escapes(show):
    assert VISIBLE in show([TASK | {"instruction": HOSTILE}])[1]


def test_colours_are_on_the_terminal_alone(show):
    assert "\x1b" not in show([REJECTED])[1]


def test_a_long_text_is_cut_and_says_how_to_see_it_all(show):
    out = show([TASK | {"instruction": "\n".join("x" * 100)}])[1]
    assert "… 60 more lines (--whole shows them)" in out


def test_whole_cuts_nothing(show):
    assert show([TASK | {"instruction": "\n".join("x" * 100)}], "--whole")[1].count("  x\n") == 100


def test_a_program_of_ten_megabytes_is_shown(show):
    assert show([TASK | {"solution": "x = 1\n" * 1_700_000}])[0] == 0


SAMPLED = ATTEMPT | {
    "model": "tiny",
    "tokens": [
        {"trained": [[2, 3]], "logprobs": [-0.5], "ids": [338, 286, 621]},
        {"split": "the chat template rewrites", "trained": [[0, 1]], "logprobs": [-0.5], "ids": [18]},
    ],
}


def test_tokens_are_shown_with_the_agents_own_in_brackets_where_there_is_no_colour(show):
    code, out, _ = show([SAMPLED], "--tokens")
    tokenizer = tokenizer_of(SHIPPED)
    assert code == 0
    assert f"\n{tokenizer.decode([338, 286])}⟦{tokenizer.decode([621])}⟧\n" in out
    assert "segment 1 of 2: 3 tokens, 1 trained\n" in out
    assert "segment 2 of 2: 1 tokens, 1 trained\nsplit: the chat template rewrites\n" in out


def test_ids_that_the_tokenizer_does_not_know_are_shown_as_numbers():
    strange = SAMPLED | {"tokens": [{"trained": [[1, 3]], "logprobs": [], "ids": [338, 2**40, -1, 286]}]}
    *_, text = token_view(strange, None, bracketed=True)
    tokenizer = tokenizer_of(SHIPPED)
    assert text.plain == f"{tokenizer.decode([338])}⟦⟨{2**40}⟩⟨-1⟩⟧{tokenizer.decode([286])}"


def test_the_agents_own_tokens_have_a_colour_of_their_own():
    parts = list(token_view(SAMPLED, None, bracketed=False))
    styles = {str(span.style) for part in parts for span in part.spans}
    assert {TRAINED, CONTEXT} <= styles
    assert "⟦" not in "".join(part.plain for part in parts)


@pytest.mark.parametrize(
    ("record", "flags", "says"),
    [
        (SAMPLED | {"tokens": None}, ("--tokens",), "has no tokens: its engine recorded text alone"),
        (SAMPLED | {"model": None}, ("--tokens",), "the record names no model; say whose tokenizer"),
        (SAMPLED | {"model": "./gone"}, ("--tokens",), "./gone: no such folder"),
        (SAMPLED | {"tokens": [{"ids": "x", "trained": []}]}, ("--tokens",), "segment 1 of 1: is not as"),
        (SAMPLED, ("--model", "tiny"), "--model: only with --tokens"),
    ],
)
def test_tokens_that_cannot_be_shown_are_wrong_usage(show, record, flags, says):
    code, _, err = show([record], *flags)
    assert (code, says in err) == (2, True)


def test_tokens_of_many_records_at_once_are_wrong_usage(show):
    code, _, err = show([SAMPLED, WON], "--tokens")
    assert (code, "--tokens shows one record: name it" in err) == (2, True)


def test_a_dash_is_stdin(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sca", "show", "-"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(TASK).encode())))
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.startswith("── e-3fa9c1-000001 ──")


def test_an_empty_file_has_no_records(show):
    assert show([""])[:2] == (0, "0 records\n")


@pytest.mark.parametrize("reason", all_reasons())
def test_every_reason_is_a_sentence(reason):
    assert reason_in_words(reason).endswith(".")


def test_the_reasons_are_those_of_a_verdict():
    statuses = ["exception", "timeout", "oom", "output_limit", "exit", "crash", "killed", "bad_result", "tool_limit"]
    single = "no_task no_instruction too_few_failures syntax no_evaluate too_large noop_passes solution_fails "
    single += "failure_passes failures_degenerate evaluate_non_bool evaluate_flaky evaluate_wrote unstable"
    parts = ["solution", "failure", "evaluate"]
    assert set(all_reasons()) == {*single.split(), *(f"{part}_{status}" for part in parts for status in statuses)}


def test_an_exact_id_comes_before_a_part_of_one():
    assert named([{"id": "a1"}, {"id": "a12"}], "a1") == [{"id": "a1"}]


value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = [*REJECTED, *ATTEMPT, "answer", "detail", "usage", "note"]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(names), value))
def test_a_record_of_any_types_can_be_shown(spoiled):
    for whole in (REJECTED, ATTEMPT):
        assert list(View().record(whole | spoiled))
