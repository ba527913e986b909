"""Nothing of a task but its instruction reaches a prompt: canaries everywhere else, and every prompt looked at."""

import json

import pytest
from dialogue.voices import Voices
from retail.shop import write

from sca.cli.app import app

pytestmark = pytest.mark.docker

CANARY = "CANARY"
STORY = "You are Mona Quist. Secret wish INSTRUCTION-77."
TASK = {
    "id": "retail-000000-000001",
    "environment": "retail",
    "instruction": STORY,
    "evaluation_function": 'def evaluate(answer):\n    return "CANARY-check" in answer',
    "solution": 'result = "CANARY-solution"',
    "failure_cases": [f'result = "CANARY-failure-{n}"' for n in range(3)],
    "start": "CANARY-start",
    "origin": {
        "unredacted_instruction": "CANARY-original",
        "earlier_hand_ins": [{"solution": "CANARY-earlier"}],
        "messages": [{"role": "tool", "content": "CANARY-heard"}],
    },
    "verdict": {"valid": True, "reason": None, "detail": "CANARY-verdict", "quality": {"alternatives": ["CANARY-q"]}},
    "note": "CANARY-note",
}
SEARCH = """ACTION:
import gc, sys
hits = [o for o in gc.get_objects() for o in (o.values() if isinstance(o, dict) else [o]) if isinstance(o, str)]
[o for o in hits if "CAN" + "ARY" in o], [m for m in sys.modules if "dialogue" in m], sorted(globals())
END ACTION"""
AGENT = [
    "I say nothing that has a form",
    "ANSWER: 1 END ANSWER",
    SEARCH,
    'ACTION: get_user_details("nobody") END ACTION',
    "ACTION: evaluate() END ACTION",
    "RESPONSE: Who are you? END RESPONSE",
    'ACTION: print(open("/proc/self/cmdline").read()) END ACTION',
    "RESPONSE: Shall I? END RESPONSE",
    "RESPONSE: It is done. END RESPONSE",
]
USER = ["Hello", "THOUGHT: well END THOUGHT RESPONSE: Help! END RESPONSE"] + [
    f"RESPONSE: {words} END RESPONSE" for words in ("Mona.", "Yes.", "###STOP###")
]
RUNS = [
    ("rollout", "model", "full"),
    ("rollout", "scripted", "brief"),
    ("eval", "model", "brief"),
    ("eval", "scripted", "full"),
]
"""Every pair of command, user and prompt style."""


@pytest.fixture(scope="module", params=RUNS, ids="-".join)
def run(request, tmp_path_factory):
    """A command, with every prompt that went to a model, and the line that it wrote."""
    command, user, style = request.param
    folder = tmp_path_factory.mktemp("canary")
    write(folder)
    tasks, out = folder / "tasks.jsonl", folder / "out.jsonl"
    tasks.write_text(json.dumps(TASK) + "\n")
    key = f"{TASK['id']}-a0"
    voices = Voices({key: AGENT, f"{key}:user": USER})
    made = ["rollout", str(tasks), "--attempts", "1", "--env", "retail"]
    if command == "eval":
        made = ["eval", "--tasks", str(tasks), "--trials", "1", "--env", "retail"]
    made += ["--data", str(folder), "-o", str(out), "--user", user, "--prompt-style", style, "--model", __file__]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sca.engines.opening.open_engine", lambda engine, model, **options: voices)
        app(made, standalone_mode=False)
    return user, voices, json.loads(out.read_text())


def test_the_dialogue_came_to_its_end(run):
    user, voices, attempt = run
    assert attempt["outcome"] == "failure"
    assert len(voices.heard_by(attempt["id"])) > len(AGENT)
    assert len([r for r in voices.requests if ":user:" in r.key]) == (len(USER) if user == "model" else 0)


def test_no_prompt_holds_anything_of_solution_check_failure_cases_or_origin(run):
    _, voices, _ = run
    assert not [m for r in voices.requests for m in r.messages if CANARY in m["content"]]


def test_nothing_of_it_lies_about_where_the_agents_code_runs(run):
    _, _, attempt = run
    observation = next(m["content"] for m in attempt["messages"] if m["role"] == "tool")
    assert observation.startswith("([], [], [")


def test_the_instruction_is_in_the_prompt_of_the_user_alone(run):
    user, voices, attempt = run
    to_agent = [m for m in voices.heard_by(attempt["id"]) if "INSTRUCTION-77" in m["content"]]
    to_user = [m for m in voices.heard_by(f"{attempt['id']}:user") if "INSTRUCTION-77" in m["content"]]
    if user == "model":
        assert not to_agent
        assert {m["role"] for m in to_user} == {"system"}
    else:  # a script has no prompt: it says the instruction itself
        assert {(m["role"], m["content"]) for m in to_agent} == {("user", STORY)}
