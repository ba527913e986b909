"""How a role samples and is prompted: flags win over the model's own `sca.json`, that over the paper's settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from sca.engines import Sampling

OWN = "what the model's sca.json says, else "

Style = Annotated[
    Literal["full", "brief"] | None,
    typer.Option(
        "--prompt-style",
        help="`full`: documentation, policy, format, examples; `brief`: role and signatures, for models that know.",
        show_default=f"{OWN}full",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option("--temperature", min=0.0, show_default=f"{OWN}1; 0 is greedy"),
]
TopP = Annotated[float | None, typer.Option("--top-p", min=0.0, max=1.0, show_default=f"{OWN}1")]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        min=1,
        metavar="N",
        help="Of one turn.",
        show_default=f"{OWN}1024",
    ),
]
MaxTurns = Annotated[
    int | None,
    typer.Option("--max-turns", min=1, metavar="N", show_default=f"{OWN}10, an executor 15"),
]

ObservationLimit = Annotated[
    int | None,
    typer.Option(
        "--observation-limit",
        min=100,
        metavar="N",
        help="Characters of an observation; of longer ones head and tail are shown.",
        show_default="4000",
    ),
]

Observations = Annotated[
    Literal["plain", "compact"] | None,
    typer.Option(
        "--observations",
        help="`plain`: as Python prints them; `compact`: without quotes, brackets and repeated names.",
        show_default=f"{OWN}plain",
    ),
]


@dataclass(frozen=True)
class Flags:
    """What was said on the command line; None where nothing was."""

    style: Literal["full", "brief"] | None
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    max_turns: int | None
    observation_limit: int | None = None
    observations: Literal["plain", "compact"] | None = None

    def named(self) -> dict[str, Any]:
        """By the names of the options."""
        return {
            "--prompt-style": self.style,
            "--temperature": self.temperature,
            "--top-p": self.top_p,
            "--max-tokens": self.max_tokens,
            "--max-turns": self.max_turns,
            "--observation-limit": self.observation_limit,
            "--observations": self.observations,
        }


@dataclass(frozen=True)
class Role:
    """What holds for one role."""

    style: Literal["full", "brief"]
    sampling: "Sampling"
    max_turns: int
    observation_limit: int
    """Characters."""
    observations: Literal["plain", "compact"]


def resolve(flags: Flags, role: Literal["challenger", "executor"], own: dict[str, Any], turns: int) -> Role:
    """`own` is the model's `sca.json`, `turns` the paper's number for the role.

    Raises `UsageError` for what leaves nothing to sample.
    """
    from sca.dialogue.turns import OBSERVATION_LIMIT
    from sca.engines import Sampling
    from sca.errors import UsageError

    said = own.get("sampling", {}).get(role, {})
    plain = Sampling()
    settled = Role(
        style=flags.style or own.get("prompt_style") or "full",
        sampling=Sampling(
            temperature=_first(flags.temperature, said.get("temperature"), plain.temperature),
            top_p=_first(flags.top_p, said.get("top_p"), plain.top_p),
            max_tokens=_first(flags.max_tokens, said.get("max_tokens"), plain.max_tokens),
        ),
        max_turns=_first(flags.max_turns, own.get("max_turns", {}).get(role), turns),
        observation_limit=flags.observation_limit or OBSERVATION_LIMIT,
        observations=flags.observations or own.get("observations") or "plain",
    )
    if settled.sampling.top_p <= 0:
        raise UsageError("--top-p 0 leaves no token to sample; say --temperature 0 for the likeliest one")
    if settled.max_turns < 1:
        raise UsageError(f"sca.json: max_turns.{role}: must be at least 1, not {settled.max_turns}")
    return settled


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)
