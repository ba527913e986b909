"""One completion in the making."""

from collections.abc import Sequence
from concurrent.futures import Future

from sca.engines import Completion, Request
from sca.engines.sampler import Draws
from sca.engines.stopping import Ending


class Job:
    """What a request has so far; a decoder feeds it tokens until it says that it is done."""

    def __init__(self, request: Request, prompt: Sequence[int], ending: Ending) -> None:
        self.request = request
        self.prompt = list(prompt)
        self.ids: list[int] = []
        self.future: Future[Completion] = Future()
        self._ending = ending
        self._logprobs: list[float] = []
        self._draws = Draws(request.seed)

    @property
    def last_token(self) -> int:
        """The newest token, which the model has not seen yet."""
        return self.ids[-1] if self.ids else self.prompt[-1]

    @property
    def position(self) -> int:
        """Where that token stands, counted from 0."""
        return len(self.prompt) + len(self.ids) - 1

    @property
    def longest(self) -> int:
        """Tokens that it may come to."""
        return len(self.prompt) + self._ending.limit

    def draw(self) -> float:
        """The uniform number that decides the next token."""
        return self._draws.next()

    def accept(self, token: int, logprob: float) -> bool:
        """Add a sampled token; True when the completion is whole, and whoever waits for it has it."""
        self.ids.append(token)
        self._logprobs.append(logprob)
        reason = self._ending.reached(self.ids)
        if reason is None:
            return False
        completion = Completion(
            text=self._ending.text(self.ids),
            finish_reason=reason,
            token_ids=tuple(self.ids),
            logprobs=tuple(self._logprobs),
            usage={"prompt_tokens": len(self.prompt), "completion_tokens": len(self.ids)},
        )
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(completion)
        return True

    def fail(self, error: Exception, cause: BaseException | None) -> None:
        """Tell whoever waits that there will be no completion, and why."""
        error.__cause__ = cause
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)
