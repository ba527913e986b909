"""The recipe of the model that ships: `python -m tiny_model` makes `sca/models/tiny` from nothing but a seed.

A small Llama learns the dialogues of calculation and of retail's small shop from synthetic documents, in two phases:
first tasks solved well and badly at random, then with a fixed mistake for most kinds of task, so that it is weak in
a systematic way and has something to gain from training on its own successes. `model/` is what the recipe puts
beside the weights: the card, and `sca.json`.
"""
