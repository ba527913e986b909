"""The tokens of one record as text in two colours: what the agent sampled, and what it was given."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.text import Text

from sca.controls import show_controls
from sca.errors import UsageError

TRAINED, CONTEXT = "bold green", "dim"


def token_view(fields: dict[str, Any], model: str | None, *, bracketed: bool) -> Iterator[Text]:
    """The segments of a record; `bracketed` puts ⟦ ⟧ around what was sampled, where colours are lost.

    `model` names the tokenizer, by default the record's model. Raises `UsageError` where there are no tokens to show,
    or no tokenizer to read them.
    """
    origin = fields.get("origin")
    told = origin if isinstance(origin, dict) else fields
    segments = [one for one in told.get("tokens") or [] if isinstance(one, dict)]
    if not segments:
        raise UsageError(f"{fields.get('id')}: has no tokens: its engine recorded text alone")
    tokenizer = _tokenizer(model or told.get("model"))
    yield Text.assemble((f"── {show_controls(str(fields.get('id')))} ──", "bold"))
    yield Text.assemble(("the agent's own tokens", TRAINED), ", ", ("context", CONTEXT))
    for number, segment in enumerate(segments, start=1):
        yield from _segment(segment, f"segment {number} of {len(segments)}", tokenizer, bracketed)


def _segment(segment: dict[str, Any], title: str, tokenizer: Any, bracketed: bool) -> Iterator[Text]:
    try:
        ids = [int(one) for one in segment["ids"]]
        spans = [(int(start), int(end)) for start, end in segment["trained"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"tokens: {title}: is not as `sca rollout` writes it ({error})") from error
    trained = sum(end - start for start, end in spans)
    yield Text(f"\n{title}: {len(ids)} tokens, {trained} trained")
    if segment.get("split"):
        yield Text(show_controls(f"split: {segment['split']}"), style="yellow")
    text, place = Text(), 0
    for start, end in spans:
        text.append(_decoded(tokenizer, ids[place:start]), CONTEXT)
        own = _decoded(tokenizer, ids[start:end])
        text.append(f"⟦{own}⟧" if bracketed else own, TRAINED)
        place = end
    yield text.append(_decoded(tokenizer, ids[place:]), CONTEXT)


def _decoded(tokenizer: Any, ids: list[int]) -> str:
    """The text; an id that the tokenizer does not know, as of another model's, stands there as `⟨its number⟩`."""
    text, size = "", len(tokenizer)
    for known, run in groupby(ids, lambda one: 0 <= one < size):
        some = list(run)
        text += tokenizer.decode(some, skip_special_tokens=False) if known else "".join(f"⟨{one}⟩" for one in some)
    return show_controls(text)


def _tokenizer(model: Any) -> Any:
    from pathlib import Path

    from sca.engines.folders import fetch_tokenizer
    from sca.engines.opening import SHIPPED
    from sca.engines.tokenizing import tokenizer_of
    from sca.errors import ScaError

    if not isinstance(model, str):
        raise UsageError("--tokens: the record names no model; say whose tokenizer reads them with --model")
    try:
        return tokenizer_of(fetch_tokenizer(SHIPPED if model == "tiny" and not Path(model).is_dir() else model))
    except ScaError as error:
        raise UsageError(f"--tokens: {error}; say whose tokenizer reads them with --model") from error
