"""Characters that steer a terminal, or hide text, in what a model wrote: made visible for a person, or taken out.

Covers C0 and C1 controls but newline and tab, ANSI and OSC sequences, marks that turn the direction of text or have
no width (U+200B, U+2060 …), line and paragraph separators, invisible tag characters, and lone surrogates, which no
terminal can print. Joiners (U+200C, U+200D) stay: Persian and emoji need them.
"""

import re

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, the clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"
)


def strip_controls(text: str) -> str:
    """The text without them; a Windows line end becomes a newline."""
    return _STEERING.sub("", _SEQUENCE.sub("", text.replace("\r\n", "\n")))


def show_controls(text: str) -> str:
    r"""The text with each of them as its escape, as `\x1b[31m` or `\u202e`; a Windows line end becomes a newline."""
    return _STEERING.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
