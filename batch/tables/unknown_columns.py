"""Unknown columns: which of them could mean something of ours.

A column is judged by its header and by what its cells look like. One that may be meant is a problem until it is
understood or said to be the user's own; every other is the user's own.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from itertools import islice
from typing import Final, TypeAlias

from batch.readers.workbook import CellError, CellValue, NoValue, RawSheet
from batch.schema.column_model import NO_WORDS, YES_WORDS, Parser, Sheet, vocabulary, vocabulary_of
from batch.schema.columns import DIDS, RESULT_HEADERS, SHEETS
from batch.schema.problems import Problem
from batch.tables.password_cells import names_secret
from batch.tables.regions import Region, cells_below, is_blank
from batch.tables.repairs import SHORTENED
from batch.wording import folded, letters, listed, some_of, words_in

_SAMPLE: Final = 2_000
"""So many different values of a column are looked at."""
_MOST_TOLD: Final = 20
"""Problems of this kind on one sheet that are told one by one; the rest of the columns is told at once."""
_LONGEST: Final = 40
"""Characters of a cell that are quoted."""
_CELL: Final = 1_000
"""Characters of a cell that are looked at."""
_NAMED: Final = 8
"""Columns that are named in a sentence."""

Below: TypeAlias = Callable[[int], Sequence[CellValue]]
"""Gives the cells below the header at a position (0 is A), from the next row on."""

HIDES: Final = "Its cells come back as <hidden> in results."
"""Said of a column whose header says that secrets stand below it."""


class Sense(StrEnum):
    """What a header says of its column."""

    OURS = "a word of ours"
    HINT = "a word that may be ours or the user's"
    OWN = "a word for a column of the user's own"
    BOTH = "a word of ours beside one for a column of the user's own"
    NOTHING = "nothing"


_SEVERAL: Final = vocabulary_of("several")
_OURS: Final = (
    frozenset(folded(text) for sheet in SHEETS for column in sheet.columns for text in column.headers)
    | frozenset(folded(text) for sheet in SHEETS for text in sheet.names)
    | vocabulary_of("ours")
) - _SEVERAL
_HINTS: Final = _SEVERAL | vocabulary_of("hints")
_OWN: Final = vocabulary_of("numbered") | vocabulary_of("own")
_NOT_OURS: Final = vocabulary_of("ordinary") - vocabulary_of("telephony")
_MOST: Final = 5
"""So many words next to each other may be one of ours."""


@cache
def _sense_of(header: str) -> Sense:
    """Return what a header says of its column."""
    plain = folded(header)
    words = words_in(header)
    runs = {"".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + _MOST, len(words)) + 1)}
    ours = not runs.isdisjoint(_OURS) or _has_stem(plain, "our_stems")
    own = not _OWN.isdisjoint(words) or plain in _NOT_OURS or _has_stem(plain, "own_stems")
    counts = not vocabulary_of("counts").isdisjoint(runs)
    if ours:
        return Sense.BOTH if own and not counts else Sense.OURS
    if own and not counts:
        return Sense.OWN
    hints = counts or not _HINTS.isdisjoint(words) or _has_stem(plain, "hint_stems")
    return Sense.HINT if hints else Sense.NOTHING


def _has_stem(plain: str, kind: str) -> bool:
    return any(stem in plain for stem in vocabulary_of(kind))


def _stands_in_for(header: str) -> frozenset[str]:
    """Return the fields for which people use such a header."""
    return frozenset(name for name, words in vocabulary()["stand_ins"].items() if folded(header) in words.split())


class CellLook(StrEnum):
    """What a cell looks like."""

    NUMBER = "a telephone number"
    RANGE = "a range of numbers"
    COUNT = "a count or a short number"
    SWITCH = "a switch"
    HOST = "a host"
    SECRET = "a password"  # noqa: S105 - what the cells look like
    CHOICE = "a word that the PBX or this tool knows"
    OTHER = "text"


_FAR: Final = frozenset({CellLook.NUMBER, CellLook.RANGE, CellLook.HOST, CellLook.SECRET})
_ANY: Final = frozenset(CellLook)
_TELLING: Final[Mapping[Sense, frozenset[CellLook]]] = {
    Sense.OURS: _ANY,
    Sense.BOTH: _FAR,
    Sense.HINT: _ANY - {CellLook.OTHER},
    Sense.NOTHING: _ANY - {CellLook.OTHER},
    Sense.OWN: frozenset({CellLook.RANGE, CellLook.NUMBER}),
}
"""What cells look like that may be meant, by what their header says."""

_DATE: Final = re.compile(
    r"\d{1,4}([./-])\d{1,2}\1\d{1,4}(?:[ T].*)?|\d{1,2}:\d{2}(?::\d{2})?(?: ?- ?\d{1,2}:\d{2})?"
    r"|\d+[.,]\d{1,2}|-?(?:0|[1-9]\d{0,2})[.,]\d{4,6}"
)
"""Dates, times, amounts of money, and places on the globe."""
_COUNTED: Final = re.compile(
    r"x? ?[0-9]{1,5} ?(?:er|x|stk|stück|pcs|numbers|nos|dids|ddis|(?:ruf)?nummern|num[eé]ros|n[uú]meros|lines|[个個])"
    r"\.?(?:[ -]?blo(?:ck|c|que))?|blo(?:ck|c|que) (?:of|de|à|von) \d{1,5}|(?:\.+|…|bis|to|à|au|al|hasta|[至到]) ?\d+",
    re.IGNORECASE,
)
_YEARS: Final = re.compile(r"(?:19|20)[0-9]{2} ?[-/\N{EN DASH}] ?(?:(?:19|20)?[0-9]{2})")
_ENDS: Final = re.compile(r"\+?[0-9]{4,} ?(?:-|\N{EN DASH}|\.\.+| to ) ?\+?[0-9]{2,}|\+?[0-9]{7,} ?/ ?[0-9]{2,4}")
_FIRST_END: Final = re.compile(r"(?<=[0-9]) ?(?:[-/\N{EN DASH}.]| to )")
_HOST: Final = re.compile(
    r"(?:sips?:)?(?:[a-z0-9_-]+\.)+[a-z]{2,}(?::[0-9]+)?|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?", re.IGNORECASE
)
_SECRET: Final = re.compile(
    r"(?:env|file):.+|(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[!$%&*=?^~|<>{}])[^\s@]{8,}", re.IGNORECASE
)
_DIALLED: Final = re.compile(r"\+?[0-9XZN\[\]()./ -]*[0-9XZN\])][.!]?", re.IGNORECASE)
_LOOKS: Final = (
    (_DATE, CellLook.OTHER),
    (_YEARS, CellLook.OTHER),
    (_ENDS, CellLook.RANGE),
    (_COUNTED, CellLook.COUNT),
    (_HOST, CellLook.HOST),
)
_SWITCHES: Final = (YES_WORDS | NO_WORDS) - {"0", "1"}
_CHOICES: Final = frozenset(
    choice
    for sheet in SHEETS
    for column in sheet.columns
    if column.parser is Parser.CHOICE
    for choice in column.choices
) | frozenset(["delete", "löschen", "entfernen", "ersetzen", "supprimer", "remplacer", "eliminar", "borrar", "删除"])
_LEAST_DIGITS: Final = 7
"""Fewer are an extension, a count or some other short number."""
_DATED: Final = re.compile(
    r"20[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9][0-2][0-9][0-5][0-9]{3}|(?:19|20)[0-9]{2} ?[-/.] ?[0-9/-]+"
)
"""A moment to the second, and what is numbered by years."""
_CALLED: Final = range(9, 16)
"""So many digits, or a ``+``, make a number that can be called out of those of customers, orders and tickets."""
_MANY: Final = re.compile(r"[,;&|\r\n]+")
_PARTS: Final = 5
"""So many parts of a cell that holds many are looked at."""


def look_of(value: CellValue) -> CellLook:
    """Return what a cell that is not blank looks like."""
    match value:
        case bool():
            return CellLook.SWITCH
        case int() | float():
            return _look_of_text(f"{value:.0f}") if float(value).is_integer() else CellLook.OTHER
        case str():
            parts = [part.strip() for part in islice(_MANY.split(value[:_CELL]), _PARTS)]
            looks = {CellLook.NUMBER} if SHORTENED.fullmatch(value.strip()) else {_look_of_text(p) for p in parts if p}
            return looks.pop() if len(looks) == 1 else CellLook.OTHER
        case _:
            return CellLook.OTHER


def _look_of_text(text: str) -> CellLook:
    if text.casefold() in _SWITCHES:
        return CellLook.SWITCH
    if text.casefold() in _CHOICES:
        return CellLook.CHOICE
    for pattern, look in _LOOKS:
        if pattern.fullmatch(text):
            return look
    digits = sum(c in "0123456789Xx" for c in text)
    if any(c.isdigit() for c in text) and _DIALLED.fullmatch(text):
        return CellLook.NUMBER if digits >= _LEAST_DIGITS else CellLook.COUNT
    return CellLook.SECRET if _SECRET.fullmatch(text) else CellLook.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stranger:
    position: int
    header: str
    """As it stands there; blank where there is none."""
    look: CellLook
    row: int
    """Of a cell that looks so."""
    value: str
    """What stands in it; blank where it might be a secret."""


def unclear(
    sheet: Sheet, sheet_name: str, row: int, own: Mapping[int, str], known: Collection[str], below: Below
) -> tuple[list[Problem], set[int]]:
    """Ask about columns that could mean something of ours; also return where they stand.

    ``own`` are the positions and headers, perhaps blank, of columns that are not known; ``known`` the fields that other
    columns mean.
    """
    groups: dict[tuple[str, CellLook], list[_Stranger]] = defaultdict(list)
    lacking = {column.field for column in sheet.columns} - set(known)
    for position, header in own.items():
        stranger = _judged(position, header, row, below(position), lacking)
        if stranger is not None:
            # of two columns of numbers, none is offered as the one that lacks: they may be the ends of ranges
            both = stranger.look is CellLook.NUMBER and not lacking.isdisjoint(_CANDIDATES[CellLook.NUMBER])
            groups["" if both else re.sub(r"[\W\d_]+", "", header).casefold(), stranger.look].append(stranger)
    alike = list(groups.values())
    if len(alike) > _MOST_TOLD:
        alike[_MOST_TOLD:] = [[stranger for group in alike[_MOST_TOLD:] for stranger in group]]
    positions = {stranger.position for group in alike for stranger in group}
    return [_problem(sheet, sheet_name, row, group, known) for group in alike], positions


def _judged(
    position: int, header: str, row: int, cells: Sequence[CellValue], lacking: AbstractSet[str]
) -> _Stranger | None:
    if (header.startswith("#") and header != "#") or header in RESULT_HEADERS or header.endswith("(yours)"):
        return None
    sense = _sense(header, lacking)
    if sense in {Sense.NOTHING, Sense.OWN} and names_secret(header):
        return None  # a PIN of the user's own; a password is a word of ours
    values = [value for value in dict.fromkeys(cells) if not is_blank(value)]
    values = values[:: len(values) // _SAMPLE + 1]
    looks = _telling_looks(sense, header, values)
    if not looks or (sense is Sense.NOTHING and _are_row_numbers(values)):
        return None
    look = Counter(looks.values()).most_common(1)[0][0]
    example = next(value for value in looks if looks[value] is look)
    hidden = names_secret(header) or look is CellLook.SECRET
    return _Stranger(
        position=position,
        header=header,
        look=look,
        row=row + 1 + list(cells).index(example),
        value="" if hidden else shown_cell(example),
    )


def _sense(header: str, lacking: AbstractSet[str]) -> Sense:
    if header == "#":  # as people head the column in which they number their rows
        return Sense.OWN
    return _sense_of(header) if lacking.isdisjoint(_stands_in_for(header)) else Sense.OURS


def _telling_looks(sense: Sense, header: str, values: Sequence[CellValue]) -> dict[CellValue, CellLook]:
    """Return the looks of the values that could mean something of ours; none where they are too few to tell."""
    looks = {value: look for value in values if (look := look_of(value)) in _TELLING[sense]}
    if sense is Sense.OWN:
        words = map(folded, re.findall(r"[^\W\d_]+", header))
        surely_none = not vocabulary_of("numbered").isdisjoint(words)  # but of something else than telephones
        looks = {v: look for v, look in looks.items() if _is_called(v) and (not surely_none or look is CellLook.RANGE)}
    if 2 * len(looks) >= len(values):
        return looks
    if sense not in {Sense.NOTHING, Sense.HINT}:
        return {}
    # among other texts, a number that can be called is still one
    return {v: look for v, look in looks.items() if look in {CellLook.NUMBER, CellLook.RANGE} and _is_called(v)}


def _is_called(value: CellValue) -> bool:
    """Tell whether a number, or the first of several in a cell or of a range, is one that can be called."""
    text = f"{value:.0f}" if isinstance(value, float) else str(value)
    first = next((part for part in _MANY.split(text[:_CELL]) if part.strip()), "").strip()
    first = _FIRST_END.split(first)[0] if _ENDS.fullmatch(first) else first
    return "+" in first or (not _DATED.fullmatch(first) and sum(map(str.isdigit, first)) in _CALLED)


def _are_row_numbers(values: Sequence[CellValue]) -> bool:
    texts = [f"{value:.0f}" if isinstance(value, float) else str(value).strip() for value in values]
    return len(texts) > 1 and texts == [str(number) for number in range(1, len(texts) + 1)]


def shown_cell(value: CellValue) -> str:
    """Write a cell as it is quoted in a sentence."""
    text = value.text if isinstance(value, CellError) else value.formula if isinstance(value, NoValue) else str(value)
    plain = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def _problem(sheet: Sheet, sheet_name: str, row: int, group: Sequence[_Stranger], known: Collection[str]) -> Problem:
    first, one = group[0], len(group) == 1
    headers = [stranger.header for stranger in group if stranger.header]
    place = f"{letters(first.position)}{row}"
    example = f"{letters(first.position)}{first.row}"
    said = f"{example} says {first.value!r}" if first.value else f"{example} is filled"
    looks = f", which looks like {first.look}" if first.look is not CellLook.OTHER else ""
    typed = "#Remark" if first.header in {"", "#"} else f"#{first.header}"
    return Problem(
        code="column-unknown",
        sheet=sheet_name,
        row=row,
        column=first.position,
        header=first.header,
        value=first.header,
        message=f"{_called(group, headers)} not known, so nothing in {'it' if one else 'them'} would be sent; "
        f"{said}{looks}.",
        fix=f"{_meant(sheet, group, known, place)} If {'it is a column' if one else 'they are columns'} of your own, "
        f"type {typed} in {place}{'' if one else ', and # in front of the others likewise'}."
        + (f" {HIDES}" if any(map(names_secret, headers)) else ""),
    )


def _called(group: Sequence[_Stranger], headers: Sequence[str]) -> str:
    if headers:
        return f"The column {listed(headers)} is" if len(group) == 1 else f"The columns {listed(headers, _NAMED)} are"
    called = _lettered([stranger.position for stranger in group])
    return f"Column {called} has no header: it is" if len(group) == 1 else f"Columns {called} have no header: they are"


_CANDIDATES: Final[Mapping[CellLook, tuple[str, ...]]] = {
    CellLook.NUMBER: ("did", "outbound_cid"),
    CellLook.RANGE: ("did", "outbound_cid", "outbound_cid_to_ext_range"),
    CellLook.COUNT: ("extensions", "id", "port"),
    CellLook.SWITCH: ("enable", "enb_outbound_proxy"),
    CellLook.HOST: ("hostname", "domain", "outbound_proxy_server"),
    CellLook.SECRET: ("password",),
    CellLook.CHOICE: ("type", "transport", "action", "outbound_cid_option"),
    CellLook.OTHER: (),
}
"""What a column may be, by what its cells look like."""
_NUMBERS_OF_TRUNKS: Final = (
    "If they are DIDs, name the column DIDs, or the columns DID 1, DID 2 and so on; a block goes into one cell, such "
    "as 442079460100..442079460199. A caller ID needs extensions, so it goes into a row of the sheet Caller IDs; "
    "Default caller ID is the one for all other calls."
)


def _meant(sheet: Sheet, group: Sequence[_Stranger], known: Collection[str], place: str) -> str:
    """Say what to do if columns are meant: what a single one may be that the sheet lacks, or where such things go."""
    look, meant = group[0].look, _stands_in_for(group[0].header)
    missing = [column for column in sheet.columns if column.field not in known]
    lacking = [c.label for c in missing if c.field in meant] or [
        c.label for c in missing if c.field in _CANDIDATES[look]
    ]
    counts = look is CellLook.COUNT and not vocabulary_of("counts").isdisjoint(words_in(group[0].header))
    if lacking and len(group) == 1 and not counts:
        return f"If it is the {' or the '.join(lacking)}, type that in {place}."
    match look:
        case CellLook.NUMBER | CellLook.RANGE | CellLook.COUNT if sheet.required:
            return _NUMBERS_OF_TRUNKS
        case CellLook.NUMBER | CellLook.RANGE | CellLook.COUNT:
            label = "DID" if sheet is DIDS else "Caller ID"
            return (
                f"If these are numbers to send, choose the header that fits: {label} 2 is another number of the row, "
                f"{label} to is the last one of a block, Quantity is its size; a country or area code goes into the "
                "number."
            )
        case CellLook.CHOICE if not sheet.required:
            return (
                "One mode applies to all rows of a trunk: set it on the sheet Trunks, under Caller IDs mode, DIDs mode."
            )
        case CellLook.HOST | CellLook.SWITCH | CellLook.SECRET | CellLook.CHOICE:
            return "A trunk's setting belongs on the sheet Trunks, under its own header."
        case CellLook.OTHER:
            return "If it is one of the columns of this sheet, give it that header."


def _lettered(positions: Sequence[int]) -> str:
    return some_of(map(letters, positions), _NAMED)


def nameless(
    sheet: Sheet, raw: RawSheet, region: Region, known: Mapping[str, int], own: Collection[int]
) -> list[Problem]:
    """Tell of columns with values and without a header.

    In a CSV file a value beyond the last header is a problem: an unquoted separator has shifted the cells of its row.
    ``known`` has, by field, the positions of columns that mean something all the same.
    """
    last = max((position for position, cell in region.header.items() if not is_blank(cell)), default=-1)
    start = region.header_row + 1
    filled: dict[int, list[int]] = {}
    for position, cell in region.header.items():
        if not is_blank(cell) or position in known.values() or position in own:
            continue
        values = cells_below(raw, region, position)
        if values.count("") < len(values):
            filled[position] = [row for row, value in enumerate(values, start) if not is_blank(value)]
    shifted = {position: rows for position, rows in filled.items() if rows and raw.dialect and position > last}
    blank = dict.fromkeys((position for position, rows in filled.items() if rows and position not in shifted), "")
    asked, strange = unclear(sheet, raw.name, region.header_row, blank, known, partial(cells_below, raw, region))
    kept = [position for position in blank if position not in strange]
    problems = [*_shifted(raw, region, shifted), *asked]
    if kept:
        called = _lettered(kept)
        problems.append(
            Problem(
                code="own-column",
                sheet=raw.name,
                row=region.header_row,
                column=kept[0],
                message=f"Column {called} has no header: a column of your own, kept as it is and not sent."
                if len(kept) == 1
                else f"Columns {called} have no header: columns of your own, kept as they are and not sent.",
                fix="Nothing to do. If its values should be sent, give it a header.",
            )
        )
    return problems


def _shifted(raw: RawSheet, region: Region, columns: Mapping[int, list[int]]) -> list[Problem]:
    firsts: dict[int, int] = {}
    for position, rows in sorted(columns.items()):
        for row in rows:
            firsts.setdefault(row, position)
    if len(firsts) > _TOO_MANY_TO_BE_SLIPS and 2 * len(firsts) > region.end - region.header_row - 1:
        at = min(firsts.values())
        return [
            Problem(
                code="cell-shifted",
                sheet=raw.name,
                row=region.header_row,
                column=at,
                message=f"{len(firsts):,} rows have a value in column {letters(at)}, which has no header.",
                fix="Give the column a header, with # in front if it is a column of your own; or check whether the "
                "values contain the separator and need quotes around them.",
            )
        ]
    separator = raw.dialect.delimiter.replace("\t", "tab") if raw.dialect else ""
    return [
        Problem(
            code="cell-shifted",
            sheet=raw.name,
            row=row,
            column=position,
            message="The row has more values than there are headers, so its values may be in the wrong columns.",
            fix=f'Put "quotes" around the value that contains the separator ({separator}), or delete the extra values.',
        )
        for row, position in sorted(firsts.items())
    ]


_TOO_MANY_TO_BE_SLIPS: Final = 20
