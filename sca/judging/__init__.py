"""Verdicts on tasks and rewards of attempts."""
