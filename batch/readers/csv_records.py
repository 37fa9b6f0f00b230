"""CSV records: how the values of a CSV file are parted, and its text as records.

Files that keep to the rules go through the csv module. Where it finds a quote that does not fit, or swallows whole
rows because one is missing, the file is split by rules that keep such a quote where it stands.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from batch.wording import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What may stand between values, the likeliest first, and how people are told of it."""

HEAD: Final = 1 << 16
"""Characters in which the separator is looked for: too few for the csv module to find a cell too long."""

_SEP_LINE: Final = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
_BREAK: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How values are parted in a file."""

    delimiter: str
    sep_line: str = ""
    """The line that says so, with its end, where there is one."""
    spaced: bool = False
    """Whether blanks stand between a separator and a quote."""
    returns: bool = False
    """Whether lines end as they did on old Macs."""

    @property
    def words(self) -> str:
        """How people are told of it."""
        said = DELIMITERS.get(self.delimiter, f'the character "{self.delimiter}"') + " between the values"
        said += f', as its line "{self.sep_line.strip()}" says' if self.sep_line else ""
        return said + (", and with the line ends of old Macs" if self.returns else "")


def detect_dialect(head: str, headers: Collection[str]) -> Dialect:
    """Return how values are parted, from the beginning of a file and the headers that may stand in it."""
    said = _SEP_LINE.match(head)
    delimiter = said[1] if said else _detect_delimiter(head, headers)
    return Dialect(
        delimiter=delimiter,
        sep_line=said[0] if said else "",
        spaced=re.search(rf'^[^"\r\n]*{re.escape(delimiter)} +"', head, re.MULTILINE) is not None,
        returns="\n" not in head and "\r" in head,
    )


def _detect_delimiter(head: str, headers: Collection[str]) -> str:
    """Return what gives the most known headers, then the most cells."""
    known = {folded(header) for header in headers}

    def fit(delimiter: str) -> tuple[int, int]:
        lines = io.StringIO(head, newline="")
        rows = list(islice(csv.reader(lines, delimiter=delimiter), 20))
        cells = max((len(row) for row in rows), default=0)
        return max((sum(folded(cell) in known for cell in row) for row in rows), default=0), cells

    return max(DELIMITERS, key=fit)  # the first of equals


def neat_records(text: io.TextIOBase, dialect: Dialect) -> Iterator[list[str]]:
    """Yield the records of a file that keeps to the rules.

    Raises:
        csv.Error: It does not: a quote is not closed, or stands where none can, or whole rows are inside of quotes.
    """
    if dialect.sep_line:
        text.readline()
    records = csv.reader(text, delimiter=dialect.delimiter, skipinitialspace=dialect.spaced, strict=True)
    commas = lines = 0
    for record in records:
        commas = commas or max(len(record) - 1, 0)
        if records.line_num > lines + 1 and any(_holds_rows(cell, dialect.delimiter, commas) for cell in record):
            raise csv.Error
        lines = records.line_num
        yield record


def _holds_rows(cell: str, delimiter: str, commas: int) -> bool:
    """Tell whether most lines in the midst of a cell look like rows of their own."""
    lines = [line for line in _BREAK.split(cell)[1:-1] if line]
    fitting = [line for line in lines if commas and line.count(delimiter) == commas]
    return 2 * len(fitting) > len(lines)


@dataclass(slots=True, kw_only=True)
class LooseRecords:
    """Splits a file that does not keep to the rules.

    A value that begins with a quote goes as far as the rules say, if a separator or the end of the line follows.
    Else quotes in it may be escaped by a backslash, or not at all as long as it stays on its line. Else the quote is
    part of the text.
    """

    dialect: Dialect
    escaped: bool = False
    """Whether quotes were escaped by backslashes."""
    odd_rows: list[int] = field(default_factory=list)
    """Records with quotes that were taken as text."""

    def records(self, text: str) -> Iterator[list[str]]:
        """Yield the records.

        Raises:
            csv.Error: A value is longer than any spreadsheet has.
        """
        values, on_one_line = _value_pattern(self.dialect, _LONG_FORMS), _value_pattern(self.dialect)
        loose = re.compile(rf'"(?P<loose>[^\r\n]*?)"{_end(self.dialect)}')
        never_closed = 0  # no quote before it ends a value: looked for once a line, not once a value
        delimiter = self.dialect.delimiter
        place = len(self.dialect.sep_line)
        number = commas = 0
        while place < len(text):
            number += 1
            record: list[str] = []
            more = True
            while more:
                found = _found(values, text, place)
                if found.lastgroup in {"long", "long_escaped"} and _holds_rows(found[0], delimiter, commas):
                    found = _found(on_one_line, text, place)
                quote = found.start("plain")
                if quote >= never_closed and text.startswith('"', quote):
                    found, never_closed = _with_odd_quote(loose, text, quote, found)
                record.append(self._understood(found, number))
                place = found.end()
                more = text.startswith(delimiter, place)
                place += 1 + text.startswith("\r\n", place)
            commas = commas or len(record) - 1
            yield [] if record == [""] else record

    def _understood(self, found: re.Match[str], number: int) -> str:
        form = found.lastgroup or ""
        value = found[form]
        if len(value) > csv.field_size_limit():
            raise csv.Error
        if form in {"escaped", "long_escaped"}:
            self.escaped = True
            return re.sub(r"\\([\"\\])", r"\1", value).replace('""', '"')
        odd = form == "loose" or (form == "plain" and value.startswith('"'))
        if odd and number not in self.odd_rows[-1:]:
            self.odd_rows.append(number)
        return value.replace('""', '"') if form in {"doubled", "long"} else value


_SHORT_FORMS: Final = (r"(?P<doubled>(?:[^\"\r\n]++|\"\")*+)", r"(?P<escaped>(?:[^\"\\\r\n]++|\\[^\r\n]|\"\")*+)")
_LONG_FORMS: Final = (r"(?P<long>(?:[^\"]++|\"\")*+)", r"(?P<long_escaped>(?:[^\"\\]++|\\[\s\S]|\"\")*+)")


def _value_pattern(dialect: Dialect, forms: Sequence[str] = ()) -> re.Pattern[str]:
    """Return what finds one value, in the first of the forms that fits."""
    quoted = "|".join(f'"{form}"{_end(dialect)}' for form in (*_SHORT_FORMS, *forms))
    plain = rf"(?P<plain>[^{re.escape(dialect.delimiter)}\r\n]*)"
    return re.compile(rf"{' *' if dialect.spaced else ''}(?:{quoted}|{plain})")


def _end(dialect: Dialect) -> str:
    """Return what must follow the quote that ends a value."""
    return rf" *(?=[{re.escape(dialect.delimiter)}\r\n]|\Z)"


def _with_odd_quote(loose: re.Pattern[str], text: str, quote: int, plain: re.Match[str]) -> tuple[re.Match[str], int]:
    """Return the value that a quote begins against the rules, and up to where no other quote ends one."""
    if closed := loose.match(text, quote):
        return closed, 0
    line_end = _BREAK.search(text, quote)
    return plain, len(text) if line_end is None else line_end.start()


def _found(pattern: re.Pattern[str], text: str, place: int) -> re.Match[str]:
    found = pattern.match(text, place)
    assert found is not None  # noqa: S101 - its last form takes anything, also nothing
    return found
