"""Records on stdout: nothing else may get between them."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import BinaryIO

STDOUT = ("-", "/dev/stdout")


def is_stream(path: str | Path) -> bool:
    """Whether lines only pass through: stdout, a pipe, a device."""
    place = Path(path)
    return str(path) in STDOUT or (place.exists() and not place.is_file() and not place.is_dir())


@contextmanager
def own_stdout() -> Iterator[BinaryIO]:
    """Stdout for records alone: whatever a library prints meanwhile, in Python or below it, goes to stderr."""
    stdout = sys.stdout
    try:
        place, elsewhere = stdout.fileno(), sys.stderr.fileno()
    except io.UnsupportedOperation:  # replaced by something that is no file
        with redirect_stdout(sys.stderr):
            yield stdout.buffer
        return
    stdout.flush()
    os.set_blocking(place, True)  # whoever shares a terminal or a pipe may have said otherwise
    kept = os.dup(place)
    os.dup2(elsewhere, place)
    try:
        with open(kept, "wb", buffering=0, closefd=False) as file:  # what a full disk refused is not tried again
            yield file
    finally:
        stdout.flush()
        os.dup2(kept, place)
        os.close(kept)


def write_all(stream: BinaryIO, line: bytes) -> None:
    """All of a line, however many pieces a stream without a buffer takes it in."""
    rest = memoryview(line)
    while rest:
        rest = rest[stream.write(rest) :]
    stream.flush()
