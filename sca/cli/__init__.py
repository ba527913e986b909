"""The command line: flags in, a summary out."""

from sca.cli.running import main as main
