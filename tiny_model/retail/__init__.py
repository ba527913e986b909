"""Retail's small shop in the corpus: customers of shops that no one else uses, their requests, both roles."""
