"""`python -m experiments`: write `docs/evidence.md` from what the experiments left; the last line is JSON."""

import json
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parent.parent
FRESH = {
    "calculation": ROOT / "tiny_model" / "held_out.jsonl",
    "retail": ROOT / "tiny_model" / "held_out_retail.jsonl",
}
"""Fresh draws: tasks of kinds that the base knows, which no document of its corpus has."""


def main(
    evidence: Annotated[Path, typer.Argument(help="Folder that the experiments wrote to.")] = ROOT / "build/evidence",
    docs: Annotated[Path, typer.Option(help="Folder of evidence.md and its plots.")] = ROOT / "docs",
) -> None:
    """Collect, draw, write; print the core figures as one line of JSON."""
    from experiments.findings import core, findings
    from experiments.page import page
    from experiments.plots import draw

    found = findings(evidence, FRESH)
    if "calculation" not in found:
        typer.echo(f"{evidence} holds no finished run of part a; experiments/self-improvement.sh makes it", err=True)
        raise typer.Exit(1)
    (evidence / "findings.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    plots = draw(found, docs / "evidence")
    weakness = (ROOT / "experiments" / "weakness.md").read_text(encoding="utf-8").strip()
    (docs / "evidence.md").write_text(page(found, plots, weakness), encoding="utf-8")
    typer.echo(json.dumps(core(found)))


if __name__ == "__main__":
    typer.run(main)
