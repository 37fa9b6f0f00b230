"""Kinds of workbooks: what comes back has no macros, and is no template."""

from __future__ import annotations

from typing import Final

from batch.sheets.patching.books import Book
from batch.sheets.patching.edits import PackageEdit, Unpatchable

_WITHOUT: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_WITH: Final = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


def make_workbook(edit: PackageEdit) -> None:
    """Make a template a workbook: under a workbook's name, Excel refuses to open one.

    Raises:
        Unpatchable: It has no list of sheets.
    """
    part = Book(edit).part
    kind = edit.content_type(part).casefold()
    if kind not in {_WITH.casefold(), _WITHOUT.casefold()}:
        edit.put(part, edit.read(part), _WITH if "macroenabled" in kind else _WITHOUT)


def drop_macros(edit: PackageEdit) -> bool:
    """Take the macros out of a workbook, so that it is one without; tell whether it was one with.

    Raises:
        Unpatchable: It has sheets that are made of macros.
    """
    book = Book(edit)
    kinds = {link: kind.rpartition("/")[2] for link, (kind, _) in book.links.items()}
    if {"xlMacrosheet", "xlIntlMacrosheet"} & set(kinds.values()):
        raise Unpatchable("it has sheets that are made of macros")
    had = "macroenabled" in edit.content_type(book.part).casefold()
    for link, kind in kinds.items():
        if kind == "vbaProject":
            had = True
            edit.cut(book.part, link)
    for link, (kind, _) in edit.links("").items():
        if had and kind.endswith("/ui/extensibility"):  # buttons that would call them
            edit.cut("", link)
    if had:
        edit.put(book.part, edit.read(book.part), _WITHOUT)
        edit.forget_unused_extension("bin")
    return had
