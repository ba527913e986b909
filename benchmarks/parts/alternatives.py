"""What one would write instead: a container for each program, or a plain process, that loads the database.

Each program runs together with its check, which is made twice, so that this side has no more to do than ours.
"""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from sca.records.contract import Task

_SCRIPT = """
import json, sys
from pathlib import Path
from sca.environment.authoring import tools_of, ToolError
from sca.environment.loading import load
job = json.loads(Path(sys.argv[1]).read_text() if len(sys.argv) > 1 else sys.stdin.read())
environment = load(Path(job["folder"]))
tools = environment(environment.load(Path(job["data"])))
names = {name: getattr(tools, name) for name in tools_of(environment)} | {"ToolError": ToolError}
try:
    exec(job["program"], dict(names))
except ToolError:
    pass
exec(job["check"], names)
print(json.dumps([names["evaluate"]() for _ in range(2)]))
"""


def programs_of(task: Task) -> list[tuple[str, bool]]:
    """Programs in the order of a verdict, and what their check must say."""
    assert task.solution
    return [("", False), (task.solution, True), *((failure, False) for failure in task.failure_cases or [])]


def in_process(task: Task, folder: Path, data: Path) -> bool:
    """Judge a task by plain subprocesses, without any isolation."""
    for program, wanted in programs_of(task):
        job = {"folder": str(folder), "data": str(data), "program": program, "check": task.evaluation_function}
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT], input=json.dumps(job), stdout=subprocess.PIPE, text=True
        )
        if json.loads(done.stdout) != [wanted] * 2:
            return False
    return True


def in_containers(task: Task, client: Any, image: str) -> bool:
    """Judge a task by a container for each program: create, start, put_archive, exec, kill, remove."""
    for program, wanted in programs_of(task):
        place = "/opt/sca/environments/warehouse"
        job = {"folder": place, "data": f"{place}/data", "program": program, "check": task.evaluation_function}
        number = client.create_container(
            image, entrypoint=["/usr/bin/python3", "-c", "import time; time.sleep(600)"], network_disabled=True
        )["Id"]
        client.start(number)
        client.put_archive(number, "/tmp", _archive({"script.py": _SCRIPT, "job.json": json.dumps(job)}))
        execution = client.exec_create(number, ["/usr/bin/python3", "/tmp/script.py", "/tmp/job.json"])
        said = json.loads(client.exec_start(execution["Id"]))
        client.kill(number)
        client.remove_container(number, force=True)
        if said != [wanted] * 2:
            return False
    return True


def bare(client: Any, config: dict[str, Any]) -> None:
    """Create, start and remove a container that does nothing."""
    idle = {"Entrypoint": ["/usr/bin/python3", "-I", "-S", "-c", "import time; time.sleep(60)"], "Cmd": []}
    host = config["HostConfig"] | {"AutoRemove": False}
    number = client.create_container_from_config(config | idle | {"HostConfig": host})["Id"]
    client.start(number)
    client.remove_container(number, force=True)


def _archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()
