"""A story of ``samples/`` told through the command line, and what of it is compared with ``expect/``."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac
from pathlib import Path
from typing import Any, Final
from unittest import mock

from openpyxl import load_workbook

from batch.practice.state import read_state
from samples.making.files import lined
from tests.flows.shell import FAST, LOSING_NUMBERS, Json, Ran, run, serving

SAMPLES = Path(__file__).parents[2] / "samples"
BOOKS = {
    "carrier-cutover": "trunks.xlsx",
    "did-reassignment": "trunks.xlsx",
    "mistakes": "trunks.xlsx",
    "csv-from-a-colleague": "trunks",
    "number-moves": "trunks.xlsx",
}
NAMES = tuple(BOOKS)
ALLOWED: Final[Mapping[str, Sequence[str]]] = {
    **dict.fromkeys(BOOKS, LOSING_NUMBERS),
    "number-moves": (*LOSING_NUMBERS, "--allow", "did-doubled", "--allow", "routes"),
}
"""What a story lets happen."""
FLEET: Final = "fleet"
"""The story of many PBXs, which is told by itself."""
WRONG: Final = "C34"
"""The cell on its sheet DIDs that is wrong."""
GOING_THROUGH = tuple(name for name in NAMES if name != "mistakes")
_LINE = 118


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that came of one story: first on the embedded practice PBX, then on one with its wire in sight."""

    name: str
    folder: Path
    workbook: Path
    check: Ran
    plan: Ran
    plan_again: Ran
    apply: Ran
    after: Json
    """What the practice PBX's file holds then."""
    plan_after: Ran
    apply_again: Ran
    plan_of_results: Ran | None
    """None where there are none."""
    wire_plan: Ran
    wire_calls_of_plan: tuple[str, ...]
    wire_apply: Ran
    wire_writes: tuple[Json, ...]
    wire_apply_again: Ran
    wire_writes_again: tuple[Json, ...]
    tokens_left: int

    @property
    def results(self) -> Path:
        return self.workbook.with_name("trunks-PRACTICE-results.xlsx")

    @property
    def goes_through(self) -> bool:
        return self.name != "mistakes"

    @property
    def runs(self) -> list[Ran]:
        ran = [getattr(self, name) for name in self.__dataclass_fields__]
        return [one for one in ran if isinstance(one, Ran)]


_QUICKLY: Final = (*FAST, "--attempts", "2")


@dataclass(slots=True, kw_only=True)
class Night:
    """What was said, command by command, in the night of the fleet."""

    folder: Path
    workbook: Path
    told: list[tuple[str, Ran]] = field(default_factory=list)
    held: dict[str, list[Json]] = field(default_factory=dict)
    """What the PBXs held when everything was done, before one wave went back."""

    def says(self, *words: object) -> None:
        """Carry out a command, and keep what it says."""
        self.told.append((" ".join(["trunk-batch", *map(str, words)]), run(*words)))

    def codes(self) -> list[tuple[str, int]]:
        return [(line.split()[1], ran.code) for line, ran in self.told]

    @property
    def fleet_run(self) -> Path:
        return min(self.workbook.with_name("offices.runs").iterdir())

    @property
    def results(self) -> Path:
        return self.workbook.with_name("offices-PRACTICE-results.xlsx")

    def holds(self, of: str = "practice") -> dict[str, list[Json]]:
        """Tell the trunks of each PBX: as it holds them in practice, or, of ``pbx``, as it held them before."""
        files = {path.name.split(".")[1]: path for path in sorted(self.folder.glob(f"*.{of}.json"))}
        return {name: [digest_of(trunk) for trunk in read_state(path).trunks.values()] for name, path in files.items()}

    @property
    def first_results(self) -> Path:
        """Those of the first apply, as they were then."""
        return self.folder / "first-results.xlsx"

    def transcript(self) -> str:
        """Return all of it as it stands on a screen, but for what is another one each time."""
        text = "\n".join(f"$ {line}\n{ran.said}[{ran.code}]\n" for line, ran in self.told)
        for run_folder in sorted(self.workbook.with_name("offices.runs").iterdir()):
            text = text.replace(run_folder.name, f"RUN-{run_folder.name[-14:]}")
        text = re.sub(r"(127\.0\.0\.1):\d+", r"\1:PORT", text.replace(f"{self.folder}/", ""))
        return re.sub(r"takes \d+ s, until \d\d:\d\d", "takes N s, until HH:MM", text)


_LEFT: Final = shutil.ignore_patterns("expect", "README.md", "*.practice.json", "*.runs", "*-results*")
"""What a sample is copied without: what it comes to, and what is left of trying it as the README says."""


def copy_of(name: str, folder: Path) -> Path:
    """Copy a sample and return its workbook."""
    shutil.copytree(SAMPLES / name, folder, dirs_exist_ok=True, ignore=_LEFT)
    return folder / BOOKS.get(name, "offices.xlsx")


def allowances(name: str, workbook: Path) -> Sequence[object]:
    """Return the flags that let a story happen, with the carrier's order where it has one."""
    order = workbook.with_name("port-order.csv")
    listed = ("--port-order", order, "--allow", "port-order") if order.exists() else ()
    return (*ALLOWED[name], *listed)


def tell(name: str, folder: Path) -> Told:
    """Take a story through check, plan, apply, and all of that again."""
    workbook = copy_of(name, folder / "practice")
    allowed = allowances(name, workbook)
    practice = (workbook, "--practice", "--json", *allowed, *FAST)
    check = run("check", workbook, "--json")
    with mock.patch("hashlib.pbkdf2_hmac", pbkdf2_hmac):  # what is expected has a true digest
        plan = run("plan", *practice, "-o", workbook.with_name("plan.xlsx"))
        plan_again = run("plan", *practice)
        apply = run("apply", *practice, "--yes", "-v", "--log", workbook.with_name("log.jsonl"))
    after = json.loads(workbook.with_name("trunks.practice.json").read_text(encoding="utf-8"))
    plan_after = run("plan", *practice)
    results = workbook.with_name("trunks-PRACTICE-results.xlsx")
    plan_of_results = run("plan", results, *practice[1:]) if results.exists() else None
    apply_again = run("apply", *practice, "--yes")
    other = copy_of(name, folder / "wire")
    with serving(other, read_state(other.with_name("pbx.json"))) as wire:
        wire_plan = wire.run("plan", "--json", *allowed)
        calls = tuple(wire.calls())
        wire_apply = wire.apply(*allowed)
        writes = tuple(wire.writes())
        wire_apply_again = wire.apply(*allowed)
        writes_again = tuple(wire.writes()[len(writes) :])
        tokens = wire.pbx.count_valid_tokens()
    return Told(
        name=name,
        folder=folder,
        workbook=workbook,
        check=check,
        plan=plan,
        plan_again=plan_again,
        apply=apply,
        after=after,
        plan_after=plan_after,
        apply_again=apply_again,
        plan_of_results=plan_of_results,
        wire_plan=wire_plan,
        wire_calls_of_plan=calls,
        wire_apply=wire_apply,
        wire_writes=writes,
        wire_apply_again=wire_apply_again,
        wire_writes_again=writes_again,
        tokens_left=tokens,
    )


def tell_night(folder: Path) -> Night:
    """Take the fleet through its night: what goes wrong, what is put right, and what is taken back."""
    workbook = copy_of(FLEET, folder)
    night = Night(folder=folder, workbook=workbook)
    night.says("check", workbook)
    night.says("plan", workbook, "--practice", *_QUICKLY)
    night.says("apply", workbook, "--practice", "--yes", *_QUICKLY)
    shutil.copyfile(night.results, night.first_results)
    night.says("status", night.fleet_run)
    for mishap in folder.glob("*.faults.json"):
        mishap.unlink()
    night.says("resume", night.fleet_run, "--yes")
    night.says("verify", night.fleet_run)
    book = load_workbook(night.results)
    book["DIDs"][WRONG].value = "441154960100-109"
    book.save(night.results)
    night.says("apply", night.results, "--practice", "--yes", *_QUICKLY)
    night.held = night.holds()
    night.says("undo", night.fleet_run, "--wave", "2", "--yes")
    return night


def expectations(told: Told) -> dict[str, str]:
    """Return what is compared, by file name."""
    found = {
        "check.json": rendered(told.check.json),
        "plan.json": rendered({k: v for k, v in told.plan.json.items() if k != "seal"}),
        "exit.txt": "".join(
            f"{command}: {ran.code}\n"
            for command, ran in (
                ("check", told.check),
                ("plan", told.plan),
                ("apply", told.apply),
                ("apply again", told.apply_again),
            )
        ),
    }
    if told.goes_through:
        report = {key: value for key, value in told.apply.json.items() if key not in {"run", "results", "undo"}}
        found["report.json"] = lined(report, deep=2) + "\n"
        writes = sorted(told.wire_writes, key=lambda body: int(body["id"]))
        found["requests.json"] = rendered([_masked(body) for body in writes])
        found["pbx-after.json"] = lined([digest_of(trunk) for trunk in told.after["trunks"]], deep=1) + "\n"
    else:
        also = sorted((told.workbook.parent / "also").iterdir())
        found["also.json"] = rendered({path.name: run("check", path, "--json").json for path in also})
    return {name: text.replace(str(told.workbook.parent), ".") for name, text in found.items()}


def _masked(body: Json) -> Json:
    """Put the fields in an order of their own, and something else for the password."""
    shown = {"id": body["id"]} | {name: body[name] for name in sorted(body)}
    return shown | {"password": "<password>"} if "password" in body else shown


def digest_of(trunk: Json) -> Json:
    """Return a trunk so shortly that sixty of them can be read, and so completely that no difference is missed."""
    whole = json.dumps(_masked(trunk), sort_keys=True, ensure_ascii=False)
    shown = {name: trunk[name] for name in ("id", "name", "type", "status", "enable", "hostname") if name in trunk}
    counted = {name: len(trunk[name]) for name in ("did_list", "outbound_cid_list") if name in trunk}
    return shown | counted | {"digest": hashlib.sha256(whole.encode()).hexdigest()[:12]}


def rendered(value: Any) -> str:
    """Write JSON so that differences can be read: what fits stands on one line."""
    return _lines(value, "") + "\n"


def _lines(value: Any, margin: str) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(margin) + len(line) <= _LINE:
        return line
    inner = margin + " "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_lines(item, inner)}" for key, item in value.items()]
    else:
        items = [_lines(item, inner) for item in value]
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    return f"{opened}\n{inner}" + f",\n{inner}".join(items) + f"\n{margin}{closed}"
