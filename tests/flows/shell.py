"""The command line in this process, and a workbook with a PBX to try it on."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from openpyxl import load_workbook

from batch.cli.main import main
from batch.practice.faults import Faults
from batch.practice.server import RunningPbx, running
from batch.practice.state import PbxState, from_json
from samples.making.files import Cell, Page, write_workbook

FAST = ("--settle-wait", "0", "--rate", "10000", "--concurrency", "20")
LOSING_NUMBERS = ("--allow", "did-orphaned", "--allow", "size")
"""Lets numbers go, and many at once, where that is not what a test is about."""
CLIENT_SECRET = "Sample-practice-secret"
RESULTS = ("Result", "What to do", "Errcode", "Errmsg", "HTTP status", "Attempts", "Elapsed ms", "Finished at")
_OURS = ("TRUNK_BATCH_URL", "TRUNK_BATCH_CLIENT_ID", "TRUNK_BATCH_CLIENT_SECRET")

Line = Sequence[Cell]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> Ran:
    """Carry out one command as a terminal without a person would."""
    out, err = io.StringIO(), io.StringIO()
    before = {name: value for name, value in os.environ.items() if name not in _OURS}
    with (
        mock.patch.dict(os.environ, before | dict(environment or {}), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main([str(argument) for argument in arguments])
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A workbook, and a PBX that is being served."""

    workbook: Path
    pbx: RunningPbx

    @property
    def results(self) -> Path:
        return self.workbook.with_name(f"{self.workbook.stem}-results.xlsx")

    @property
    def runs(self) -> list[Path]:
        return sorted(self.workbook.with_name(f"{self.workbook.stem}.runs").glob("*"))

    def run(self, command: str, *flags: object, workbook: Path | None = None) -> Ran:
        where = ("--url", self.pbx.url, "--client-id", "practice")
        return run(
            command,
            workbook or self.workbook,
            *where,
            *FAST,
            *flags,
            environment={"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET},
        )

    def apply(self, *flags: object) -> Ran:
        return self.run("apply", "--yes", "--json", *flags)

    def on_run(self, command: str, *flags: object) -> Ran:
        """Carry out a command on the last run: it knows where the PBX is and how fast to go."""
        return run(command, self.runs[-1], "--json", *flags, environment={"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET})

    def resume(self, *flags: object) -> Ran:
        return self.on_run("resume", *flags)

    def verify(self, *flags: object) -> Ran:
        return self.on_run("verify", *flags)

    def calls(self) -> list[str]:
        return [request.call for request in self.pbx.requests]

    def writes(self) -> list[Json]:
        return [request.body for request in self.pbx.requests if request.call == "trunk/update"]


@contextmanager
def bench(
    folder: Path,
    *,
    trunks: Sequence[Line],
    live: Sequence[Json],
    dids: Sequence[Line] = (),
    caller_ids: Sequence[Line] = (),
    faults: Sequence[Json] = (),
    on_change: Callable[[PbxState], None] | None = None,
    **settings: Any,
) -> Iterator[Bench]:
    """Write a workbook (lines with their headers) and serve a PBX."""
    named = {"Trunks": trunks, "Caller IDs": caller_ids, "DIDs": dids}
    path = folder / "book.xlsx"
    write_workbook(path, *(Page(name=name, lines=lines) for name, lines in named.items() if lines))
    with serving(path, pbx(live, **settings), faults=faults, on_change=on_change) as served:
        yield served


@contextmanager
def serving(workbook: Path, state: PbxState, *, faults: Sequence[Json] = (), **more: Any) -> Iterator[Bench]:
    with running(state, faults=Faults.from_json(list(faults)), **more) as served:
        yield Bench(workbook=workbook, pbx=served)


def pbx(live: Sequence[Json], **settings: Any) -> PbxState:
    return from_json(
        {
            "trunks": list(live),
            "extensions": [{"id": i, "number": str(1000 + i)} for i in range(1, 10)],
            "extension_groups": [{"id": 1, "name": "Sales"}],
            "settings": settings,
        }
    )


def register(number: int, name: str, *dids: str, **fields: Any) -> Json:
    return {
        "id": number,
        "name": name,
        "type": "register",
        "hostname": "old.example",
        "port": 5060,
        "username": f"user{number}",
        "password": f"Sample-old-{number}",
        "did_list": [{"did": did, "did_name": ""} for did in dids],
        **fields,
    }


def endings(report: Json) -> list[str]:
    """Return the ending of each trunk of a report, in the workbook's order."""
    return [trunk["ending"] for trunk in report["trunks"]]


def lines_of(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    """Read a sheet of a workbook, row by row, as a spreadsheet program shows it."""
    book = load_workbook(path, read_only=True)
    try:
        return [tuple(row) for row in book[sheet].iter_rows(values_only=True)]
    finally:
        book.close()


def rows_of(path: Path, sheet: str, header_row: int = 1) -> list[dict[str, Any]]:
    """Read what stands below the header of a sheet, by header without the mark of a required column."""
    header, *rows = lines_of(path, sheet)[header_row - 1 :]
    names = [str(name).removesuffix(" *") for name in header]
    return [dict(zip(names, row, strict=True)) for row in rows]
