"""Cells: one column of values turned into text, and what is wrong with any of them.

Until a column holds something odd it is handled whole; only cells that are not text, or odd text, are looked at one
by one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, cast

from batch.readers.workbook import CellError, CellPicture, CellValue, NoValue
from batch.schema.column_model import CLEAR, CellKind, Column, Parser
from batch.schema.problems import KINDS, LEFT_AS_TAKEN, Finding, Problem, Retype, Severity
from batch.secrets import HIDDEN, NoSecret, Secret
from batch.tables.numerals import MAX_EXACT, column_context, cut_finding, date_finding, number_finding, truth_finding
from batch.tables.repairs import POINT_ZERO_OFF, looks_sound, lost_text, placeholder_finding, placeholders, repaired
from batch.tables.written_numbers import each_in_a_row, one_of_them, separate_numbers, surely_together
from batch.wording import spans

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONTROL_OR_BREAK: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ONLY_NUMBERS: Final = re.compile(r"(?>\+?[0-9]{7,15}[\s;,]+)+\+?[0-9]{7,15}[\s;,]*")
_MANY_LINES: Final = frozenset({Parser.EXTENSIONS, Parser.GROUPS, Parser.CODECS})
_COMPARED: Final = frozenset({Parser.DIAL, Parser.EXTENSIONS, Parser.TEXT, Parser.NAME, Parser.GROUPS})
"""Columns in which a number may have lost a ``+`` or zeros that others still have."""
_TOLD_OF_NUMBERS: Final = _COMPARED | {Parser.EXTENSION_RANGE, Parser.HOST, Parser.LABEL, Parser.SECRET}
"""Columns in which a number is worth telling: text belongs there."""

TYPE_AGAIN: Final = "<type again>"
"""What results write into a password cell whose trunk is not finished."""

MAX_TOLD: Final = 1_000
"""Notices of one kind in one column that are told one by one; the rest of them is told at once, with the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlace:
    """One known column of one sheet, from its first row below the header down."""

    sheet_name: str
    column: Column
    position: int
    """0 is A."""
    header: str
    first_row: int
    formats: Mapping[int, str] = field(default_factory=dict)
    """By row number: as `RawSheet.formats` has it."""
    formulas: Mapping[int, str] = field(default_factory=dict)
    """By row number: as `RawSheet.formulas` has it."""

    def problem(
        self, code: str, offset: int, message: str, fix: str, value: str = "", *, offers: tuple[str, ...] = ()
    ) -> Problem:
        """Make a problem at the cell ``offset`` rows down; of a password, neither value nor offers are kept."""
        secret = self.column.parser is Parser.SECRET
        return Problem(
            code=code,
            sheet=self.sheet_name,
            row=self.first_row + offset,
            column=self.position,
            header=self.header,
            value=HIDDEN if secret and value != TYPE_AGAIN else value,
            message=message,
            fix=fix,
            offers=() if secret else offers,
        )

    def found(self, offset: int, finding: Finding) -> Problem:
        """Make a problem or notice of what was found in the cell ``offset`` rows down."""
        problem = self.problem(finding.code, offset, finding.message, finding.fix, finding.found, offers=finding.offers)
        return replace(problem, retype=finding.retype) if problem.offers and finding.retype else problem


FindSecret: TypeAlias = Callable[[str], Secret | NoSecret]
"""Turns the text of a password cell into the secret, or into the reason why it cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTexts:
    """A column as text."""

    texts: Sequence[Any]
    """One for each cell, text or `Secret`; ``""`` where it is blank or at fault."""
    problems: list[Problem]
    """In no order."""
    numbers: AbstractSet[int] = frozenset()
    """Rows whose cell held a plain number, or a text that was one, which cannot keep a ``+`` or zeros in front."""

    @property
    def faulty(self) -> frozenset[int]:
        """The rows of which a cell could not be read."""
        return frozenset(problem.row for problem in self.problems if problem.stops)


def texts_of(place: ColumnPlace, values: list[CellValue]) -> ColumnTexts:
    """Turn a column into text; a cell at fault becomes ``""`` and a problem."""
    findings: _Findings = defaultdict(list)
    numbers: list[int] = []
    texts = cast("list[str]", values)
    joined = _joined(set(texts) if place.column.parser is Parser.TRUNK else texts)
    if joined is None:
        texts, numbers = _typed(place, values, findings)
        joined = _joined(texts) or ""
    if place.column.kind is CellKind.SECRET:
        texts = _without_placeholders(place, [text if text.strip() else "" for text in texts], findings)
    else:
        texts, were_numbers = _understood(place, texts, joined, findings)
        numbers += were_numbers
    if numbers:
        texts = _compared(place, texts, numbers, findings)
    untold = (offset for offset in numbers if offset not in findings)
    return ColumnTexts(
        texts=texts,
        problems=[
            *problems_of(place, ((offset, finding) for offset, found in findings.items() for finding in found)),
            *(_plain_numbers(place, texts, list(untold)) if place.column.parser in _TOLD_OF_NUMBERS else ()),
        ],
        numbers=frozenset(place.first_row + offset for offset in numbers),
    )


_Findings: TypeAlias = defaultdict[int, list[Finding]]
"""By how many rows down the cell stands."""


def _joined(values: Iterable[str]) -> str | None:
    """Put texts together, so that anything odd in them is seen at once; None where one of them is no text at all."""
    try:
        return "".join(values)
    except TypeError:
        return None


def _understood(place: ColumnPlace, texts: list[str], joined: str, findings: _Findings) -> tuple[list[str], list[int]]:
    """Repair or ask about what is odd, looked at only where there may be any; also return which had been numbers."""
    sound = looks_sound(place.column.kind, joined)
    were_numbers: list[int] = []
    if not (sound and place.column.kind is CellKind.NUMBER):
        if not sound or joined.split(maxsplit=1) != [joined]:  # odd, or a blank: perhaps around a value
            texts, were_numbers = _with_repairs(place, texts, findings, sound=sound)
        if not joined.isprintable():
            texts = _without_line_breaks(place, texts, findings)
        texts = _without_placeholders(place, texts, findings)
    if "<" in joined:
        texts = [CLEAR if text.casefold() == CLEAR else text for text in texts]
    if place.formulas:
        _note_formulas(place, texts, findings)
    return texts, were_numbers


def _typed(place: ColumnPlace, values: list[CellValue], findings: _Findings) -> tuple[list[str], list[int]]:
    """Turn the cells that are not text into text; also return which of them held a plain number."""
    texts: list[str] = []
    numbers: list[int] = []
    formats = place.formats
    for offset, value in enumerate(values):
        if isinstance(value, str):
            texts.append(value)
            continue
        if not formats and type(value) is float and value.is_integer() and 0 <= value < MAX_EXACT:
            found: str | Finding = str(int(value))
        else:
            found = _found_in(place, value, formats.get(place.first_row + offset, ""))
        if isinstance(found, Finding):
            findings[offset].append(found)
            texts.append(found.text)
        else:
            texts.append(found)
            if not isinstance(value, bool):
                numbers.append(offset)
    return texts, numbers


def _found_in(place: ColumnPlace, value: CellValue, number_format: str) -> str | Finding:
    """Understand a cell that is not text: what it says as text, or what was found in it."""
    kind, example = place.column.kind, place.column.example
    match value:
        case str():
            return value
        case CellPicture():
            return Finding(
                code="cell-picture",
                found="",
                message="The cell contains a picture instead of a value.",
                fix="Type the value in the cell; pictures may be beside the table or in a column of your own.",
            )
        case CellError(text):
            return Finding(
                code="cell-error",
                found=text,
                message=f"The spreadsheet shows {text} here.",
                fix=_anew(place),
            )
        case NoValue(formula):
            return Finding(
                code="cell-no-value",
                found=formula,
                message="The cell contains a formula, but the file does not contain its result.",
                fix="Open the file in Excel or LibreOffice, save it and try again; or type the value.",
            )
        case bool():
            if place.column.parser is Parser.YES_NO:
                return str(value).lower()
            return truth_finding(kind, value=value, example=example)
        case int() | float():
            return number_finding(kind, float(value), number_format, example)
        case dt.date() | dt.time() | dt.timedelta():
            return date_finding(kind, value, number_format, example)


def _anew(place: ColumnPlace) -> str:
    """Say what to do with a cell from which nothing can be taken."""
    return f"Type the value{', or clear the cell' if place.column.may_be_blank else ''}."


def _without_placeholders(place: ColumnPlace, texts: list[str], findings: _Findings) -> list[str]:
    """Ask about cells that say that there is nothing."""
    known = placeholders(place.column.kind)
    if known.isdisjoint(texts):
        return texts
    kept = list(texts)
    for offset, text in enumerate(texts):
        if text in known:
            kept[offset] = ""
            findings[offset] = [placeholder_finding(place.column, place.column.kind, text)]
    return kept


def _with_repairs(
    place: ColumnPlace, texts: list[str], findings: _Findings, *, sound: bool
) -> tuple[list[str], list[int]]:
    """Repair odd texts, and find those from which nothing can be taken; also return which had been numbers.

    Equal texts are looked at once; of those that are all ``sound``, only at blanks around a value.
    """
    kind = place.column.kind
    if sound and list(map(str.strip, texts)) == texts:
        return texts, []
    odd = (t for t in dict.fromkeys(texts) if t != t.strip() or not (sound or looks_sound(kind, t)))
    looked_at = {text: finding for text in odd if (finding := _repair(place, text)) is not None}
    if not looked_at:
        return texts, []
    for offset, text in enumerate(texts):
        if (finding := looked_at.get(text)) and (finding.text or finding.code != "cell-repaired"):
            findings[offset].append(finding)
    were_numbers = {text for text, finding in looked_at.items() if _was_number(finding)}
    return (
        [looked_at[text].text if text in looked_at else text for text in texts],
        [offset for offset, text in enumerate(texts) if text in were_numbers] if were_numbers else [],
    )


def _repair(place: ColumnPlace, text: str) -> Finding | None:
    """Repair one text, or say why nothing can be taken from it; None where nothing is odd."""
    text_left, done = repaired(place.column.kind, text)
    if lost := lost_text(place.column.kind, text_left):
        return replace(lost, fix=_anew(place)) if lost.code == "cell-error" else lost
    if not done:
        return None
    return Finding(code="cell-repaired", found=text, message=" ".join(done), offers=(text_left,), text=text_left)


def _was_number(finding: Finding) -> bool:
    return finding.code == "cell-repaired" and POINT_ZERO_OFF in finding.message and finding.text[0] not in "+0"


def _without_line_breaks(place: ColumnPlace, texts: list[str], findings: _Findings) -> list[str]:
    unwanted = _CONTROL if place.column.parser in _MANY_LINES else _CONTROL_OR_BREAK
    takes_many = place.column.parser is Parser.DIAL and not place.column.sent
    kept = list(texts)
    for offset, text in enumerate(texts):
        if not unwanted.search(text):
            continue
        if takes_many and (_ONLY_NUMBERS.fullmatch(text) or separate_numbers(text)):
            kept[offset] = "\n".join(filter(None, (part.strip() for part in unwanted.split(text))))
            continue
        typed = findings[offset][0].found if findings[offset] else text  # before anything was taken off
        findings[offset] = [_broken(place, typed, text, " ".join(unwanted.sub(" ", text).split()))]
        kept[offset] = ""
    return kept


def _many_numbers(found: str, numbers: Sequence[str]) -> Finding:
    fix = one_of_them(each_in_a_row(numbers))
    advice, _, listed = fix.partition(": ")
    return Finding(
        code="many-numbers",
        found=found,
        message=f"The cell contains {len(numbers):,} numbers, but a row takes only one.",
        fix=fix,
        retype=Retype(f"{advice}:", listed[:-1]) if listed else None,
    )


def _broken(place: ColumnPlace, found: str, text: str, anew: str) -> Finding:
    """Say what to do with a cell that holds a line break, where there must be none."""
    retype = Retype("Type", "the value again, on one line")
    fix = f"Type the value again: {anew}" if anew else _anew(place)
    if place.column.kind is CellKind.NUMBER and anew:
        if numbers := separate_numbers(text):
            return _many_numbers(found, numbers)
        anew = surely_together(anew)
        fix = retype.fix([anew] if anew else [])
    return Finding(
        code="cell-line-break",
        found=found,
        message="The cell contains a line break or an invisible character.",
        fix=fix,
        offers=(anew,) if anew else (),
        retype=retype,
    )


def _note_formulas(place: ColumnPlace, texts: Sequence[str], findings: _Findings) -> None:
    for row, formula in place.formulas.items():
        offset = row - place.first_row
        if 0 <= offset < len(texts) and texts[offset]:
            findings[offset].append(
                Finding(
                    code="cell-formula",
                    found=formula,
                    message="The cell contains a formula; its result in the file is used as the value.",
                    offers=(texts[offset],),
                )
            )


def _compared(place: ColumnPlace, texts: list[str], numbers: Sequence[int], findings: _Findings) -> list[str]:
    """Put plain numbers against the column's other cells, and ask about those where the others have more in front."""
    if place.column.parser not in _COMPARED:
        return texts
    held = frozenset(numbers)
    near = column_context(text for offset, text in enumerate(texts) if offset not in held)
    if near is None:
        return texts
    kept = list(texts)
    for offset in numbers:
        forms = near.forms_of(texts[offset])
        if forms is not None:
            findings[offset] = [cut_finding(texts[offset], forms)]
            kept[offset] = ""
    return kept


def problems_of(place: ColumnPlace, found: Iterable[tuple[int, Finding]]) -> Iterator[Problem]:
    """Make problems and notices of what was found, each with how many rows down it is.

    Notices of one kind that the column is full of are told at once by their rows; a problem is told by itself.
    """
    told: Counter[str] = Counter()
    rest: dict[str, list[int]] = defaultdict(list)
    for offset, finding in found:
        told[finding.code] += KINDS[finding.code].severity is Severity.NOTICE
        if told[finding.code] > MAX_TOLD:
            rest[finding.code].append(offset)
        else:
            yield place.found(offset, finding)
    for code, offsets in rest.items():
        yield same_for(place, code, sorted(offsets))


def same_for(place: ColumnPlace, code: str, offsets: Sequence[int]) -> Problem:
    """Tell a notice of many cells at once, with their rows; ``offsets`` are ascending."""
    rows = spans(place.first_row + offset for offset in offsets)
    message = f"The same applies to {len(offsets):,} more cells of this column: rows {rows}."
    return place.problem(code, offsets[0], message, LEFT_AS_TAKEN)


def _plain_numbers(place: ColumnPlace, texts: Sequence[str], offsets: Sequence[int]) -> Iterator[Problem]:
    for offset in offsets[:MAX_TOLD]:
        message = "The cell contains a number, not text; its digits are used."
        yield place.problem("cell-number", offset, message, LEFT_AS_TAKEN, texts[offset], offers=(texts[offset],))
    if rest := offsets[MAX_TOLD:]:
        yield same_for(place, "cell-number", rest)


_NO_PASSWORDS: Final = {
    TYPE_AGAIN: (
        "secret-hidden",
        "Results do not contain passwords, and this trunk is not finished, so its password must be sent again.",
        "Type the password again, or env:NAME or file:PATH; or clear the cell to leave the password unchanged.",
        TYPE_AGAIN,
    ),
    CLEAR: (
        "clear-not-allowed",
        "A password cannot be emptied.",
        "Type the new password, or clear the cell to leave the password unchanged.",
        "",
    ),
}
"""What a password cell cannot say: code, message, fix, and the value that is shown."""


def secrets_of(place: ColumnPlace, column: ColumnTexts, find_secret: FindSecret) -> ColumnTexts:
    """Turn a password column into secrets, looked up where a cell says ``env:`` or ``file:``; blank stays ``""``."""
    secrets: list[Secret | str] = []
    problems = list(column.problems)
    for offset, text in enumerate(column.texts):
        secret: Secret | str = ""
        word = text.strip().casefold()
        if word in _NO_PASSWORDS:
            code, message, fix, value = _NO_PASSWORDS[word]
            problems.append(place.problem(code, offset, message, fix, value))
        elif word and word != HIDDEN:
            found = find_secret(text)
            if isinstance(found, NoSecret):
                problems.append(place.problem(found.code, offset, found.message, found.fix))
            else:
                secret = found
                problems += _looks_of(place, offset, found)
        secrets.append(secret)
    return replace(column, texts=secrets, problems=problems)


def _looks_of(place: ColumnPlace, offset: int, secret: Secret) -> list[Problem]:
    value, limit = secret.reveal(), place.column.limit
    if limit is not None and len(value) > limit:
        return [
            place.problem(
                "too-long",
                offset,
                f"{place.column.label} takes at most {limit} characters; this value has {len(value)}.",
                "Type a shorter one, or check that env: or file: names the right source.",
            )
        ]
    if value == value.strip():
        return []
    return [
        place.problem(
            "secret-blanks",
            offset,
            "The password begins or ends with a space, and the space is sent too.",
            "Remove the space, unless it is part of the password.",
        )
    ]
