"""The command line in this process and in one of its own, and workbooks and PBXs to try it on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import load_workbook

from batch.cli.main import main
from batch.practice.faults import Faults
from batch.practice.server import Certificate, RunningPbx, running
from batch.practice.state import PbxState, from_json

SECRET = "Sample-client-secret"
Rows = Sequence[Sequence[str]]
TRUNKS: Rows = (("Name", "Hostname"), ("London", "new.carrier.example"), ("Paris", "new.carrier.example"))
DIDS: Rows = (("Trunk", "DID", "DID name"), ("London", "442079460100", "Main"))
CALLER_IDS: Rows = (
    ("Trunk", "Option", "Caller ID", "Extensions"),
    ("London", "shared", "442079460100", "1001"),
)
LOSING_NUMBERS = ("--allow", "did-orphaned", "--allow", "size")
"""Lets numbers go, and many at once, where that is not what a test is about."""
FAST = ("--rate", "1000", "--settle-wait", "0")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def error(self) -> Mapping[str, str]:
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"code", "message", "hint"}
        found: Mapping[str, str] = self.json["error"]
        return found


class Shell:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> Ran:
        self._capsys.readouterr()
        code = main([str(word) for word in words])
        return Ran(code, *self._capsys.readouterr())


class Person:
    """Somebody at a terminal who types one line, or presses Ctrl-C."""

    def __init__(self, line: str | None) -> None:
        self._line = line

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        if self._line is None:
            raise KeyboardInterrupt
        return self._line


def write_book(path: Path, trunks: Rows = TRUNKS, dids: Rows = (), caller_ids: Rows = ()) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in (("Trunks", trunks), ("Caller IDs", caller_ids), ("DIDs", dids)):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, text in enumerate(row):
                    sheet.write_string(number, column, text)
    return path


def rows_of(path: Path, sheet: str) -> list[list[Any]]:
    book = load_workbook(path)
    return [[cell.value for cell in row] for row in book[sheet].rows]


def state(*trunks: Mapping[str, Any], **settings: Any) -> PbxState:
    """Make a PBX with London (1) and Paris (2), or with the trunks given, and the extensions 1001 and 1002."""
    listed = trunks or ({"id": 1, "name": "London"}, {"id": 2, "name": "Paris"})
    return from_json(
        {
            "trunks": [{"type": "register", "hostname": "old.carrier.example", **trunk} for trunk in listed],
            "extensions": [{"id": 1, "number": "1001"}, {"id": 2, "number": "1002"}],
            "settings": {"client_id": "script", "client_secret": SECRET, **settings},
        }
    )


@contextmanager
def pbx(
    *trunks: Mapping[str, Any],
    faults: Sequence[Mapping[str, Any]] = (),
    certificate: Certificate | None = None,
    on_change: Any = None,
    **settings: Any,
) -> Iterator[RunningPbx]:
    with running(
        state(*trunks, **settings),
        faults=Faults.from_json(list(faults)),
        certificate=certificate,
        on_change=on_change,
    ) as served:
        yield served


def at(served: RunningPbx) -> tuple[str, ...]:
    """The flags that lead to a PBX."""
    return ("--url", served.url, "--client-id", "script", *FAST)


def plan_at(served: RunningPbx) -> tuple[str, ...]:
    return ("--url", served.url, "--client-id", "script", "--rate", "1000")


def calls(served: RunningPbx) -> list[str]:
    return [request.call for request in served.requests]


def last_run(book: Path) -> Path:
    """The folder of a workbook's newest run."""
    return max(book.with_name(f"{book.stem}.runs").iterdir())


def ending_of(ran: Ran) -> dict[str, str]:
    """The ending of each trunk, by name."""
    return {trunk["name"]: trunk["ending"] for trunk in ran.json["trunks"]}
