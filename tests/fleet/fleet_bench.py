"""A workbook for several PBXs, each of them served and named by a profile, and the command line to try it with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from batch.cli.console import Console
from batch.practice.faults import Faults
from batch.practice.server import RunningPbx, running
from samples.making.files import Cell, Page, write_workbook
from tests.flows.shell import CLIENT_SECRET, FAST, Json, Ran, pbx, register, rows_of, run

_CLI: Final = (sys.executable, "-c", "from batch.cli import run; run()")
_PATIENCE_S: Final = 60
Line = Sequence[Cell]
REFUSED: Json = {"call": "get_token", "do": "errcode", "errcode": 70028, "times": "always"}
"""Refuses the sign-in."""
AWAY_URL: Final = "http://127.0.0.1:9"
AWAY = ("--give-up-after", "0.3", "--timeout", "1", "--attempts", "1")
"""Flags with which one that is away is given up soon."""


@dataclass(slots=True, kw_only=True)
class FleetBench:
    """A workbook, and the PBXs that its rows name."""

    workbook: Path
    pbxs: Mapping[str, RunningPbx]
    profiles: Path
    flags: Sequence[str] = FAST
    environment: Mapping[str, str] = field(default_factory=lambda: {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET})

    @property
    def results(self) -> Path:
        return self.workbook.with_name(f"{self.workbook.stem}-results.xlsx")

    @property
    def runs(self) -> list[Path]:
        return sorted(self.workbook.with_name(f"{self.workbook.stem}.runs").glob("*"))

    def run(self, command: str, *flags: object, workbook: Path | None = None) -> Ran:
        return run(command, workbook or self.workbook, *self.flags, *flags, environment=self.environment)

    def plan(self, *flags: object, workbook: Path | None = None) -> Ran:
        return self.run("plan", "--json", *flags, workbook=workbook)

    def apply(self, *flags: object, workbook: Path | None = None) -> Ran:
        return self.run("apply", "--yes", "--json", *flags, workbook=workbook)

    def on_run(self, command: str, *flags: object, run_folder: Path | None = None) -> Ran:
        """Carry out a command on the last run, or another."""
        return run(command, run_folder or self.runs[-1], *flags, environment=self.environment)

    def return_to(self, name: str) -> None:
        """Let the profile of a PBX that was away lead to where it is."""
        text = self.profiles.read_text(encoding="utf-8")
        self.profiles.write_text(text.replace(AWAY_URL, self.pbxs[name].url, 1), encoding="utf-8")

    def lead_away(self, name: str) -> None:
        """Let the profile of a PBX lead to where nobody listens."""
        text = self.profiles.read_text(encoding="utf-8")
        self.profiles.write_text(text.replace(self.pbxs[name].url, AWAY_URL, 1), encoding="utf-8")

    def is_writing(self, name: str) -> bool:
        """Tell whether the run of a PBX in the last run has its journal by now, so that it is about to write."""
        return bool(self.runs) and (self.runs[-1] / name / "journal.sqlite").exists()

    def writes(self) -> dict[str, int]:
        """Count the writes at each PBX."""
        return {name: len(self.written(name)) for name in self.pbxs}

    def written(self, name: str) -> list[Json]:
        return [one.body for one in self.pbxs[name].requests if one.call == "trunk/update"]

    def hostnames(self, name: str) -> dict[str, str]:
        """Return where each trunk of a PBX points."""
        return {str(trunk["name"]): str(trunk["hostname"]) for trunk in self.pbxs[name].state.trunks.values()}

    def states(self) -> dict[str, tuple[Any, Any]]:
        """Return of each PBX the wave and the state, as the results say them."""
        return {line["PBX"]: (line["Wave"], line["State"]) for line in self.sheet("PBXs")}

    def sheet(self, name: str, path: Path | None = None) -> list[dict[str, Any]]:
        """Read a sheet of the results that is listed, below its header."""
        book = path or self.results
        return rows_of(book, name, 2)

    def endings(self, path: Path | None = None) -> dict[tuple[str, str], str]:
        """Return how each trunk ended, as the results say."""
        return {(row["PBX"], row["Name"]): row["Result"] for row in rows_of(path or self.results, "Trunks")}


def trunks_of(number: int, count: int = 2) -> list[Json]:
    """Return what a PBX holds: trunks with a DID each, by a number that no two PBXs share."""
    return [register(at, f"Trunk-{at}", f"+4930{number:02}{at:03}") for at in range(1, count + 1)]


def lines_of_pbx(name: str, count: int = 2, host: str = "new.example") -> list[Line]:
    return [(name, f"Trunk-{at}", host) for at in range(1, count + 1)]


@contextmanager
def fleet_bench(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: Sequence[str] = ("berlin", "paris", "rome"),
    *,
    trunks: Sequence[Line] | None = None,
    dids: Sequence[Line] = (),
    caller_ids: Sequence[Line] = (),
    faults: Mapping[str, Sequence[Json]] | None = None,
    away: Sequence[str] = (),
    live: Mapping[str, Sequence[Json]] | None = None,
    profiles: Mapping[str, str] | None = None,
    count: int = 2,
) -> Iterator[FleetBench]:
    """Write a workbook that points two trunks of each PBX elsewhere, or says what is given; serve the PBXs.

    Args:
        folder: where the workbook and the operator's own profiles lie.
        monkeypatch: leads there.
        names: the PBXs that have a profile.
        trunks: lines of the Trunks sheet with their header.
        dids: the same of DIDs.
        caller_ids: the same of Caller IDs.
        faults: what goes wrong at a PBX.
        away: those at whose address nobody listens.
        live: what a PBX holds, where that is not `trunks_of` its place.
        profiles: further lines of a PBX's profile.
        count: how many trunks each has.
    """
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "own"))
    usual = [("PBX", "Name", "Hostname"), *(line for name in names for line in lines_of_pbx(name, count))]
    named = {"Trunks": trunks or usual, "Caller IDs": caller_ids, "DIDs": dids}
    workbook = folder / "offices.xlsx"
    write_workbook(workbook, *(Page(name=name, lines=lines) for name, lines in named.items() if lines))
    with ExitStack() as stack:
        served = {}
        for number, name in enumerate(names, 1):
            state = pbx((live or {}).get(name) or trunks_of(number, count))
            script = Faults.from_json([*(faults or {}).get(name, ())])
            served[name] = stack.enter_context(running(state, faults=script))
        file = folder / "own" / "trunk-batch" / "trunk-batch.toml"
        file.parent.mkdir(parents=True)
        file.write_text(
            "".join(
                f'[{name}]\nurl = "{AWAY_URL if name in away else one.url}"\nclient_id = "practice"\n'
                + (profiles or {}).get(name, "")
                + "\n"
                for name, one in served.items()
            ),
            encoding="utf-8",
        )
        yield FleetBench(workbook=workbook, pbxs=served, profiles=file)


def begin(bench: FleetBench, *words: object, **how: Any) -> subprocess.Popen[str]:
    """Start a command in a process, and a session, of its own, which may have processes of its own."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [*_CLI, *map(str, words)],
        env={**os.environ, **bench.environment},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True, **how},
        start_new_session=True,
    )


def until(true: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something is so; a command that has ended before cannot make it so any more."""
    end = time.monotonic() + _PATIENCE_S
    while not true():
        assert process is None or process.poll() is None, process.communicate(timeout=_PATIENCE_S)
        assert time.monotonic() < end
        time.sleep(0.005)


def ended(process: subprocess.Popen[str]) -> Ran:
    """Wait for the end of a command."""
    out, err = process.communicate(timeout=_PATIENCE_S)
    return Ran(code=process.returncode, out=out, err=err)


def answered(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """Have somebody at the terminal who always says the same; returns what they are asked."""
    asked: list[str] = []

    def ask(_console: Console, text: str) -> str:
        asked.append(text)
        return answer

    monkeypatch.setattr("batch.cli.fleets.on_terminal", lambda: True)
    monkeypatch.setattr(Console, "ask", ask)
    return asked
