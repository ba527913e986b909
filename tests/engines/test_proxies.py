"""Servers behind a proxy that the environment names, over a real one on this machine."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from engines.model_server import ModelServer

from sca.engines import Request, Sampling
from sca.engines.openai_engine import OpenAIEngine
from sca.engines.proxies import proxy_for
from sca.errors import EngineError, ScaError, UsageError

ASK = Request("k:0", [{"role": "user", "content": "hi"}], None, Sampling(max_tokens=5), seed=5)


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Proxy:
    """Passes requests on to one server, whatever host they name; refuses tunnels."""

    def __init__(self, url: str) -> None:
        self.host, self.port = url.split("/")[2].split(":")
        self.heads: list[str] = []

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head.decode())
                if head.startswith(b"CONNECT"):
                    writer.write(b"HTTP/1.1 403 Not from here\r\nContent-Length: 0\r\n\r\n")
                    return
                length = next((int(one[15:]) for one in head.split(b"\r\n") if one.startswith(b"Content-Length:")), 0)
                there, back = await asyncio.open_connection(self.host, int(self.port))
                back.write(
                    head.replace(b"http://models.test", b"", 1).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
                )
                back.write(await reader.readexactly(length))
                writer.write(await there.read())
                back.close()
                return
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def proxied():
    """A proxy's port, the proxy, and the server behind it."""
    async with ModelServer().running() as server:
        proxy = Proxy(server.url)
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as listening:
            yield listening.sockets[0].getsockname()[1], proxy


async def ask(url):
    async with OpenAIEngine("m", base_url=url, retries=0) as opened:
        return await opened.complete(ASK)


async def test_requests_go_through_the_proxy_with_its_password(monkeypatch):
    async with proxied() as (port, proxy):
        monkeypatch.setenv("HTTP_PROXY", f"http://me:sesame@127.0.0.1:{port}")
        assert (await ask("http://models.test/v1")).text == "ACTION: 5"
    assert [head.split(" HTTP")[0] for head in proxy.heads] == [
        "GET http://models.test/v1/models", "POST http://models.test/v1/chat/completions",
    ]  # fmt: skip
    assert all("Proxy-Authorization: Basic bWU6c2VzYW1l" in head for head in proxy.heads)


async def test_a_proxy_that_refuses_a_tunnel_is_said(monkeypatch):
    async with proxied() as (port, proxy):
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:sesame@127.0.0.1:{port}")
        with pytest.raises(ScaError, match=f"the proxy 127.0.0.1:{port} answered 403: Not from here") as error:
            await ask("https://models.test/v1")
    assert not isinstance(error.value, EngineError)
    assert "sesame" not in str(error.value)
    assert proxy.heads[0].startswith("CONNECT models.test:443 ")


async def test_a_proxy_that_is_gone_is_said_without_its_password(monkeypatch):
    async with proxied() as (port, _):
        pass
    monkeypatch.setenv("HTTP_PROXY", f"http://me:sesame@127.0.0.1:{port}")
    with pytest.raises(EngineError, match=f"the proxy 127.0.0.1:{port} does not answer") as error:
        await ask("http://models.test/v1")
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "http://a/v1", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://a/v1", "http://p:1"),
        ({"http_proxy": "p:1"}, "http://a:8000/v1", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "https://a/v1", None),
        ({"ALL_PROXY": "http://p:1"}, "https://a/v1", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "b, .in.house"}, "http://gpu.in.house:8000/v1", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "*"}, "http://a/v1", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "b"}, "http://a/v1", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "http://localhost:8000/v1", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.2:8000/v1", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://[::1]:8000/v1", None),
    ],
)
def test_the_environment_says_which_proxy(environment, url, proxy, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_a_proxy_of_another_kind_is_wrong_usage(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://me:sesame@p:1")
    with pytest.raises(UsageError, match=r"HTTP_PROXY in the environment \(or ALL_PROXY\) names no HTTP") as error:
        OpenAIEngine("m", base_url="http://a/v1")
    assert "sesame" not in str(error.value)
