"""Where environments find it; it stands apart so that a program's process needs nothing else of the environment."""

from sca.comparison import same as same
