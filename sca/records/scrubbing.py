"""Credentials never reach a file: what a sidecar, a settings' hash or a message may hold of them."""

import json
import re
from typing import Any

HIDDEN = "***"

_SECRET_WORDS = {
    *("key", "keys", "apikey", "apikeys", "token", "secret", "secrets", "password", "passwords", "passwd"),
    *("passphrase", "credential", "credentials", "authorization", "bearer", "cookie"),
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_USERINFO = re.compile(r"(?<=://)[^/?#\s@]*@")
_QUERY = re.compile(r"([?&;])([^=&;#\s]+)=([^&;#\s]+)")
_KNOWN_FORMS = re.compile(
    r"\b(?:sk|pk|hf|ghp|gho|ghs|ghu|glpat|xox[abprs]|github_pat)[-_][A-Za-z0-9_-]{12,}"
    r"|\bAKIA[A-Z0-9]{16}\b"
    r"|(?<=\bBearer )\S+",
    re.IGNORECASE,
)


def plain_data(value: Any) -> Any:
    """The same as JSON knows it: tuples are lists, and what JSON has no form for is its text."""
    return json.loads(json.dumps(value, default=str))


def scrub(value: Any) -> Any:
    """Plain data without credentials: fields named like one, passwords in addresses, and keys of known forms.

    Numbers stay, so `max_tokens` and `token_budget` are not lost.
    """
    match value:
        case dict():
            return {name: _field(name, item) for name, item in value.items()}
        case list():
            return [scrub(item) for item in value]
        case str():
            return scrub_text(value)
    return value


def scrub_text(text: str) -> str:
    """A text without passwords in addresses, secret query fields, and keys of known forms."""
    text = _USERINFO.sub(f"{HIDDEN}@", text)
    text = _QUERY.sub(_query, text)
    return _KNOWN_FORMS.sub(HIDDEN, text)


def _field(name: str, value: Any) -> Any:
    if not _is_secret(name):
        return scrub(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return HIDDEN if value else value


def _query(found: re.Match[str]) -> str:
    mark, name, value = found.groups()
    return f"{mark}{name}={HIDDEN if _is_secret(name) else value}"


def _is_secret(name: str) -> bool:
    words = {word.lower() for word in _WORD.findall(name)}
    return bool(words & _SECRET_WORDS)
