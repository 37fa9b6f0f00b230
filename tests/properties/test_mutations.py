"""One cell of a sound workbook, spoiled at random as spreadsheets spoil cells.

What comes of it is the same payloads, or a problem at that cell; never another payload, never a traceback.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.commands.check import Checked, check
from batch.settings import Settings
from batch.trunks.model import draft
from batch.wording import letters
from tests.corpus.making.books import Book, Cell, Row, rewrite, write_excel

_FORMS: Final = ("+44207946{:04d}", "004420794{:05d}", "44207946{:04d}", "0207946{:04d}", "79460{:02d}")
"""How the numbers of one workbook are written; all of a column alike, as people do it."""
_NO_RESULT: Final = "no result in the file"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A workbook without a fault."""

    sheets: Mapping[str, list[Row]]

    @property
    def number_cells(self) -> list[tuple[str, int, int]]:
        """Return the cells with numbers of any kind: sheet, row number, and column (0 is A)."""
        columns = {"Trunks": (0, 2, 3), "Caller IDs": (2, 4, 5), "DIDs": (1,)}
        return [
            (name, y + 1, x)
            for name, rows in self.sheets.items()
            for y, row in enumerate(rows)
            for x in columns[name]
            if y and row[x]
        ]


@st.composite
def sound_workbooks(draw: st.DrawFn) -> Sound:
    form = draw(st.sampled_from(_FORMS))
    bare = form.format(0).isdecimal() and not form.startswith("0")
    width = len(form.format(0).lstrip("+"))
    extensions = draw(st.sampled_from([(1001, 4), (21, 3), (100, 3)]))

    def extension(n: int) -> str:
        return str(extensions[0] + n).zfill(extensions[1])

    count = draw(st.integers(2, 4))
    dids = [("Trunk", "DID", "DID name")]
    dids += [("London-1", form.format(i), f"Desk {i}") for i in range(count)]
    if draw(st.booleans()) and width >= 8:
        dids.append(("Paris-1", f"{form.format(20)}-{form.format(24)}", ""))
    dids += [("Paris-1", form.format(30 + i), "") for i in range(2)]
    callers: list[Row] = [
        ("Trunk", "Option", "Caller ID", "Caller ID name", "Extension range", "Extensions", "Extension groups"),
        ("London-1", "shared", form.format(0), "Acme", "", f"{extension(1)}, {extension(2)}", ""),
        ("London-1", "shared", form.format(1), "Acme", "", extension(3), ""),
        ("London-1", "shared", form.format(2), "Acme", "", extension(4), "" if bare else "Sales"),
        ("Paris-1", "range", f"{form.format(10)}-{form.format(19)}", "", f"{extension(10)}-{extension(19)}", "", ""),
        ("Paris-1", "range", f"{form.format(40)}-{form.format(41)}", "", f"{extension(20)}-{extension(21)}", "", ""),
    ]
    trunks = [("Trunk ID", "Name", "Port", "Default caller ID")]
    trunks += [("11", "London-1", "5060", form.format(0)), ("12", "Paris-1", "5061", form.format(1))]
    return Sound(sheets={"Trunks": list(trunks), "Caller IDs": callers, "DIDs": list(dids)})


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())


def _inserted(what: str, text: str, at: float) -> str:
    place = round(at * len(text))
    return text[:place] + what + text[place:]


def _as_number(look: str, text: str, _at: float) -> Any:
    digits = _digits(text)
    return Cell(value=int(digits), format=look) if digits == text.lstrip("+") else text


def _shown_as_it_was(text: str, _at: float) -> Any:
    digits = _digits(text)
    if digits != text.lstrip("+"):
        return text
    return Cell(value=int(digits), format='"+"0' if text.startswith("+") else "0" * len(digits))


def _grouped(text: str, _at: float) -> Any:
    digits = _digits(text)
    if digits != text:
        return text
    return Cell(value=int(digits), format=f"{'0' * (len(digits) - 3)} 000" if len(digits) > 3 else "000")


def _full_width(text: str, _at: float) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c in "+0123456789" else c for c in text)


def _arabic(text: str, _at: float) -> str:
    return "".join(chr(0x660 + int(c)) if c.isdecimal() else c for c in text)


def _shortened(text: str, _at: float) -> str:
    digits = _digits(text).lstrip("0")
    return f"{digits[0]}.{digits[1:6] or '0'}E+{len(digits) - 1:02d}"


def _with_formula(text: str, _at: float) -> Cell:
    return Cell(value='="from a formula"', result=text)


def _with_number_from_formula(text: str, _at: float) -> Any:
    digits = _digits(text)
    return Cell(value="=1+1", result=int(digits)) if digits == text else text


def _smart_dash(text: str, _at: float) -> str:
    return text.replace("-", "\N{EN DASH}")


_DAMAGES: Final[Mapping[str, Callable[[str, float], Any]]] = {
    "number": partial(_as_number, ""),
    "number shown short": partial(_as_number, "0.00E+00"),
    "number with thousands": partial(_as_number, "#,##0"),
    "format that shows what was typed": _shown_as_it_was,
    "format with a blank": _grouped,
    "short form as text": _shortened,
    "short form with comma": lambda text, at: _shortened(text, at).replace(".", ","),
    "point zero": lambda text, _: f"{text}.0",
    "comma zero": lambda text, _: f"{text},0",
    "too many digits": lambda text, _: int(_digits(text).lstrip("0").ljust(17, "7")),
    "half a number": lambda text, _: int(_digits(text)[:12]) + 0.5,
    "day": lambda _, at: Cell(value=dt.date(2026, 1 + int(at * 11), 1 + int(at * 27)), format="d-mmm"),
    "month": lambda _, at: Cell(value=dt.date(2000 + int(at * 30), 1 + int(at * 11), 1), format="mmm-yy"),
    "time": lambda _, at: Cell(value=dt.time(int(at * 23), 30), format="h:mm"),
    "true": lambda _, at: at > 0.5,
    "error": lambda _, at: Cell(value="=NA()", result="#N/A" if at > 0.5 else "#REF!"),
    "formula": _with_formula,
    "formula with a number": _with_number_from_formula,
    "formula without result": lambda _, __: Cell(value="=1+1", result=_NO_RESULT),
    "apostrophe": lambda text, _: f"'{text}",
    "curly apostrophe": lambda text, _: f"\N{RIGHT SINGLE QUOTATION MARK}{text}",
    "no-break blank": partial(_inserted, "\N{NO-BREAK SPACE}"),
    "narrow no-break blank": partial(_inserted, "\N{NARROW NO-BREAK SPACE}"),
    "zero width": partial(_inserted, "\N{ZERO WIDTH SPACE}"),
    "directional mark": partial(_inserted, "\N{LEFT-TO-RIGHT MARK}"),
    "byte order mark": partial(_inserted, "\ufeff"),
    "soft hyphen": partial(_inserted, "\N{SOFT HYPHEN}"),
    "blank": partial(_inserted, " "),
    "outer blanks": lambda text, _: f" {text}\t",
    "full width": _full_width,
    "arabic digits": _arabic,
    "smart quotes": lambda text, _: f"\N{LEFT DOUBLE QUOTATION MARK}{text}\N{RIGHT DOUBLE QUOTATION MARK}",
    "smart dash": _smart_dash,
    "zero in brackets": partial(_inserted, "(0)"),
    "extension behind": lambda text, _: f"{text} x12",
    "extension spelled": lambda text, _: f"{text} ext. 12",
    "tel": lambda text, _: f"tel:{text}",
}


def _write(path: Path, sound: Sound, spoiled: Mapping[str, Any]) -> Checked:
    write_excel(path, Book(sheets=sound.sheets, spoiled=spoiled))
    for cell in spoiled.values():
        if isinstance(cell, Cell) and cell.result == _NO_RESULT:
            for number in (1, 2, 3):
                _take_result_out(path, f"xl/worksheets/sheet{number}.xml")
    return check(Settings(workbook=path))


def _take_result_out(path: Path, part: str) -> None:
    try:
        rewrite(path, part, (rf"<v>{_NO_RESULT}</v>", ""))
    except ValueError:
        return  # it stands on another sheet


def _payloads(checked: Checked) -> list[dict[str, Any]]:
    return [draft(record) for record in checked.records.trunks]


_MEANT: dict[str, list[dict[str, Any]]] = {}
"""The payloads of each sound workbook that was drawn so far: there are few, and each is spoiled in many ways."""


def _meant(sound: Sound, folder: Path) -> list[dict[str, Any]]:
    if (said := repr(sound)) not in _MEANT:
        before = _write(folder / "sound.xlsx", sound, {})
        assert not before.stops, before.problems
        _MEANT[said] = _payloads(before)
    return _MEANT[said]


def _one_spoiled_cell(sound: Sound, which: float, damage: str, at: float, folder: Path) -> None:
    meant = _meant(sound, folder)
    cells = sound.number_cells
    name, row, column = cells[int(which * (len(cells) - 1))]
    text = sound.sheets[name][row - 1][column]
    place = f"{name}!{letters(column)}{row}"
    after = _write(folder / "spoiled.xlsx", sound, {place: _DAMAGES[damage](text, at)})
    blamed = {problem.place for problem in after.problems if problem.stops}
    if (name, row, column) in blamed:
        return
    assert _payloads(after) == meant, (place, text, damage)
    assert not blamed


_drawn = given(sound_workbooks(), st.floats(0, 1), st.sampled_from(sorted(_DAMAGES)), st.floats(0, 1))
_careful = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@_careful
@_drawn
def test_a_spoiled_cell_gives_the_same_payloads_or_a_problem_at_that_cell(
    tmp_path: Path, sound: Sound, which: float, damage: str, at: float
) -> None:
    _one_spoiled_cell(sound, which, damage, at, tmp_path)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(_careful, max_examples=10_000, derandomize=False)
@_drawn
def test_ten_thousand_spoiled_cells(tmp_path: Path, sound: Sound, which: float, damage: str, at: float) -> None:
    _one_spoiled_cell(sound, which, damage, at, tmp_path)
