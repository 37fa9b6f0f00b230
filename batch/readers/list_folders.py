"""List folders: the lists of a CSV folder with one file a trunk, as the PBX's portal has them: ``dids/London-1.csv``.

The name of the file is that of the trunk; what no file system takes is written as in web addresses (``%3F``), which
is never part of a trunk's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote

from batch.readers.workbook import BLANK, CellValue, RawSheet
from batch.schema.column_model import ListSheet, words_of
from batch.schema.columns import LIST_SHEETS
from batch.wording import counted, folded, some_of, spans

_NAMED: Final = 40
"""So many files are named, each with its rows."""
_LONGEST: Final = 255
"""Bytes of a file's name that every system takes."""
_TAKEN_BY_NONE: Final = re.compile(r'[<>:"/\\|?*%\x00-\x1f\x7f]|^[. ]|[. ]$')
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever follows a full stop (Naming Files, Paths, and Namespaces)."""


def list_file_names(trunks: Iterable[str]) -> Mapping[str, str]:
    """Return what the files of trunks are called: by no system alike, and leading back to the trunk.

    A trunk whose name is too long for a file has none.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for trunk in trunks:
        stem = _TAKEN_BY_NONE.sub(lambda found: _escaped(found[0]), trunk)
        if _DEVICES.fullmatch(stem) or unicodedata.normalize("NFC", stem) != stem or _alike(stem) in taken:
            stem = _escaped(trunk)
        if len(f"{stem}.csv".encode()) <= _LONGEST:
            names[trunk] = f"{stem}.csv"
            taken.add(_alike(stem))
    return names


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _alike(stem: str) -> str:
    return unicodedata.normalize("NFC", stem).casefold()


def trunk_of(file: Path) -> str:
    """Return the trunk that a file of a list is about."""
    return unquote(file.stem)


def is_list_folder(name: str) -> bool:
    """Tell whether a folder inside of a CSV folder holds the files of a list, going by its name."""
    return _list_of(name) is not None


def _list_of(name: str) -> ListSheet | None:
    return next((sheet for sheet in LIST_SHEETS if folded(name) in map(folded, sheet.names)), None)


def list_files(folder: Path) -> Mapping[ListSheet, Sequence[Path]]:
    """Return the files of each list that has a folder of its own, by name."""
    found: dict[ListSheet, list[Path]] = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        sheet = _list_of(place.name)
        files = sorted(path for path in place.iterdir() if path.is_file() and path.suffix.casefold() == ".csv")
        if sheet is not None and files:
            found[sheet] = [*found.get(sheet, ()), *files]
    return found


def list_parts(names: Iterable[str]) -> Mapping[ListSheet, Sequence[str]]:
    """Return the same of what is in a zip, where the folder of a list stands at its top or in one folder."""
    found: dict[ListSheet, list[str]] = {}
    for path in sorted(map(PurePosixPath, names)):
        sheet = _list_of(path.parent.name) if 2 <= len(path.parts) <= 3 and path.parts[0] != "__MACOSX" else None
        if sheet is not None and path.suffix.casefold() == ".csv" and not path.name.startswith("._"):
            found[sheet] = [*found.get(sheet, ()), str(path)]
    return found


def put_together(sheet: ListSheet, files: Sequence[tuple[Path, RawSheet]]) -> tuple[RawSheet, str]:
    """Make one sheet of the files of a list, the trunk of each in front of its rows; also say which rows are whose.

    A file that has a column *Trunk* keeps it.
    """
    headers: dict[str, CellValue] = {"trunk": "Trunk"}
    columns: dict[str, list[CellValue]] = {"trunk": ["Trunk"]}
    said: list[str] = []
    height = 1
    for path, raw in files:
        rows = raw.height - 1
        if rows < 1:
            continue
        own = {_key(sheet, column[0], at): column[1:] for at, column in enumerate(raw.columns)}
        own.setdefault("trunk", [trunk_of(path)] * rows)
        for at, column in enumerate(raw.columns):
            key = _key(sheet, column[0], at)
            if key not in headers:
                headers[key] = column[0]
                columns[key] = [column[0], *[BLANK] * (height - 1)]
        for key, column in columns.items():
            column.extend(own.get(key, [BLANK] * rows))
        where = spans(range(height + 1, height + rows + 1))
        said.append(f"{path.parent.name}/{path.name} is row{'' if rows == 1 else 's'} {where}")
        height += rows
    rows_of = some_of(said, _NAMED) or "all are blank"
    remark = f"{sheet.title} was put together from {counted(len(files), 'file')}: {rows_of}."
    dialect = files[0][1].dialect
    return RawSheet(name=sheet.title, columns=list(columns.values()), dialect=dialect), remark


def _key(sheet: ListSheet, header: CellValue, at: int) -> str:
    """Return by what the columns of several files are the same: their header, or their place where that is blank."""
    word = folded(str(header))
    return "trunk" if words_of(sheet).get(word) == "trunk" else word or f"column {at}"
