"""LoRA adapters: folders that hold a few small matrices and the name of the model that they belong to."""

import json
from dataclasses import dataclass
from pathlib import Path

from sca.errors import ScaError

SETTINGS = "adapter_config.json"


@dataclass(frozen=True)
class Adapter:
    """What a folder's adapter_config.json says."""

    folder: Path
    base: str
    """A folder, or a Hugging Face name."""
    rank: int

    @property
    def has_tokenizer(self) -> bool:
        """Whether it carries a tokenizer of its own."""
        return (self.folder / "tokenizer_config.json").is_file()


def adapter_of(model: str | Path) -> Adapter | None:
    """The adapter that a folder holds; None where it holds none. Raises `ScaError` where it cannot be used."""
    folder = Path(model).expanduser()
    path = folder / SETTINGS
    if not path.is_file() or (folder / "config.json").is_file():
        return None
    try:
        said = json.loads(path.read_text("utf-8"))
        base, rank = said["base_model_name_or_path"], int(said["r"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScaError(f"{path}: is not the configuration of a LoRA adapter: {error}") from error
    if not base:
        raise ScaError(f"{path}: base_model_name_or_path: does not say which model the adapter belongs to")
    return Adapter(folder, str(base), rank)
