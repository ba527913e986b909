"""`sca sandbox`: check, build, measure and clean the containers that code runs in."""

import asyncio
from typing import Annotated

import typer

from sca.cli.console import say
from sca.cli.options import Data, Environment, Runtime

app = typer.Typer(
    help="Check, build, measure and clean the containers for code.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Base = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="IMAGE",
        help="An image of yours, on the engine already, to build on: with Python 3.11 or later as `python3`.",
        show_default=False,
    ),
]


@app.command()
def doctor(env: Environment = "calculation", data: Data = None, runtime: Runtime = None) -> None:
    """Start a container and prove, property by property, that code in it is confined. Exits 1 if one does not hold.

    \b
    sca sandbox doctor
    sca sandbox doctor --env ./my_env
    """
    from sca.environment.loading import find
    from sca.sandbox import Limits
    from sca.sandbox.host.doctor import diagnose
    from sca.sandbox.host.pool import content

    findings = asyncio.run(diagnose(content(find(env), data), Limits(), runtime))
    for finding in findings:
        typer.echo(f"{'yes' if finding.holds else 'NO ':<4} {finding.name:<24} {finding.seen}")
    bad = sum(not finding.holds for finding in findings)
    if bad:
        say(f"{bad} of {len(findings)} properties do not hold: nothing would be run on this engine", style="red")
        raise typer.Exit(1)
    say("code is confined as it must be")


@app.command()
def build(env: Environment, data: Data = None, base: Base = None) -> None:
    """Build the image of an environment anew. Other commands build what is missing by themselves.

    It holds the running Python, the environment and its data; nothing is downloaded. With --from it is built on an
    image of yours, the way where the running Python is no Linux one.

    \b
    sca sandbox build --env calculation
    docker pull python:3.12-slim && sca sandbox build --env ./my_env --from python:3.12-slim
    """
    from sca.environment.loading import find
    from sca.sandbox.host import engine, image
    from sca.sandbox.host.pool import content

    made = content(find(env), data, base)
    client = engine.connect()
    identity = image.build(client, made)
    size = client.inspect_image(identity)["Size"] / 1e6
    say(f"built {made.tag()}, {size:.0f} MB")
    typer.echo(identity)


@app.command()
def bench() -> None:
    """Measure programs, verdicts and tasks in the sandbox beside what one would write instead: some minutes.

    It runs benchmarks/sandbox.py of the checkout that sca was installed from; its last line is JSON.

    \b
    sca sandbox bench
    """
    import subprocess
    import sys
    from pathlib import Path

    from sca.errors import UsageError
    from sca.sandbox.host import engine

    script = Path(__file__).resolve().parents[2] / "benchmarks" / "sandbox.py"
    if not script.is_file():
        raise UsageError("the benchmarks are not part of an installed sca; run `sca sandbox bench` from a checkout")
    engine.connect().close()
    raise typer.Exit(subprocess.run([sys.executable, str(script)], check=False).returncode)


@app.command()
def clean() -> None:
    """Remove containers whose command is gone, and images that no container uses. Those of live runs stay.

    \b
    sca sandbox clean
    """
    from sca.sandbox.host import cleaning, engine

    client = engine.connect()
    containers, images = cleaning.remove_stale(client), cleaning.remove_images(client)
    say(f"removed {containers} containers and {images} images")
