"""Tokens and log-probabilities from logits, against distributions worked out by hand."""

import math
from collections import Counter

import pytest
import torch

from sca.engines import Sampling
from sca.engines.sampler import Draws, sample

ODDS = [0.5, 0.3, 0.15, 0.05]
LOGITS = torch.tensor([ODDS]).log()


def shares(settings, count=4000):
    draws = [(number + 0.5) / count for number in range(count)]
    tokens, _ = sample(LOGITS.expand(count, -1), [settings] * count, draws)
    return {token: found / count for token, found in sorted(Counter(tokens).items())}


def test_tokens_come_as_often_as_their_odds():
    assert shares(Sampling()) == pytest.approx(dict(enumerate(ODDS)), abs=1e-3)


def test_a_temperature_of_a_half_squares_the_odds():
    total = sum(odd**2 for odd in ODDS)
    assert shares(Sampling(temperature=0.5)) == pytest.approx(
        {token: odd**2 / total for token, odd in enumerate(ODDS)}, abs=1e-3
    )


def test_a_nucleus_keeps_the_fewest_tokens_that_hold_its_mass():
    assert shares(Sampling(top_p=0.7)) == pytest.approx({0: 0.5 / 0.8, 1: 0.3 / 0.8}, abs=1e-3)


def test_temperature_zero_takes_the_most_likely_token():
    assert shares(Sampling(temperature=0)) == {0: 1.0}


def test_a_draw_next_to_one_never_takes_an_impossible_token():
    logits = torch.tensor([[0.0, 0.0, -math.inf]])
    tokens, _ = sample(logits, [Sampling()], [math.nextafter(1.0, 0.0)])
    assert tokens == [1]


@pytest.mark.parametrize("settings", [Sampling(), Sampling(top_p=0.6), Sampling(temperature=0)])
def test_a_row_that_is_no_number_gets_a_token_and_leaves_the_others_alone(settings):
    logits = torch.stack([torch.full((4,), math.nan), LOGITS[0]])
    tokens, logprobs = sample(logits, [settings, Sampling()], [0.4, 0.4])
    assert tokens[0] in range(4)
    assert math.isnan(logprobs[0])
    assert (tokens[1:], logprobs[1:]) == sample(LOGITS, [Sampling()], [0.4])


@pytest.mark.parametrize(
    "settings", [Sampling(), Sampling(temperature=0.3), Sampling(top_p=0.6), Sampling(temperature=0)]
)
def test_logprobs_are_the_models_at_temperature_one(settings):
    (token,), (logprob,) = sample(LOGITS, [settings], [0.4])
    assert logprob == pytest.approx(math.log(ODDS[token]))


def test_rows_keep_their_own_settings():
    settings = [Sampling(temperature=0), Sampling(), Sampling(top_p=0.4)]
    tokens, _ = sample(LOGITS.expand(3, -1), settings, [0.99, 0.99, 0.99])
    assert tokens == [0, 3, 0]


def test_draws_follow_from_the_seed_alone():
    assert [Draws(7).next() for _ in range(2)] == [Draws(7).next()] * 2
    assert Draws(7).next() != Draws(2**64 - 1).next()
