"""What is said about a file that cannot be read: one sentence what it is, one hint what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.errors import WorkbookError

if TYPE_CHECKING:
    from pathlib import Path

SAVE_AS_XLSX = 'Open it in Excel or LibreOffice and save it as "Excel workbook (.xlsx)", then give that file instead.'


def not_a_spreadsheet(path: Path, seems: str, hint: str = SAVE_AS_XLSX) -> WorkbookError:
    """Return the error for a file that is something else; ``seems`` continues "it seems to be"."""
    return WorkbookError(f'"{path}" is not a spreadsheet: it seems to be {seems}.', hint)


def cannot_be_opened(path: Path, error: OSError) -> WorkbookError:
    """Return the error for a file that the system does not open."""
    return WorkbookError(
        f'"{path}" cannot be opened: {error.strerror or "the system refuses it"}.',
        "Close it if it is open elsewhere, and check that you may read it.",
    )


def protected(path: Path) -> WorkbookError:
    """Return the error for a file that is encrypted."""
    return WorkbookError(
        f'"{path}" is protected with a password.',
        "Open it with the password and save it without one, then try again.",
    )


def encrypted(path: Path) -> WorkbookError:
    """Return the error for an Office file that is encrypted: with a password, or with the one Excel knows itself."""
    return WorkbookError(
        f'"{path}" is encrypted: it is protected with a password, or the structure of the workbook is protected.',
        "If Excel opens it without a password, choose Review, Protect Workbook there to switch that off, and save it "
        "again. Otherwise open it with the password and save it without one.",
    )


def damaged(path: Path, what: str) -> WorkbookError:
    """Return the error for a file that breaks off or contradicts itself."""
    return WorkbookError(
        f'"{path}" is damaged: {what}.',
        "Copy or download it again. If it opens in Excel or LibreOffice, save it from there under a new name.",
    )


def too_large(path: Path, what: str) -> WorkbookError:
    """Return the error for a file that would fill the memory."""
    return WorkbookError(
        f'"{path}" is not read, because {what}.',
        "If it opens in Excel or LibreOffice, copy only the filled rows into a new template and use that.",
    )


def far_cell(path: Path, sheet: str, cell: str) -> WorkbookError:
    """Return the error for a sheet that spans far more cells than it fills."""
    return WorkbookError(
        f'"{path}" is not read, because the sheet "{sheet}" reaches as far as cell {cell}.',
        "Go to that cell (Ctrl+End in Excel), delete the rows and columns that do not belong to the table, and save.",
    )


def entities(path: Path, part: str) -> WorkbookError:
    """Return the error for XML that declares entities, which no spreadsheet program writes."""
    return WorkbookError(
        f'"{path}" is not read, because its part {part} declares document types or entities, '
        "which spreadsheets do not have.",
        "Do not open it unless you trust its sender. " + SAVE_AS_XLSX,
    )
