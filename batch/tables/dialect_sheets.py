"""Dialect sheets: a sheet that another system wrote, known by its headers, and its cells in our words."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from batch.readers.workbook import CellValue, RawSheet
from batch.schema.column_model import NO_WORDS, ListSheet, Sheet, words_of
from batch.schema.columns import CALLER_IDS, RESULT_HEADERS, TRUNKS
from batch.schema.dialects import RowsAre, SheetDialect, dialect_of, is_reserved
from batch.schema.problems import Problem
from batch.tables.columns_file import Fit, SheetColumns
from batch.tables.repairs import ADDRESS_WORDS
from batch.tables.table import Table
from batch.wording import counted, folded, letters, listed

_ROWS: Final = 30
"""So many rows from the top are thought to hold the header."""
_NAMED: Final = 8
"""Headers that are named in a sentence."""


def dialect_in(raw: RawSheet, sheet: str = "") -> SheetDialect | None:
    """Return how a sheet is written if its headers say so; ``sheet`` is the title of the only one that it may be."""
    for offset in range(min(raw.height, _ROWS)):
        cells = (column[offset] for column in raw.columns)
        headers = {folded(cell) for cell in cells if isinstance(cell, str)}
        if len(headers) > 1 or (headers and len(raw.columns) == 1):
            found = dialect_of(headers, sheet)
            if found is not None:
                return found
    return None


def words_of_dialect(dialect: SheetDialect | None, given: SheetColumns) -> Mapping[str, str]:
    """Return the headers by which a dialect means a column of ours, and its field; not what the columns file says."""
    columns = {} if dialect is None else dialect.columns
    return {header: name for name, headers in columns.items() if name not in given.columns for header in headers}


def fit_dialect(dialect: SheetDialect | None, sheet: Sheet, header: Mapping[int, CellValue], fitted: Fit) -> Fit:
    """Add to what the columns file says of a header's cells what the dialect says; our own word goes before it."""
    if dialect is None:
        return fitted
    texts = {
        position: folded(cell)
        for position, cell in header.items()
        if isinstance(cell, str) and cell.strip() and not cell.startswith("#") and cell.strip() not in RESULT_HEADERS
    }
    ours, positions = words_of(sheet), dict(fitted.positions)
    taken = {*positions.values(), *fitted.own}
    for name, headers in dialect.columns.items():
        found = [at for word in headers for at, text in texts.items() if text == word and at not in taken]
        is_ours = folded(sheet.column(name).label) in {*texts.values()} - {*headers}
        if found and name not in positions and name not in fitted.alone and not is_ours:
            positions[name] = found[0]
            taken.add(found[0])
    named = {*dialect.useless, *dialect.useful, *dialect.mask}
    named |= {header for headers in (*dialect.columns.values(), *dialect.by_hand.values()) for header in headers}
    theirs = {
        at
        for at, text in texts.items()
        if at not in taken
        and not is_reserved(text)
        and (text in named or dialect.others is None or (text not in ours and text in dialect.others))
        and ours.get(text) in {None, *positions}
    }
    return replace(fitted, positions=positions, theirs=frozenset(theirs))


def in_our_words(table: Table, problems: list[Problem]) -> tuple[Table, list[Problem]]:
    """Put the cells of a sheet that another system wrote into our words, and say as what it was read."""
    dialect = table.dialect
    if dialect is None:
        return table, problems
    done: list[str] = []
    if table.sheet is TRUNKS:
        done += _types_of_cloud(table)
        table = _without_idle_proxies(table, done)
    elif table.sheet is CALLER_IDS and table.has("extensions"):
        table = _with_members(_with_bare_callers(table, done), done)
        table = _with_lines_together(table, done) if dialect.rows is RowsAre.LINES else table
    elif isinstance(sheet := table.sheet, ListSheet) and table.has(sheet.number):
        problems = _addresses_at_once(table, sheet.number, problems, done)
        table = _with_bare_numbers(table, dialect, sheet.number, done)
        if dialect.mask:
            table, faults = _without_masks(table, dialect, sheet.number, done)
            problems = [*problems, *faults]
    return table, [*problems, _as_read(table, dialect, done)]


def _as_read(table: Table, dialect: SheetDialect, done: Sequence[str]) -> Problem:
    """Say as what a sheet was read, what was read otherwise than it is written, and what of it is not sent."""
    headers, known = table.header_texts, words_of(table.sheet)
    meant = [
        f"{headers[at]!r} ({letters(at)}) is {table.sheet.column(name).label}"
        for name, at in sorted(table.fit.positions.items(), key=lambda item: item[1])
        if folded(headers[at]) not in known
    ]
    left = [headers[at] for at in sorted(table.fit.theirs)]
    sentences = [f"{table.sheet.title}: read as {dialect.called}.", *([f"{', '.join(meant)}."] if meant else [])]
    sentences += [*done, *([f"Not sent: {listed(left, _NAMED)}."] if left else [])]
    return Problem(
        code="dialect-read",
        sheet=table.name,
        row=table.header_row,
        column=min(headers, default=0),
        message=" ".join(sentences),
        fix="Nothing to do, if that is right; if not, put # in front of one of its headers.",
    )


def _types_of_cloud(table: Table) -> Iterator[str]:
    """Say which words for types of trunks mean one that the API calls otherwise."""
    meant = dict(TRUNKS.column("type").synonyms)
    words = dict.fromkeys(map(str.casefold, table.texts("type")))
    said = [word for word in words if word in meant and not word.startswith(meant[word])]
    if said:
        yield f"{', '.join(said)} {'was' if len(said) == 1 else 'were'} read as {meant[said[0]]}."


_PROXY: Final = ("enb_outbound_proxy", "outbound_proxy_server", "outbound_proxy_port")


def _without_idle_proxies(table: Table, done: list[str]) -> Table:
    """Leave out that the outbound proxy is off where the type of trunk has none; the portal says it of every trunk."""
    switch, kind = TRUNKS.column(_PROXY[0]), TRUNKS.column("type")
    types = [dict(kind.synonyms).get(text.casefold(), text.casefold()) for text in table.texts("type")]
    has_none = [text in kind.choices and text not in switch.types for text in types]
    is_off = [text.casefold() in NO_WORDS for text in table.texts(switch.field)]
    idle = list(map(operator.and_, has_none, is_off))
    if not any(idle):
        return table
    said = list(dict.fromkeys(text for text, none in zip(types, idle, strict=True) if none))
    what = f"{' and '.join(said)} {'trunk' if sum(idle) == 1 else 'trunks'}"
    done.append(f"That {switch.label} is off is not sent of {sum(idle):,} {what}: such a trunk has none.")
    left = {
        name: ["" if none else text for none, text in zip(idle, table.texts(name), strict=True)]
        for name in _PROXY
        if table.has(name)
    }
    return replace(table, columns={**table.columns, **left})


_ADDRESS: Final = re.compile(r"(?:tel|sips?):", re.IGNORECASE)


def _addresses_at_once(table: Table, name: str, problems: list[Problem], done: list[str]) -> list[Problem]:
    """Tell once, rather than cell by cell, that numbers stand in the file as ``tel:`` or ``sip:`` has them."""
    position = table.headers.columns[name]
    told = [p for p in problems if p.code == "cell-repaired" and p.column == position]
    count = sum(_ADDRESS.match(text) is not None for text in table.beside(position)) if told else 0
    if not count or len({problem.message for problem in told if problem.value} - ADDRESS_WORDS):
        return problems
    what = "1 address" if count == 1 else f"{count:,} addresses"
    done.append(f"Of {what} (tel: or sip:) only the number is used.")
    return [problem for problem in problems if problem not in told]


def _with_bare_numbers(table: Table, dialect: SheetDialect, name: str, done: list[str]) -> Table:
    """Take off the signs in front of numbers that are no part of them."""
    numbers = table.texts(name)
    if not dialect.in_front or dialect.in_front not in "".join(numbers):
        return table
    bare = [text.lstrip(dialect.in_front) for text in numbers]
    count = sum(map(operator.ne, bare, numbers))
    done.append(f"The {dialect.in_front} in front of {counted(count, 'number')} was removed.")
    return replace(table, columns={**table.columns, name: bare})


_CALLER: Final = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<name>[^"<>]*?))\s*<(?P<number>[^<>]+)>\s*')


def _with_bare_callers(table: Table, done: list[str]) -> Table:
    """Part ``"Anna" <442079460100>`` into name and number."""
    numbers, named = table.texts("outbound_cid"), table.texts("outbound_cid_name")
    found = [_CALLER.fullmatch(text) for text in numbers]
    count = sum(map(bool, found))
    if not count:
        return table
    was = "was" if count == 1 else "were"
    done.append(f"{counted(count, 'caller')} in the form name <number> {was} split into name and number.")
    texts = [one["number"].strip() if one else text for one, text in zip(found, numbers, strict=True)]
    names = [text or (one and (one["quoted"] or one["name"])) or "" for one, text in zip(found, named, strict=True)]
    at, text = table.headers.columns["outbound_cid"], table.headers.texts["outbound_cid"]
    headers = replace(
        table.headers,
        columns={"outbound_cid_name": at, **table.headers.columns},
        texts={"outbound_cid_name": text, **table.headers.texts},
    )
    columns = {**table.columns, "outbound_cid": texts, "outbound_cid_name": names}
    return replace(table, headers=headers, columns=columns)


def _with_lines_together(table: Table, done: list[str]) -> Table:
    """Name the extensions of all lines that show one number in the first of them; a word like hidden is no number."""
    numbers = [text if any(map(str.isdecimal, text)) else "" for text in table.texts("outbound_cid")]
    table = replace(table, columns={**table.columns, "outbound_cid": numbers})
    keys = list(zip(table.texts("trunk"), numbers, strict=True))
    members: dict[tuple[str, str], list[str]] = {}
    for key, extension in zip(keys, table.texts("extensions"), strict=True):
        members.setdefault(key, []).append(extension)
    if all(len(extensions) == 1 or not key[1] for key, extensions in members.items()):
        return table
    done.append("Extensions with the same number become one entry.")
    texts = [", ".join(dict.fromkeys(members[key])) for key in keys]
    return replace(table, columns={**table.columns, "extensions": texts})


_FEWEST: Final = 7
"""Digits of a number that can be called from outside."""


def _without_masks(table: Table, dialect: SheetDialect, name: str, done: list[str]) -> tuple[Table, list[Problem]]:
    """Fill in the X of masks from the ends of numbers; a blank mask stands for a number that can be called."""
    at = next((at for at, text in table.header_texts.items() if folded(text) == dialect.mask[1]), None)
    if at is None:
        return table, []
    numbers = [text.lstrip(dialect.in_front) for text in table.beside(at)]
    masks = [""] * table.height if table.headers.columns[name] == at else table.texts(name)
    found = [_unmasked(mask, number) for mask, number in zip(masks, numbers, strict=True)]
    whose = table.header_texts[at]
    faults = [
        table.problem(
            "no-number",
            row,
            name,
            f"{mask} needs the last {counted(_places(mask), 'digit')} of {whose}, which is {number!r}.",
            "Type the whole number instead of the mask.",
            value=mask,
        )
        for row, mask, number, text in zip(table.rows(), masks, numbers, found, strict=True)
        if mask and not text
    ]
    filled = sum(bool(text and _places(mask)) for text, mask in zip(found, masks, strict=True))
    if filled:
        done.append(f"The X in {counted(filled, 'mask')} were replaced by digits of {whose}.")
    faulty = {**table.faulty, name: table.faulty.get(name, frozenset()) | {problem.row for problem in faults}}
    return replace(table, columns={**table.columns, name: found}, faulty=faulty), faults


def _unmasked(mask: str, number: str) -> str:
    """Put the last digits of a number in place of the X of a mask; ``""`` where it has too few."""
    if not mask:
        return number if sum(map(str.isdecimal, number)) >= _FEWEST else ""
    places = _places(mask)
    digits = number[-places:] if places else ""
    if len(digits) < places or not (digits.isdecimal() or not places):
        return ""
    rest = iter(digits)
    return "".join(next(rest) if sign in "Xx" else sign for sign in mask)


def _places(mask: str) -> int:
    return mask.upper().count("X")


PERHAPS_JOINED: Final = "\N{INVISIBLE SEPARATOR}"
"""Stands for an ``&`` between two names of groups, or inside of one: only the PBX knows which."""


_EXTENSIONS: Final = re.compile(r"[\s,;]*[0-9]{1,7}(?:[\s,;]+[0-9]{1,7})*[\s,;]*")
_NEEDS_QUOTES: Final = re.compile(r'[,;"#]')


def _with_members(table: Table, done: list[str]) -> Table:
    """Read the one column with extensions, groups or a range as the portal does, and a blank option as *single*."""
    options = [text or "shared" for text in table.texts("outbound_cid_option")]
    kinds = [option.casefold() == "range" for option in options]
    texts = table.texts("extensions")
    members = {text: portal_members(text) for text in set(texts)}
    read = {
        "extensions": ["" if is_range else members[text][0] for is_range, text in zip(kinds, texts, strict=True)],
        "extension_groups": ["" if is_range else members[text][1] for is_range, text in zip(kinds, texts, strict=True)],
        "outbound_cid_to_ext_range": [text if is_range else "" for is_range, text in zip(kinds, texts, strict=True)],
    }
    blank = table.texts("outbound_cid_option").count("")
    if blank and table.has("outbound_cid_option"):
        done.append(f"{counted(blank, 'blank Option')} {'was' if blank == 1 else 'were'} read as single.")
    new = {name: column for name, column in read.items() if name == "extensions" or not table.has(name)}
    at, text = table.headers.columns["extensions"], table.headers.texts["extensions"]
    headers = replace(
        table.headers,
        columns={**dict.fromkeys(new, at), **table.headers.columns},
        texts={**dict.fromkeys(new, text), **table.headers.texts},
    )
    return replace(table, headers=headers, columns={**table.columns, **new, "outbound_cid_option": options})


def portal_members(text: str) -> tuple[str, str]:
    """Part extensions from groups, which the portal joins all with ``&``; returns a cell of each kind."""
    extensions: list[str] = []
    groups: list[str] = []
    for part in filter(None, map(str.strip, text.split("&"))):
        if _EXTENSIONS.fullmatch(part):
            extensions.append(part)
        else:
            groups.append('"{}"'.format(part.replace('"', '""')) if _NEEDS_QUOTES.search(part) else part)
    return ", ".join(extensions), PERHAPS_JOINED.join(groups)


_EXT: Final = re.compile(r";\s*ext=([0-9]+)", re.IGNORECASE)


def set_by_hand(table: Table) -> Mapping[int, str]:
    """Return by row what another system says in it that is no part of a trunk, and where it is set by hand."""
    parts: list[list[str]] = []
    for where, columns in _to_set(table).items():
        named = ([f"{column.header} {text}" if text else "" for text in column.texts] for column in columns)
        rows = (", ".join(filter(None, row)) for row in zip(*named, strict=True))
        parts.append([f"{text} {where}" if text else "" for text in rows])
    texts = ("; ".join(filter(None, row)) for row in zip(*parts, strict=True))
    return {row: text for row, text in zip(table.rows(), texts, strict=False) if text}


class _Beside(NamedTuple):
    """A column that is no part of a trunk."""

    header: str
    position: int
    texts: Sequence[str]
    """One for each row."""


def _to_set(table: Table) -> Mapping[str, Sequence[_Beside]]:
    """Return what has to be set by hand, by where."""
    at = {folded(text): position for position, text in table.header_texts.items() if position in table.fit.theirs}
    found: dict[str, list[_Beside]] = {}
    for where, wanted in table.dialect.by_hand.items() if table.dialect else ():
        places = [at[header] for header in wanted if header in at]
        columns = [_Beside(table.header_texts[place], place, table.beside(place)) for place in places]
        if "ext" in wanted and isinstance(table.sheet, ListSheet) and table.has(table.sheet.number):
            place = table.headers.columns[table.sheet.number]
            exts = [ext[1] if (ext := _EXT.search(text)) else "" for text in table.beside(place)]
            columns.append(_Beside("ext", place, exts))
        if columns:
            found[where] = columns
    return found


def told_of_work_by_hand(table: Table) -> Iterator[Problem]:
    """Tell once of each thing that is no part of a trunk how many rows have it, and where it is set."""
    for where, columns in _to_set(table).items():
        filled = [(column, sum(map(bool, column.texts))) for column in columns if any(column.texts)]
        if not filled:
            continue
        first, headers = filled[0][0], [column.header for column, _ in filled]
        rows = max(count for _, count in filled)
        yield Problem(
            code="set-by-hand",
            sheet=table.name,
            row=table.header_row,
            column=first.position,
            header=table.header_texts[first.position],
            message=f"{listed(headers)} {'is' if len(headers) == 1 else 'are'} not part of a trunk, so what "
            f"{counted(rows, 'row')} {'says' if rows == 1 else 'say'} there is not sent.",
            fix=f"Set it by hand {where}; the results list it row by row in the column What to do.",
        )
