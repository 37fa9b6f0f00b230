"""The sheet Glossary: what the words mean, in the order of the alphabet, to be read on paper too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from batch.sheets import terms
from batch.sheets.forms import lines_in, set_print

_WIDTHS: Final = (2, 20, 96)
"""Of its columns, in characters: a margin, the word, what it means."""
_ROOM: Final = 1.1
"""How many characters of running text a column takes for each that its width says."""


def write_glossary(page: Any, styles: Mapping[str, Any]) -> None:
    """Write the sheet.

    Args:
        page: Of XlsxWriter, with nothing in it yet.
        styles: As `forms.make_styles` made them.
    """
    for index, width in enumerate(_WIDTHS):
        page.set_column(index, index, width)
    page.hide_gridlines(2)
    page.set_tab_color("#70AD47")
    set_print(page)
    page.set_portrait()
    page.set_row(0, 36)
    page.write_string(0, 1, terms.TITLE, styles["title"])
    page.set_row(1, 24)
    page.merge_range(1, 1, 1, 2, terms.LEAD, styles["prose"])
    for column, text in enumerate(("Word", "What it means"), 1):
        page.write_string(2, column, text, styles["header"])
    page.repeat_rows(2)
    page.freeze_panes(3, 0)
    for row, term in enumerate(terms.GLOSSARY, 3):
        page.write_string(row, 1, term.word, styles["topic"])
        page.write_string(row, 2, term.meaning, styles["cell"])
        page.set_row(row, 5 + 15 * lines_in(term.meaning, _WIDTHS[2] * _ROOM))
