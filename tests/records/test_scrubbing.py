"""No credential reaches a file."""

import pytest

from sca.records.scrubbing import scrub, scrub_text


@pytest.mark.parametrize(
    "name", ["api_key", "apiKey", "OPENAI_API_KEY", "hf_token", "client_secret", "password", "Authorization", "keys"]
)
def test_a_field_named_like_a_credential_is_hidden(name):
    assert scrub({"engine": {name: "abc"}}) == {"engine": {name: "***"}}


@pytest.mark.parametrize("name", ["max_tokens", "keyboard", "monkey", "tokenizer", "model"])
def test_a_field_that_only_sounds_like_one_is_kept(name):
    assert scrub({name: "abc"}) == {name: "abc"}


def test_a_number_of_tokens_is_kept():
    assert scrub({"token": 12, "token_budget": 4096}) == {"token": 12, "token_budget": 4096}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://me:pw@host:8000/v1", "https://***@host:8000/v1"),
        ("https://token@host/v1", "https://***@host/v1"),
        ("http://host/v1?api_key=abc&n=3", "http://host/v1?api_key=***&n=3"),
        ("with sk-abcdefghijklmnop1234 inside", "with *** inside"),
        ("hf_abcdefghijklmnopqrst", "***"),
        ("Bearer abc.def", "Bearer ***"),
        ("mailto a@b.c and http://host/@x", "mailto a@b.c and http://host/@x"),
    ],
)
def test_texts_lose_passwords_and_keys_and_nothing_else(text, clean):
    assert scrub_text(text) == clean


def test_lists_are_searched():
    assert scrub({"servers": ["http://a:b@c"]}) == {"servers": ["http://***@c"]}
