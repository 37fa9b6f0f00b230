"""Colours: what is put behind a cell at fault, so that what was behind it before can be put back.

Each fill that was there before has a shade of its own; nobody sees the difference. So a shade alone tells what to put
back, wherever its cell has gone meanwhile: sorted, moved by rows put in above, or saved by another program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from batch.sheets.patching.edits import Unpatchable
from batch.sheets.patching.spots import Restyle
from batch.sheets.patching.stylesheets import Stylesheet

WRONG: Final = (0xFF, 0xC7, 0xCF)
"""Pink."""
NOTED: Final = (0xFF, 0xF4, 0xCD)
"""Pale yellow."""

_OF_EXCEL: Final = "FFFFC7CE"
"""The pink of Excel's own style *Bad*, which is the user's."""
_COLOUR: Final = re.compile("[0-9A-F]{8}")
_STEPS: Final = 24
"""Shades on each of two scales: the colour's green and blue go down by one at a time."""


class Palette:
    """The shades of one marking.

    Args:
        styles: Of the workbook; gets the styles that are needed.
        before: What the shades of an earlier marking stood for. They are taken again, so that marking a workbook many
            times does not use up ever more of them.
    """

    def __init__(self, styles: Stylesheet, before: Mapping[str, str]) -> None:
        self._styles = styles
        taken = set(_COLOUR.findall(styles.to_bytes().upper().decode()))
        self._shades: dict[tuple[tuple[int, int, int], str], str] = {}
        self._free: dict[tuple[int, int, int], Iterator[str]] = {}
        for base in (WRONG, NOTED):
            ours = list(_shades(base))
            self._shades |= {(base, before[shade]): shade for shade in ours if shade in before}
            self._free[base] = iter([shade for shade in ours if shade not in taken and shade not in before])

    @property
    def colours(self) -> dict[str, str]:
        """What was behind the text before, by shade."""
        return {shade: fill for (_, fill), shade in self._shades.items()}

    def on(self, base: tuple[int, int, int]) -> Restyle:
        """Return what gives each style its like on a shade of this colour."""

        def restyle(style: int) -> int:
            key = (base, self._styles.fill_of(style))
            if key not in self._shades:
                shade = next(self._free[base], None)
                if shade is None:
                    raise Unpatchable("its cells have too many different colours")
                self._shades[key] = shade
            return self._styles.filled(style, self._shades[key])

        known: dict[int, int] = {}
        return lambda style: known[style] if style in known else known.setdefault(style, restyle(style))


def _shades(base: tuple[int, int, int]) -> Iterator[str]:
    red, green, blue = base
    for step in range(_STEPS * _STEPS):
        down, further = divmod(step, _STEPS)
        shade = f"FF{red:02X}{green - down:02X}{blue - further:02X}"
        if shade != _OF_EXCEL:
            yield shade


ALL_SHADES: Final = frozenset({*_shades(WRONG), *_shades(NOTED)})
"""For a workbook that has lost what it says of itself."""
