"""Acceptance: what somebody has said yes to that is not sure by itself, such as a list with numbers cut short."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from batch.readers.workbook import RawSheet, Workbook
from batch.schema.column_model import YES_WORDS
from batch.schema.file_metadata import PROBLEM_SHEET, FileKind
from batch.schema.problems import Problem

ACCEPT: Final = "Accept"
"""The column of a marked workbook's list of problems in which a yes accepts what would be read."""
_ASKED: Final = ("Sheet", "Cell", "Value", ACCEPT)
_HEADER_ROWS: Final = 10
_KINDS: Final[Mapping[str, str]] = {"many-numbers": "lists", "number-count": "counts"}
"""What ``--accept`` calls what is wrong with a cell, by its code."""
TO_ACCEPT: Final[Mapping[str, str]] = {
    "many-numbers": "Or accept the numbers listed here, with --accept lists or yes in the marked workbook.",
    "number-count": "Or accept all of them, with --accept counts or yes in the marked workbook.",
}
"""How what would be read is accepted, by the code of what is wrong with its cell."""
_ACCEPT_HERE: Final[Mapping[str, str]] = {
    "many-numbers": f"Or, if the numbers that are listed are meant, choose yes under {ACCEPT} in the list in front.",
    "number-count": f"Or, if all of them are meant, choose yes under {ACCEPT} in the list in front.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What was accepted: kinds of problem as a whole, and single cells for as long as they say the same."""

    kinds: frozenset[str] = frozenset()
    """Words of ``--accept``."""
    cells: frozenset[tuple[str, str, str]] = frozenset()
    """Sheet, cell and text of what was accepted in a marked workbook."""
    moved: frozenset[tuple[str, str]] = frozenset()
    """Sheet and text of those that are accepted wherever their cell has gone: no other that says the same is not."""
    texts: frozenset[str] = frozenset()
    """What results remember of texts that had been accepted: their `text_digest`."""

    def covers(self, code: str, sheet: str, cell: str, text: str) -> bool:
        """Tell whether what would be read of a cell is accepted, in spite of what is wrong with it."""
        return (
            _KINDS.get(code) in self.kinds
            or (bool(self.cells) and self._is_answered(sheet, cell, _on_one_line(text)))
            or (bool(self.texts) and text_digest(sheet, text) in self.texts)
        )

    def _is_answered(self, sheet: str, cell: str, text: str) -> bool:
        return (sheet, text) in self.moved or (sheet, cell, text) in self.cells


NOTHING_ACCEPTED: Final = Acceptance()


def text_digest(sheet: str, text: str) -> str:
    """Return what a text on a sheet is known by, wherever its cell has gone."""
    return hashlib.sha256(f"{sheet}\n{_on_one_line(text)}".encode()).hexdigest()[:32]


def accepted_here(problem: Problem) -> Problem:
    """Return a problem as it is told inside a marked workbook, to somebody who types no command."""
    command = TO_ACCEPT.get(problem.code, "")
    return replace(problem, fix=problem.fix.replace(command, _ACCEPT_HERE[problem.code])) if command else problem


def acceptance_in(workbook: Workbook, kinds: Collection[str]) -> Acceptance:
    """Gather what is accepted: by ``--accept``, in the list of a marked workbook, and in results of before."""
    lists = [raw for raw in workbook.sheets if is_list_of_problems(raw, workbook)]
    answers = [answer for raw in lists for answer in _answers(raw)]
    cells = frozenset(place for place, yes in answers if yes)
    unanswered = {(sheet, text) for (sheet, cell, text), _ in answers if (sheet, cell, text) not in cells}
    return Acceptance(
        kinds=frozenset(kinds),
        cells=cells,
        moved=frozenset((sheet, text) for sheet, _, text in cells) - unanswered,
        texts=workbook.metadata.accepted,
    )


def is_list_of_problems(raw: RawSheet, workbook: Workbook) -> bool:
    """Tell whether a sheet is the list that was put into a marked workbook."""
    ours = FileKind.MARKED in workbook.metadata.kinds and workbook.metadata.is_own_sheet(raw.name)
    return ours and raw.name.startswith(PROBLEM_SHEET)


def _answers(raw: RawSheet) -> Iterator[tuple[tuple[str, str, str], bool]]:
    """Yield sheet, cell and text of each line, and whether it says yes."""
    rows = [[str(cell).strip() for cell in row] for row in zip(*raw.columns, strict=True)]
    header = next((row for row in rows[:_HEADER_ROWS] if set(_ASKED) <= set(row)), None)
    if header is None:
        return
    sheet, cell, value, accept = map(header.index, _ASKED)
    for row in rows:
        yield (row[sheet], row[cell], _on_one_line(row[value])), row[accept].casefold() in YES_WORDS


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
