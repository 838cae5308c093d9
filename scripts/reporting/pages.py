"""What a report is made of: pages of tables, whose cells may say that somebody should look twice."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

NOT_EXPLAINED = "open: nobody says why"
"""In place of a reason that is nowhere; a report that holds one for a `*` is not signed."""


class Mark(StrEnum):
    """How a cell stands out."""

    NONE = ""
    WILDCARD = "wildcard"
    OPEN = "open"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: lines of text, and how it stands out."""

    text: str
    mark: Mark = Mark.NONE


type Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a page, which is also a CSV file of its own."""

    name: str
    """Of its file."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    about: str = ""
    """What to know before reading it."""

    def marked(self, mark: Mark) -> int:
        """Count the rows with a cell that stands out as *mark*."""
        return sum(any(cell.mark is mark for cell in row) for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the report: a Markdown and an HTML file, and one CSV file for each table."""

    name: str
    """Of its files."""
    title: str
    about: tuple[str, ...]
    """Paragraphs before the tables."""
    tables: tuple[Table, ...]


def row(*cells: str | Cell) -> Row:
    """Return a row of texts and of cells that stand out."""
    return tuple(one if isinstance(one, Cell) else Cell(one) for one in cells)


def reason(text: str | None) -> Cell:
    """Return the cell of a reason, or one that says that there is none."""
    return Cell(text) if text else Cell(NOT_EXPLAINED, Mark.OPEN)


def lines(texts: Iterable[str]) -> str:
    """Join what stands below each other in one cell."""
    return "\n".join(texts)
