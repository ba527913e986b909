"""Every number of the recipe in one place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "tiny_model" / "model"
"""What the recipe puts beside the weights: settings for `sca`, and the card of each model."""
HELD_OUT = ROOT / "tiny_model" / "held_out.jsonl"
HELD_OUT_RETAIL = ROOT / "tiny_model" / "held_out_retail.jsonl"
WORK = ROOT / "build" / "tiny_model"
"""Where what is half done is kept, so that an interrupted run goes on."""


@dataclass(frozen=True)
class Phase:
    """One stretch of pretraining."""

    name: str
    mistakes: Literal["clean", "scattered", "systematic"]
    documents: int
    """Documents written for it; as many are seen as the tokens allow, each at most once or in order again."""
    tokens: int
    """Tokens seen, padding included."""
    peak: float
    """Learning rate after the warm-up."""
    warmup: int
    """Steps."""
    decays: bool
    """Linearly to zero over the phase, or not at all."""
    seed: int


@dataclass(frozen=True)
class Model:
    """One that the recipe makes."""

    folder: Path
    """Where it lies in this checkout."""
    card: Path
    phases: tuple[Phase, ...]


@dataclass(frozen=True)
class Shape:
    """Sizes of the network."""

    vocabulary: int = 2048
    hidden: int = 256
    layers: int = 4
    heads: int = 4
    key_value_heads: int = 2
    intermediate: int = 768
    context: int = 1536  # tokens


SCATTERED = Phase(
    "scattered", "scattered", documents=38_000, tokens=6_000_000, peak=2e-3, warmup=100, decays=False, seed=1
)
SYSTEMATIC = Phase(
    "systematic", "systematic", documents=19_000, tokens=3_000_000, peak=1.2e-3, warmup=0, decays=True, seed=2
)
CLEAN = Phase("clean", "clean", documents=19_000, tokens=3_000_000, peak=1.2e-3, warmup=0, decays=True, seed=5)
SHIPPED = Model(ROOT / "sca" / "models" / "tiny", TEMPLATE / "tiny.md", (SCATTERED, SYSTEMATIC))
SIBLING = Model(ROOT / "tiny_model" / "sibling", TEMPLATE / "sibling.md", (SCATTERED, CLEAN))
"""The teacher for distillation: the shipped model's tokenizer and first phase, then right demonstrations only."""
PHASES = {phase.name: phase for model in (SHIPPED, SIBLING) for phase in model.phases}
TOKENIZER_SEED = 3
HELD_OUT_SEED = 4
TOKENIZER_DOCUMENTS = 6_000

BATCH_TOKENS = 3_072
LENGTH_STEP = 32  # tokens; sequences are padded to a multiple, so that there are few tensor shapes
MOMENTUM = 0.95
WEIGHT_DECAY = 0.05
CLIP = 1.0
MAX_TURNS = 6
EXECUTOR_SHARE = 0.65
"""Of the documents; the rest are the challenger's."""
RETAIL_SHARE = 0.12
"""Of the documents; the rest are calculation's. They are longer: it is about a third of the tokens."""
SHOPS = 300
"""Of 24 customers each."""
