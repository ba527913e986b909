"""A village library: books are lent and taken back."""

from typing import Any

from sca.environment import Environment, Start, ToolError, read, write

MOST = 3
"""Books that a reader may have at a time."""


class Library(Environment):
    """The desk of a village library: look readers and books up, lend books and take them back."""

    counts = "state"
    themes = ("a book is borrowed", "a book is brought back", "one is brought back and another one borrowed")

    @classmethod
    def starts(cls, state: Any) -> list[Start]:
        """A reader each."""
        return [Start(reader_id) for reader_id in state["readers"]]

    @read
    def get_reader(self, reader_id: str) -> dict[str, Any]:
        """Return a reader: name and books, a list of the ids of borrowed books."""
        return self._get("readers", reader_id)

    @read
    def find_books(self, word: str) -> list[str]:
        """Return the ids of the books with this word in title or author, in any case; empty when there are none."""
        wanted = word.strip().lower()
        return [
            key for key, book in self.state["books"].items() if wanted in f"{book['title']} {book['author']}".lower()
        ]

    @read
    def get_book(self, book_id: str) -> dict[str, Any]:
        """Return a book: title, author and lent_to, a reader id or null."""
        return self._get("books", book_id)

    @write
    def lend_book(self, reader_id: str, book_id: str) -> dict[str, Any]:
        """Lend a book that is in, and return the reader. A reader may have three books at a time."""
        reader, book = self._get("readers", reader_id), self._get("books", book_id)
        if book["lent_to"] is not None:
            raise ToolError(f"{book_id} is lent to {book['lent_to']}; take it back first")
        if len(reader["books"]) == MOST:
            raise ToolError(f"{reader_id} has {MOST} books already; take one of them back first")
        book["lent_to"] = reader_id
        reader["books"].append(book_id)
        return reader

    @write
    def take_back(self, book_id: str) -> dict[str, Any]:
        """Take a lent book back, and return it."""
        book = self._get("books", book_id)
        if book["lent_to"] is None:
            raise ToolError(f"{book_id} is not lent; nothing is to be done")
        self._get("readers", book["lent_to"])["books"].remove(book_id)
        book["lent_to"] = None
        return book

    def _get(self, table: str, key: str) -> dict[str, Any]:
        if key not in self.state[table]:
            raise ToolError(f"there is no {key!r} among the {table}; look its id up first")
        found: dict[str, Any] = self.state[table][key]
        return found
