"""The body of a request, message by message, is the JSON that it would be in one go."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sca.engines.openai_wire import encoded

texts = st.text(st.characters(exclude_categories=()), max_size=20)


@given(
    st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": texts}), max_size=5)
)
def test_a_dialogue_is_encoded_as_one_would(messages):
    body = {"model": "m", "messages": messages, "temperature": 0.5, "stop": ["END"]}
    plain = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    assert json.loads(encoded(body)) == json.loads(plain)


def test_token_ids_are_encoded_as_they_are():
    assert encoded({"prompt": [1, 2], "seed": 3}) == b'{"prompt": [1, 2], "seed": 3}'
