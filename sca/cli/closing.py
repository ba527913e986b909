"""The last lines of a command: what came out, read back from what was written."""

from collections.abc import Mapping, Sequence
from typing import Any

from sca.cli.console import console, say
from sca.dialogue.scheduler import Losses
from sca.errors import InfraError

SHOWN = 10
"""Lines named of a long list."""


def tell_skipped(lines: Sequence[str]) -> None:
    """Name the input lines that `--skip-bad-lines` goes on without, the first few of many."""
    for line in lines[:SHOWN]:
        say(f"left out: {line}", style="yellow")
    if (more := len(lines) - SHOWN) > 0:
        say(f"left out: {more} more lines", style="yellow")


def tell_losses(losses: Sequence[Losses[Any]], what: str) -> None:
    """Raise `InfraError` when the machinery failed some of the work: it is in no output, and not done."""
    retried = sum(loss.retried for loss in losses)
    lost = [entry for loss in losses for entry in loss.lost]
    for loss in losses:
        if loss.stalls.count:
            say(f"the event loop stalled {loss.stalls}; nothing is lost, but all episodes waited", style="yellow")
    if retried:
        say(f"{retried} tries failed for want of a working machine part and were made again", style="yellow")
    if lost:
        raise InfraError(
            f"{len(lost)} {what} are missing, the machinery failed them ({lost[0][1]}); run the same again"
        )


def funnel_table(counts: Mapping[str, Any]) -> None:
    """The share of episodes that survives each check, and what is wrong with the others, whatever --filter admits."""
    from rich.table import Table

    episodes = counts["episodes"]
    table = Table("check", "left", "share", box=None, pad_edge=False)
    table.add_row("episodes", str(episodes), "")
    for check, survivors in counts["survivors"].items():
        table.add_row(check, str(survivors), f"{survivors / episodes:.1%}" if episodes else "")
    console().print(table)
    if counts["reasons"]:
        say("not valid: " + ", ".join(f"{reason} {count}" for reason, count in counts["reasons"].items()))


def estimate_lines(summary: Mapping[str, Any]) -> None:
    """pass@1 and its kin, each with its interval and the tasks that it is of; by family and by tool; coverage."""
    for name, value in summary.items():
        if name.startswith("pass"):
            say(f"{name:8} {_percent(value)}  {_share(summary)}")
    for kind, title in (("families", "family"), ("tools", "tool in the solution")):
        if groups := summary.get(kind):
            width = max(map(len, groups))
            say(f"pass@1 by {title}:")
            for group, found in groups.items():
                say(f"  {group:{width}}  {_percent(found['pass@1'])}  {_share(found)}")
    say(
        f"{summary['attempts']} attempts at {summary['tasks']} tasks, coverage {summary['coverage']:.1%}; "
        + ", ".join(f"{count} {outcome}" for outcome, count in summary["outcomes"].items())
    )


def _share(counts: Mapping[str, Any]) -> str:
    """Of how many tasks a figure is: those that lack a trial are left out, never taken for failures."""
    whole, tasks = counts["tasks_counted"], counts["tasks"]
    return f"of {tasks} tasks" if whole == tasks else f"of {whole} of {tasks} tasks; the others lack trials"


def noop_line(summary: Mapping[str, Any]) -> None:
    """How many tasks reward doing nothing, where there are any."""
    if number := summary.get("noop_passes"):
        say(f"at {number} of these tasks doing nothing is rewarded too (noop_passes in the records)", style="yellow")


def beside_lines(summary: Mapping[str, Any]) -> None:
    """Beside an official reward: what our own rule gives, and how many tasks have a known defect."""
    if own := summary.get("own"):
        say(f"by our own rule pass@1 {_percent(own['pass@1'])}; it differs at {own['differs']} attempts (own_reward)")
    if defects := summary.get("defects"):
        say(f"{len(defects)} of the tasks have a known defect (defects in the records)", style="yellow")


def _percent(estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return "unknown: no task has all its trials"
    return "{value:5.1f}% [{low:.1f}, {high:.1f}]".format(**{name: 100 * value for name, value in estimate.items()})
