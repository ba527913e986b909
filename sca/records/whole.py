"""Files that are written in one go: they are there whole, or not at all."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sca.errors import ScaError, UsageError
from sca.records.journal import is_at, locked
from sca.records.sidecar import Sidecar
from sca.records.stdout import STDOUT, is_stream, own_stdout, write_all


@contextmanager
def whole(
    out: Path, settings: Mapping[str, Any], counts: Mapping[str, Any], *, force: bool = False
) -> Iterator[Path]:
    """A place to write to, which becomes `out` at the end, with a sidecar beside it.

    Raises `UsageError` where `out` is there and `force` is not given, and where another command is writing it.
    """
    place = behind(out)
    aside = place.with_name(place.name + ".tmp")
    try:
        with _alone(aside, out) as held:
            refuse_there(out, force=force)
            yield aside
            os.fsync(held)
            aside.replace(place)
            sidecar = Sidecar(place, settings)
            sidecar.note(counts=counts)
            sidecar.complete = True
            sidecar.save()
    except OSError as error:
        raise ScaError(f"cannot write {out}: {error.strerror or error}") from error


def behind(path: Path) -> Path:
    """The file that a link leads to: a rename is to replace that, not the link.

    Raises `UsageError` for links in a circle.
    """
    place = Path(os.path.realpath(path))
    if place.is_symlink():
        raise UsageError(f"{path} is a link that leads back to itself; remove it, or name another file")
    return place


def refuse_there(out: Path, *, force: bool) -> None:
    """Raise `UsageError` where something would be replaced unasked, or cannot be."""
    if out.is_dir():
        raise UsageError(f"{out} is a folder; name a file")
    if not force and out.is_file() and out.stat().st_size:
        raise UsageError(f"{out} is there; name another file with -o, or replace it with --force")


@contextmanager
def _alone(aside: Path, out: Path) -> Iterator[int]:
    """Keep other commands from writing `out`; if `aside` has not become it at the end, it is gone."""
    held = locked(aside, out)
    try:
        yield held
    finally:
        if is_at(held, aside):
            aside.unlink()
        os.close(held)


def write_lines(
    out: Path,
    lines: Iterable[bytes],
    settings: Mapping[str, Any],
    counts: Mapping[str, Any],
    *,
    force: bool = False,
) -> None:
    """Lines, newlines included, into a file as `whole` makes it, or to stdout, a pipe or a device."""
    if str(out) in STDOUT:
        with own_stdout() as stdout:
            for line in lines:
                write_all(stdout, line)
        return
    if is_stream(out):
        with out.open("wb") as stream:
            stream.writelines(lines)
        return
    with whole(out, settings, counts, force=force) as aside, aside.open("wb") as file:
        file.writelines(lines)
