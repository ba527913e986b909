"""Containers come and go, and none is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from sca.errors import SandboxError, UsageError
from sca.sandbox.host import DockerSandbox, cleaning, engine, image, settings
from sca.sandbox.host.pool import content

docker_test = pytest.mark.docker


@pytest.fixture
def client():
    client = engine.connect()
    yield client
    client.close()


def containers_of(client, run):
    return client.containers(all=True, filters={"label": f"{settings.RUN}={run}"})


@docker_test
async def test_no_container_is_left_after_the_end(shop, client):
    async with DockerSandbox(shop, size=2) as sandbox, sandbox.box() as box, sandbox.box(shared=True):
        await box.world()
        assert containers_of(client, sandbox._settings.run)
    assert containers_of(client, sandbox._settings.run) == []


@docker_test
async def test_no_container_is_left_after_a_cancellation(shop, client):
    sandbox = DockerSandbox(shop, size=2)

    async def work():
        async with sandbox, sandbox.box() as box:
            await (await box.world()).run("import time; time.sleep(60)")

    task = asyncio.create_task(work())
    while not (hasattr(sandbox, "_settings") and len(containers_of(client, sandbox._settings.run)) > 1):
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert containers_of(client, sandbox._settings.run) == []


@docker_test
def test_no_container_outlives_a_command_that_was_killed(shop, client):
    source = f"""
import asyncio
from pathlib import Path
from sca.sandbox.host import DockerSandbox
async def main():
    async with DockerSandbox(Path({str(shop)!r}), size=3) as sandbox:
        async with sandbox.box() as box, sandbox.box(shared=True):
            print(sandbox._settings.run, flush=True)
            await (await box.world()).run("import time; time.sleep(60)")
asyncio.run(main())
"""
    command = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    with command:
        run = command.stdout.readline().strip()
        assert containers_of(client, run)
        os.kill(command.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while containers_of(client, run):
        assert time.monotonic() < deadline, "a container outlived its command"
        time.sleep(0.1)


@docker_test
async def test_cleaning_leaves_live_runs_alone(shop, client):
    async with DockerSandbox(shop, size=1) as sandbox:
        cleaning.remove_stale(client)
        assert containers_of(client, sandbox._settings.run)


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ({}, False),
        ({settings.OWNER: "1-0"}, True),
        ({settings.PLACE: "elsewhere"}, False),
        ({settings.PLACE: "elsewhere", settings.DEADLINE: "1"}, True),
    ],
)
def test_a_container_is_stale_when_its_owner_is_gone_or_out_of_sight_for_too_long(shop, change, stale):
    labels = settings.Settings("image", content(shop), settings.Limits()).labels()
    assert cleaning.is_stale(labels | change) is stale


async def test_without_an_engine_one_line_says_what_to_do(shop, monkeypatch):
    monkeypatch.setenv(engine.HOST_VARIABLE, "unix:///nowhere/docker.sock")
    with pytest.raises(SandboxError) as caught:
        async with DockerSandbox(shop):
            pass
    assert str(caught.value) == (
        "no Docker engine answers at unix:///nowhere/docker.sock: start Docker (or run `make demo`, which starts an "
        "engine of its own), or name another with DOCKER_HOST. Nothing was run."
    )


@pytest.mark.parametrize(
    ("address", "certificates", "why"),
    [
        ("tcp://name:hunter2@nowhere:2376", "/nowhere", "Path to a certificate and key files must be provided"),
        ("nonsense", "", "Invalid bind address format"),
    ],
)
def test_an_engine_that_cannot_even_be_asked_says_why(monkeypatch, address, certificates, why):
    monkeypatch.setenv(engine.HOST_VARIABLE, address)
    monkeypatch.setenv("DOCKER_CERT_PATH", certificates)
    with pytest.raises(SandboxError, match=rf"^no Docker engine answers at \S+ \({why}.*\): start Docker") as caught:
        engine.connect()
    assert "hunter2" not in str(caught.value)


@docker_test
async def test_an_environment_that_does_not_load_says_why(tmp_path):
    (tmp_path / "environment.py").write_text("1 / 0")
    with pytest.raises(SandboxError, match="ZeroDivisionError"):
        async with DockerSandbox(tmp_path):
            pass


@docker_test
async def test_other_data_stands_in_for_the_folders_own(shop, tmp_path):
    (tmp_path / "orders.json").write_text('{"B1": {"status": "pending", "items": []}}')
    (tmp_path / "users.json").write_text("{}")
    async with DockerSandbox(shop, data=tmp_path, size=1) as sandbox, sandbox.box() as box:
        run = await (await box.world()).run("result = get_order('B1')['status']")
    assert run.result == "pending"


@docker_test
async def test_an_engine_that_confines_too_little_is_refused(shop, monkeypatch, client):
    monkeypatch.setattr(settings, "security", lambda: ["seccomp=unconfined"])
    with pytest.raises(SandboxError, match=r"no new privileges: 0.*seccomp filter: mode 0.*Nothing was run"):
        async with DockerSandbox(shop):
            pass


@docker_test
async def test_an_image_that_is_missing_is_not_pulled(shop):
    with pytest.raises(SandboxError, match="there is no image sca-none:1; `sca sandbox build` builds one"):
        async with DockerSandbox(shop, image="sca-none:1"):
            pass


@docker_test
async def test_a_lost_container_is_the_machinery_and_the_next_box_works(shop, client):
    async def lose(sandbox):
        async with sandbox.box(shared=True) as box:
            world = await box.world()
            running = asyncio.create_task(world.run("import time; time.sleep(60)"))
            await asyncio.sleep(0.2)
            for container in containers_of(client, sandbox._settings.run):
                client.remove_container(container["Id"], force=True)
            await running

    async with DockerSandbox(shop, size=1) as sandbox:
        with pytest.raises(SandboxError, match="a container is lost"):
            await lose(sandbox)
        async with sandbox.box(shared=True) as box:
            assert (await (await box.world()).run("result = 1")).result == "1"
        async with sandbox.box() as box:
            assert (await (await box.world()).run("result = 1")).result == "1"


@docker_test
async def test_a_container_of_ones_own_serves_as_many_tasks_as_it_may(shop):
    seen = set()
    async with DockerSandbox(shop, size=1, tasks_per_container=3) as sandbox:
        for _ in range(3):
            async with sandbox.box() as box:
                seen.add(box.link)
            await asyncio.sleep(0.1)
    assert len(seen) == 1


async def test_a_family_that_is_not_there_is_wrong_usage(shop):
    from sca.sandbox.host.double import SubprocessSandbox

    async with SubprocessSandbox(shop) as sandbox, sandbox.box() as box:
        with pytest.raises(UsageError, match="the environment has no family 'sports'; it has none"):
            await box.world("sports")


def test_a_folder_that_is_no_environment_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"is no environment: it holds no environment\.py"):
        DockerSandbox(tmp_path)


def test_an_image_is_named_by_all_that_goes_into_it(shop, tmp_path):
    (tmp_path / "users.json").write_text("{}")
    assert content(shop).tag() == content(shop).tag()
    assert content(shop).tag() != content(shop, tmp_path).tag()
    assert content(shop).tag() != image.Content(shop, shop / "data", base="python:3.12").tag()


@docker_test
def test_a_base_that_the_engine_does_not_have_is_not_downloaded(shop, client):
    with pytest.raises(
        SandboxError, match=r"there is no image nobodys:base on the engine; `docker pull nobodys:base`"
    ):
        image.build(client, content(shop, base="nobodys:base"))


@docker_test
async def test_an_image_of_ones_own_can_be_built_on(shop, client):
    base = image.find_or_build(client, content(shop))
    made = content(shop, base=base)
    client.remove_image(image.build(client, made), force=True)
    async with DockerSandbox(shop, base=base, size=1) as sandbox, sandbox.box() as box:
        assert sandbox.describe()["image"]["tags"] == [made.tag()]
        assert (await (await box.world()).run("result = get_order('A1002')['status']")).result == "pending"
