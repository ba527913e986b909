"""docs/records.md names every field, check, reason and outcome; docs/sandbox.md has the limits that hold."""

from pathlib import Path

import pytest

from sca.cli.reasons import OUTCOMES, all_reasons
from sca.judging.verdict import CHECKS
from sca.records.contract import JudgedTask, Message, Segment, ToolCall, Trajectory, Verdict
from sca.sandbox import Limits

DOCS = Path(__file__).parents[2] / "docs"
RECORDS = (DOCS / "records.md").read_text("utf-8")


@pytest.mark.parametrize("kind", [JudgedTask, Verdict, Trajectory, Message, ToolCall, Segment])
def test_every_field_is_named(kind):
    assert [name for name in kind.model_fields if f"`{name}`" not in RECORDS] == []


def test_every_check_reason_and_outcome_is_named():
    statuses = {reason for reason in all_reasons() if f"`{reason}`" not in RECORDS}
    missing = {reason for reason in statuses if f"`{reason.partition('_')[2]}`" not in RECORDS}
    assert missing | {name for name in (*CHECKS, *OUTCOMES) if f"`{name}`" not in RECORDS} == set()


def test_the_limits_are_those_that_hold():
    text, limits = (DOCS / "sandbox.md").read_text("utf-8"), Limits()
    kib, argument = 1024, limits.argument_bytes // 1024
    for row in (
        f"| source | {limits.source_bytes // kib} KiB |",
        f"| {limits.cpu_seconds:g} s, {limits.wall_seconds:g} s less",
        f"| {limits.memory_bytes // kib**2} MiB, {limits.processes} |",
        f"| {limits.tool_calls}, an argument {argument} KiB, a result {limits.result_bytes // kib**2} MiB |",
        f"| {limits.output_bytes // kib**2} MiB, of which {limits.output_kept // kib} KiB are kept",
        f"| {limits.answer_bytes // kib} KiB of JSON, {limits.answer_depth} levels deep |",
    ):
        assert row in text
