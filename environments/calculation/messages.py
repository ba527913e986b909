"""Messages written in hexadecimal, backwards, or in Caesar's cipher."""

import re
from string import ascii_lowercase, ascii_uppercase

from sca.environment import ToolError, Toolset, read


class MessageDecoder(Toolset):
    """Decode hidden messages and measure them."""

    @read
    def convert_hex_to_ascii(self, hex_string: str) -> str:
        """Decode a hexadecimal string, two digits a character, to the text that it stands for.

        Example: convert_hex_to_ascii("48692e") returns "Hi."
        """
        if re.search(r"[^0-9a-fA-F]", hex_string) or len(hex_string) % 2:
            raise ToolError("hex_string must be an even number of the digits 0-9 and a-f, without spaces or 0x")
        try:
            return bytes.fromhex(hex_string).decode("utf-8")
        except UnicodeDecodeError:
            raise ToolError("these bytes are not text (UTF-8); check that the hex string is complete") from None

    @read
    def reverse_string(self, string: str) -> str:
        """Return the string written backwards.

        Example: reverse_string("abc") returns "cba"
        """
        return string[::-1]

    @read
    def caesar_decode(self, message: str, shift: int) -> str:
        """Decode a Caesar cipher: move each letter back in the alphabet by shift places, round from A to Z.

        Capital letters stay capital; digits, spaces and signs stay as they are. A negative shift encodes.
        Example: caesar_decode("Fdw 7!", 3) returns "Cat 7!"
        """
        plain = ascii_uppercase + ascii_lowercase
        back = -shift % 26
        moved = "".join(letters[back:] + letters[:back] for letters in (ascii_uppercase, ascii_lowercase))
        return message.translate(str.maketrans(plain, moved))

    @read
    def string_length(self, string: str) -> int:
        """Return how many characters the string has, spaces and signs included.

        Example: string_length("to be") returns 5
        """
        return len(string)

    @read
    def minimum_value(self, *args: float) -> float:
        """Return the smallest of the numbers given.

        Example: minimum_value(4, 2.5, 9) returns 2.5
        """
        if not args:
            raise ToolError("give at least one number: minimum_value(4, 2.5, 9)")
        return min(args)

    @read
    def maximum_value(self, *args: float) -> float:
        """Return the largest of the numbers given.

        Example: maximum_value(4, 2.5, 9) returns 9
        """
        if not args:
            raise ToolError("give at least one number: maximum_value(4, 2.5, 9)")
        return max(args)
