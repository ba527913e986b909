"""Where a completion ends, on a tokenizer with single-token markers and on one without."""

import pytest
import small_models

from sca.engines import Sampling
from sca.engines.stopping import Detokenizer, Ending

STOP = ("END ACTION", "END ANSWER")


def ending(markers=(), stop=STOP, limit=100):
    tokens = small_models.tokenizer(markers=markers)
    return tokens, Ending(Detokenizer(tokens), frozenset({tokens.eos_token_id}), stop, limit)


def run(tokens, ending, text):
    """Feed the ids of a text one at a time; the ids that were taken and why it ended."""
    ids = []
    for token in tokens(text, add_special_tokens=False)["input_ids"]:
        ids.append(token)
        if reason := ending.reached(ids):
            return ids, reason
    return ids, None


@pytest.mark.parametrize("markers", [(), ("END ACTION",)], ids=["many tokens", "one token"])
def test_the_text_ends_with_the_stop_string(markers):
    tokens, watch = ending(markers)
    ids, reason = run(tokens, watch, "ACTION: x = 1 END ACTION and more")
    assert (watch.text(ids), reason) == ("ACTION: x = 1 END ACTION", "stop")


def test_a_stop_string_inside_a_token_cuts_the_text_and_keeps_the_token():
    tokens, watch = ending(markers=("ACTION!\n",))
    ids, reason = run(tokens, watch, "x END ACTION!\n y")
    assert (watch.text(ids), tokens.decode(ids), reason) == ("x END ACTION", "x END ACTION!\n", "stop")


def test_the_first_of_two_stop_strings_counts():
    tokens, watch = ending(markers=("END ANSWER END ACTION",))
    ids, _ = run(tokens, watch, "END ANSWER END ACTION")
    assert watch.text(ids) == "END ANSWER"


def test_a_stop_string_of_several_bytes_a_character_is_found():
    tokens, watch = ending(stop=("停",))
    ids, reason = run(tokens, watch, "走停走")
    assert (watch.text(ids), reason) == ("走停", "stop")


def test_a_stop_string_that_ends_in_a_space_is_found():
    tokens, watch = ending(stop=("END ",))
    ids, reason = run(tokens, watch, "THE END of it")
    assert (watch.text(ids), reason) == ("THE END ", "stop")


def test_an_end_token_ends_the_text_and_stays_in_the_ids():
    tokens, watch = ending()
    ids, reason = run(tokens, watch, "fox<|im_end|>dog")
    assert (watch.text(ids), ids[-1], reason) == ("fox", tokens.eos_token_id, "stop")


def test_the_limit_ends_it():
    tokens, watch = ending(limit=3)
    ids, reason = run(tokens, watch, "The quick brown fox jumps over the lazy dog")
    assert (len(ids), reason) == (3, "length")


def test_without_stop_strings_nothing_but_end_token_and_limit_ends_it():
    tokens, watch = ending(stop=Sampling().stop)
    assert run(tokens, watch, "END ACTION END ANSWER")[1] is None
