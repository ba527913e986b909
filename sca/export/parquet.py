"""Rows as a Parquet file; needs pyarrow, which the extra `export` brings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sca.errors import UsageError


def write_parquet(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Raises `UsageError` where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Parquet files need pyarrow: pip install 'sca[export]'") from error
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
