"""`sca env`: list, show, write, check and play environments."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sca.cli.console import say
from sca.cli.options import Data
from sca.controls import show_controls
from sca.errors import ScaError, UsageError

if TYPE_CHECKING:
    from sca.dialogue.setting import Setting
    from sca.environment import Tool
    from sca.inspection import Finding
    from sca.sandbox.host import DockerSandbox

app = typer.Typer(
    help="List, show, write, check and play environments.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Name = Annotated[
    str, typer.Argument(metavar="NAME|FOLDER", help="An environment: a name from `sca env list`, or its folder.")
]
Family = Annotated[
    str | None, typer.Option("--family", metavar="NAME", help="Only the tools of this family.", show_default=False)
]
SHOWN = 5
"""Starts that `show` prints of each environment."""


@app.command("list")
def list_() -> None:
    """Name the environments there are, and what each holds.

    Looked for in ./environments, in the folders of SCA_ENVIRONMENTS (separated as in PATH), and in what ships.

    \b
    sca env list
    SCA_ENVIRONMENTS=~/worlds sca env list
    """
    from sca.dialogue.setting import Setting
    from sca.environment.loading import available

    known = available()
    for name, folder in known.items():
        try:
            about = _summary(Setting.open(str(folder)))
        except ScaError as error:
            about = str(error)
        typer.echo(f"{name:<{max(map(len, known))}}  {about}\n{'':<{max(map(len, known))}}  {folder}")
    if not known:
        say("no environments here; `sca env new NAME` writes one")


def _summary(setting: "Setting") -> str:
    families = setting.environment.families
    tools = sum(len(setting.tools(family)) for family in families or (None,))
    tests = len(_lines(setting.test_tasks))
    own = f"{len(families)} families, " if families else ""
    user = "with" if setting.environment.user else "without"
    counts = {"both": "state and the answer"}.get(setting.environment.counts, setting.environment.counts)
    return f"{own}{tools} tools, {tests} test tasks; counts the {counts}, {user} a user"


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()] if path.is_file() else []


@app.command()
def show(name: Name, family: Family = None, data: Data = None) -> None:
    """Print what a model is told of an environment: tools, policy, what counts, what tasks begin from.

    \b
    sca env show calculation
    sca env show calculation --family trade_calculator
    sca env show ./my_shop
    """
    from sca.dialogue.setting import Setting
    from sca.inspection.material import attempt

    setting = Setting.open(name, data)
    typer.echo(
        f"{setting.name}: {setting.description}\n{_summary(setting)}\n{setting.folder}, content {setting.hash[:12]}"
    )
    for one in (family,) if family else tuple(setting.environment.families) or (None,):
        typer.echo(f"\n{one or 'Tools'}\n" + tools_text(setting, one))
    for switch, effect in setting.environment.switches.items():
        typer.echo(f"\nWith --env {setting.name}+{switch}: {show_controls(effect)}")
    if setting.policy:
        typer.echo(f"\nPolicy\n{_indented(setting.policy)}")
    starts = [s for s in attempt("starts", lambda: setting.starts) if family in (None, s.family)]
    typer.echo(f"\nStarts ({len(starts)})")
    for start in starts[:SHOWN]:
        typer.echo("  " + show_controls(f"{start.family}: {start.text}" if start.family else start.text))
    if len(starts) > SHOWN:
        typer.echo(f"  and {len(starts) - SHOWN} more")
    if themes := setting.environment.themes:
        typer.echo(f"\nThemes ({len(themes)}), dealt out with the starts")
        for theme in themes:
            typer.echo("  " + show_controls(theme))


def tools_text(setting: "Setting", family: str | None, *, only: str | None = None) -> str:
    """Signature, kind and docstring of each tool of a family, or of one tool."""
    known = setting.tools(family) + setting.checks(family)
    return "\n".join(
        f"  {tool.signature}   [{_kind(tool)}]\n{_indented(tool.doc, 6)}"
        for tool in known
        if only in (None, tool.name)
    )


def _sandbox(setting: "Setting") -> "DockerSandbox":
    from sca.sandbox.host import DockerSandbox

    return DockerSandbox(setting.folder, data=setting.data, switches=setting.switches)


def _kind(tool: "Tool") -> str:
    return "for checks only" if tool.kind == "check" else tool.kind + (", ends the episode" if tool.ends else "")


def _indented(text: str, by: int = 2) -> str:
    return "\n".join(" " * by + line if line else "" for line in show_controls(text).splitlines())


@app.command()
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its name, or a path that ends in it. It is made here.")
    ],
) -> None:
    """Write a small working environment with state, to be made one's own. Its README says how to go on.

    \b
    sca env new my_shop && sca env check my_shop && sca explore --env ./my_shop -n 2
    """
    from sca import scaffold

    folder = Path(name)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", folder.name):
        raise UsageError(f"{folder.name!r} cannot be a name; use letters, digits and _, as in my_shop")
    if folder.exists():
        raise UsageError(f"{folder} is there already; choose another name, or remove it first")
    scaffold.write(folder.name, folder)
    say(f"wrote {folder}; {folder / 'README.md'} says how to go on, and `sca env check {folder}` checks it")


@app.command()
def check(
    name: Name,
    data: Data = None,
    static: Annotated[
        bool, typer.Option("--static", help="Only what needs no container: no tool is called, no task is run.")
    ] = False,
) -> None:
    """Find what would mislead a model or a verdict. Exit code 1 when something is wrong.

    Looks for missing types and docstrings, state that is not plain data, read tools that write, tools that break
    or leave traces when they refuse, chance and clocks, and tasks that cannot be read or do not pass their own
    checks. Tools are called in the sandbox, with arguments from their types, from the state and from the tasks.

    \b
    sca env check my_shop
    sca env check ./my_shop --static
    """
    from sca.dialogue.setting import Setting
    from sca.inspection.checks import sandboxed_findings, static_findings

    setting = Setting.open(name, data)
    findings = static_findings(setting)
    wrong = _print(findings)
    if static or any(finding.blocks for finding in findings):
        tried = "its tools were not tried" if static else "its tools were not tried before that is mended"
    else:
        wrong += _print(asyncio.run(sandboxed_findings(setting, _sandbox(setting))))
        tried = "its tools and tasks were tried in the sandbox"
    if wrong:
        raise ScaError(f"{setting.name}: {wrong} thing{'s are' if wrong > 1 else ' is'} wrong; {tried}")
    say(f"{setting.name}: nothing is wrong; {tried}", style="green")


def _print(findings: "list[Finding]") -> int:
    for finding in findings:
        typer.echo(show_controls(str(finding) if finding.wrong else f"{finding} (advice)"))
    return sum(finding.wrong for finding in findings)


@app.command("import-m3")
def import_m3(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="`scripts/eval/m3tooleval` of xingyaoww/code-act.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where to write.")] = Path("m3tooleval"),
) -> None:
    """Bring M3ToolEval's tasks and tables into the form of calculation and web_browsing.

    Its files compute their tasks, so they are run, in the sandbox. Writes ENVIRONMENT/tasks.jsonl and
    ENVIRONMENT/data for both, as docs/benchmarks.md describes.

    \b
    sca env import-m3 code-act/scripts/eval/m3tooleval -o m3
    sca eval --env calculation --data m3/calculation/data --tasks m3/calculation/tasks.jsonl --reward official
    sca eval --env web_browsing+any_address --data m3/web_browsing/data \\
        --tasks m3/web_browsing/tasks.jsonl --reward official
    """
    from sca.dialogue.setting import Setting
    from sca.published import m3tooleval
    from sca.sandbox.host import DockerSandbox

    files = m3tooleval.files_of(folder)
    setting = Setting.open("calculation")

    async def run() -> m3tooleval.Export:
        async with DockerSandbox(setting.folder, limits=m3tooleval.LIMITS) as sandbox:
            return await m3tooleval.export(files, sandbox)

    found = asyncio.run(run())
    families = {family: setting.tool_names(family) for family in setting.environment.families}
    tasks = m3tooleval.tasks_of(found, families, m3tooleval.digest_of(files))
    m3tooleval.write(out, tasks, m3tooleval.data_of(found))
    for environment, made in tasks.items():
        flawed = sum("defects" in task.origin for task in made)
        say(f"{environment}: {len(made)} tasks ({flawed} with a known defect) are in {out / environment}")


@app.command()
def play(name: Name, family: Family = None, data: Data = None) -> None:
    """Use the tools by hand, at a Python prompt in the sandbox.

    `help` lists the tools, `help TOOL` documents one, `state` prints the state, `reset` begins afresh, `quit` or
    Ctrl-D leaves. Anything else is Python; variables live on. Lines may also come through a pipe.

    \b
    sca env play my_shop
    sca env play calculation --family trade_calculator
    echo 'get_order("A1001")' | sca env play my_shop
    """
    from sca.cli.playing import Game
    from sca.dialogue.setting import Setting

    setting = Setting.open(name, data)
    families = setting.environment.families
    if families and family is None:
        raise UsageError(f"choose the tools with --family: {', '.join(families)}")
    setting.check_family(family)
    Game(setting, family).play()
