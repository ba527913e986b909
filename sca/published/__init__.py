"""Benchmarks whose files are programs: run in the sandbox, brought home as our own records and tables."""
