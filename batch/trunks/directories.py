"""Directories: extensions and groups of a PBX by their ids, and the cells that name them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from batch.trunks.live import Census, Extension
from batch.trunks.numbers import parse_extensions, split_groups

_NEEDS_QUOTES: Final = re.compile(r'[,;"#]')


class Directory:
    """Who has which id on a PBX."""

    def __init__(self, census: Census) -> None:
        """Turn the census's lists round, leaving out what no cell can name."""
        self._known = census.groups
        self._numbers = {
            number_id: number
            for number, number_id in census.extensions.items()
            if parse_extensions(number) == (number,)
        }
        self._names = {group_id: name for name, group_id in census.groups.items() if self._says(name)}
        self._cells: dict[tuple[int, ...], str] = {}

    @property
    def extensions(self) -> tuple[str, ...]:
        """The numbers that a cell can name."""
        return tuple(self._numbers.values())

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that a cell can name, each as it does."""
        return tuple(map(_quoted, self._names.values()))

    def cells_of(self, members: Sequence[Extension]) -> tuple[str, str]:
        """Return the cells *Extensions* and *Extension groups*: by number and name, by ``#id`` where there is none."""
        extensions = [self._numbers.get(m.id, f"#{m.id}") for m in members if m.type == "extension"]
        return ", ".join(extensions), self._groups(tuple(m.id for m in members if m.type == "ext_group"))

    def _groups(self, ids: tuple[int, ...]) -> str:
        if ids not in self._cells:
            self._cells[ids] = self._cell_of_groups(ids)
        return self._cells[ids]

    def _cell_of_groups(self, ids: tuple[int, ...]) -> str:
        if not ids or not self._names.keys() >= set(ids):
            return ", ".join(_quoted(self._names[i]) if i in self._names else f"#{i}" for i in ids)
        names = tuple(dict.fromkeys(self._names[i] for i in ids))
        cell = ", ".join(map(_quoted, names))
        if split_groups(cell, self._known) == names:
            return cell
        return ", ".join(f"#{i}" for i in ids)  # side by side they look like the name of another group

    def _says(self, name: str) -> bool:
        return name.isprintable() and name == name.strip() and split_groups(_quoted(name), self._known) == (name,)


def _quoted(name: str) -> str:
    """Write a group's name as it is typed."""
    return '"{}"'.format(name.replace('"', '""')) if _NEEDS_QUOTES.search(name) else name
