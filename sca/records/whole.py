"""Files that are written in one go: they are there whole, or not at all."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sca.errors import ScaError, UsageError
from sca.records.sidecar import Sidecar
from sca.records.stdout import STDOUT, is_stream, own_stdout


@contextmanager
def whole(
    out: Path, settings: Mapping[str, Any], counts: Mapping[str, Any], *, force: bool = False
) -> Iterator[Path]:
    """A place to write to, which becomes `out` at the end, with a sidecar beside it.

    Raises `UsageError` where `out` is there and `force` is not given.
    """
    if out.is_dir():
        raise UsageError(f"{out} is a folder; name a file")
    if out.exists() and out.stat().st_size and not force:
        raise UsageError(f"{out} is there; name another file with -o, or replace it with --force")
    place = out.resolve()  # a rename is to replace the file, not a link to it
    aside = place.with_name(place.name + ".tmp")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        sidecar = Sidecar(place, settings)
        sidecar.note(counts=counts)
        sidecar.complete = True
        sidecar.save()
        aside.replace(place)
    except OSError as error:
        raise ScaError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)


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
                stdout.write(line)
        return
    if is_stream(out):
        with out.open("wb") as stream:
            stream.writelines(lines)
        return
    with whole(out, settings, counts, force=force) as aside, aside.open("wb") as file:
        file.writelines(lines)
