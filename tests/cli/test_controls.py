"""Characters that steer a terminal are made visible, or taken out, and nothing else is touched."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sca.controls import show_controls, strip_controls


@pytest.mark.parametrize(
    ("text", "shown", "stripped"),
    [
        ("a\x1b[1;31mb\x1b[0m", r"a\x1b[1;31mb\x1b[0m", "ab"),
        ("\x1b]0;title\x07a", r"\x1b]0;title\x07a", "a"),
        ("\x1b]8;;http://x\x1b\\a\x1b]8;;\x1b\\", r"\x1b]8;;http://x\x1b\a\x1b]8;;\x1b" + "\\", "a"),
        ("\x1b]0;never ended\nb", "\\x1b]0;never ended\nb", "\nb"),
        ("\x1bPq...\x1b\\a", r"\x1bPq...\x1b" + "\\a", "a"),
        ("\x1bca", r"\x1bca", "a"),
        ("a\x9b2Jb", r"a\x9b2Jb", "ab"),
        ("a\x08\x00\x7fb", r"a\x08\x00\x7fb", "ab"),
        ("user\u202etxt.exe", r"user\u202etxt.exe", "usertxt.exe"),
        ("a\u2066b\u2069\u200f\u061c", r"a\u2066b\u2069\u200f\u061c", "ab"),
        ("a\u200b\u2060\ufeffb", r"a\u200b\u2060\ufeffb", "ab"),
        ("a\U000e0041b", r"a\U000e0041b", "ab"),
        ("a\u2028b", r"a\u2028b", "ab"),
        ("a\ud800b", r"a\ud800b", "ab"),
        ("a\rb", r"a\x0db", "ab"),
        ("a\r\nb\tc\n", "a\nb\tc\n", "a\nb\tc\n"),
        ("Grüße 你好 👩‍🔬 می‌خواهم e\u0301", "Grüße 你好 👩‍🔬 می‌خواهم e\u0301", "Grüße 你好 👩‍🔬 می‌خواهم e\u0301"),
        ("[bold]x[/]", "[bold]x[/]", "[bold]x[/]"),
    ],
)
def test_a_text_is_shown_and_stripped(text, shown, stripped):
    assert (show_controls(text), strip_controls(text)) == (shown, stripped)


any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_no_control_is_left(text):
    for clean in (show_controls(text), strip_controls(text)):
        assert not [
            letter for letter in clean if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t"
        ]


@given(any_text)
def test_what_is_clean_stays_clean(text):
    assert show_controls(strip_controls(text)) == strip_controls(text)


def test_a_megabyte_of_unfinished_sequences_are_stripped():
    assert strip_controls("\x1b]" * 500_000) == ""
