"""What the author of an environment writes against.

Standard library only: the same module documents the tools on the host and runs them inside the sandbox.
"""

from sca.comparison import same
from sca.environment.authoring import (
    Environment,
    Start,
    Tool,
    ToolError,
    Toolset,
    check,
    checks_of,
    move,
    read,
    tools_of,
    write,
)
from sca.environment.tables import load_tables

__all__ = [
    "Environment",
    "Start",
    "Tool",
    "ToolError",
    "Toolset",
    "check",
    "checks_of",
    "load_tables",
    "move",
    "read",
    "same",
    "tools_of",
    "write",
]
