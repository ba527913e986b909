"""Passes in which tokens that sequences have in common are computed once.

A branch that others grow from goes through the model first; its keys and values become leaves, on which the backward
passes of the visits below add up gradients; then one backward pass through the branch takes these and its own loss.
Loss and gradients are those of the sequences by themselves, up to the order of sums, and only one path from the root
and one visit are held in memory. Nothing is computed behind the last trained token of a sequence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from sca.training.attempts import Example
from sca.training.forest import Forest, Span, Visit, grow, visits
from sca.training.outputs import Columns, Outputs, joined
from sca.training.passes import LossOf, Work
from sca.training.policy import Piece
from sca.training.tree_attention import Layers, Scene

ROUND = 64
"""Tokens and targets of a visit are filled up to multiples of this where each new shape costs (see `batching`)."""


@dataclass(frozen=True)
class _Targets:
    """All trained tokens of all sequences, in the order of the tokens that predict them in the row."""

    predictors: Tensor
    """(N,) int64: where the token before each lies in the row."""
    ids: Tensor
    """(N,) int64: the tokens themselves."""
    order: Tensor
    """(N,) int64: which they are when the sequences are laid end to end."""

    def of(self, visit: Visit) -> slice:
        """Those that the visit predicts."""
        ends = torch.searchsorted(self.predictors, torch.tensor([visit.start, visit.end]))
        return slice(int(ends[0]), int(ends[1]))


class SharedPasses:
    """See `sca.training.passes.Passes`."""

    def __init__(self, accelerator: Accelerator, policy: nn.Module, *, tokens: int, bf16: bool) -> None:
        """`tokens` bounds the ids that go through the model at once; a longer branch goes alone."""
        self.accelerator = accelerator
        self.policy = policy
        self.tokens = tokens
        self.round = ROUND if bf16 and accelerator.device.type == "cpu" else 1

    @torch.no_grad()
    def measure(self, examples: Sequence[Example]) -> list[Outputs]:
        """See `Passes.measure`."""
        forest, targets = _laid_out(examples)
        parts: list[Outputs] = []
        orders: list[Tensor] = []

        def visit_all(members: Iterable[Visit], above: dict[Span, Layers]) -> None:
            for visit in members:
                outputs, scene, chosen = self._forward(visit, above, forest, targets)
                if outputs is not None:
                    parts.append(outputs.map(Tensor.cpu))
                    orders.append(targets.order[chosen])
                visit_all(visit.children, {**above, visit.branches[0].path[-1]: scene.recorded or {}})

        visit_all(visits(forest.roots, self.tokens), {})
        back = torch.cat(orders).argsort()
        return joined(parts).map(lambda figure: figure[back]).split([one.trained_tokens for one in examples])

    def backward(self, units: Sequence[Sequence[Work]], loss: LossOf) -> int:
        """See `Passes.backward`."""
        works = [work for unit in units for work in unit]
        columns = {name: torch.cat([work.columns[name] for work in works]) for name in works[0].columns}
        forest, targets = _laid_out([work.example for work in works])
        plan = visits(forest.roots, self.tokens)
        if any(len(unit) > 1 for unit in units) and not _together(units, plan, targets):
            columns, loss = self._linear(units, loss), _weighted
        walk = _Walk(self, forest, targets, columns, loss)
        for visit in plan:
            walk.take(visit, {})
        return walk.through

    def _linear(self, units: Sequence[Sequence[Work]], loss: LossOf) -> Columns:
        """Derivatives of a loss of whole units by each log-probability, so that tokens may come in any pieces."""
        device = self.accelerator.device
        measured = iter(self.measure([work.example for unit in units for work in unit]))
        slopes: list[Tensor] = []
        for unit in units:
            outputs = joined([next(measured) for _ in unit]).map(lambda figure: figure.to(device))
            outputs.logprobs.requires_grad_()
            columns = {n: torch.cat([work.columns[n] for work in unit]).to(device) for n in unit[0].columns}
            slopes += torch.autograd.grad(loss(outputs, columns), outputs.logprobs)
        return {"slope": torch.cat(slopes).cpu()}

    def _forward(
        self, visit: Visit, above: dict[Span, Layers], forest: Forest, targets: _Targets
    ) -> tuple[Outputs | None, Scene, slice]:
        """Of the trained tokens that the visit predicts; None where there are none."""
        device = self.accelerator.device
        chosen = targets.of(visit)
        count = chosen.stop - chosen.start
        ids, positions = (
            torch.from_numpy(_filled(row[visit.start : visit.end], self.round)).to(device)[None]
            for row in (forest.ids, forest.positions)
        )
        predictors = _filled(targets.predictors[chosen].numpy() - visit.start, self.round)
        wanted = _filled(targets.ids[chosen].numpy(), self.round)
        scene = Scene(visit, above, {} if visit.children else None)
        piece = Piece(positions, scene, torch.from_numpy(predictors).to(device), torch.from_numpy(wanted).to(device))
        outputs: Outputs = self.policy(ids, piece=piece)
        return outputs.map(lambda figure: figure[:count]) if count else None, scene, chosen


@dataclass
class _Walk:
    """Forward and backward through a forest."""

    passes: SharedPasses
    forest: Forest
    targets: _Targets
    columns: Columns
    loss: LossOf
    through: int = 0

    def take(self, visit: Visit, above: dict[Span, Layers]) -> None:
        """The visit's share of the gradients, and those of all below it."""
        outputs, scene, chosen = self.passes._forward(visit, above, self.forest, self.targets)
        self.through += visit.end - visit.start
        ends: list[tuple[Tensor, Tensor | None]] = []
        if outputs is not None:
            order, device = self.targets.order[chosen], self.passes.accelerator.device
            columns = {name: column[order].to(device) for name, column in self.columns.items()}
            ends.append((self.loss(outputs, columns), None))
        if visit.children:
            recorded = scene.recorded or {}
            leaves = {layer: (_leaf(keys), _leaf(values)) for layer, (keys, values) in recorded.items()}
            for child in visit.children:
                self.take(child, {**above, visit.branches[0].path[-1]: leaves})
            ends += [
                (state, leaf.grad.to(state.dtype))
                for layer, states in recorded.items()
                for state, leaf in zip(states, leaves[layer], strict=True)
                if leaf.grad is not None and state.requires_grad  # adapters leave the first layer's keys alone
            ]
        if ends:
            torch.autograd.backward([end for end, _ in ends], [gradient for _, gradient in ends])


def _laid_out(examples: Sequence[Example]) -> tuple[Forest, _Targets]:
    # The last trained token is predicted, never read.
    forest = grow([example.ids[: example.trained[-1][1] - 1] for example in examples])
    predictors, ids = [], []
    for example, places in zip(examples, forest.places, strict=True):
        trained = np.concatenate([np.arange(*span) for span in example.trained])
        predictors.append(places[trained - 1])
        ids.append(np.asarray(example.ids, dtype=np.int64)[trained])
    flat = torch.from_numpy(np.concatenate(predictors))
    order = flat.argsort(stable=True)
    return forest, _Targets(flat[order], torch.from_numpy(np.concatenate(ids))[order], order)


def _together(units: Sequence[Sequence[Work]], plan: Sequence[Visit], targets: _Targets) -> bool:
    """Whether every unit has all of its trained tokens in one visit, so that its loss can be had there."""
    sizes = torch.tensor([sum(work.example.trained_tokens for work in unit) for unit in units])
    unit = torch.arange(len(units)).repeat_interleave(sizes)[targets.order]
    waiting = list(plan)
    parts = 0
    while waiting:
        visit = waiting.pop()
        waiting += visit.children
        parts += len(set(unit[targets.of(visit)].tolist()))
    return parts == len(units)


def _leaf(state: Tensor) -> Tensor:
    """Gradients of many visits add up on it, in float32 at least."""
    return state.detach().to(torch.promote_types(state.dtype, torch.float32)).requires_grad_()


def _filled(
    row: np.ndarray[tuple[int], np.dtype[np.int64]], multiple: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """`row` with zeros up to the next multiple, one at least."""
    return np.pad(row, (0, -len(row) % multiple or (multiple if not len(row) else 0)))


def _weighted(outputs: Outputs, columns: Columns) -> Tensor:
    return (outputs.logprobs * columns["slope"]).sum()
