"""The image of an environment: the running Python, the guest, the environment and its data, and nothing else.

No registry, no network and no shell: a tar is written and given to `docker import`. One image for each content,
named by the hash of what went into it.
"""

import contextlib
import hashlib
import io
import os
import platform
import py_compile
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sca.environment.loading import content_hash
from sca.errors import SandboxError
from sca.sandbox.host.engine import Engine, faults

HOME = "opt/sca"
"""Where the guest and the environment lie in the image; only its root may look inside."""
LIBRARIES = "usr/lib/sca"
PYTHON = "usr/bin/python3"
LABEL = "sca.image"
FORMAT = 4
"""Raised when the layout of the image changes in a way that no content shows."""
LEFT_OUT = {
    "test", "tests", "idlelib", "ensurepip", "tkinter", "turtledemo", "turtle.py", "lib2to3", "venv", "site-packages",
    "dist-packages", "pydoc_data", "curses", "dbm", "sqlite3", "__phello__", "distutils",
}  # fmt: skip
LEFT_OUT_MODULES = (
    "_tkinter", "_curses", "readline", "_dbm", "_gdbm", "_sqlite3", "_test", "_ctypes_test", "xxlimited", "nis",
    "_crypt", "ossaudiodev", "spwd",
)  # fmt: skip
PACKAGE = Path(__file__).resolve().parents[2]
COMMAND = "from sca.sandbox.guest.supervisor import main; main()"
FLAGS = ["-s", "-S", "-P", "-B", "-X", "utf8", "-X", "frozen_modules=on", "-c", COMMAND]
COMPILE = (
    "import compileall, re, sysconfig; "
    "[compileall.compile_dir(place, quiet=2, rx=re.compile('/(site-packages|tests?)/')) "
    f"for place in (sysconfig.get_path('stdlib'), '/{HOME}')]"
)
"""Official images of Python come without compiled modules; each container would compile a hundred of them anew."""


@dataclass(frozen=True)
class Content:
    """What an image is made of."""

    folder: Path
    data: Path
    base: str | None = None
    """An image of one's own to build on, with a Python 3.11 or later called `python3`; None: the running Python."""

    @property
    def name(self) -> str:
        """Name of the environment."""
        return self.folder.name

    def hash(self) -> str:
        """Hex digits that differ wherever the image would."""
        digest = hashlib.sha256(
            f"{FORMAT} {self.base} {sys.version} {platform.platform()} {sys.base_prefix}".encode()
        )
        digest.update(content_hash(self.folder, self.data).encode())
        for path in sorted(_guest()):
            digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def tag(self) -> str:
        """`sca-NAME:HASH`."""
        plain = "".join(c if c.isalnum() else "-" for c in self.name.lower()).strip("-") or "environment"
        return f"sca-{plain}:{self.hash()[:12]}"

    @property
    def place(self) -> str:
        """The environment's folder in the image."""
        return f"/{HOME}/environments/{self.name}"


def find_or_build(client: Engine, content: Content, name: str | None = None) -> str:
    """Id of the image called `name`, or of the content's own, built now if the engine has none. Never pulled."""
    import docker.errors

    tag = name or content.tag()
    with faults("looking for the image"):
        try:
            return str(client.inspect_image(tag)["Id"])
        except docker.errors.ImageNotFound:
            if name:
                raise SandboxError(f"there is no image {name}; `sca sandbox build` builds one") from None
    return build(client, content)


def build(client: Engine, content: Content) -> str:
    """Build the image, whether there is one or not; its id."""
    tag = content.tag()
    labels = {LABEL: content.name, "sca.content": content.hash()}
    with tempfile.TemporaryFile() as file, faults(f"building {tag}"):
        if content.base:
            _write_context(file, content)
            _build_on(client, content.base, file, tag, labels)
        else:
            _write_root(file, content)
            file.seek(0)
            changes = [f"ENV {key}={value}" for key, value in environment().items()]
            changes += [f'ENTRYPOINT ["/{PYTHON}", {", ".join(map(_quoted, FLAGS))}]', "USER 0:0", "WORKDIR /"]
            changes += [f"LABEL {key}={value}" for key, value in labels.items()]
            chunks = iter(lambda: file.read(1 << 20), b"")
            client.import_image_from_stream(chunks, repository=tag, changes=changes)  # so Podman sees it, too
        return str(client.inspect_image(tag)["Id"])


def environment(*, home: bool = True) -> dict[str, str]:
    """Environment variables of the supervisor: the same world every time."""
    own = {"PYTHONPATH": f"/{HOME}", "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
    own["LD_BIND_NOW"] = "1"  # once, and not in every fork
    own["MALLOC_ARENA_MAX"] = "1"  # each would take 64 MiB of address space, and a program have few threads
    return own | ({"PYTHONHOME": "/usr", "LD_LIBRARY_PATH": f"/{LIBRARIES}"} if home else {})


def _build_on(client: Engine, base: str, context: IO[bytes], tag: str, labels: dict[str, str]) -> None:
    import docker.errors

    try:
        client.inspect_image(base)
    except docker.errors.ImageNotFound:  # the engine would download it
        raise SandboxError(f"there is no image {base} on the engine; `docker pull {base}` gets one") from None
    context.seek(0)
    for line in client.build(
        fileobj=context, custom_context=True, tag=tag, pull=False, rm=True, labels=labels, decode=True,
        network_mode="none",
    ):  # fmt: skip
        if "error" in line:
            raise SandboxError(f"building on {base} failed: {line['error'].strip()}")


def _write_context(file: IO[bytes], content: Content) -> None:
    """A build context with the guest and the environment, on top of somebody's base."""
    variables = " ".join(f"{key}={value}" for key, value in environment(home=False).items())
    above = HOME.partition("/")[0]  # the engine keeps the rights of what is in a folder, but not the folder's own
    dockerfile = (
        f"FROM {content.base}\nUSER 0:0\nWORKDIR /\nHEALTHCHECK NONE\nENV {variables}\nCOPY {above} /{above}\n"
        f'RUN ["python3", "-S", "-c", {_quoted(COMPILE)}]\n'
        f'ENTRYPOINT ["python3", {", ".join(map(_quoted, FLAGS))}]\nCMD []\n'
    )
    with tarfile.open(fileobj=file, mode="w") as tar:
        writer = _Writer(tar)
        writer.text("Dockerfile", dockerfile)
        _add_project(writer, content)


def _write_root(file: IO[bytes], content: Content) -> None:
    """A whole root file system."""
    with tarfile.open(fileobj=file, mode="w") as tar:
        writer = _Writer(tar)
        for folder in ("dev", "proc", "sys", "etc", "tmp"):
            writer.folder(folder)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        executable = Path(os.path.realpath(sys.executable))
        library = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
        dynamic = Path(sysconfig.get_config_var("DESTSHARED") or library / "lib-dynload")
        dynamic = dynamic if dynamic.is_dir() else library / "lib-dynload"
        modules = [path for path in sorted(dynamic.glob("*.so")) if not path.name.startswith(LEFT_OUT_MODULES)]
        # Root starts the supervisor; what a program might start as its own uid there is none.
        writer.file(PYTHON, executable, 0o700)
        for path in _library(library):
            writer.module(f"usr/{sys.platlibdir}/{version}/{path.relative_to(library)}", path)
        for path in modules:
            writer.file(f"usr/{sys.platlibdir}/{version}/lib-dynload/{path.name}", path)
        for path in linked([executable, *modules]):
            loader = path.name.startswith(("ld-linux", "ld-musl", "ld64"))
            writer.file(
                str(path).lstrip("/") if loader else f"{LIBRARIES}/{path.name}", path, 0o700 if loader else 0o644
            )
        _add_project(writer, content)


def _library(library: Path) -> Iterator[Path]:
    """Modules of the standard library."""
    skipped = {"lib-dynload", *LEFT_OUT}
    for path in sorted(library.iterdir()):
        if path.name in skipped or path.name.startswith("config-"):
            continue
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            inside = file.relative_to(library).parts
            if file.suffix == ".py" and not any(part in LEFT_OUT for part in inside):
                yield file


def linked(files: Iterable[Path]) -> list[Path]:
    """Shared libraries that these files need, the loader included."""
    try:
        told = subprocess.run(
            ["ldd", *map(str, files)], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
        ).stdout
    except OSError as error:
        raise SandboxError(
            "the image of the running Python needs Linux with `ldd`; elsewhere use `sca sandbox build --from IMAGE`"
        ) from error
    found: dict[str, Path] = {}
    for line in told.splitlines():
        _, _, target = line.strip().rpartition("=> ")
        path = Path(target.split(" (")[0].strip())
        if line.startswith(("\t", " ")) and path.is_absolute() and path.is_file():
            found.setdefault(path.name, path)
    return sorted(found.values())


def _guest() -> Iterator[Path]:
    yield PACKAGE / "__init__.py"
    yield PACKAGE / "comparison.py"
    yield PACKAGE / "errors.py"
    yield from (PACKAGE / "environment").glob("*.py")
    yield from (PACKAGE / "sandbox" / "guest").glob("*.py")


def _add_project(writer: "_Writer", content: Content) -> None:
    """The guest and the environment, for root's eyes only."""
    for path in sorted(_guest()):
        writer.module(f"{HOME}/sca/{path.relative_to(PACKAGE)}", path, private=True)
    writer.text(f"{HOME}/sca/sandbox/__init__.py", "", private=True)
    place = content.place.lstrip("/")
    for path in _plain(content.folder):
        if path.relative_to(content.folder).parts[0] not in ("data", "tasks", "tests"):
            writer.module(f"{place}/{path.relative_to(content.folder)}", path, private=True)
    writer.folder(f"{place}/data", private=True)
    for path in _plain(content.data):
        writer.file(f"{place}/data/{path.relative_to(content.data)}", path, private=True)


def _plain(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in parts):
            yield path


class _Writer:
    """Entries owned by root, with the folders that they need."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self._made: set[str] = set()

    def folder(self, name: str, *, private: bool = False) -> None:
        """A folder and those above it."""
        parent, _, _ = name.rpartition("/")
        if parent:
            self.folder(parent, private=private and parent.startswith(HOME))
        if name not in self._made:
            self._made.add(name)
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o700 if private else 0o755
            self.tar.addfile(info)

    def file(self, name: str, path: Path, mode: int = 0o644, *, private: bool = False) -> None:
        """A file's bytes; its time is kept, for compiled modules are valid only with it."""
        stat = path.stat()
        with path.open("rb") as source:
            self._add(name, source, stat.st_size, 0o600 if private else mode, int(stat.st_mtime), private=private)

    def module(self, name: str, path: Path, *, private: bool = False) -> None:
        """A file and, of a module, its compiled form: no container then compiles it once more."""
        self.file(name, path, private=private)
        if path.suffix != ".py":
            return
        place = f"__pycache__/{path.stem}.{sys.implementation.cache_tag}.pyc"
        compiled, ready = str(Path(name).parent / place), path.parent / place
        if not private and ready.is_file():  # of the library; all that is private is compiled here, valid at any time
            self.file(compiled, ready)
            return
        with tempfile.NamedTemporaryFile(suffix=".pyc") as file:
            unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
            with contextlib.suppress(py_compile.PyCompileError):  # the container will say what is wrong
                py_compile.compile(
                    str(path), file.name, f"/{name}", doraise=True, optimize=0, invalidation_mode=unchecked
                )
                self.file(compiled, Path(file.name), private=private)

    def text(self, name: str, text: str, *, private: bool = False) -> None:
        """A small file."""
        data = text.encode()
        self._add(name, io.BytesIO(data), len(data), 0o600 if private else 0o644, 0, private=private)

    def _add(self, name: str, source: IO[bytes], size: int, mode: int, time: int, *, private: bool) -> None:
        parent, _, _ = name.rpartition("/")
        if parent:
            self.folder(parent, private=private)
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, mode, time
        self.tar.addfile(info, source)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def describe(client: Engine, image: str) -> dict[str, Any]:
    """What a sidecar says of an image."""
    with faults("looking at the image"):
        found = client.inspect_image(image)
    return {"id": found["Id"], "tags": found["RepoTags"], "labels": found["Config"].get("Labels") or {}}
