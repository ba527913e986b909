"""Sequences as a forest of shared prefixes: each token that several attempts have in common is computed once.

Attempts at one task begin with the same prompt, and often with the same first turns. Their tokens are laid out in one
row, each branch of the forest a run of it, a parent right before its first child. A token attends to the branches
above its own and to what stands before it in its own, which is just what it sees in its own sequence.

The row is computed in visits. A subtree that fits goes through the model at once; of a larger one the first branch
is a visit by itself, whose keys and values the visits below it read. So one path and one visit are held at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

MIN_SHARED = 16
"""Tokens; a shorter common prefix is computed for each branch, which is cheaper than a branch of its own."""

Ids = np.ndarray[tuple[int], np.dtype[np.int64]]
Span = tuple[int, int]
"""Half-open, in the row."""


@dataclass
class Branch:
    """A run of tokens without a fork, and what grows from its end."""

    start: int
    end: int
    above: tuple[Span, ...]
    """Where its ancestors lie, the root first."""
    children: list["Branch"] = field(default_factory=list)

    @property
    def path(self) -> tuple[Span, ...]:
        """From the root to its own end."""
        return (*self.above, (self.start, self.end))

    @property
    def last(self) -> int:
        """Where its subtree ends in the row."""
        return self.children[-1].last if self.children else self.end

    def walk(self) -> Iterator["Branch"]:
        """The subtree, in the order of the row."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Forest:
    """Sequences in one row."""

    ids: Ids
    """(tokens,)."""
    positions: Ids
    """(tokens,): each token's place in its own sequence."""
    roots: tuple[Branch, ...]
    places: tuple[Ids, ...]
    """For each sequence, where its tokens lie in the row."""


@dataclass(frozen=True)
class Visit:
    """Branches that go through the model at once, a stretch of the row, and the visits below."""

    branches: tuple[Branch, ...]
    children: tuple["Visit", ...] = ()
    """Not empty only where `branches` is a single one, which they all grow from."""

    @property
    def start(self) -> int:
        """Of the stretch."""
        return self.branches[0].start

    @property
    def end(self) -> int:
        """Of the stretch."""
        return self.branches[-1].end


def grow(sequences: Sequence[Sequence[int]], *, min_shared: int = MIN_SHARED) -> Forest:
    """The forest of `sequences` (token ids, none empty), in lexicographic order."""
    arrays = [np.asarray(sequence, dtype=np.int64) for sequence in sequences]
    order = sorted(range(len(arrays)), key=lambda index: tuple(sequences[index]))
    ids: list[Ids] = []
    positions: list[Ids] = []
    places: dict[int, Ids] = {}
    top = Branch(0, 0, ())
    length = 0
    # (members in order, tokens laid out above, tokens known to be common, what they grow from)
    waiting: list[tuple[list[int], int, int, Branch]] = [(order, 0, 0, top)] if order else []
    while waiting:
        members, depth, known, parent = waiting.pop()
        first, last = arrays[members[0]], arrays[members[-1]]
        common = known + _common(first[known:], last[known:])
        if common - depth >= min_shared or common == len(first):
            branch = Branch(length, length + common - depth, parent.path if parent is not top else ())
            parent.children.append(branch)
            ids.append(first[depth:common])
            positions.append(np.arange(depth, common))
            length, depth, parent = branch.end, common, branch
        for member in (m for m in members if len(arrays[m]) == depth):
            places[member] = np.concatenate([np.arange(*span) for span in parent.path])
        longer = [member for member in members if len(arrays[member]) > depth]
        parts = [list(part) for _, part in groupby(longer, key=lambda member: arrays[member][common])]
        # The last one in comes out first: a parent stands right before its first child.
        waiting += [(part, depth, common, parent) for part in reversed(parts)]
    return Forest(
        np.concatenate(ids),
        np.concatenate(positions),
        tuple(top.children),
        tuple(places[i] for i in range(len(arrays))),
    )


def visits(branches: Sequence[Branch], tokens: int) -> tuple[Visit, ...]:
    """How to go through `branches` and all that grows from them with at most `tokens` at once.

    A branch that is longer is a visit by itself.
    """
    found: list[Visit] = []
    room = 0
    for branch in branches:
        size = branch.last - branch.start
        if size > tokens and branch.children:
            found.append(Visit((branch,), visits(branch.children, tokens)))
            room = 0
        elif size > room:
            found.append(Visit(tuple(branch.walk())))
            room = tokens - size
        else:
            found[-1] = Visit((*found[-1].branches, *branch.walk()))
            room -= size
    return tuple(found)


def _common(one: Ids, other: Ids) -> int:
    """Length of the longest common prefix; of a sorted group, first against last is that of the group."""
    length = min(len(one), len(other))
    different = np.flatnonzero(one[:length] != other[:length])
    return int(different[0]) if len(different) else length
