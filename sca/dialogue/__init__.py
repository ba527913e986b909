"""Markers, prompts, tokens of a dialogue, the turn loop and the scheduler."""
