"""Guesses: which sheet and column of a workbook may mean what, written down as a columns file to be corrected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

from batch.readers.workbook import RawSheet, Workbook
from batch.schema.column_model import NO_WORDS, YES_WORDS, Column, ListSheet, Sheet, TrunkType
from batch.schema.columns import CODECS, NAME_FORBIDS, SHEETS, TRUNKS
from batch.tables.columns_file import SheetColumns, toml_key, toml_list, toml_text, words_with
from batch.tables.headers import Headers, header_text, match_headers
from batch.tables.regions import cells_below, find_region, is_blank
from batch.tables.rows import Tables
from batch.tables.sheets import is_ours
from batch.tables.table import Table
from batch.wording import folded, letters

_SURE: Final = 85.0
_PERHAPS: Final = 68.0
"""How alike, of a hundred, a header must be to be taken for a known one, and to be offered."""
_WORTH: Final = 1.5
"""What must speak for a sheet of another name: columns, those that are only likely by half; or all it must have."""
_SAMPLE: Final = 200
_ROWS: Final = 30
"""So many rows from the top are thought to hold the header."""

_HEAD: Final = """\
# Which sheet and column of {workbook} means what.
# Left of = is our column, right of it the header as the workbook has it, or "column C".
# Port = "" leaves a column alone. A line that begins with # is not read: take the # away if its guess is right.
# Above the columns may stand what all rows of the sheet say, like trunk = "London-1", and which rows are left out,
# like skip_where = {{status = ["deleted"]}}.
# Then: trunk-batch check WORKBOOK --columns {file}
"""


@dataclass(slots=True, kw_only=True)
class _Guess:
    sheet: Sheet
    raw: RawSheet
    row: int
    sure: dict[str, int] = field(default_factory=dict)
    """Field to position."""
    perhaps: dict[str, int] = field(default_factory=dict)

    named: bool = False
    """Whether the sheet is known by its name."""
    shown: set[int] = field(default_factory=set)
    """Positions whose header may be shown: in a row that is no header, a cell may be anything, a password too."""

    unclear: AbstractSet[int] = frozenset()
    """Positions of columns that could be the user's own, and could mean something."""

    table: Table | None = None
    """The sheet as it is read without such a file, if it is read."""

    @property
    def known(self) -> AbstractSet[str]:
        """Fields that have a column, sure or not."""
        return self.sure.keys() | self.perhaps.keys()

    @property
    def worth(self) -> float:
        return len(self.sure) + len(self.perhaps) / 2

    @property
    def is_sure(self) -> bool:
        """Whether the sheet is known, or has what it must have."""
        required = {column.field for column in self.sheet.columns if column.required}
        keys = self.sheet.required and not {"id", "name"} & self.sure.keys()
        return self.named or (required <= self.sure.keys() and not keys)


def guess_columns(workbook: Workbook, tables: Tables, file: str) -> str:
    """Write the best guess of a columns file, which will be called ``file``.

    What is sure stands there to be read; what is only likely is commented out.
    """
    names = frozenset(map(str, tables.trunks.texts("name"))) - {""}
    guesses: dict[str, _Guess] = {}
    for table in tables.counted:
        if table.raw is not None and table.raw.height:
            guess = _guess(table.sheet, table.raw, table.header_row, table.headers, names, table.fit.theirs)
            guess.named, guess.table = True, table
            guesses[table.sheet.title] = guess
            names |= _names(guess)
    taken = [guess.raw for guess in guesses.values()]
    others = [
        raw
        for raw in workbook.sheets
        if raw.height and not is_ours(raw, workbook.metadata) and not any(raw is other for other in taken)
    ]
    lacking = [sheet for sheet in SHEETS if sheet.title not in guesses]
    tried: list[_Guess] = []
    for sheet in lacking:  # the trunks come first: by their names the other sheets' links to them are known
        tried += [found for raw in others if (found := _tried(sheet, raw, names)) is not None]
        names |= frozenset().union(*map(_names, tried)) if sheet is TRUNKS else frozenset()
    for guess in sorted(tried, key=lambda one: (-one.is_sure, -one.worth)):
        if guess.sheet.title not in guesses and not any(guess.raw is other for other in taken):
            guesses[guess.sheet.title] = guess
            taken.append(guess.raw)
    lines = [_HEAD.format(workbook=_plain(workbook.path.name), file=_plain(file)).rstrip("\n")]
    for sheet in SHEETS:
        lines += ["", *_section(sheet, guesses.get(sheet.title))]
    return "\n".join(lines) + "\n"


def _names(guess: _Guess) -> frozenset[str]:
    at = guess.sure.get("name", guess.perhaps.get("name"))
    if at is None:
        return frozenset()
    cells = guess.raw.columns[at - guess.raw.first_column][guess.row - guess.raw.first_row + 1 :]
    return frozenset(map(header_text, cells)) - {""}


def _tried(sheet: Sheet, raw: RawSheet, names: frozenset[str]) -> _Guess | None:
    """Take a sheet of another name for one of the three; None where too little speaks for it."""
    region, _ = find_region(sheet, raw, words_with(sheet, SheetColumns()))
    if region is None:
        return None
    below = partial(cells_below, raw, region)
    headers, _ = match_headers(sheet, raw.name, region.header_row, region.header, ours=False, below=below)
    guess = _guess(sheet, raw, region.header_row, headers, names)
    required = {column.field for column in sheet.columns if column.required}
    known = guess.known
    whole = required <= known and len(known) > 1 and not (sheet.required and not {"id", "name"} & known)
    return guess if whole or guess.worth >= _WORTH else None


def _guess(
    sheet: Sheet,
    raw: RawSheet,
    row: int,
    headers: Headers,
    names: frozenset[str],
    theirs: AbstractSet[int] = frozenset(),
) -> _Guess:
    """Guess what the columns of a sheet mean; ``theirs`` are known, and mean nothing to a trunk."""
    headed = bool(headers.columns)
    if not headed:
        row, headed = _likely_header(sheet, raw, row)
    cells = {at: column[row - raw.first_row] for at, column in enumerate(raw.columns, raw.first_column)}
    by_position = {at: name for name, at in reversed([*headers.columns.items()])}  # of several in one column the first
    known = {name: headers.columns[name] for name in headers.columns if name in by_position.values()}
    shown = set(cells) if headed else set()
    guess = _Guess(sheet=sheet, raw=raw, row=row, sure=dict(known), shown=shown, unclear=headers.unclear)
    free = {
        at: header_text(cell)
        for at, cell in cells.items()
        if at not in {*known.values(), *headers.ours, *theirs} and not header_text(cell).startswith("#")
    }
    lacking = [column for column in sheet.columns if column.field not in headers.columns]
    for score, name, at in _alike(lacking, free):
        if name in guess.known or at not in free:
            continue
        (guess.sure if score >= _SURE else guess.perhaps)[name] = at
        del free[at]
    _guess_by_values(guess, [column.field for column in lacking], free, names)
    return guess


def _guess_by_values(guess: _Guess, lacking: Iterable[str], free: dict[int, str], names: frozenset[str]) -> None:
    tests = {**_TELLING, "trunk": names.__contains__}
    for name in (name for name in lacking if name in tests and name not in guess.known):
        told = next((at for at in free if _tells(guess.raw, guess.row, at, tests[name])), None)
        if told is not None:
            guess.perhaps[name] = told
            header = free.pop(told)
            guess.shown |= set() if tests[name](header) else {told}


def _likely_header(sheet: Sheet, raw: RawSheet, row: int) -> tuple[int, bool]:
    """Return the row that looks most like a header, the fullest of the first ones where none does, and which it is."""
    best, found = (0, 0), row
    for offset in range(min(raw.height, _ROWS)):
        texts = {at: text for at, column in enumerate(raw.columns) if (text := header_text(column[offset]))}
        alike = {at for _, _, at in _alike(sheet.columns, texts)}
        if (len(alike), len(texts)) > best:
            best, found = (len(alike), len(texts)), raw.first_row + offset
    return found, best[0] > 0


def _alike(columns: Iterable[Column], texts: Mapping[int, str]) -> list[tuple[float, str, int]]:
    """Return how alike headers are to known ones: score, field and position, the best first."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - only a guess needs it

    found = []
    for column in columns:
        words = [word for word in map(folded, column.headers) if len(word) > 2]
        for at, text in texts.items():
            plain = folded(text)
            score = max((fuzz.ratio(plain, word, score_cutoff=_PERHAPS) for word in words), default=0.0)
            if score and len(plain) > 2:
                found.append((score, column.field, at))
    return sorted(found, key=lambda one: -one[0])


def _digits(fewest: int, most: int) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        plain = re.sub(r"[\s()./-]", "", text).removeprefix("+")
        return plain.isdecimal() and fewest <= len(plain) <= most

    return fits


_HOST: Final = re.compile(r"(?=.*[a-z.])[a-z0-9-]+(\.[a-z0-9-]+)+|\d+(\.\d+){3}", re.IGNORECASE)
_TELLING: Final[Mapping[str, Callable[[str], bool]]] = {
    "type": lambda text: text.casefold() in set(TrunkType),
    "name": lambda text: re.search(r"[^\W\d]", text) is not None and not set(NAME_FORBIDS) & set(text),
    "enable": lambda text: text.casefold() in (YES_WORDS | NO_WORDS) - {"0", "1"},
    "transport": lambda text: text.casefold() in TRUNKS.column("transport").choices,
    "hostname": lambda text: _HOST.fullmatch(text) is not None,
    "port": lambda text: text.removesuffix(".0").isdecimal() and 1024 <= int(float(text)) <= 65535,
    "codec_sel": lambda text: all(word in CODECS for word in re.findall(r"[^\s,;]+", text.casefold())),
    "def_outbound_cid": _digits(7, 15),
    "outbound_cid_option": lambda text: text.casefold() in {"shared", "range"},
    "outbound_cid": _digits(7, 15),
    "outbound_cid_to_ext_range": lambda text: re.fullmatch(r"\d{2,7}\s*-\s*\d{2,7}", text) is not None,
    "extensions": lambda text: re.fullmatch(r"\d{2,6}(?:[,;&\s]+\d{2,6})*", text.removesuffix(".0")) is not None,
    "did": _digits(7, 15),
}
"""What the values of a column look like, where that is telling."""


def _tells(raw: RawSheet, row: int, at: int, telling: Callable[[str], bool]) -> bool:
    column = raw.columns[at - raw.first_column]
    values = islice((value for value in column[row - raw.first_row + 1 :] if not is_blank(value)), _SAMPLE)
    told = [telling(f"{v:.0f}" if isinstance(v, float) else str(v).strip()) for v in values]
    return bool(told) and sum(told) >= 0.8 * len(told)


def _section(sheet: Sheet, guess: _Guess | None) -> Iterator[str]:
    key = toml_key(sheet.title)
    if guess is None:
        yield f"# [{key}]"
        yield '# sheet = ""  # no sheet of the workbook looks like it; write the name of the one that is meant'
        return
    lines = _columns_of(sheet, key, guess)
    if guess.is_sure:
        yield from lines
    else:
        yield f"# The sheet {_plain(guess.raw.name)} may be {sheet.title}. If it is, take the # away from these lines."
        yield from (line if line.startswith("#") or not line else f"# {line}" for line in lines)


def _columns_of(sheet: Sheet, key: str, guess: _Guess) -> Iterator[str]:
    yield f"[{key}]"
    yield f"sheet = {toml_text(guess.raw.name)}"
    columns = {name: _called(guess, at) for name, at in guess.sure.items()}
    region, _ = find_region(sheet, guess.raw, words_with(sheet, SheetColumns(columns=columns)))
    found = region is not None and region.header_row == guess.row
    yield f"{'# ' if found else ''}header_row = {guess.row}{'  # found without being said' if found else ''}"
    yield from _own(guess)
    yield from _rows_and_constants(sheet, guess)
    yield ""
    yield f"[{key}.columns]"
    blocks = [column for column in sheet.every_column[len(sheet.columns) :] if column.field in guess.sure]
    for column in (*sheet.columns, *blocks):
        name = toml_key(column.label)
        if column.field in guess.sure:
            yield f"{name} = {toml_text(columns[column.field])}"
        elif column.field in guess.perhaps:
            yield f"# {name} = {toml_text(_called(guess, guess.perhaps[column.field]))}  # perhaps"
        else:
            yield f'# {name} = ""  # nothing fits'


def _rows_and_constants(sheet: Sheet, guess: _Guess) -> Iterator[str]:
    """Say which rows are left out and what all of them say, as it is known; show how all are given one trunk."""
    table = guess.table
    if table is not None and table.dialect is not None:
        yield f"# It is {table.dialect.called}: without this file it is read so, too."
    if table is not None:
        left_out = {table.header_texts[at]: list(words) for at, words in table.fit.skip_where.items()}
        for header, words in table.not_in_use.items():
            left_out[header] = [*left_out.get(header, ()), *words]
        marks = ", ".join(f"{toml_key(header)} = {toml_list(words)}" for header, words in left_out.items())
        yield from [f"skip_where = {{{marks}}}"] if marks else []
        for name, constant in table.constants.items():
            yield f"{toml_key(sheet.column(name).label)} = {toml_text(constant.text)}"
    is_whose = table is not None and "trunk" in table.constants
    if isinstance(sheet, ListSheet) and "trunk" not in guess.known and not is_whose:
        yield '# trunk = "London-1"  # the trunk of all rows, if it is one'


def _own(guess: _Guess) -> Iterator[str]:
    """Name the columns of the user's own; those that could mean something are commented out."""
    known = {*guess.sure.values(), *guess.perhaps.values()}
    known |= guess.table.fit.theirs if guess.table else frozenset()
    own = [at for at, text in _headers(guess).items() if text.lstrip("#") and at in guess.shown - known]
    if not own:
        return
    names = {at: toml_text(_called(guess, at)) for at in own}
    if guess.unclear.isdisjoint(own):
        yield f"own = [{', '.join(names.values())}]"
        return
    yield "own = ["
    for at, name in names.items():
        yield (
            f"  # {name},  # could be meant: take the # away if it is your own" if at in guess.unclear else f"  {name},"
        )
    yield "]"


def _headers(guess: _Guess) -> dict[int, str]:
    raw = guess.raw
    return {
        at: header_text(column[guess.row - raw.first_row]) for at, column in enumerate(raw.columns, raw.first_column)
    }


def _called(guess: _Guess, at: int) -> str:
    """Return what a column is called by: its header, or its letters where that names no or more than one."""
    headers = _headers(guess)
    alike = [other for other, text in headers.items() if folded(text) == folded(headers[at])]
    is_plain = folded(headers[at]) and len(alike) == 1 and at in guess.shown
    return headers[at] if is_plain else f"column {letters(at)}"


def _plain(text: str) -> str:
    """Return a text on one line, without what a comment cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)
