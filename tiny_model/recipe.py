"""The steps from nothing to the model, each kept in the work folder once it is done."""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from sca.dialogue.conversation import for_engine
from sca.records.contract import Message, Task
from tiny_model import corpus, held_out, network, pretraining, tokens
from tiny_model.documents import Document, encode
from tiny_model.programs import setting
from tiny_model.settings import (
    HELD_OUT,
    MODEL,
    SCATTERED,
    SYSTEMATIC,
    TOKENIZER_DOCUMENTS,
    WORK,
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
        """The held-out tasks."""
        return held_out.tasks()

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Trained on documents of the first phase."""
        folder = self.folder / "tokenizer"
        if not folder.exists():
            self._train_tokenizer().save_pretrained(folder)
        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
        return tokenizer

    def dialogues(self, phase: Phase, number: int) -> list[list[Message]]:
        """The first `number` dialogues of a phase. None has an instruction of the held-out tasks."""
        fresh = {task.instruction or "" for task in self.fresh_tasks}
        return list(corpus.dialogues(phase, number, without=fresh))

    def write_held_out(self, path: Path = HELD_OUT) -> None:
        """The held-out tasks as a file."""
        lines = (json.dumps(task.model_dump(), ensure_ascii=False) for task in self.fresh_tasks)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def pretrain(self, phase: Phase, start: LlamaForCausalLM) -> LlamaForCausalLM:
        """The network after a phase that begins from `start`."""
        done = self.folder / phase.name
        if not done.exists():
            documents = self._documents(phase)
            pretraining.train(start, documents, phase, self.folder)
            start.save_pretrained(done)
        return LlamaForCausalLM.from_pretrained(done)

    def run(self, model: Path = MODEL) -> None:
        """All of it, into the folder of the model that ships."""
        start = network.build(self.shape, self.tokenizer, seed=SCATTERED.seed)
        trained = self.pretrain(SYSTEMATIC, self.pretrain(SCATTERED, start))
        trained.bfloat16().save_pretrained(model)
        self.tokenizer.save_pretrained(model)
        self.write_held_out()

    def _documents(self, phase: Phase) -> Sequence[Document]:
        return [encode(messages, self.tokenizer) for messages in self.dialogues(phase, phase.documents)]

    def _train_tokenizer(self) -> PreTrainedTokenizerFast:
        dialogues = self.dialogues(SCATTERED, TOKENIZER_DOCUMENTS)
        texts = (message["content"] for messages in dialogues for message in for_engine(messages))
        signatures = {tool.call for family in setting().environment.families for tool in setting().tools(family)}
        return tokens.train(texts, signatures, self.shape.vocabulary, self.shape.context)


def _fingerprint() -> str:
    """Six hex digits of the recipe's files and the environment."""
    digest = hashlib.sha256(setting().hash.encode())
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".txt"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:6]
