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
    docs: Annotated[Path, typer.Option(help="Folder of evidence.md, its plots and the findings kept.")] = ROOT
    / "docs",
    model: Annotated[Path, typer.Option(envvar="MODEL", help="The base that was measured.")] = ROOT
    / "sca/models/tiny",
    again: Annotated[
        bool, typer.Option("--again", help="EVIDENCE is a second run: compare it with what was found before.")
    ] = False,
) -> None:
    """Collect, add what was found of the model before, draw, write; print the core figures as one line of JSON.

    With `--again` nothing that was found before is replaced, and the line says how many rates agree.
    """
    from experiments import kept
    from experiments.again import agreement, noted, recalled, summary
    from experiments.findings import complete, core, findings
    from experiments.page import page
    from experiments.plots import draw

    if not (model / "model.safetensors").exists():
        typer.echo(f"{model} holds no model.safetensors; MODEL or --model names the base that was measured", err=True)
        raise typer.Exit(1)
    base, file = kept.fingerprint(model), docs / "evidence" / "findings.json"
    now = findings(evidence, FRESH)
    found = kept.merged({} if again else now, file, base)
    if not complete(found):
        typer.echo(f"{evidence} holds no finished run of part a; experiments/self-improvement.sh makes it", err=True)
        raise typer.Exit(1)
    kept.keep(found, file, base)
    second, beside = docs / "evidence" / "again.json", agreement(now, found) if again else {}
    rates = noted(beside, second, base) if again else recalled(second, base)
    plots = draw(found, docs / "evidence")
    said = [(ROOT / "experiments" / name).read_text(encoding="utf-8").strip() for name in ("weakness.md", "tried.md")]
    (docs / "evidence.md").write_text(page(found, rates, plots, *said), encoding="utf-8")
    if again:
        typer.echo(json.dumps(summary(beside)))
        return
    if earlier := [name for name, part in found.items() if part is not now.get(name)]:
        typer.echo(f"of earlier runs, kept in {file}: {', '.join(earlier)}", err=True)
    typer.echo(json.dumps(core(now if complete(now) else found)))


if __name__ == "__main__":
    typer.run(main)
