"""Flags of `sca train`. One that an algorithm has no use for is refused, so that none does nothing."""

from pathlib import Path
from typing import Annotated, Literal

import typer

OWN = "what the model's sca.json says, else the paper's: "

Inputs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE...", help="Attempts or judged tasks to train on, JSON Lines; `-` is stdin.", show_default=False
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the checkpoint goes.")]
Algo = Annotated[
    Literal["rft", "sft", "reinforce", "dpo", "ppo", "grpo"],
    typer.Option(
        "--algo",
        help="`rft`: likelihood of the successes; `sft`: of all attempts; the others also learn from failures.",
    ),
]
Lr = Annotated[
    float | None,
    typer.Option(
        "--lr", min=0.0, max=1.0, help="Learning rate.", show_default=f"{OWN}1e-5; dpo 2e-7; ppo, grpo 1e-6"
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        min=1,
        metavar="N",
        help="Attempts in a step (dpo: pairs).",
        show_default=f"{OWN}8; ppo, grpo 256",
    ),
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", show_default=f"{OWN}6; ppo, grpo 1")]
MaxLength = Annotated[
    int | None,
    typer.Option(
        "--max-length", min=2, metavar="N", help="Longer attempts are left out.", show_default=f"{OWN}16192 tokens"
    ),
]
MaxPerTask = Annotated[
    int | None,
    typer.Option(
        "--max-per-task", min=1, metavar="N", help="rft: most successes of a task.", show_default=f"{OWN}all"
    ),
]
Baseline = Annotated[
    Literal["none", "batch", "task"] | None,
    typer.Option(
        "--baseline",
        help="reinforce: what is taken off the reward: nothing, the mean of all, or of the task's other attempts.",
        show_default="none",
    ),
]
Beta = Annotated[
    float | None, typer.Option("--beta", min=0.0, help="dpo: how firmly it holds on to the base.", show_default="0.1")
]
Pairs = Annotated[
    Literal["all", "best"] | None,
    typer.Option(
        "--pairs", help="dpo: each success against each failure of a task, or one pair a task.", show_default="all"
    ),
]
MaxPairs = Annotated[
    int | None, typer.Option("--max-pairs", min=1, metavar="N", help="dpo: most pairs of a task.", show_default="4")
]
ClipRatio = Annotated[
    float | None,
    typer.Option(
        "--clip-ratio", min=0.0, help="ppo, grpo: importance ratios count within 1 ± this.", show_default="0.1"
    ),
]
Kl = Annotated[
    float | None,
    typer.Option("--kl", min=0.0, help="ppo, grpo: weight of the divergence from the base.", show_default="0.001"),
]
CriticLr = Annotated[
    float | None,
    typer.Option(
        "--critic-lr", min=0.0, max=1.0, help="ppo: learning rate of the value head.", show_default=f"{OWN}1e-5"
    ),
]
Gamma = Annotated[
    float | None, typer.Option("--gamma", min=0.0, max=1.0, help="ppo: discount of a turn.", show_default="1")
]
Lam = Annotated[
    float | None, typer.Option("--lam", min=0.0, max=1.0, help="ppo: λ of GAE over turns.", show_default="0.95")
]
TokenLam = Annotated[
    float | None,
    typer.Option("--token-lam", min=0.0, max=1.0, help="ppo: λ of GAE over the tokens of a turn.", show_default="1"),
]
Scale = Annotated[
    Literal["group", "none"] | None,
    typer.Option(
        "--scale", help="grpo: divide by the standard deviation of the task's rewards, or not.", show_default="group"
    ),
]
Lora = Annotated[
    bool | None,
    typer.Option(
        "--lora/--full",
        help="Train adapters of low rank, or all weights; --lora wants a higher --lr, about ten times.",
        show_default=f"{OWN}--full",
    ),
]
LoraRank = Annotated[
    int | None, typer.Option("--lora-rank", min=1, metavar="N", help="Of each adapter.", show_default="16")
]
LoraAlpha = Annotated[
    float | None,
    typer.Option("--lora-alpha", min=0.0, help="Adapters count alpha / rank times.", show_default="32"),
]
LoraTargets = Annotated[
    str | None,
    typer.Option(
        "--lora-targets",
        metavar="NAMES",
        help="Layers that get adapters, as q_proj,v_proj.",
        show_default="all linear ones but the output",
    ),
]
MicroTokens = Annotated[
    int | None,
    typer.Option(
        "--micro-tokens",
        min=1,
        metavar="N",
        help="Tokens that go through the model at once: less takes less memory.",
        show_default="8192",
    ),
]
NumProcesses = Annotated[
    int,
    typer.Option(
        "--num-processes",
        min=1,
        metavar="N",
        help="Processes that share each step's attempts, on GPUs where there are as many; `accelerate launch` "
        "starts them on several machines. The weights are those of one process up to rounding.",
    ),
]
Shard = Annotated[
    bool,
    typer.Option(
        "--shard",
        help="Spread the weights over the processes, too (FSDP), for a model that is too large for each of them; "
        "slower than each holding all.",
    ),
]
Track = Annotated[
    Literal["tensorboard", "wandb"] | None,
    typer.Option(
        "--track", help="Send each step's figures there, too: TensorBoard's go to runs/.", show_default="neither"
    ),
]
Retokenize = Annotated[
    bool,
    typer.Option("--retokenize", help="Make tokens from the text, for attempts whose engine did not record them."),
]
Bf16 = Annotated[
    bool, typer.Option("--bf16", help="Compute in bfloat16, with weights in float32; without it, all in float32.")
]
