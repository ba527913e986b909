"""Held-out tasks: sources that a person edits, and the file made of them."""
