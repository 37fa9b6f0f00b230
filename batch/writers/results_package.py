"""Results package: the user's own workbook on its way to being the results; what of ours comes out, what goes in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from batch.readers.packages import Package
from batch.schema.file_metadata import IMPRINT, FileKind, FileMetadata
from batch.tables.password_cells import SecretSearch
from batch.tables.row_results import AnsweredSheet, Tone
from batch.writers.answer_columns import Looks, put_results
from batch.writers.copied_values import RESULT_STYLES
from batch.writers.hidden_passwords import Secrets
from batch.writers.marked_workbook import take_marks_off
from batch.writers.new_workbook import quoted_sheet
from batch.xlsx_edit.book import Book, drop_macros, make_workbook, set_mark, sheet_parts
from batch.xlsx_edit.copied_sheets import graft, open_at, remove_sheet
from batch.xlsx_edit.package import PackageEdit, Unpatchable

_COME_AND_GO: Final = ("Summary", "Changes", "Problems")
"""Sheets of ours that are made anew for each file, or not at all."""
_OURS: Final = " (trunk-batch)"


def renewed(metadata: FileMetadata, made_at: str, sheets: Collection[str]) -> FileMetadata:
    """Return what results say of themselves. Marks are taken off in them.

    Args:
        metadata: What the file said that they are results of.
        made_at: When they are made. Of an export its own time stays: that is what its base goes by.
        sheets: The tool's sheets that are in them.
    """
    kinds = (metadata.kinds - {FileKind.PLAN, FileKind.MARKED}) | {FileKind.RESULTS}
    made = metadata.made_at if FileKind.EXPORT in metadata.kinds else made_at
    return replace(metadata, kinds=kinds, made_at=made, sheets=frozenset(sheets), colours={})


class ResultsPackage:
    """A workbook on its way. The file itself is not changed.

    Args:
        original: The file that was read.
        metadata: What it said of itself.

    Raises:
        Unpatchable: It is laid out in a way that cannot be patched with certainty.
    """

    def __init__(self, original: Path, metadata: FileMetadata) -> None:
        self.edit = PackageEdit(Package(original))
        self.notes: list[str] = []
        """What could not be kept or put in, a sentence each."""
        if drop_macros(self.edit):
            self.notes.append("The macros are left out; everything else is as it was.")
        make_workbook(self.edit)
        for link, (kind, _) in self.edit.links("").items():
            if kind.endswith("/digital-signature/origin"):  # which is not valid for a file that was changed
                self.edit.cut("", link)
        take_marks_off(self.edit, metadata)
        ours = [name for name in Book(self.edit).names if metadata.is_sheet_of_ours(name)]
        gone = {name for name in ours if name.removesuffix(_OURS) in _COME_AND_GO}
        self.kept = frozenset(ours) - gone
        """Sheets of ours that stay: help, what an export could not say."""
        for name in Book(self.edit).names:
            if name in gone or name == IMPRINT:
                remove_sheet(self.edit, name)
        self._looks = Looks(tone={}, header=0, beside=(0,) * 8)

    def free_names(self, wanted: Sequence[str]) -> list[str]:
        """Return a name for each of our sheets that none of the user's has."""
        taken = {name.casefold() for name in Book(self.edit).names}
        return [f"{name}{_OURS}" if name.casefold() in taken else name for name in wanted]

    def put_in(
        self, donor: Package, front: Sequence[str], end: Sequence[str], looks: Mapping[str, int] | None = None
    ) -> None:
        """Put sheets of ours in, and know from then on what the cells of ours on the user's sheets look like.

        Args:
            donor: Our workbook, which has them.
            front: Names of the sheets that come first; the workbook opens at the first of them.
            end: Names of the sheets that come last.
            looks: By name, the donor's numbers of the styles of tones, header and result columns.

        Raises:
            Unpatchable: As above.
        """
        added = graft(self.edit, donor, front=front, end=end)
        if looks is not None:
            ours = {name: added.cells[number] for name, number in looks.items()}
            tone = {tone: ours[tone] for tone in Tone}
            self._looks = Looks(tone=tone, header=ours["our header"], beside=[ours[style] for style in RESULT_STYLES])
        if front:
            open_at(self.edit, front[0])

    def content(self, sheets: Sequence[AnsweredSheet], search: SecretSearch, *, practice: bool) -> bytes:
        """Put the answers in and return the whole workbook.

        Args:
            sheets: The user's, with what there is to say about their rows.
            search: Finds the passwords that are to stand nowhere in it.
            practice: Whether all of it was a rehearsal.

        Raises:
            Unpatchable: As above; or what has to be hidden would stay somewhere in the file.
        """
        parts = sheet_parts(self.edit)
        readable = [sheet for sheet in sheets if not sheet.raw.unreadable]
        missing = [sheet.raw.name for sheet in readable if sheet.raw.name not in parts]
        if missing:
            raise Unpatchable(f"its sheet {missing[0]} cannot be found")
        secrets = Secrets(
            self.edit, search, {parts[s.raw.name] for s in sheets if s.raw.name in parts and s.raw.unreadable}
        )
        filters = {}
        for sheet in readable:
            part = parts[sheet.raw.name]
            secrets.add(part, sheet)
            placed = put_results(self.edit, part, sheet, self._looks, secrets.hide_around, practice=practice)
            self.notes += [placed.note] if placed.note else []
            if placed.filter:
                filters[sheet.raw.name] = placed.filter
            if placed.over_formulas:
                self._forget_order()
        secrets.hide()
        self._finish_book(filters, [sheet.raw.name for sheet in sheets if sheet.header_row is not None])
        set_mark(self.edit, FileKind.RESULTS)
        return self.edit.content()

    def _forget_order(self) -> None:
        """Take out in what order formulas are calculated: it names cells that hold none any more."""
        book = Book(self.edit)
        for link, (kind, _) in book.links.items():
            if kind.endswith("/calcChain"):
                self.edit.cut(book.part, link)

    def _finish_book(self, filters: Mapping[str, str], shown: Iterable[str]) -> None:
        """Name the filters as spreadsheet programs do, and bring sheets with answers into sight."""
        book = Book(self.edit)
        for name, cells in filters.items():
            book.define("_xlnm._FilterDatabase", name, f"{quoted_sheet(name)}!{cells}", hidden=True)
        for name in shown:
            book.show(name)
        book.save()
