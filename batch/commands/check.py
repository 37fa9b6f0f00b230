"""Check: the first steps of the flow, without a PBX: read the file, understand its rows, check them."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from batch.commands.command_lines import which
from batch.commands.pbx_names import pbx_faults
from batch.errors import UsageError
from batch.readers.detect import begin_workbook
from batch.readers.encodings import read_columns_text
from batch.readers.workbook import Workbook
from batch.schema.file_metadata import FileKind
from batch.schema.problems import Problem, Problems
from batch.secret_sources import CellSecrets
from batch.secrets import Secret
from batch.settings import Settings, as_settings
from batch.tables.columns_file import NO_FILE, ColumnsFile, parse_columns
from batch.tables.row_results import typed_frame
from batch.tables.sheets import unreadable_problems
from batch.tables.single_lists import SHEET_OPTIONS, ListOptions

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from batch.tables.rows import Tables
    from batch.trunks.live import LiveTrunk
    from batch.trunks.model import Choice, Record, Records
    from batch.writers.marked_workbook import Marked


SECRET_LACKED: Final = frozenset({"secret-not-allowed", "secret-not-found"})
"""Problems of a password cell that names where its password is found. In a workbook for many PBXs each PBX's own
profile says what may be looked up: they are found when its part is planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """A workbook and its three sheets as tables."""

    workbook: Workbook
    tables: Tables
    """``tables.trunks.frame``, ``tables.caller_ids.frame`` and ``tables.dids.frame`` are pandas frames of text, named
    by field and indexed by row number."""
    problems: tuple[Problem, ...]
    """What is wrong with sheets, headers and kinds of cell; `check` finds everything else."""
    columns_file: ColumnsFile = NO_FILE
    """What was said to be meant by which column."""
    secrets_read: Mapping[str, int] = field(default_factory=dict)
    """What password cells had read, like ``env SIP_LONDON``, and for how many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What would be sent, as far as the workbook alone can tell."""

    trunks: int = 0
    largest: str = ""
    """The trunk with the longest lists."""
    largest_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A workbook, understood as far as it can be without a PBX."""

    settings: Settings
    workbook: Workbook
    tables: Tables
    records: Records
    choice: Choice
    problems: Problems
    """Problems and notices, by sheet and row."""
    drafts: Drafts
    columns_file: ColumnsFile = NO_FILE
    secrets_read: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, Tables] = field(default_factory=dict)
    """Of a workbook for many PBXs: the rows of each, by the PBX as its cells name it."""
    waves: Mapping[str, int] = field(default_factory=dict)
    """Of each PBX whose rows give one."""
    passwords_wrote: Mapping[int, Secret] = field(default_factory=dict)
    """Of trunks that go back, by id: the passwords that the run wrote, where they are known."""

    @property
    def goes_back(self) -> bool:
        """Whether it says what trunks held before."""
        return self.settings.restores or FileKind.WAY_BACK in self.workbook.metadata.kinds

    @property
    def chosen(self) -> list[Record]:
        """The trunks that are to be done."""
        return [record for record in self.records.trunks if record.row in self.choice.rows]

    @property
    def stops(self) -> bool:
        """Whether anything stands against sending."""
        return bool(self.problems.stopping)

    @property
    def exit_code(self) -> int:
        """0 if it may be planned, 3 for problems: as ``check`` ends."""
        return 3 if self.stops else 0

    def exported(self) -> Mapping[int, LiveTrunk] | None:
        """Return the trunks, by id, that a workbook was exported with; None for one that is no export."""
        from batch.trunks.merge import read_base  # noqa: PLC0415 - as in `_begin`

        return read_base(self.workbook)

    def frame(self) -> pd.DataFrame:
        """Return the problems as a table, one line each, with the keys of ``check --json``."""
        return problems_frame(self.problems)


def read(settings: Settings | Path | str) -> Sheets:
    """Read a workbook: find its three sheets, match their headers, turn cells into text. Nothing is judged yet.

    A path, or its text, does for settings that name nothing but the workbook; so it does for `check`.

    Raises:
        WorkbookError: it is no workbook, or cannot be read.
        UsageError: the columns file cannot be read or understood.
    """
    settings = as_settings(settings)
    with _many_objects():
        workbook, tables, columns_file, find_secret = _begin(settings)
        problems = list(tables.problems)
        return Sheets(
            workbook=workbook.wait(tables.needs),
            tables=tables,
            problems=(*problems, *unreadable_problems(workbook, _file(settings))),
            columns_file=columns_file,
            secrets_read=find_secret.read,
        )


def _begin(settings: Settings) -> tuple[Workbook, Tables, ColumnsFile, CellSecrets]:
    """Begin to read a workbook; who asks for a table waits for its sheet."""
    file = settings.columns
    columns_file = NO_FILE if file is None else parse_columns(file.name, read_columns_text(file))
    workbook = replace(begin_workbook(_file(settings), settings.workbook), path=settings.workbook)
    from batch.tables.rows import Tables  # noqa: PLC0415 - loaded while the file is read

    find_secret = CellSecrets(settings.secrets_from)
    tables = Tables(workbook, find_secret, columns_file, settings.accept, _options(settings))
    return workbook, tables, columns_file, find_secret


def _options(settings: Settings) -> ListOptions:
    typed = ("trunk-batch", "check", settings.workbook, *which(settings))
    sheet = SHEET_OPTIONS[settings.as_] if settings.as_ else None
    return ListOptions(sheet=sheet, trunk=settings.trunk, mode=settings.mode, typed=typed)


def _file(settings: Settings) -> Path:
    return settings.run_copy or settings.workbook


def check(settings: Settings | Path | str) -> Checked:
    """Read a workbook and find everything wrong with it, all at once. Contacts no PBX.

    Raises:
        WorkbookError: it is no workbook, or cannot be read.
        UsageError: ``--only`` names a trunk that the workbook does not have, or the columns file cannot be understood.
    """
    settings = as_settings(settings)
    with _many_objects():
        workbook, tables, columns_file, find_secret = _begin(settings)
        from batch.trunks.grouping import own  # noqa: PLC0415
        from batch.trunks.model import choose, long_numbers_allowed, nearest_trunk, notices_only  # noqa: PLC0415 - as in `_begin`
        from batch.trunks.pbx_parts import group_all  # noqa: PLC0415

        grouped = group_all(tables, partial(pbx_faults, settings))
        records, faults = grouped.records, grouped.problems
        choice = choose(records.trunks, settings.only, settings.first)
        if choice.unknown and records.trunks:  # of a workbook without trunks the problems say why
            near = dict.fromkeys(filter(None, (nearest_trunk(text, records.trunks) for text in choice.unknown)))
            raise UsageError(
                f"--only names {', '.join(choice.unknown)}, which the workbook does not have.",
                (f"Did you mean {', '.join(near)}? " if near else "")
                + "Give a Name or Trunk ID as it is in the workbook.",
            )
        was_there = ("long-numbers",) if FileKind.WAY_BACK in workbook.metadata.kinds or settings.restores else ()
        found = long_numbers_allowed(faults.single, (*settings.allow, *was_there), records.trunks)
        read_well = [p for p in tables.problems if not (grouped.parts and p.code in SECRET_LACKED)]
        tidied = without_repairs_in_vain(own(read_well, tables, records), found)
        unreadable = unreadable_problems(workbook.wait(tables.needs), _file(settings))
        single = notices_only([*tidied, *found, *unreadable], choice)
        return Checked(
            settings=settings,
            workbook=workbook,
            tables=tables,
            records=records,
            choice=choice,
            problems=Problems(single=single, by_column=faults.by_column, sheets=[table.name for table in tables]),
            drafts=_drafts([record for record in records.trunks if record.row in choice.rows]),
            columns_file=columns_file,
            secrets_read=find_secret.read,
            parts=grouped.parts,
            waves=grouped.waves,
        )


def without_repairs_in_vain(problems: Sequence[Problem], found: Sequence[Problem]) -> list[Problem]:
    """Leave out notices that a cell was tidied up, or may run as a formula, where the cell is at fault all the same."""
    blamed = {problem.place for problem in found if problem.stops}
    vain = {"cell-repaired", "csv-formula"}
    return [problem for problem in problems if problem.code not in vain or problem.place not in blamed]


def mark(checked: Checked, target: Path) -> Marked:
    """Write the workbook with what is wrong shown in its cells; nothing in it is lost.

    Where passwords stand in it, only its owner may read the file.

    Raises:
        UsageError: the target's ending is not the workbook's, or the workbook was saved again meanwhile.
        OutputError: it cannot be written there; then nothing is.
    """
    from batch.writers.marked_workbook import write_marked  # noqa: PLC0415 - a check without marks needs none of it

    private = bool(checked.tables.trunks.filled("password"))
    return write_marked(checked.workbook, checked.problems, target, private=private)


def write_guess(checked: Checked, target: Path) -> None:
    """Write down which sheet and column of the workbook may mean what, to be corrected and given as columns file.

    Raises:
        UsageError: there is such a file already.
        OutputError: it cannot be written.
    """
    from batch.tables.guesses import guess_columns  # noqa: PLC0415 - only where a guess is asked for
    from batch.writers.atomic import write_new  # noqa: PLC0415

    write_new(target, guess_columns(checked.workbook, checked.tables, target.name))


def problems_frame(problems: Sequence[Problem]) -> pd.DataFrame:
    """Return problems as a table, one line each."""
    names = ("severity", "code", "sheet", "cell", "row", "column", "value", "message", "fix", "who")
    types = dict.fromkeys(names, "str") | {"row": "int64"}
    return typed_frame(([problem.to_json()[name] for name in names] for problem in problems), types)


def _drafts(records: Sequence[Record]) -> Drafts:
    """Count the bodies that would be sent, and weigh the one with the most entries."""
    from batch.trunks.model import draft  # noqa: PLC0415 - as in `_begin`

    sent = [record for record in records if record.fields or record.lists]
    if not sent:
        return Drafts()
    largest = max(sent, key=lambda record: record.entries)
    weight = len(json.dumps(draft(largest), ensure_ascii=False, separators=(",", ":")).encode())
    return Drafts(trunks=len(sent), largest=largest.label, largest_bytes=weight)


@contextmanager
def _many_objects() -> Iterator[None]:
    """Keep the collector from walking over what is being built: worth a fifth of the time on large workbooks."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
