"""The steps from nothing to the model, each kept in the work folder once it is done."""

import hashlib
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from sca.dialogue.conversation import for_engine
from sca.records.contract import Message, Task
from tiny_model import corpus, held_out, network, pretraining, tokens
from tiny_model.documents import Document, encode
from tiny_model.programs import setting
from tiny_model.retail import held_out as retail_held_out
from tiny_model.retail import shops
from tiny_model.settings import (
    SCATTERED,
    SHIPPED,
    TEMPLATE,
    TOKENIZER_DOCUMENTS,
    WORK,
    Model,
    Phase,
    Shape,
)


class Recipe:
    """One making of the model. What is half done is found again while recipe and environment stay the same."""

    def __init__(self, work: Path = WORK, shape: Shape | None = None) -> None:
        self.shape = shape or Shape()
        self.folder = work / _fingerprint()
        self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def fresh_tasks(self) -> list[Task]:
        """The held-out tasks of both environments."""
        return [*held_out.tasks(), *retail_held_out.tasks()]

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Trained on documents of the scattered phase, whatever the phases are."""
        folder = self.folder / "tokenizer"
        if not folder.exists():
            tokenizer_of(self.dialogues(SCATTERED, TOKENIZER_DOCUMENTS), self.shape).save_pretrained(folder)
        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
        return tokenizer

    def dialogues(self, phase: Phase, number: int) -> list[list[Message]]:
        """The first `number` dialogues of a phase; none leaks from the held-out tasks."""
        return list(corpus.dialogues(phase, number, without=self.fresh_tasks))

    def pretrain(self, phase: Phase, start: LlamaForCausalLM) -> LlamaForCausalLM:
        """The network after a phase that begins from `start`."""
        done = self.folder / phase.name
        if not done.exists():
            documents = self._documents(phase)
            pretraining.train(start, documents, phase, self.folder)
            start.save_pretrained(done)
        return LlamaForCausalLM.from_pretrained(done)

    def make(self, model: Model = SHIPPED) -> None:
        """All of it, into the model's folder, with its card."""
        trained = network.build(self.shape, self.tokenizer, seed=model.phases[0].seed)
        for phase in model.phases:
            trained = self.pretrain(phase, trained)
        trained.bfloat16().save_pretrained(model.folder)
        self.tokenizer.save_pretrained(model.folder)
        shutil.copy(TEMPLATE / "sca.json", model.folder)
        shutil.copy(model.card, model.folder / "README.md")

    def _documents(self, phase: Phase) -> Sequence[Document]:
        found = (encode(messages, self.tokenizer) for messages in self.dialogues(phase, phase.documents))
        return [document for document in found if len(document.ids) <= self.shape.context]


def tokenizer_of(dialogues: Sequence[Sequence[Message]], shape: Shape) -> PreTrainedTokenizerFast:
    """A tokenizer trained on dialogues, in which each tool's signature is one token."""
    texts = (message["content"] for messages in dialogues for message in for_engine(messages))
    calculation, retail = setting(), shops.setting()
    tools = [tool for family in calculation.environment.families for tool in calculation.tools(family)]
    signatures = {tool.call for tool in [*tools, *retail.tools(None)]}
    return tokens.train(texts, signatures, shape.vocabulary, shape.context)


def _fingerprint() -> str:
    """Six hex digits of the recipe's files and the environments."""
    digest = hashlib.sha256(f"{setting().hash} {shops.setting().hash}".encode())
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".txt"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:6]
