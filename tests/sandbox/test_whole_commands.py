"""`sca validate` as a person starts it: killed, interrupted, twice at once, with secrets about."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from sandbox.cases import TASK

from sca.sandbox.host import engine
from sca.sandbox.host.settings import OWNER
from sca.scaffold import FOLDER

pytestmark = pytest.mark.docker
SECRETS = {
    "OPENAI_API_KEY": "sk-canary0123456789abcdef",
    "HF_TOKEN": "hf_canary0123456789abcdef",
    "SCA_CANARY": "canary-of-the-host",
    "HTTPS_PROXY": "http://user:canary-password@proxy.example.org:3128",
    "NO_PROXY": "*",
}
LOOKING = """
import os
told = [f"{name}={value}" for name, value in os.environ.items()]
for entry in os.listdir("/proc"):
    for what in ("environ", "cmdline"):
        try: told.append(open(f"/proc/{entry}/{what}").read())
        except OSError: pass
if "canary" in " ".join(told): raise ValueError(told)
"""


@pytest.fixture
def folder(tmp_path):
    """Holds 24 tasks: sound ones, wrong ones, and one that raises with a secret's name."""
    spoiled = [{}, {"solution": "1 / 0"}, {"evaluation_function": "def evaluate(): return True"}, {}]
    with (tmp_path / "tasks.jsonl").open("w") as file:
        for number in range(24):
            task = TASK.model_copy(update={"id": f"shop-000000-{number:06}", **spoiled[number % 4]})
            file.write(task.model_dump_json() + "\n")
    return tmp_path


def start(folder, *arguments, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "sca", "validate", "tasks.jsonl", "--env", str(FOLDER), *arguments],
        cwd=folder, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def finish(process):
    out, err = process.communicate(timeout=300)
    return process.returncode, out + err


def containers_of(pid):
    client = engine.connect()
    try:
        found = client.containers(all=True, filters={"label": OWNER})
    finally:
        client.close()
    return [one for one in found if one["Labels"][OWNER].startswith(f"{pid}-")]


def wait_for(happened, seconds=60):
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)


def lines(folder, *names):
    return [
        json.loads(line)
        for name in names or ("validated.jsonl", "rejected.jsonl")
        if (folder / name).exists()
        for line in (folder / name).read_text().splitlines()
    ]


def verdicts(folder):
    return {record["id"]: record["verdict"]["reason"] for record in lines(folder)}


EXPECTED = {f"shop-000000-{n:06}": (None, "solution_exception", "noop_passes", None)[n % 4] for n in range(24)}


def test_a_killed_command_leaves_no_container_and_the_next_one_completes_without_duplicates(folder):
    process = start(folder, "--concurrency", "7")
    wait_for(lambda: len(containers_of(process.pid)) >= 8 and len(lines(folder)) > 1)
    process.kill()
    process.communicate()
    wait_for(lambda: not containers_of(process.pid), seconds=10)
    code, told = finish(start(folder))
    assert code == 0, told
    assert verdicts(folder) == EXPECTED
    assert len(lines(folder)) == len(EXPECTED)


def test_an_interrupted_command_ends_with_130_and_whole_lines(folder):
    process = start(folder, "--concurrency", "4")
    wait_for(lambda: len(lines(folder)) > 1)
    process.send_signal(signal.SIGINT)
    code, told = finish(process)
    assert code == 130
    assert told.splitlines()[-1] == "interrupted"
    assert containers_of(process.pid) == []
    assert set(verdicts(folder).items()) <= set(EXPECTED.items())


def test_two_commands_at_once_and_any_number_of_workers_say_the_same(folder):
    few = start(folder, "--concurrency", "1", "-o", "a.jsonl", "--rejected", "b.jsonl", "--tasks-per-container", "8")
    many = start(folder, "--concurrency", "8")
    assert [finish(process)[0] for process in (few, many)] == [0, 0]
    some = {record["id"]: record["verdict"]["reason"] for record in lines(folder, "a.jsonl", "b.jsonl")}
    assert some == verdicts(folder) == EXPECTED
    assert containers_of(few.pid) == containers_of(many.pid) == []


def test_no_secret_of_the_command_reaches_a_container_or_a_file(folder):
    spy = TASK.model_copy(update={"id": "spy", "solution": LOOKING + TASK.solution})
    (folder / "tasks.jsonl").write_text(spy.model_dump_json() + "\n")
    process = start(folder, **SECRETS)
    told = [finish(process)]
    assert told[0][0] == 0, told
    assert verdicts(folder) == {"spy": None}
    told.append(finish(start(folder, "--dry-run", "--force", **SECRETS)))
    address = "tcp://user:canary-password@127.0.0.1:9"
    told.append(finish(start(folder, "--force", **SECRETS, SCA_DOCKER_HOST=address)))
    assert told[-1][0] == 1
    written = "".join(path.read_text() for path in folder.iterdir() if path.name != "tasks.jsonl")
    assert "canary" not in written.replace(json.dumps(spy.solution), "")
    assert "canary" not in "".join(text for _, text in told)


def test_an_image_and_a_runtime_that_are_not_there_are_told_in_one_line(folder):
    code, told = finish(start(folder, "--image", "sca-none:1"))
    assert (code, told.splitlines()[-1]) == (1, "error: there is no image sca-none:1; `sca sandbox build` builds one")
    code, told = finish(start(folder, "--runtime", "none-such"))
    assert code == 1
    assert "none-such" in told.splitlines()[-1]
    assert lines(folder) == []


HOSTILE = (
    "raise ValueError('\\x1b[2J\\x1b]0;x\\x07\\u202e[bold]x[/]\\r\\n'\n"
    '    + \'{"id": "fake"}\' + chr(0x2028) + \'{"id": "fake"}\')'
)


def test_a_hostile_message_is_one_record_and_steers_no_terminal(folder):
    task = TASK.model_copy(update={"id": "../../x", "solution": HOSTILE})
    (folder / "tasks.jsonl").write_text(task.model_dump_json() + "\n")
    before = set(folder.parent.iterdir())
    code, told = finish(start(folder))
    assert code == 0, told
    (record,) = lines(folder)
    assert (record["id"], record["verdict"]["reason"]) == ("../../x", "solution_exception")
    assert "[bold]x[/]" in record["verdict"]["detail"]
    assert not [letter for letter in record["verdict"]["detail"] + told if letter in "\x1b\x07\u202e\u2028\x85"]
    assert set(folder.parent.iterdir()) == before


def test_bad_lines_are_all_named_before_anything_starts_and_can_be_left_out(folder):
    good = TASK.model_dump_json()
    bad = [json.dumps({"id": 7, "environment": "shop"}), '{"id": "torn', "[1]", '{"id": "a"}']
    text = "\ufeff" + "\n".join([good, "", *bad]) + "\n\n"
    (folder / "tasks.jsonl").write_text(text)
    code, told = finish(start(folder, SCA_DOCKER_HOST="unix:///nowhere/docker.sock"))
    assert code == 1
    assert [f"tasks.jsonl, line {number}: " in told for number in (3, 4, 5, 6)] == [True] * 4
    assert "no Docker engine" not in told
    code, told = finish(start(folder, "--skip-bad-lines"))
    assert (code, len(lines(folder))) == (0, 1)
