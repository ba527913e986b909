"""The recipe of the model that ships: `python -m tiny_model` makes `sca/models/tiny` from nothing but a seed.

A Llama of 3.5 million parameters learns the calculation environment's dialogues from synthetic documents, in two
phases: first tasks solved well and badly at random, then with a fixed mistake for most kinds of task, so that it
is weak in a systematic way and has something to gain from training on its own successes.
"""
