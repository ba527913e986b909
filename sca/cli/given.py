"""What was said on the command line, as against what was left at its default."""

from collections.abc import Collection, Mapping
from typing import Any

import typer


def is_given(context: typer.Context, name: str) -> bool:
    """Whether the parameter of this name was said."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_others(context: typer.Context, used: Collection[str], mode: str) -> None:
    """Raise `UsageError` naming the options that were said although `mode` makes no use of them."""
    from sca.errors import UsageError

    unused = [
        param.opts[0]
        for param in context.command.params
        if param.name is not None and param.name not in used and is_given(context, param.name)
    ]
    if unused:
        raise UsageError(f"{', '.join(unused)}: {'means' if len(unused) == 1 else 'mean'} nothing to {mode}")


def refuse(given: Mapping[str, Any], why: str) -> None:
    """Raise `UsageError` for the options that were given; `why` says why they cannot be."""
    from sca.errors import UsageError

    if unused := [name for name, value in given.items() if value is not None]:
        raise UsageError(f"{', '.join(unused)}: {why}")
