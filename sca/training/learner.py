"""Training that goes on with new attempts of the model itself: what an iteration does to the weights."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from sca.training import memory, state
from sca.training.algorithms import Algorithm, Known
from sca.training.algorithms.clipping import divergence
from sca.training.attempts import Example, Selection
from sca.training.batching import planned
from sca.training.choice import choose_passes
from sca.training.loop import Place, Step, known_before, optimizer_of
from sca.training.lora import save_adapter
from sca.training.passes import Passes
from sca.training.policy import Policy, innermost
from sca.training.settings import TrainSettings


@dataclass(frozen=True)
class Mismatch:
    """How far the recorded log-probabilities are from the trainer's, both of the same weights, in nats.

    Differences are those of rounding between two ways to compute the same; where they are larger, importance ratios
    are wrong from the first step on.
    """

    kl: float
    """Divergence of the model that sampled from the one in training, a token (estimator k3)."""
    mean: float
    """Absolute difference, mean over trained tokens."""
    largest: float

    def asdict(self) -> dict[str, float]:
        """As metrics name it."""
        return {"mismatch_kl": self.kl, "mismatch_mean": self.mean, "mismatch_max": self.largest}


def mismatch(known: Known, examples: Sequence[Example], logprobs: Tensor) -> Mismatch:
    """Of the trainer's `logprobs`, (tokens,) of all sequences end to end, and those that were recorded."""
    recorded = torch.cat([known[example]["behaviour"] for example in examples])
    apart = (logprobs - recorded).abs()
    kl = divergence(recorded, logprobs).mean()
    return Mismatch(kl.item(), apart.mean().item(), apart.max().item())


class Learner:
    """A policy, its optimiser, and the weights that it started from.

    Between updates the model has its own attention, so that an engine may run it.
    """

    def __init__(
        self,
        policy: Policy,
        algorithm: Algorithm,
        settings: TrainSettings,
        place: Place,
        *,
        pad_id: int,
        bf16: bool,
        plain: str | None,
        track: str | None = None,
        name: str = "online",
    ) -> None:
        """See `sca.training.loop.train`. The weights of `policy` are now those that a divergence is counted from.

        `name` is what a tracker calls the run.
        """
        self.policy = policy
        self.algorithm = algorithm
        self.settings = settings
        self.place = place
        self._accelerator = Accelerator(
            mixed_precision="bf16" if bf16 else "no",
            log_with=track,
            project_dir=place.metrics.with_name("runs") if track else None,
        )
        self._tracked = track is not None and self._accelerator.is_main_process
        if self._tracked:
            self._accelerator.init_trackers(name, settings.asdict())
        self._optimizer = optimizer_of(policy, settings)
        self._prepared = self._accelerator.prepare_model(policy, evaluation_mode=True)
        self._choosing: dict[str, Any] = {
            "tokens": settings.micro_tokens, "pad_id": pad_id, "bf16": bf16, "plain": plain,
        }  # fmt: skip
        self._start = {name: one.detach().clone() for name, one in self._trained()} if algorithm.reference else {}
        policy.eval()  # see `sca.training.loop.train`

    def log(self, step: int, figures: dict[str, Any]) -> None:
        """Tell the tracker, where there is one."""
        if self._tracked:
            self._accelerator.log({name: value for name, value in figures.items() if value is not None}, step=step)

    def close(self) -> None:
        """The tracker has heard all."""
        if self._tracked:
            self._accelerator.end_training()

    def export(self, folder: Path) -> Path:
        """Write the weights as they are, for an engine that holds its own: the model's, or the adapters' alone."""
        shutil.rmtree(folder, ignore_errors=True)
        if self.settings.lora:
            save_adapter(self.policy.model, folder)
        else:
            self.policy.model.save_pretrained(folder)  # type: ignore[operator]  # it is one of transformers
        return folder

    def load(self, folder: Path) -> int:
        """Take up the state in `folder`; returns how many iterations it has behind it, 0 where there is none."""
        return state.load(folder, self.policy, self._optimizer)[0]

    def save(self, folder: Path, iterations: int) -> None:
        """Keep what the run needs to go on after so many iterations."""
        state.save(folder, iterations, self.policy, self._optimizer)

    def update(self, selection: Selection, done: int, rate: float) -> Iterator[dict[str, Any]]:
        """The steps of one iteration, at `rate` of the learning rate, after `done` steps of earlier ones.

        Yields the metrics of each; those of the mismatch stand in all. Nothing where nothing was selected.
        """
        plan = planned(selection.items, self.settings)
        batches = [[example for i in step for example in selection.items[i].examples] for step in plan]
        if not batches:
            return
        examples = selection.examples
        longest = max(len(example.ids) for example in examples)
        with self._own_attention(), memory.explained(self.settings.micro_tokens, longest):
            passes = choose_passes(self._accelerator, self._prepared, batches, **self._choosing)
            known = known_before(self.algorithm, examples, passes, self._reference(passes, examples))
            logprobs = torch.cat([outputs.logprobs for outputs in passes.measure(examples)])
            before = mismatch(known, examples, logprobs)
            step_ = Step(
                self._accelerator, self.policy, self._optimizer, passes, self.algorithm, self.settings, self.place
            )
            for number, indices in enumerate(plan):
                items = [selection.items[index] for index in indices]
                yield {**step_.take(done + number, items, known, rate), **before.asdict()}

    def _reference(self, passes: Passes, examples: Sequence[Example]) -> dict[str, Tensor]:
        if not self.algorithm.reference:
            return {}
        with self._at_the_start():
            return {"reference": torch.cat([outputs.logprobs for outputs in passes.measure(examples)])}

    def _trained(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        return ((name, one) for name, one in self.policy.named_parameters() if one.requires_grad)

    @contextmanager
    def _at_the_start(self) -> Iterator[None]:
        """The policy with the weights that it started from."""
        now = {name: one.data for name, one in self._trained()}
        try:
            for name, one in self._trained():
                one.data = self._start[name]
            yield
        finally:
            for name, one in self._trained():
                one.data = now[name]

    @contextmanager
    def _own_attention(self) -> Iterator[None]:
        """Whatever attention the model is given in here, it has its own again afterwards."""
        model = innermost(self.policy.model)
        usual = model.config._attn_implementation
        try:
            yield
        finally:
            if model.config._attn_implementation != usual:
                model.set_attn_implementation(usual)
