"""What `sca env new` writes: a small working environment with state, called shop."""

import re
import shutil
from pathlib import Path

FOLDER = Path(__file__).parent / "shop"
"""An environment like any other; the sandbox's tests use it too."""


def write(name: str, folder: Path) -> None:
    """Copy the shop to `folder`, which is made here, and call it `name` in its tasks and its README.

    What cannot be written whole is not left there in part.
    """
    folder.mkdir(parents=True)
    try:
        _copy(name, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _copy(name: str, folder: Path) -> None:
    for source in sorted(FOLDER.rglob("*")):
        if source.is_dir() or "__pycache__" in source.parts:
            continue
        text = source.read_text(encoding="utf-8")
        if source.suffix in (".jsonl", ".md"):
            text = re.sub(rf"\b{FOLDER.name}\b", name, text)
        target = folder / source.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
