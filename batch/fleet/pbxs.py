"""PBXs: those of a workbook, each with its part, its wave and how it stands; and what stops one of them, or all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from batch.commands.check import Checked
from batch.errors import BatchError, UsageError
from batch.fleet.tasks import TaskAnswer
from batch.fleet.waves import find_waves
from batch.runs.fleet_folder import FleetPbx
from batch.runs.serialization import read_problem
from batch.schema.file_metadata import plain_stem
from batch.schema.problems import Problem
from batch.settings import Settings
from batch.tables.rows import Tables
from batch.trunks.model import Record
from batch.wording import nearest_names, quoted, some_of
from batch.writers.part_workbook import plain_passwords

ProfileSettings = Callable[[str], Settings]
"""Makes the settings of one PBX, by what the workbook calls it.

Raises:
    UsageError: it cannot be said where it is, or as whom to sign in.
"""
_NAMED: Final = 8
_CELLS: Final = 3
"""So many faulty ones are named."""
NOT_CHOSEN: Final = "Not chosen."


@dataclass(slots=True, kw_only=True)
class Pbx:
    """One PBX of a workbook, and how it stands."""

    name: str
    """As the workbook's cells have it."""
    slug: str
    """Its name in paths."""
    tables: Tables
    """Its rows."""
    chosen: bool = True
    wave: int = 1
    settings: Settings | None = None
    """None where `why` says why it has none."""
    why: str = ""
    """What keeps it from being done; blank where nothing does."""
    invalid: frozenset[int] = frozenset()
    """Rows of the Trunks sheet that are left out, with all that is of their trunks."""
    digest: str = ""
    """Of its plan; blank where it could not be planned."""
    answer: TaskAnswer = field(default_factory=dict)
    """The last that was heard of it."""

    @property
    def site(self) -> str:
        """Where its workers are."""
        return (self.settings.site if self.settings else "") or self.name

    @property
    def rows(self) -> list[int]:
        """Rows of its trunks on the Trunks sheet."""
        return list(self.tables.trunks.rows())

    @property
    def exit_code(self) -> int | None:
        """Of what was done last; None where nothing was, or nothing was heard of it."""
        return self.answer.get("exit_code")

    @property
    def trouble(self) -> str:
        """What keeps or kept it from being done, and what to do; blank where nothing did."""
        error = self.answer.get("error") or {}
        said = self.why or " ".join(filter(None, map(error.get, ("message", "hint"))))
        found = [*filter(None, map(read_problem, self.answer.get("problems", ())))]
        return said or (self.faulty([f"{one.sheet}!{one.cell}" for one in found]) if found else "")

    @staticmethod
    def faulty(cells: Sequence[str]) -> str:
        """Say that cells of its rows are wrong."""
        named = some_of(cells, _CELLS)
        return f"This PBX has errors, in {named}: correct them, or leave their trunks out with --skip-invalid."

    @property
    def is_to_correct(self) -> bool:
        """Whether its rows, or its settings, must be corrected before it can be done."""
        return bool(self.why) or self.exit_code == 3

    @property
    def updates(self) -> int:
        """How many trunks its plan would write."""
        return sum(change["kind"] == "update" for change in (self.answer.get("plan") or {}).get("changes", ()))

    @property
    def is_begun(self) -> bool:
        """Whether a run of its own began, or may have."""
        return bool(self.answer.get("run")) or (bool(self.answer) and self.exit_code is None)

    @property
    def is_left(self) -> bool:
        """Whether there may be something left to do."""
        return self.exit_code != 0 or not self.is_begun

    @property
    def error(self) -> str:
        """Code of what kept it from being used; blank where nothing did."""
        return str((self.answer.get("error") or {}).get("code", ""))

    @property
    def differs(self) -> bool:
        """Whether something was found to be otherwise than it was wanted, by whoever compared it just now."""
        return bool((self.answer.get("verified") or {}).get("differ"))

    def set_aside(self) -> None:
        """Have nothing to do with it."""
        self.chosen, self.why, self.digest, self.answer = False, NOT_CHOSEN, "", {}

    def kept(self) -> FleetPbx:
        """Return what the fleet's folder keeps of it."""
        return FleetPbx(
            name=self.name,
            slug=self.slug,
            wave=self.wave,
            digest=self.digest,
            site=self.site,
            trunks=self.tables.trunks.height,
            rows=sum(table.height for table in self.tables.counted),
        )


def find_pbxs(checked: Checked, profile_settings: ProfileSettings) -> dict[str, Pbx]:
    """Return the PBXs of a workbook by name, in its order, each with its settings or why it has none.

    Raises:
        UsageError: one is named that is not there, or it cannot be told which wave is which.
    """
    settings, slugs = checked.settings, _slugs(checked.parts)
    pbxs = {name: Pbx(name=name, slug=slugs[name], tables=part) for name, part in checked.parts.items()}
    for name in _only(settings, pbxs):
        pbxs[name].set_aside()
    records = {record.row: record for record in checked.records.trunks}
    for pbx in (pbx for pbx in pbxs.values() if pbx.chosen):
        try:
            own = [records[row] for row in pbx.rows]
            pbx.settings = _of_part(checked, profile_settings(pbx.name), pbx.slug, own)
        except BatchError as error:
            pbx.why = f"{error.message} {error.hint}"
    _judge(checked, pbxs)
    known = {name: pbx.settings.in_wave for name, pbx in pbxs.items() if pbx.settings and pbx.settings.in_wave}
    names = [name for name, pbx in pbxs.items() if pbx.chosen and pbx.settings]
    in_rows = {name: wave for name, wave in checked.waves.items() if name in names}
    for wave, of_wave in find_waves(names, in_rows, known, settings.waves).items():
        for name in of_wave:
            pbxs[name].wave = wave
    return pbxs


def _slugs(names: Iterable[str]) -> dict[str, str]:
    """Return a name in paths for each PBX, none of them twice, also where case does not count."""
    slugs: dict[str, str] = {}
    taken = {"input", "results", "lock", "con", "nul", "aux", "prn"}
    for name in names:
        plain = re.sub(r"[^\w.-]+|\.(?=(?:xlsx|json|toml|html)$)", "-", re.sub(r"^https?://", "", name))
        plain = plain.strip("-._")[:60].rstrip("-.") or "pbx"
        slug, number = plain, 2
        while taken & {slug.casefold(), f"{slug}-results".casefold()}:
            slug, number = f"{plain}-{number}", number + 1
        taken |= {slug.casefold(), f"{slug}-results".casefold()}
        slugs[name] = slug
    return slugs


def _only(settings: Settings, pbxs: Mapping[str, Pbx]) -> list[str]:
    """Return the PBXs that are left out."""
    for flag, names in (("--only-pbx", settings.only_pbx), ("--skip-pbx", settings.skip_pbx)):
        if unknown := [name for name in names if name not in pbxs]:
            near = nearest_names(unknown, pbxs)
            meant = f"Did you mean {', '.join(near.values())}? " if near else ""
            raise UsageError(
                f"{flag} names {', '.join(unknown)}, which no row of the workbook does.",
                f"{meant}There are {some_of(pbxs, _NAMED)}.",
            )
    only = settings.only_pbx or tuple(pbxs)
    return [name for name in pbxs if name not in only or name in settings.skip_pbx]


def _of_part(checked: Checked, own: Settings, slug: str, records: Sequence[Record]) -> Settings:
    """Return the settings of a PBX for its part: its own, and of the fleet's what says which rows, and what is allowed.

    The part says itself what columns and flags say of the whole workbook.
    """
    settings, workbook = checked.settings, checked.settings.workbook.resolve()
    left_out = any(record.row in checked.choice.left_out for record in records)
    chosen = tuple(str(record.id or record.name) for record in records if record.row in checked.choice.rows)
    own_to_all: dict[str, Any] = {
        **dict.fromkeys(("columns", "run_dir", "results", "failed_only", "summary", "output", "approved", "log")),
        **dict.fromkeys(("first", "pbx_addresses", "marked", "write_columns", "port_order", "workers")),
        **dict.fromkeys(("as_", "trunk", "mode", "expect", "confirm_within"), ""),
        **{name: getattr(settings, name) for name in ("skip_invalid", "allow", "accept")},
    }
    return replace(
        own,
        workbook=workbook.with_name(f"{plain_stem(workbook)}.{slug}.xlsx"),
        only=chosen if left_out else (),
        **own_to_all,
    )


def _judge(checked: Checked, pbxs: Mapping[str, Pbx]) -> None:
    """Say of each PBX what of its rows keeps it from being done."""
    settings, stopping = checked.settings, checked.problems.stopping
    faulty = {problem.trunk: problem for problem in reversed(stopping) if problem.trunk is not None}
    for pbx in pbxs.values():
        at_fault = faulty.keys() & {*pbx.rows}
        left = checked.choice.rows.intersection(pbx.rows) - at_fault
        if at_fault and settings.skip_invalid:
            pbx.invalid = frozenset(at_fault)
        elif at_fault and pbx.chosen:
            pbx.why = pbx.faulty([f"{faulty[row].sheet}!{faulty[row].cell}" for row in sorted(at_fault)])
        if pbx.chosen and (of_no_trunk := [f"{p.sheet}!{p.cell}" for p in stopping if _is_of(p, pbx.name)]):
            cells = some_of(of_no_trunk, _CELLS)
            pbx.why = f"Rows of this PBX belong to no trunk, in {cells}: correct them, or leave it out with --skip-pbx."
        if pbx.chosen and not left and not pbx.why:
            pbx.set_aside()


def _is_of(problem: Problem, pbx: str) -> bool:
    return problem.trunk is None and problem.pbx == pbx


def stops_all(checked: Checked, pbxs: Mapping[str, Pbx]) -> list[Problem]:
    """Return what stands against sending anything: what is wrong and belongs to no PBX."""
    rows = {row for pbx in pbxs.values() for row in pbx.rows}
    skip = checked.settings.skip_invalid
    stopping = [p for p in checked.problems.stopping if p.pbx not in pbxs]
    return [p for p in stopping if p.trunk is None or (p.trunk not in rows and not skip)]


def typed_passwords(pbxs: Iterable[Pbx]) -> list[Problem]:
    """Report passwords that stand in cells, where rows are handed to workers: secrets do not travel."""
    return [
        pbx.tables.trunks.problem(
            "secret-not-allowed",
            row,
            "password",
            "The password stands in the cell, and this run hands its rows to workers: a password does not travel.",
            f"Type env:NAME or file:PATH, which the worker looks up where it is; or --skip-pbx {quoted(pbx.name)}.",
        )
        for pbx in pbxs
        if pbx.chosen
        for row in plain_passwords(pbx.tables)
    ]


def digest_of(pbxs: Iterable[Pbx]) -> str:
    """Return the digest over all plans: another one where a PBX, its wave or its plan is another."""
    text = "\n".join(f"{pbx.name}\0{pbx.wave}\0{pbx.digest}" for pbx in pbxs if pbx.digest)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def part_in(folder: Path, pbx: Pbx) -> Path:
    """Return where a PBX's part of the workbook lies."""
    return folder / f"{pbx.slug}.xlsx"
