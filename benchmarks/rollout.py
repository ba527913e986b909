"""How many turns a second a client gets out of a server, and what a turn costs it, beside other projects in one run.

    .venv/bin/python benchmarks/rollout.py

A stub server in a process of its own answers after 50 ms. Dialogues of 8 turns begin from a prompt of 6 KB; 16, 64
and 256 of them are alive at a time. Ours is the rollout stage with its records written, over recorded observations;
what real containers add is a line of its own (sandbox.py has more of them). Peers are installed on the first run,
some minutes. The last line is JSON. On a busy machine only CPU times and ratios say anything.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from parts import clients, machine, peers
from parts.clients import Cost

from sca.errors import SandboxError

FIGURES = ("turns_per_s_256", "cpu_ms_per_turn", "ratio_verifiers", "ratio_inspect", "ratio_bare_vllm")
TURNS = 8
PAUSE = 0.05  # seconds
AT_ONCE = (16, 64, 256)
ROUNDS = 4
"""Dialogues, as a multiple of those alive at a time."""


def main() -> None:
    """Measure everything, and print it as it comes."""
    print(machine.about())
    costs: dict[str, dict[int, Cost]] = {}
    missing = peers.install()
    if missing:
        print(f"without peers, which cannot be installed here: {missing}")
    with server() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for at_once in AT_ONCE:
            for who, measure in measures(url, folder, at_once, peers_too=not missing):
                costs.setdefault(who, {})[at_once] = told(who, at_once, measure())
        in_containers(url, folder)
    print(json.dumps(figures(costs) | {"ratio_bare_vllm": vllm_ratio()}))


def told(who: str, at_once: int, cost: Cost) -> Cost:
    """Print a cost, and give it back."""
    print(f"{who:14}{at_once:4} at once  {cost.rate:8.0f} turns/s  {cost.cpu_ms:6.2f} ms CPU a turn", flush=True)
    return cost


def in_containers(url: str, folder: Path, at_once: int = 64) -> None:
    """The same with real containers: the sandbox's share is what a turn takes more."""
    try:
        cost = asyncio.run(clients.ours(url, at_once, at_once, TURNS, folder, containers=True))
    except SandboxError as error:
        print(f"without containers: {error}")
        return
    told("in containers", at_once, cost)


def measures(url: str, folder: Path, at_once: int, *, peers_too: bool) -> Iterator[tuple[str, Callable[[], Cost]]]:
    """Each client by name, ready to be measured with so many dialogues alive."""
    dialogues = ROUNDS * at_once
    yield "bare aiohttp", lambda: asyncio.run(clients.bare(url, dialogues, at_once, TURNS))
    yield "sca", lambda: asyncio.run(clients.ours(url, dialogues, at_once, TURNS, folder))
    if not peers_too:
        return
    fewer = max(at_once, dialogues // 4)  # they take long
    for who in ("verifiers", "inspect"):
        place = folder / f"{who}-{at_once}"
        yield (
            who,
            lambda who=who, place=place: Cost(  # type: ignore[misc]
                **peers.run(f"peer_{who}.py", url, fewer, at_once, TURNS, place, clients.SYSTEM)  # type: ignore[arg-type]
            ),
        )


def figures(costs: dict[str, dict[int, Cost]]) -> dict[str, float | None]:
    """The named figures, all of 256 at once; a peer's is None where it is not installed."""
    most = AT_ONCE[-1]
    ours = costs["sca"][most]

    def ratio(who: str) -> float | None:
        return round(ours.rate / costs[who][most].rate, 2) if who in costs else None

    found = (round(ours.rate, 1), round(ours.cpu_ms, 3), ratio("verifiers"), ratio("inspect"))
    return dict(zip(FIGURES, found, strict=False))


def vllm_ratio() -> float | None:
    """Our tokens a second through vLLM against a bare `LLM.generate`; None where vLLM is not installed."""
    try:
        from parts import vllm_rate
    except ImportError as error:
        print(f"without vLLM: {error}")
        return None
    return vllm_rate.ratio()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The stub's address."""
    script = Path(__file__).parent / "parts" / "stub_server.py"
    process = subprocess.Popen(
        [sys.executable, str(script), str(PAUSE), str(TURNS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.communicate()


if __name__ == "__main__":
    main()
