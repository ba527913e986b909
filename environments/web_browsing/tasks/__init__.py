"""Held-out tasks: their sources, and what writes `test.jsonl` from them."""
