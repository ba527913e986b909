"""The wheel: built from this checkout, installed into an environment of its own, used from an empty folder."""

import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [*PIP, "wheel", REPO, "--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    subprocess.run(build, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def inside(wheel) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of a fresh environment's programs; the packages that the wheel needs are this environment's."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder)
    python = folder / "bin/python"
    subprocess.run(
        [*PIP, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True, capture_output=True
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return folder / "bin"


def files(folder: str) -> set[str]:
    """Every file below `folder` of this checkout, but what is hidden or compiled."""
    found = (path.relative_to(REPO) for path in (REPO / folder).rglob("*") if path.is_file())
    left_out = (".", "__pycache__")
    return {path.as_posix() for path in found if not any(part.startswith(left_out) for part in path.parts)}


def test_the_wheel_carries_every_file_of_the_package(inside):
    assert files("sca") - inside == set()


def test_the_wheel_carries_the_environments_inside_the_package(inside):
    assert {
        name.replace("environments/", "sca/_environments/", 1) for name in files("environments")
    } - inside == set()


def test_the_wheel_carries_the_model(inside):
    assert {"sca/models/tiny/config.json", "sca/models/tiny/tokenizer.json"} <= inside
    assert any(name.startswith("sca/models/tiny/") and name.endswith(".safetensors") for name in inside)


def test_the_wheel_installs_no_other_top_level_package(inside):
    assert {name.partition("/")[0] for name in inside if ".dist-info/" not in name} == {"sca"}


def test_the_wheel_carries_the_licence(inside):
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in inside)


def test_an_installed_wheel_finds_its_environments(installed, tmp_path):
    done = subprocess.run([installed / "sca", "env", "list"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "calculation" in done.stdout


def test_an_installed_wheel_reads_its_own_package_and_not_the_checkout(installed, tmp_path):
    where = [installed / "python", "-c", "import sca; print(sca.__file__)"]
    done = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_relative_to(installed.parent)
