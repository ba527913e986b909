"""Find an environment's folder, import it, and tell one content from another."""

import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from sca.environment.authoring import Environment
from sca.errors import ScaError, UsageError

MODULE = "environment.py"
"""The file that makes a folder an environment."""
VARIABLE = "SCA_ENVIRONMENTS"
"""Names more folders that hold environments, separated as in PATH."""


def find(name_or_path: str) -> Path:
    """The folder of an environment: a path, or the name of one that is known.

    Raises UsageError, which lists the known names, when there is none.
    """
    path = Path(name_or_path).expanduser()
    if (path / MODULE).is_file():
        return path.resolve()
    if path.is_dir() and path.name != name_or_path:
        raise UsageError(f"{name_or_path} holds no {MODULE}; `sca env new NAME` writes an environment to start from")
    known = available()
    if name_or_path in known:
        return known[name_or_path]
    raise UsageError(
        f"no environment called {name_or_path}; known are {', '.join(known) or 'none'}. "
        f"Give one of these names, or the path of a folder with an {MODULE}"
    )


def split_switches(environment: str) -> tuple[str, frozenset[str]]:
    """`shop+slow+strict` as `shop` and its switches; a path that exists is taken as it is."""
    if Path(environment).expanduser().exists():
        return environment, frozenset()
    name, *switches = environment.split("+")
    return name, frozenset(switches)


def available() -> dict[str, Path]:
    """Every environment that has a name, and its folder. Where two share a name the first place wins:
    `./environments`, the folders of SCA_ENVIRONMENTS, what ships with sca.
    """
    known: dict[str, Path] = {}
    for place in _places():
        if place.is_dir():
            for folder in sorted(place.iterdir()):
                if (folder / MODULE).is_file():
                    known.setdefault(folder.name, folder.resolve())
    return known


def _places() -> Iterator[Path]:
    yield Path("environments")
    for place in os.environ.get(VARIABLE, "").split(os.pathsep):
        if place:
            yield Path(place).expanduser()
    package = Path(__file__).resolve().parent.parent
    in_wheel = package / "_environments"
    yield in_wheel if in_wheel.is_dir() else package.parent / "environments"


def load(folder: Path) -> type[Environment]:
    """Import `folder/environment.py` and return the one Environment that it defines.

    The folder becomes a package of its own, so the module may import its neighbours (`from .data import x`)
    and two environments may use the same file names. Raises ScaError when it cannot be imported or defines
    no Environment, or several.
    """
    folder = folder.resolve()
    path = folder / MODULE
    if not path.is_file():
        raise ScaError(f"{folder} holds no {MODULE}; `sca env new NAME` writes an environment to start from")
    package = _package(folder)
    try:
        module = importlib.import_module(f"{package}.environment")
    except Exception as error:
        raise ScaError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Environment) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise ScaError(f"{path} must define exactly one subclass of Environment; it defines {names}")
    return found[0]


def _package(folder: Path) -> str:
    """Make the folder a package under a name that no other folder has; forget what was imported from it before."""
    readable = re.sub(r"\W", "_", folder.name)
    name = f"sca_environment_{readable}_{zlib.crc32(str(folder).encode()):08x}"
    for module in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
        del sys.modules[module]
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    package: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    importlib.invalidate_caches()
    return name


def content_hash(folder: Path, data: Path | None = None) -> str:
    """sha256 over names and bytes of what makes an environment behave as it does: code, data, policy, examples.

    `data` stands in for `folder/data` where an environment is pointed at other data. The folder's tasks and READMEs,
    caches and hidden files do not count.
    """
    import hashlib  # a container that starts has no use for it, and would spend more on it than on the tools

    folder = folder.resolve()
    digest = hashlib.sha256()
    for name, path in sorted(_content(folder, data.resolve() if data else folder / "data")):
        content = path.read_bytes()
        digest.update(f"{len(name.encode())} {len(content)} {name}".encode())
        digest.update(content)
    return digest.hexdigest()


def _content(folder: Path, data: Path) -> Iterator[tuple[str, Path]]:
    for prefix, root in (("", folder), ("data/", data)):
        for path in root.rglob("*"):
            parts = path.relative_to(root).parts
            if not path.is_file() or any(part == "__pycache__" or part.startswith(".") for part in parts):
                continue
            if prefix == "" and (parts[0] in ("data", "tasks") or parts[0].startswith("README")):
                continue
            yield prefix + "/".join(parts), path
