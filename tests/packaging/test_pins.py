"""constraints.txt pins all that set-up installs: a release of tomorrow cannot break the commands of today."""

from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPO = Path(__file__).resolve().parents[2]
LINES = (REPO / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINS = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in LINES if "==" in line}


def closure(name: str, extras: frozenset[str], seen: dict[tuple[str, frozenset[str]], str]) -> None:
    """Add to `seen` the installed version of `name` and of everything it requires here."""
    if (name, extras) in seen:
        return
    found = distribution(name)
    seen[name, extras] = found.version
    for text in found.requires or []:
        needed = Requirement(text)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            closure(canonicalize_name(needed.name), frozenset(needed.extras), seen)


def test_every_installed_package_is_pinned_at_its_version():
    seen: dict[tuple[str, frozenset[str]], str] = {}
    closure("sca", frozenset({"dev"}), seen)
    installed = {name: Version(version).public for (name, _), version in seen.items() if name != "sca"}
    assert {name: PINS.get(name) for name in installed} == installed


def test_a_pin_is_one_exact_version():
    assert [line for line in LINES if line and not line.startswith("#") and line.count("==") != 1] == []
