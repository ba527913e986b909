"""A real HTTP server in the manner of OpenAI or vLLM that can be made to misbehave; it counts what it was asked."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

from aiohttp import web


class ModelServer:
    """Answers `reply(body)`; `faults` are names of methods here, each used for one request, in order."""

    def __init__(self, *, vllm: bool = False, key: str | None = None, context: int | None = None, delay: float = 0.0):
        self.vllm, self.key, self.context, self.delay = vllm, key, context, delay
        self.faults: list[str | None] = []
        self.bodies: list[dict] = []
        self.paths: list[str] = []
        self.asked: Counter[str] = Counter()
        self.most, self._now = 0, 0
        self.url = ""
        self.closing = asyncio.Event()
        self.listed = ...  # what /models says in place of the truth

    def reply(self, body):
        """The text of a completion."""
        return f"ACTION: {body['seed']}"

    def choice(self, body, chat):
        text = self.reply(body)
        said = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
        choice = {"index": 0, **said, "finish_reason": "stop"}
        if not self.vllm:
            return choice
        ids = [ord(letter) for letter in text]
        content = [{"token": letter, "logprob": -0.25} for letter in text]
        logprobs = {"content": content} if chat else {"token_logprobs": [-0.25] * len(ids)}
        return choice | {"token_ids": ids, "prompt_token_ids": [1, 2, 3], "logprobs": logprobs}

    def answer(self, body, chat):
        usage = {"prompt_tokens": 3, "completion_tokens": len(self.reply(body)), "total_tokens": 99}
        if self.vllm:
            usage["prompt_tokens_details"] = {"cached_tokens": 2}
        return {"id": "1", "choices": [self.choice(body, chat)], "usage": usage}

    async def models(self, request):
        if (refused := self._refused(request)) is not None:
            return refused
        if self.listed is not ...:
            return web.json_response(self.listed)
        listed = {"id": "m", "object": "model", "owned_by": "vllm" if self.vllm else "someone"}
        return web.json_response({"data": [listed | ({"max_model_len": self.context} if self.context else {})]})

    async def completions(self, request):
        if (refused := self._refused(request)) is not None:
            return refused
        body = await request.json()
        self.bodies.append(body)
        self.paths.append(request.path)
        fault = self.faults.pop(0) if self.faults else None
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await asyncio.sleep(self.delay)
            if fault is not None:
                self.asked[fault] += 1
                return await getattr(self, fault)(request)
            self.asked["answered"] += 1
            return web.json_response(self.answer(body, request.path.endswith("chat/completions")))
        finally:
            self._now -= 1

    def _refused(self, request):
        if self.key is None or request.headers.get("Authorization") == f"Bearer {self.key}":
            return None
        message = f"Incorrect API key provided: {request.headers.get('Authorization', '')}"
        return web.json_response({"error": {"message": message}}, status=401)

    # ── ways to misbehave ──

    async def drop(self, request):
        request.transport.close()
        return web.Response()

    async def busy(self, request):
        return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "0.1"})

    async def broken(self, request):
        return web.Response(status=500, text="<html>oops</html>")

    async def stall(self, request):
        await self.closing.wait()
        return web.Response()

    async def nonsense(self, request):
        return web.Response(text='{"choices": [{"mess', content_type="application/json")

    async def other_shape(self, request):
        return web.json_response({"choices": []})

    async def aborted(self, request):
        return web.json_response({"choices": [{"text": "x", "finish_reason": "abort"}]})

    async def half(self, request):
        response = web.StreamResponse(headers={"Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b'{"choices": [')
        request.transport.close()
        return response

    async def trickle(self, request):
        response = web.StreamResponse()
        await response.prepare(request)
        while not self.closing.is_set():
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    async def endless(self, request):
        response = web.StreamResponse()
        await response.prepare(request)
        while not self.closing.is_set():
            await response.write(b"x" * (1 << 18))
        return response

    async def huge(self, request):
        return web.json_response(self.answer(self.bodies[-1], True) | {"more": "x" * (2 << 20)})

    async def deep(self, request):
        return web.Response(text="[" * 200_000, content_type="application/json")

    async def deep_error(self, request):
        return web.Response(status=500, text="[" * 200_000)

    async def lists(self, request):
        return web.json_response(self.answer(self.bodies[-1], True) | {"usage": [3, 4]})

    async def error_inside(self, request):
        return web.json_response({"error": {"message": "out of memory"}})

    async def forever(self, request):
        return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "inf"})

    async def moved(self, request):
        raise web.HTTPTemporaryRedirect("http://elsewhere.test/v1")

    async def full(self, request):
        message = "This model's maximum context length is 8 tokens. However, your prompt contains 9 input tokens"
        return web.json_response({"error": {"message": message}}, status=400)

    async def too_long(self, request):
        message = (
            "'max_tokens' or 'max_completion_tokens' is too large: 20. This model's maximum context length is 24 "
            "tokens and your request has 9 input tokens (20 > 24 - 9)."
        )
        return web.json_response({"error": {"message": message}}, status=400)

    async def renamed(self, request):
        message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return web.json_response({"error": {"message": message}}, status=400)

    async def filtered(self, request):
        return web.json_response({"error": {"message": "The prompt was filtered."}}, status=400)

    async def unknown(self, request):
        return web.json_response({"error": {"message": "The model `m` does not exist"}}, status=404)

    @asynccontextmanager
    async def running(self):
        """Serve on a free port; `url` is then the base address."""
        app = web.Application()
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.completions)
        app.router.add_post("/v1/completions", self.completions)
        runner = web.AppRunner(app, shutdown_timeout=0.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        try:
            yield self
        finally:
            self.closing.set()
            await runner.cleanup()
