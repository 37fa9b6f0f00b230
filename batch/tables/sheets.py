"""Sheets: which of a workbook is which of the three."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from batch.errors import WorkbookError
from batch.readers.workbook import Format, RawSheet, Workbook
from batch.readers.xlsx import DamagedParts, damaged_parts
from batch.schema.column_model import Sheet, vocabulary_of
from batch.schema.columns import LIST_SHEETS, SHEETS, TRUNKS
from batch.schema.file_metadata import HIDDEN_SHEETS, FileMetadata
from batch.schema.problems import Problem
from batch.tables.columns_file import ColumnsFile, fault
from batch.tables.dialect_sheets import dialect_in
from batch.tables.regions import is_blank
from batch.tables.single_lists import (
    NO_OPTIONS,
    ListOptions,
    holds_numbers,
    is_whole_list,
    kind_by_headers,
    may_be_trunks,
    names_numbers,
    ways_to_say,
)
from batch.wording import edits_for, folded, listed

_GUIDES: Final = frozenset({"How to fill this in", "Glossary"})
"""Sheets of the template, which bears no mark: it becomes the user's own as soon as it is filled in."""

_OWN: Final = "#"
"""What begins the name of a sheet, as of a column, that is the user's own whatever its headers say."""

_DIGITS_OF_CALLED: Final = 9
"""So many digits are a telephone number rather than that of an order or a customer."""


def is_ours(raw: RawSheet, metadata: FileMetadata) -> bool:
    """Tell whether the tool itself wrote a sheet, and may leave it out when it writes the workbook again."""
    return raw.name in HIDDEN_SHEETS or metadata.is_own_sheet(raw.name)


def sheet_of(raw: RawSheet) -> Sheet | None:
    """Return which of the three sheets a sheet is, going by its name."""
    name = folded(raw.name)
    return next((sheet for sheet in SHEETS if name in map(folded, sheet.names)), None)


def find_sheets(
    workbook: Workbook, columns: ColumnsFile, options: ListOptions = NO_OPTIONS
) -> tuple[dict[str, RawSheet], list[Problem]]:
    """Find the three sheets, by what is said of them, by title or, where no title is known, by headers.

    Tells of all others. A workbook may be without Trunks if it has a list.
    """
    found, problems = _named_by_file(workbook, columns)
    found |= _named_by_option(workbook, options.sheet, found)
    own = []
    for raw in workbook.sheets:
        if any(raw is other for other in found.values()):
            continue
        sheet = sheet_of(raw)
        if sheet is None:
            own.append(raw)
        elif sheet.title not in found:
            found[sheet.title] = raw
        elif sheet is options.sheet or (sheet.title in columns.sheets and columns.sheets[sheet.title].sheet):
            own.append(raw)
        else:
            problems.append(_twice(sheet, found[sheet.title], raw))
    open_ones = [raw for raw in own if not raw.name.startswith(_OWN)]
    if _has_no_rows(found) and not any(_nearest(raw, found) for raw in own):
        problems += _found_by_headers(_filled(open_ones, workbook), found)
        own = [raw for raw in own if not any(raw is other for other in found.values())]
    elif not {sheet.title for sheet in LIST_SHEETS} <= found.keys():
        problems += _found_by_dialect(open_ones, workbook, found)
        own = [raw for raw in own if not any(raw is other for other in found.values())]
    missing = _no_trunks(workbook, own, found, options)
    if not missing:
        asked_about = {problem.sheet for problem in problems}
        open_ones = [raw for raw in own if raw.name not in asked_about]
        missing = [*_lists_not_read(open_ones, workbook, found, columns, options)]
    asked_about = {problem.sheet for problem in missing}
    told = [raw for raw in own if raw.name not in asked_about]
    problems += [*_without_sheet(columns, found), *_own_sheets(told, found, workbook)]
    problems += [*_seen(found, workbook), *missing]
    return found, problems


def _filled(sheets: Iterable[RawSheet], workbook: Workbook) -> list[RawSheet]:
    """Return the user's sheets that are not blank; waits for them."""
    users = (raw for raw in sheets if not is_ours(raw, workbook.metadata) and raw.name not in _GUIDES)
    return [raw for raw in users if not all(is_blank(cell) for column in raw.columns for cell in column)]


def _named_by_option(workbook: Workbook, sheet: Sheet | None, found: Mapping[str, RawSheet]) -> dict[str, RawSheet]:
    """Find the sheet that is said to be one of the three: the only one, else the first that may be it."""
    if sheet is None or sheet.title in found:
        return {}
    filled = _filled(workbook.sheets, workbook)
    if len(filled) == 1:
        return {sheet.title: filled[0]}
    named = [raw for raw in filled if sheet_of(raw) is sheet]
    others = [raw for raw in filled if sheet_of(raw) is None]
    fitting = [raw for raw in others if kind_by_headers(raw) is sheet] if not named else []
    is_bare = bool(others) and not named and not fitting and not holds_numbers(others[0])
    perhaps = [raw for raw in others if names_numbers(sheet, raw)] if is_bare else []
    first = next(iter([*named, *fitting, *perhaps, *others]), None)
    return {} if first is None else {sheet.title: first}


def _found_by_headers(sheets: Iterable[RawSheet], found: dict[str, RawSheet]) -> Iterator[Problem]:
    """Find what the headers of sheets say that they are, where no sheet has a name that is known."""
    for raw in sheets:
        sheet = kind_by_headers(raw)
        if sheet is not None and sheet.title in found and found[sheet.title].height:
            yield _twice(sheet, found[sheet.title], raw)
        elif sheet is not None:
            found[sheet.title] = raw


def _found_by_dialect(own: Iterable[RawSheet], workbook: Workbook, found: dict[str, RawSheet]) -> Iterator[Problem]:
    """Find the lists that another system wrote beside the sheets with names that are known."""
    known = {*found}
    for raw in own:
        with suppress(WorkbookError):  # nobody needs it then
            dialect = None if is_ours(raw, workbook.metadata) else dialect_in(raw)
            if dialect is None or dialect.sheet in known:
                continue
            if dialect.sheet in found:
                yield _twice(next(s for s in SHEETS if s.title == dialect.sheet), found[dialect.sheet], raw)
            else:
                found[dialect.sheet] = raw


def _has_no_rows(found: Mapping[str, RawSheet]) -> bool:
    """Tell whether nothing of what was found holds anything; with Trunks it does not matter."""
    return TRUNKS.title not in found and not any(raw.height for raw in found.values())


def _twice(sheet: Sheet, first: RawSheet, raw: RawSheet) -> Problem:
    return Problem(
        code="sheet-twice",
        sheet=raw.name,
        message=f"The sheets {first.name!r} and {raw.name!r} both mean {sheet.title}.",
        fix=f"Put the rows of both on one of them and delete the other; or, to leave {raw.name!r} out, put # in front "
        f"of its name: {_OWN + raw.name!r}.",
    )


def _no_trunks(
    workbook: Workbook, own: Sequence[RawSheet], found: Mapping[str, RawSheet], options: ListOptions
) -> list[Problem]:
    """Report that nothing says which trunks are meant: no Trunks sheet and no list, or a sheet that may be Trunks."""
    if TRUNKS.title in found or any(_nearest(raw, found) for raw in own):
        return []
    filled = _filled(own, workbook)
    perhaps = [raw for raw in filled if not raw.name.startswith(_OWN) and may_be_trunks(raw)]
    if not perhaps and not _has_no_rows(found):
        return []
    names = listed(raw.name for raw in workbook.sheets if raw.name not in HIDDEN_SHEETS)
    message = f"There is no sheet named Trunks; the file has {names or 'no sheet at all'}."
    fix = (
        "Rename the sheet that has one row per trunk to Trunks, name it in a file for --columns, or start from "
        "`trunk-batch template`."
    )
    if perhaps:
        message = f"There is no sheet named Trunks, but {perhaps[0].name!r} has headers like those of Trunks."
        fix = (
            f"Rename it to Trunks, or put # in front of its headers if it is your own; or: "
            f"{options.command('--as', 'trunks')}"
        )
    elif names and not _filled(workbook.sheets, workbook):
        message = f"Nothing is filled in: the file has {names}, and all cells are empty."
        fix = "Fill it in, or give another file."
    elif len(filled) == 1 and options.sheet is None:
        message = (
            f"It is not clear what the rows of {filled[0].name!r} are: neither the name of the sheet nor its headers "
            "say so."
        )
        fix = ways_to_say(filled[0], options)
    about = [*perhaps, *filled] if perhaps or len(filled) == 1 else ()
    sheet = about[0].name if about else TRUNKS.title
    return [Problem(code="sheet-missing", sheet=sheet, message=message, fix=fix)]


def _lists_not_read(
    own: Iterable[RawSheet],
    workbook: Workbook,
    found: Mapping[str, RawSheet],
    columns: ColumnsFile,
    options: ListOptions,
) -> Iterator[Problem]:
    """Ask about the user's sheets that are lists by their headers, where no columns file says which sheet is meant."""
    asked = [
        sheet for sheet in LIST_SHEETS if not (sheet.title in columns.sheets and columns.sheets[sheet.title].sheet)
    ]
    for raw in own:
        if raw.name.startswith(_OWN) or is_ours(raw, workbook.metadata) or raw.name in _GUIDES or _nearest(raw, found):
            continue
        with suppress(WorkbookError):  # nobody needs it then
            fitting = [sheet for sheet in asked if is_whole_list(sheet, raw, options, found.get(sheet.title))]
            for sheet in fitting[:1]:
                yield _not_read(sheet, raw, found.get(sheet.title))


def _not_read(sheet: Sheet, raw: RawSheet, read: RawSheet | None) -> Problem:
    headers = f"The sheet {raw.name!r} has the headers of {sheet.title}"
    hash_in_front = f"or if it is your own, put # in front of its name: {_OWN + raw.name!r}."
    if read is None:
        message, fix = f"{headers}, and its name is not known.", f"Rename it to {sheet.title}; {hash_in_front}"
        return Problem(code="sheet-missing", sheet=raw.name, message=message, fix=fix)
    message, fix = f"{headers} too, and only {read.name!r} is read.", f"Move its rows to {read.name!r}; {hash_in_front}"
    return Problem(code="sheet-twice", sheet=raw.name, message=message, fix=fix)


def _named_by_file(workbook: Workbook, columns: ColumnsFile) -> tuple[dict[str, RawSheet], list[Problem]]:
    found: dict[str, RawSheet] = {}
    problems: list[Problem] = []
    for title, given in columns.sheets.items():
        if not given.sheet:
            continue
        named = [raw for raw in workbook.sheets if raw.name == given.sheet] or [
            raw for raw in workbook.sheets if folded(raw.name) == folded(given.sheet)
        ]
        other = next((t for t, raw in found.items() if named and raw is named[0]), None)
        if not named:
            there = listed(raw.name for raw in workbook.sheets if raw.name not in HIDDEN_SHEETS)
            what = f"the workbook has no sheet {given.sheet!r} for {title}"
            problems.append(fault(columns.name, title, what, given.sheet, f"It has {there}."))
        elif other is not None:
            what = f"the sheet {given.sheet!r} cannot be both {other} and {title}"
            problems.append(fault(columns.name, title, what, given.sheet, "Name another sheet for one of them."))
        else:
            found[title] = named[0]
    return found, problems


def _without_sheet(columns: ColumnsFile, found: Mapping[str, RawSheet]) -> list[Problem]:
    return [
        fault(
            columns.name,
            title,
            f"it has columns for {title}, but the workbook has no sheet of that name",
            title,
            f'Say which sheet it is, under [{title}]: sheet = "NAME".',
        )
        for title, given in columns.sheets.items()
        if title not in found and not given.sheet and any(given.columns.values())
    ]


def _own_sheets(own: Sequence[RawSheet], found: Mapping[str, RawSheet], workbook: Workbook) -> list[Problem]:
    told = [raw for raw in own if not is_ours(raw, workbook.metadata) and raw.name not in _GUIDES]
    near = {raw.name: sheet for raw in told if (sheet := _nearest(raw, found)) is not None}
    problems = [
        Problem(
            code="sheet-near",
            sheet=name,
            value=name,
            message=f"The sheet {name!r} is not known; did you mean {sheet.title}?",
            fix=f"Rename it to {sheet.title}. If it is your own, give it a name that is not like {sheet.title}.",
        )
        for name, sheet in near.items()
    ]
    rest = [raw for raw in told if raw.name not in near]
    kept = [raw.name for raw in rest]
    if kept:
        one = len(kept) == 1
        are = "The sheet {} is your own; it is" if one else "The sheets {} are your own; they are"
        message, fix = f"{are.format(listed(kept))} kept and not read.", "Nothing to do."
        if numbers := [raw.name for raw in rest if not raw.name.startswith(_OWN) and _has_telephone_numbers(raw)]:
            message += (
                f" {listed(numbers)} {'holds' if len(numbers) == 1 else 'hold'} what look like telephone numbers."
            )
            fix = "If those are meant, move them to the sheet DIDs or Caller IDs."
        problems.append(Problem(code="own-sheet", sheet=kept[0], message=message, fix=fix))
    return problems


def _has_telephone_numbers(raw: RawSheet) -> bool:
    with suppress(WorkbookError):  # nobody needs it then
        return holds_numbers(raw, _DIGITS_OF_CALLED)
    return False


def unreadable_problems(workbook: Workbook, file: Path) -> list[Problem]:
    """Tell once of all that is damaged in a workbook that was read from a file, and that nobody needs."""
    sheets = [raw.name for raw in workbook.sheets if raw.unreadable and not is_ours(raw, workbook.metadata)]
    damaged = DamagedParts(no_xml=[], packed=[])
    if workbook.format in {Format.XLSX, Format.XLSM}:
        damaged = damaged_parts(file, sheets)
    parts = [*damaged.no_xml, *damaged.packed]
    if not sheets and not parts:
        return []
    kinds = [(kind, names) for kind, names in (("sheet", sheets), ("part", parts)) if names]
    named = " and ".join(f"the {kind}{'s' * (len(names) > 1)} {listed(names)}" for kind, names in kinds)
    it, is_ = ("them", "They are") if len([*sheets, *parts]) > 1 else ("it", "It is")
    fix = (
        f"{is_} kept unchanged in results, and cannot be searched for passwords: look at {it} before you pass the "
        "workbook on."
    )
    if damaged.packed:
        fix = "Copy or download the file again. Otherwise results can contain only the values of its other sheets."
    return [
        Problem(
            code="parts-unreadable",
            sheet=sheets[0] if sheets else workbook.sheets[0].name,
            message=f"{named[0].upper()}{named[1:]} cannot be read; nothing here needs {it}.",
            fix=fix,
        )
    ]


def _seen(found: Mapping[str, RawSheet], workbook: Workbook) -> list[Problem]:
    """Tell of sheets that are hidden, and how a file was read."""
    problems = []
    for raw in found.values():
        if raw.hidden:
            problems.append(
                Problem(
                    code="sheet-hidden",
                    sheet=raw.name,
                    message=f"The sheet {raw.name} is hidden; its rows are used all the same.",
                    fix="Unhide it to see its rows; rename it if they should not be sent.",
                )
            )
        if raw.name in workbook.remarks:
            problems.append(
                Problem(
                    code="file-detected",
                    sheet=raw.name,
                    message=workbook.remarks[raw.name],
                    fix="If accented letters look wrong, save the file as CSV UTF-8."
                    if workbook.format in {Format.CSV, Format.ZIP, Format.CSV_FILE}
                    else "To have everything read, open it in Excel or LibreOffice and save it as .xlsx.",
                )
            )
        if raw.dialect is not None:
            problems += _formulas(raw)
    return problems


def _formulas(raw: RawSheet) -> Iterator[Problem]:
    """Tell of cells of a CSV file that become formulas when a spreadsheet program opens it, or its results."""
    for column, cells in enumerate(raw.columns, raw.first_column):
        texts = [str(cell) for cell in cells]
        if "\n=" not in "\n".join(["", *texts]):  # one search, as nearly every file has none
            continue
        rows = [row for row, text in enumerate(texts, raw.first_row) if text.startswith("=")]
        if rows:
            also = f", and {len(rows) - 1:,} more in this column" if len(rows) > 1 else ""
            yield Problem(
                code="csv-formula",
                sheet=raw.name,
                row=rows[0],
                column=column,
                message=f"The cell begins with ={also}: a spreadsheet program that opens the file, or its results, "
                "runs it as a formula.",
                fix="Type it without the = unless you want a formula; this tool runs nothing.",
            )


def _nearest(raw: RawSheet, found: Mapping[str, RawSheet]) -> Sheet | None:
    """Return the sheet that the workbook lacks and whose name is almost this one, if there is one."""
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - only a few workbooks need it

    name = folded(raw.name)
    if name in vocabulary_of("ordinary") or raw.name.startswith(_OWN):
        return None
    for sheet in SHEETS:
        words = [] if sheet.title in found else list(map(folded, sheet.names))
        if any(OSA.distance(name, word) <= edits_for(name, word, loose=i == 0) for i, word in enumerate(words)):
            return sheet
    return None
