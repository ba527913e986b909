"""The engine that asks servers, against real ones on this machine that behave or do not."""

import asyncio
import logging
import math
import resource
from collections import Counter
from dataclasses import replace

import pytest
from engines.model_server import ModelServer

from sca.engines import Completion, ContextOverflow, Request, Sampling
from sca.engines import servers as http
from sca.engines.openai_engine import OpenAIEngine
from sca.engines.openai_wire import overflows
from sca.engines.opening import SHIPPED, open_engine
from sca.errors import EngineError, ScaError, UsageError

CHAT = [{"role": "user", "content": "hi 🙂"}]
ASK = Request(
    "e-3fa9c1-000000-a0:0", CHAT, None, Sampling(0.7, 0.9, 20, ("END ACTION", "END ANSWER")), seed=2**63 + 5
)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(http, "ILL", 0.05)
    monkeypatch.setattr(http, "LARGEST", 1 << 20)


@pytest.fixture
async def server():
    async with ModelServer().running() as server:
        yield server


def engine(*servers, **options):
    return OpenAIEngine("m", base_url=[server.url for server in servers], **options)


async def ask(server, request=ASK, **options):
    async with engine(server, **options) as opened:
        return await opened.complete(request)


# ── what is asked, and what comes back ──


async def test_half_a_pair_of_surrogates_is_no_text(server):
    server.reply = lambda body: "ACTION: \ud83d"
    assert (await ask(server)).text.startswith("ACTION: ?")


@pytest.mark.parametrize(
    "said",
    [
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 1512. Given: 1600 and 20",
        "max_tokens must be at least 1, got 0.",
        "The decoder prompt (length 40) is longer than the maximum model length of 32.",
    ],
)
def test_the_words_of_a_server_for_a_full_context_are_known(said):
    assert overflows(422, said)


def test_a_server_that_failed_is_tried_by_one_request_until_it_answers():
    failed, well = http.Server("a", ill_until=5.0), http.Server("b", waiting=9)
    assert http.choose([failed, well], now=4.0) is well
    assert http.choose([failed, well], now=6.0) is failed
    failed.waiting = 1
    assert http.choose([failed, well], now=6.0) is well
    failed.ill_until = 0.0
    assert http.choose([failed, well], now=6.0) is failed


@pytest.mark.parametrize("odd", [math.nan, -math.inf])
def test_what_a_diverged_model_says_is_no_completion(odd):
    with pytest.raises(EngineError, match="the model gives no probabilities any more"):
        Completion("x", "stop", [1, 2], [-0.5, odd])


async def test_a_chat_goes_to_the_chat_endpoint_with_every_setting(server):
    await ask(server)
    assert server.paths == ["/v1/chat/completions"]
    assert server.bodies == [
        {"model": "m", "messages": CHAT, "temperature": 0.7, "top_p": 0.9, "max_tokens": 20, "seed": 5}
        | {"stop": ["END ACTION", "END ANSWER"]}
    ]


async def test_text_and_usage_come_back(server):
    said = await ask(server)
    assert (said.text, said.finish_reason, said.token_ids) == ("ACTION: 5END ACTION", "stop", None)
    assert said.usage == {"prompt_tokens": 3, "completion_tokens": 9}


async def test_token_prompts_go_to_the_other_endpoint(server):
    await ask(server, replace(ASK, prompt_ids=[7, 8]))
    assert (server.paths, server.bodies[0]["prompt"]) == (["/v1/completions"], [7, 8])


@pytest.mark.parametrize("prompt_ids", [None, [1, 2, 3]])
async def test_vllm_tells_ids_and_log_probabilities(prompt_ids):
    async with ModelServer(vllm=True).running() as server:
        said = await ask(server, replace(ASK, prompt_ids=prompt_ids))
    assert said.token_ids == [ord(letter) for letter in "ACTION: 5"]
    assert said.logprobs == [-0.25] * 9
    assert said.prompt_ids == [1, 2, 3]


async def test_vllm_is_told_what_its_model_would_otherwise_decide():
    async with ModelServer(vllm=True).running() as server:
        await ask(server)
    extras = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "include_stop_str_in_output": True}
    assert extras.items() <= server.bodies[0].items()


async def test_the_limit_of_tokens_is_what_the_context_leaves():
    async with ModelServer(vllm=True, context=12).running() as server:
        await ask(server, replace(ASK, prompt_ids=[1] * 9))
    assert server.bodies[0]["max_tokens"] == 3


async def test_a_prompt_that_fills_the_context_is_an_outcome():
    async with ModelServer(vllm=True, context=12).running() as server:
        with pytest.raises(ContextOverflow, match="a prompt of 12 tokens, a context of 12"):
            await ask(server, replace(ASK, prompt_ids=[1] * 12))


async def test_a_chat_is_not_asked_for_more_than_the_whole_context():
    async with ModelServer(vllm=True, context=12).running() as server:
        await ask(server)
    assert server.bodies[0]["max_tokens"] == 12  # vLLM refuses 20, however short the prompt


async def test_a_server_that_says_the_context_is_full_is_an_outcome(server):
    server.faults = ["full"]
    with pytest.raises(ContextOverflow, match="maximum context length is 8 tokens"):
        await ask(server)


async def test_a_full_context_is_told_from_another_name_of_the_limit(server):
    server.faults = ["too_long"]
    async with engine(server) as opened:
        with pytest.raises(ContextOverflow, match="maximum context length is 24 tokens"):
            await opened.complete(ASK)
        await opened.complete(ASK)
    assert ["max_tokens" in body for body in server.bodies] == [True, True]


async def test_the_newer_name_of_the_limit_is_learnt(server):
    server.faults = ["renamed", "renamed"]
    async with engine(server) as opened:
        await asyncio.gather(opened.complete(ASK), opened.complete(ASK))
        await opened.complete(ASK)
    assert [("max_tokens" in body, "max_completion_tokens" in body) for body in server.bodies[2:]] == [
        (False, True)
    ] * 3


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ACTION:\nf()\n", "ACTION:\nf()\nEND ACTION"),
        ("THOUGHT: ACTION: x END THOUGHT ANSWER: 5 ", "THOUGHT: ACTION: x END THOUGHT ANSWER: 5 END ANSWER"),
        ("ACTION: f() END ACTION", "ACTION: f() END ACTION"),
        ("well", "well"),
    ],
)
async def test_a_stop_string_that_a_server_cut_off_is_put_back(server, text, whole):
    server.reply = lambda body: text
    assert (await ask(server)).text == whole


async def test_no_tokens_are_known_of_a_plain_server(server):
    said = await ask(server)
    assert (said.token_ids, said.logprobs, said.prompt_ids) == (None, None, None)


# ── several servers, and limits ──


async def test_requests_go_where_the_queue_is_shortest():
    async with (
        ModelServer(delay=0.2).running() as slow,
        ModelServer(delay=0.01).running() as fast,
        engine(slow, fast, in_flight=4) as opened,
    ):
        await asyncio.gather(*(opened.complete(ASK) for _ in range(40)))
    assert fast.asked["answered"] > 2 * slow.asked["answered"] > 0


async def test_so_many_requests_are_under_way_and_no_more(server):
    server.delay = 0.02
    async with engine(server, in_flight=3) as opened:
        await asyncio.gather(*(opened.complete(ASK) for _ in range(12)))
    assert server.most == 3


async def test_a_low_limit_on_open_files_is_raised_for_the_requests(server):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
        async with engine(server, in_flight=500):
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (756, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_one_of_two_servers_may_be_gone(caplog):
    async with ModelServer().running() as gone:
        pass
    async with ModelServer().running() as there, engine(gone, there) as opened:
        assert (await opened.complete(ASK)).text
    assert "going on with the others" in caplog.text


async def test_a_server_that_goes_away_in_the_middle_leaves_the_work_to_the_other():
    async with ModelServer().running() as stays:
        async with ModelServer().running() as goes:
            opened = await engine(goes, stays).__aenter__()
            await opened.complete(ASK)
        said = await asyncio.gather(*(opened.complete(ASK) for _ in range(10)))
        await opened.__aexit__()
    assert len(said) == 10


# ── servers that misbehave ──

PASSING = {
    "drop": "dropped",
    "half": "dropped",
    "busy": "http_429",
    "broken": "http_500",
    "nonsense": "broken_body",
    "other_shape": "wrong_shape",
    "aborted": "wrong_shape",
    "stall": "timeout",
    "trickle": "timeout",
    "endless": "too_large",
    "huge": "too_large",
    "deep": "broken_body",
    "deep_error": "http_500",
    "lists": "wrong_shape",
    "error_inside": "wrong_shape",
    "forever": "http_429",
}


@pytest.mark.parametrize(("fault", "kind"), PASSING.items())
async def test_a_fault_that_may_pass_is_counted_and_asked_again(server, fault, kind):
    server.faults = [fault]
    async with engine(server, timeout=1.0 if kind == "timeout" else 60.0) as opened:
        assert (await opened.complete(ASK)).text == "ACTION: 5END ACTION"
        assert opened.report()["retries"] == {kind: 1}


async def test_in_a_storm_of_faults_nothing_is_lost_or_doubled(server):
    storm = [name for name in PASSING if name not in ("stall", "trickle", "endless", "huge")]
    server.faults = [storm[number % len(storm)] if number % 4 == 0 else None for number in range(400)]
    async with engine(server, in_flight=32, retries=9) as opened:
        requests = [replace(ASK, seed=number) for number in range(300)]
        said = await asyncio.gather(*(opened.complete(request) for request in requests))
    assert [one.text for one in said] == [f"ACTION: {number}END ACTION" for number in range(300)]
    expected = Counter()
    for fault, count in server.asked.items():
        if fault != "answered":
            expected[PASSING[fault]] += count
    assert opened.report()["retries"] == dict(expected)
    assert opened.report()["requests"] == server.asked["answered"] == 300


WRONG = {
    "other lengths": {"token_ids": [1, 2]},
    "no number": {"logprobs": {"content": [{"logprob": float("nan")}] * 9}},
    "above 0": {"logprobs": {"content": [{"logprob": 0.5}] * 9}},
    "no log-probability": {"logprobs": {"content": [{"logprob": None}] * 9}},
    "below 0": {"token_ids": [-1] * 9},
    "no ids": {"token_ids": [True] * 9},
    "too large for any vocabulary": {"token_ids": [2**40] * 9},
    "text that is none": {"message": {"content": ["a", "b"]}},
    "an end that is none": {"finish_reason": ["stop"]},
}


@pytest.mark.parametrize("spoiled", WRONG.values(), ids=WRONG)
async def test_tokens_that_cannot_be_are_never_taken(spoiled):
    async with ModelServer(vllm=True).running() as server, engine(server) as opened:
        whole, spoil = server.choice, [True]
        server.choice = lambda body, chat: whole(body, chat) | (spoiled if spoil and spoil.pop() else {})
        assert (await opened.complete(ASK)).logprobs == [-0.25] * 9
        assert opened.report()["retries"] == {"wrong_shape": 1}


async def test_a_token_that_the_tokenizer_does_not_know_stops_the_run():
    async with ModelServer(vllm=True).running() as server, engine(server, tokenizer=str(SHIPPED)) as opened:
        server.reply = lambda body: "\uffff"
        with pytest.raises(ScaError, match=r"sampled the token 65535; tokenizer=\S+ has \d+: is it that of m\?"):
            await opened.complete(replace(ASK, prompt_ids=[1, 2]))


async def test_a_server_that_sends_on_is_said_and_not_followed(server):
    server.faults = ["moved"]
    with pytest.raises(
        ScaError, match=r"sends on to another address \(307: see http://elsewhere.test/v1\); name that"
    ):
        await ask(server)


@pytest.mark.parametrize("answer", [{"data": 5}, {"data": ["m"]}, ["m"], "m", None])
async def test_a_list_of_models_that_is_none_hinders_nothing(server, answer):
    server.listed = answer
    assert (await ask(server)).text


async def test_a_server_asks_for_a_pause_and_gets_it(server, monkeypatch):
    pauses = []
    real = asyncio.sleep
    monkeypatch.setattr(http.random, "random", lambda: 0.0)
    server.faults = ["busy"]

    async def sleep(seconds, *rest):
        pauses.append(seconds)
        await real(0)

    async with engine(server) as opened:
        monkeypatch.setattr("sca.engines.openai_engine.asyncio.sleep", sleep)
        await opened.complete(ASK)
    assert 0.1 in pauses


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("inf", 0.0),
        ("nan", 0.0),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-1", 0.0),
        (None, 0.0),
        ("soon", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read(header, seconds):
    assert http.wished(header) == seconds


def test_pauses_double_up_to_a_limit_and_a_long_wish_is_not_heeded(monkeypatch):
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.5)
    assert [http.pause(tries, 0.0, draw=1.0) for tries in (1, 2, 3, 30)] == [0.5, 1.0, 2.0, 30.0]
    assert http.pause(1, 0.0, draw=0.0) == 0.25
    assert http.pause(1, 9999.0) == http.LONGEST_WISH


async def test_a_fault_that_does_not_pass_is_the_machinerys(server):
    server.faults = ["broken"] * 9
    with pytest.raises(EngineError, match=r"a0:0: http://.* answered 500: .*oops.* \(3 tries\)"):
        await ask(server, retries=2)


async def test_no_server_at_all_is_said_at_once():
    async with ModelServer().running() as gone:
        pass
    with pytest.raises(EngineError, match=r"no server answers at .* is the server running, and --base-url right\?"):
        await ask(gone)


@pytest.mark.parametrize(
    ("key", "says"), [("sk-wrong", "refuses the key in OPENAI_API_KEY"), (None, "wants a key; put it into OPENAI")]
)
async def test_a_wrong_key_is_one_line_and_not_in_it(key, says, monkeypatch):
    if key:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    async with ModelServer(key="sesame").running() as server:
        with pytest.raises(ScaError, match=says) as error:
            await ask(server)
    assert "wrong" not in str(error.value)
    assert not isinstance(error.value, EngineError)


async def test_a_key_of_another_name_is_sent(monkeypatch):
    monkeypatch.setenv("MY_KEY", "sesame")
    async with ModelServer(key="sesame").running() as server:
        assert (await ask(server, api_key_env="MY_KEY")).text


async def test_a_key_is_in_nothing_that_is_told(monkeypatch, caplog):
    monkeypatch.setenv("OPENAI_API_KEY", "sesame-open")
    caplog.set_level(logging.DEBUG)
    async with ModelServer(key="sesame-open").running() as server:
        server.faults = ["broken"] * 3
        async with engine(server, retries=0) as opened:
            with pytest.raises(EngineError) as error:
                await opened.complete(ASK)
            told = f"{opened.describe()} {opened.report()} {error.value} {caplog.text} {opened!r}"
    assert "sesame" not in told


async def test_a_dialogue_that_a_server_refuses_is_lost_and_a_server_that_refuses_all_stops_the_run(server):
    server.faults = ["filtered", None, "filtered"]
    async with engine(server) as opened:
        with pytest.raises(ScaError, match=r"refuses the request \(400: The prompt was filtered\.\)") as error:
            await opened.complete(ASK)
        assert not isinstance(error.value, EngineError)
        await opened.complete(ASK)
        with pytest.raises(EngineError, match=r"refuses the request \(400: The prompt was filtered\.\)"):
            await opened.complete(ASK)


async def test_an_unknown_model_stops_the_run(server):
    server.faults = ["unknown"]
    with pytest.raises(ScaError, match="has no model m, or no such address") as error:
        await ask(server)
    assert not isinstance(error.value, EngineError)


async def test_an_address_without_its_path_is_hinted_at(server):
    with pytest.raises(ScaError, match=r"or no such address .*; most addresses end in /v1"):
        async with OpenAIEngine("m", base_url=server.url.removesuffix("/v1")) as opened:
            await opened.complete(ASK)


async def test_a_vllm_server_without_the_model_says_which_it_has():
    async with ModelServer(vllm=True).running() as server:
        with pytest.raises(ScaError, match="has no model other; it has m: name one with --model"):
            async with OpenAIEngine("other", base_url=server.url):
                pass


# ── opening ──


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://x/v1",
        "",
        "http://x/v1?key=5",
        "http://x..y/v1",
        "http://[::1/v1",
        "http://x:99999/v1",
    ],
)
def test_what_is_no_address_is_wrong_usage(url):
    with pytest.raises(UsageError, match=r"--base-url .*: not an address such as http://localhost:8000/v1"):
        open_engine("openai", "m", base_url=f"http://a/v1,{url}")


@pytest.mark.parametrize("url", ["http://me:sesame@host/v1", "http://me:sesame@[host/v1"])
def test_a_password_in_an_address_is_wrong_usage_and_not_said(url):
    with pytest.raises(UsageError, match="no password in an address") as error:
        open_engine("openai", "m", base_url=url)
    assert "sesame" not in str(error.value)


def test_an_address_alone_means_servers():
    assert open_engine(None, "m", base_url="http://a/v1/, http://b/v1").name == "openai"


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (("openai", "m"), {}, "needs --base-url URL"),
        (("openai", None), {"base_url": "http://a/v1"}, "needs --model NAME"),
        (("transformers", None), {"base_url": "http://a/v1"}, "--base-url: only for --engine openai"),
        (("openai", "m"), {"base_url": "http://a/v1", "api_key_env": "NO_SUCH"}, "--api-key-env NO_SUCH"),
        (("openai", "m"), {"base_url": "http://a/v1", "colour": "red"}, "engine openai has no such option; it knows"),
        (("openai", "m"), {"base_url": "http://a/v1", "timeout": "soon"}, "--engine-option timeout=soon: "),
        (("openai", "m"), {"base_url": "http://a/v1", "retries": "-1"}, "retries at least 0"),
    ],
)
def test_what_does_not_fit_is_wrong_usage(arguments, options, says):
    with pytest.raises(UsageError, match=says):
        open_engine(*arguments, **options)


def test_where_the_servers_are_is_no_setting():
    one, other = (open_engine("openai", "m", base_url=f"http://{host}/v1") for host in "ab")
    assert one.describe() == other.describe() == {"name": "openai", "model": "m"}
