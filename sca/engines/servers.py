"""Servers that answer over HTTP: which of them is asked next, what one try can come to, and how long to wait then."""

import contextlib
import email.utils
import json
import math
import random
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

FIRST_PAUSE = 0.5  # seconds, doubled with each try
LONGEST_PAUSE = 30.0  # seconds
LONGEST_WISH = 120.0
"""Seconds that a server's Retry-After is heeded at most."""
ILL = 5.0
"""Seconds for which a server that failed is passed over while there are others."""
LARGEST = 32 << 20
"""Bytes of an answer at most; 32,000 tokens with log-probabilities and a prompt of 128,000 take about 9 million."""

_READ = 100_000
"""Of a problem's text, so that a page of many megabytes holds nothing up."""


class Trouble(Exception):
    """A try that may succeed when it is made again."""

    def __init__(self, kind: str, problem: str, wish: float = 0.0) -> None:
        super().__init__(problem)
        self.kind = kind
        """What is counted: refused, dropped, timeout, http_429, http_500 …, too_large, broken_body, wrong_shape."""
        self.wish = wish
        """Seconds that the server wants to be left alone."""


class Refusal(Exception):
    """An answer that would be the same again: HTTP 3xx, and 4xx but for 408, 409, 425 and 429."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem


@dataclass
class Server:
    """One base address, as `http://localhost:8000/v1`."""

    url: str
    proxy: str | None = None
    """Where its requests go first."""
    waiting: int = 0
    """Requests that it has not answered yet."""
    ill_until: float = 0.0
    """When it may be tried again after it failed; 0 once it has answered."""
    counts: Counter[str] = field(default_factory=Counter)
    """`answered`, and each kind of trouble."""


def choose(servers: Sequence[Server], now: float) -> Server:
    """The one with the shortest queue, among those that are well where any is.

    One that has failed is tried by a single request until it answers, or a host that is silent would draw half of
    all requests each time anew, since its queue is the shortest.
    """
    well = [server for server in servers if server.ill_until <= now and not (server.ill_until and server.waiting)]
    return min(well or servers, key=lambda server: server.waiting)


async def ask(
    session: aiohttp.ClientSession, server: Server, path: str, body: bytes | None, seconds: float | None = None
) -> Any:
    """One try: POST `body`, which is JSON, or GET where it is None; the answer as plain data.

    Raises `Trouble` or `Refusal`; `seconds` is for another limit than the session's.
    """
    server.waiting += 1
    try:
        answer = await _exchange(session, server, path, body, seconds)
    except Trouble as trouble:
        server.counts[trouble.kind] += 1
        server.ill_until = time.monotonic() + max(ILL, min(trouble.wish, LONGEST_WISH))
        raise
    finally:
        server.waiting -= 1
    server.counts["answered"] += 1
    server.ill_until = 0.0
    return answer


async def _exchange(
    session: aiohttp.ClientSession, server: Server, path: str, body: bytes | None, seconds: float | None
) -> Any:
    url = f"{server.url}/{path}"
    options: dict[str, Any] = {} if seconds is None else {"timeout": aiohttp.ClientTimeout(total=seconds)}
    if body is not None:
        options["data"] = body
    try:
        # A POST that is sent elsewhere may arrive as a GET, and each request would be made twice.
        async with session.request(
            "GET" if body is None else "POST", url, proxy=server.proxy, allow_redirects=False, **options
        ) as response:
            content = await _body(response, url)
            status, headers = response.status, response.headers
    except aiohttp.ClientProxyConnectionError as error:
        raise Trouble("refused", f"the proxy {_place(server)} does not answer: {error.strerror or error}") from error
    except aiohttp.ClientConnectorError as error:
        raise Trouble("refused", f"no server answers at {url}: {error.strerror or error}") from error
    except TimeoutError as error:
        raise Trouble("timeout", f"{url} did not answer in time") from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
        raise Trouble("dropped", f"{url} broke the connection off: {error}") from error
    except aiohttp.ClientHttpProxyError as error:
        problem = f"the proxy {_place(server)} answered {error.status}: {error.message}"
        if error.status < 500:
            raise Refusal(407, problem) from error
        raise Trouble(f"http_{error.status}", problem) from error
    except aiohttp.ClientError as error:
        raise Trouble("broken_body", f"{url} does not speak HTTP as it should: {error}") from error
    if status in (408, 409, 425, 429) or status >= 500:
        wish = wished(headers.get("Retry-After"))
        raise Trouble(f"http_{status}", f"{url} answered {status}: {problem_in(content)}", wish)
    if status >= 300:
        raise Refusal(status, problem_in(content) if status >= 400 else f"see {headers.get('Location', 'nowhere')}")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Trouble(
            "broken_body", f"{url} sent what is not JSON: {_cut(content.decode('utf-8', 'replace'))}"
        ) from error


async def _body(response: aiohttp.ClientResponse, url: str) -> bytes:
    """All of it, for what never ends would take all memory within its time."""
    parts, length = [], 0
    async for part in response.content.iter_any():
        length += len(part)
        if length > LARGEST:
            raise Trouble("too_large", f"{url} sent more than {LARGEST >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


def _place(server: Server) -> str:
    """The proxy without name and password."""
    parts = urlsplit(server.proxy or "")
    return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"


def allow_connections(count: int) -> None:
    """Raise the limit on open files where it is too low for so many; macOS begins with 256. Up to the hard one."""
    wanted = count + 256  # for files, containers and what is closing
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def pause(tries: int, wish: float, draw: float | None = None) -> float:
    """Seconds before the next try: doubled each time, half of it at random so that many do not come back at once."""
    whole = min(FIRST_PAUSE * 2.0 ** min(tries - 1, 16), LONGEST_PAUSE)
    return max(whole * (0.5 + 0.5 * (random.random() if draw is None else draw)), min(wish, LONGEST_WISH))


def wished(header: str | None) -> float:
    """Seconds of a Retry-After header: a number, or a date; 0 where there is none."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
        return max(seconds, 0.0) if math.isfinite(seconds) else 0.0
    except ValueError:
        pass
    try:
        return max(email.utils.parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def problem_in(content: bytes) -> str:
    """What an error's body says: `{"error": {"message": …}}`, `{"error": …}`, `{"detail": …}`, or itself."""
    text = content[:_READ].decode("utf-8", "replace").strip()
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return _cut(text) or "nothing more"
    for name in ("error", "detail", "message"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
    return _cut(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))


def _cut(text: str, limit: int = 300) -> str:
    text = " ".join(text[:_READ].split())
    return text if len(text) <= limit else text[:limit] + " …"
