"""Macros, which no file of ours carries."""

from __future__ import annotations

from typing import Final

from batch.sheets.patching.books import Book
from batch.sheets.patching.edits import PackageEdit, Unpatchable

_WITHOUT: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def drop_macros(edit: PackageEdit) -> bool:
    """Take the macros out of a workbook, so that it is one without; tell whether it was one with.

    Raises:
        Unpatchable: It has sheets that are made of macros.
    """
    book = Book(edit)
    kinds = {link: kind.rpartition("/")[2] for link, (kind, _) in book.links.items()}
    if {"xlMacrosheet", "xlIntlMacrosheet"} & set(kinds.values()):
        raise Unpatchable("it has sheets that are made of macros")
    had = "macroEnabled" in edit.content_type(book.part)
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
