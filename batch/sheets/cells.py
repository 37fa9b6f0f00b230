"""Cells: one column of values turned into text, and what is wrong with any of them.

Until a column holds something else than text it is handled whole; only cells that are not text are looked at one
by one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from batch.secrets import HIDDEN, Secret
from batch.sheets.layout import CLEAR, Column, Parser
from batch.sheets.problems import Problem
from batch.sheets.workbooks import CellError, CellValue, NoValue

TYPE_AGAIN: Final = "<type again>"
"""What results write into a password cell whose trunk is not finished."""

MAX_EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number."""

_INVISIBLE: Final = r"\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
"""What comes along when numbers are copied from mails and contact lists; joiners that scripts need are not among it."""
_UNSEEN: Final = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f{_INVISIBLE}]")
_UNSEEN_OR_BREAK: Final = re.compile(rf"[\x00-\x1f\x7f\u2028\u2029{_INVISIBLE}]")
_MANY_LINES: Final = frozenset({"extensions", "extension_groups", "codec_sel"})

FindSecret: TypeAlias = Callable[[str], Secret | str]
"""Turns the text of a password cell into the secret, or into the reason why it cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
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

    def problem(self, code: str, offset: int, message: str, fix: str, value: str = "") -> Problem:
        """Make a problem at the cell ``offset`` rows down."""
        return Problem(
            code=code,
            sheet=self.sheet_name,
            row=self.first_row + offset,
            column=self.position,
            header=self.header,
            value=HIDDEN if self.column.parser is Parser.SECRET and value != TYPE_AGAIN else value,
            message=message,
            fix=fix,
        )


def texts_of(strip: Strip, values: list[CellValue]) -> tuple[list[str], list[Problem]]:
    """Turn a column into text; a cell at fault becomes ``""`` and a problem."""
    problems: list[Problem] = []
    texts: list[str]
    if set(map(type, values)) <= {str}:
        texts = values  # type: ignore[assignment] # just seen to be all text
    else:
        texts = []
        for offset, value in enumerate(values):
            text = value if isinstance(value, str) else _text_of(strip, offset, value)
            if isinstance(text, Problem):
                problems.append(text)
                text = ""
            texts.append(text)
    if strip.column.parser is Parser.SECRET:
        return [text if text.strip() else "" for text in texts], problems
    joined = "".join(texts)
    if joined.split(maxsplit=1) != [joined]:  # a blank somewhere: perhaps around a value
        texts, notices = _without_outer_blanks(strip, texts)
        problems += notices
    if not joined.isprintable():
        texts, breaks = _without_line_breaks(strip, texts)
        problems += breaks
    if "<" in joined:
        texts = [CLEAR if text.casefold() == CLEAR else text for text in texts]
    return texts, problems


def _without_outer_blanks(strip: Strip, texts: list[str]) -> tuple[list[str], list[Problem]]:
    stripped = list(map(str.strip, texts))
    if stripped == texts:
        return texts, []
    return stripped, [
        strip.problem(
            "cell-repaired",
            offset,
            "Blanks before or after the value were taken off.",
            "Nothing to do.",
            before,
        )
        for offset, (before, after) in enumerate(zip(texts, stripped, strict=True))
        if after and before != after
    ]


def _without_line_breaks(strip: Strip, texts: list[str]) -> tuple[list[str], list[Problem]]:
    unwanted = _UNSEEN if strip.column.field in _MANY_LINES else _UNSEEN_OR_BREAK
    return [text if not unwanted.search(text) else "" for text in texts], [
        strip.problem(
            "cell-line-break",
            offset,
            "The cell holds a line break or a character that cannot be seen.",
            _typed_anew(re.sub(rf"[{_INVISIBLE}]", "", text), unwanted),
            text,
        )
        for offset, text in enumerate(texts)
        if unwanted.search(text)
    ]


def _typed_anew(text: str, unwanted: re.Pattern[str]) -> str:
    text = " ".join(unwanted.sub(" ", text).split())
    return f"Type the value anew: {text}" if text else "Clear the cell."


def _text_of(strip: Strip, offset: int, value: CellValue) -> str | Problem:
    """Turn a cell that is not text into text, or into a problem."""
    example = strip.column.example
    match value:
        case str():
            return value
        case CellError(text):
            return strip.problem(
                "cell-error",
                offset,
                f"The spreadsheet shows {text} here.",
                "Type the value itself, or clear the cell.",
                text,
            )
        case NoValue(formula):
            return strip.problem(
                "cell-no-value",
                offset,
                "The cell has a formula, but its result is not in the file.",
                "Open the file in the spreadsheet program, save it and try again; or type the value itself.",
                formula,
            )
        case bool():
            if strip.column.parser is Parser.YES_NO:
                return str(value).lower()
            return strip.problem(
                "cell-boolean",
                offset,
                f"The spreadsheet holds {str(value).upper()} here, not text.",
                f"Format the cell as text and type the value again, like {example}.",
                str(value).upper(),
            )
        case int() | float():
            return _digits(strip, offset, float(value))
        case dt.date() | dt.time() | dt.timedelta():
            return strip.problem(
                "cell-date",
                offset,
                "The spreadsheet turned what was typed here into a date or time.",
                f"Format the cell as text and type the value again, like {example}.",
                str(value),
            )


def _digits(strip: Strip, offset: int, number: float) -> str | Problem:
    if abs(number) >= MAX_EXACT:
        return strip.problem(
            "cell-number-lost",
            offset,
            "The number has more than 15 digits; the spreadsheet has changed the last ones.",
            "Format the cell as text and type the number again.",
            f"{number:.0f}" if abs(number) < 1e30 else repr(number),
        )
    if number.is_integer() and number >= 0:
        return str(int(number))
    if number >= 0 and strip.column.parser in {Parser.TEXT, Parser.SECRET}:
        return repr(number)
    return strip.problem(
        "cell-fraction",
        offset,
        "The cell holds a number with decimals or a minus sign.",
        f"Format the cell as text and type the value again, like {strip.column.example}.",
        repr(number),
    )


def secrets_of(strip: Strip, texts: Sequence[str], find_secret: FindSecret) -> tuple[list[Secret | str], list[Problem]]:
    """Turn a password column into secrets, looked up where a cell says ``env:`` or ``file:``; blank stays ``""``."""
    secrets: list[Secret | str] = []
    problems: list[Problem] = []
    for offset, text in enumerate(texts):
        secret: Secret | str = ""
        word = text.strip().casefold()
        if word == TYPE_AGAIN:
            problems.append(
                strip.problem(
                    "secret-hidden",
                    offset,
                    "The password was hidden when the results were written, and this trunk is not finished.",
                    "Type the password again, or env:NAME or file:PATH; or clear the cell to leave it as it is.",
                    TYPE_AGAIN,
                )
            )
        elif word == CLEAR:
            problems.append(
                strip.problem(
                    "clear-not-allowed",
                    offset,
                    "A password cannot be emptied.",
                    "Type the new password, or clear the cell to leave it as it is.",
                )
            )
        elif word and word != HIDDEN:
            found = find_secret(text)
            if isinstance(found, str):
                problems.append(
                    strip.problem(
                        "secret-not-found", offset, found, "Set it before running, or type the password here."
                    )
                )
            else:
                secret = found
                problems += _looks_of(strip, offset, found)
        secrets.append(secret)
    return secrets, problems


def _looks_of(strip: Strip, offset: int, secret: Secret) -> list[Problem]:
    value, limit = secret.reveal(), strip.column.limit
    if limit is not None and len(value) > limit:
        return [
            strip.problem(
                "too-long",
                offset,
                f"{strip.column.label} has at most {limit} characters; this has {len(value)}.",
                "Type a shorter one; env: or file: may point at the wrong thing.",
            )
        ]
    if value == value.strip():
        return []
    return [
        strip.problem(
            "secret-blanks",
            offset,
            "The password begins or ends with a blank, and will be sent so.",
            "If the blank is not part of it, take it off.",
        )
    ]
