"""Experiments over the ordinary `sca` commands; see README.md."""
