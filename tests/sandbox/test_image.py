"""What an image holds: nothing that a container would have to compile, and nothing that a program may look at."""

import io
import tarfile
from functools import partial

import pytest

from sca.sandbox.host import DockerSandbox, engine, image
from sca.sandbox.host.pool import content

GUEST, LIBRARY = f"{image.HOME}/sca/sandbox/guest/program.py", "/json/decoder.py"


@pytest.fixture
def client():
    client = engine.connect()
    yield client
    client.close()


def compiled(source: str) -> str:
    """Where Python looks for its compiled form."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{image.sys.implementation.cache_tag}.pyc"


def root_without_compiled_modules(shop) -> io.BytesIO:
    """A root file system as official images of Python have it."""
    whole, bare = io.BytesIO(), io.BytesIO()
    image._write_root(whole, content(shop))
    whole.seek(0)
    with tarfile.open(fileobj=whole) as source, tarfile.open(fileobj=bare, mode="w") as target:
        for entry in source:
            if not entry.name.endswith(".pyc") and not entry.name.startswith("opt"):
                target.addfile(entry, source.extractfile(entry) if entry.isfile() else None)
    bare.seek(0)
    return bare


def test_modules_that_lie_here_uncompiled_are_compiled(shop, tmp_path, monkeypatch):
    library = tmp_path / "library"
    (library / "json").mkdir(parents=True)
    (library / "json" / "decoder.py").write_text("x = 1\n")
    monkeypatch.setattr(image.sysconfig, "get_path", lambda *_, **__: str(library))
    whole = io.BytesIO()
    image._write_root(whole, content(shop))
    whole.seek(0)
    with tarfile.open(fileobj=whole) as tar:
        names = tar.getnames()
    (decoder,) = [name for name in names if name.endswith(LIBRARY)]
    assert compiled(decoder) in names
    assert compiled(GUEST) in names


@pytest.mark.docker
async def test_on_an_official_base_modules_are_compiled_and_the_environment_is_hidden(shop, client):
    base = "sca-test-base:uncompiled"
    variables = [f"ENV {key}={value}" for key, value in image.environment().items()]
    chunks = iter(partial(root_without_compiled_modules(shop).read, 1 << 20), b"")
    client.import_image_from_stream(chunks, repository=base, changes=variables)
    made = content(shop, base=base)
    client.remove_image(image.build(client, made), force=True)
    try:
        async with DockerSandbox(shop, base=base, size=1) as sandbox, sandbox.box() as box:
            assert (await (await box.world()).run("import statistics; result = 1")).result == "1"
        number = client.create_container(made.tag())["Id"]
        with tarfile.open(fileobj=io.BytesIO(b"".join(client.export(number)))) as tar:
            names = tar.getnames()
            assert tar.getmember(image.HOME).mode & 0o77 == 0
        client.remove_container(number, force=True)
        for source in (GUEST, next(name for name in names if name.endswith(LIBRARY))):
            assert compiled(source) in names
    finally:
        client.remove_image(made.tag(), force=True)
        client.remove_image(base, force=True)
