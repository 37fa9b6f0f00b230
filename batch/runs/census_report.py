"""Census report: the census of a plan as hazards, sheets and JSON, and how the PBX differs from it after the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from batch.schema.columns import DIDS
from batch.tables.row_results import ListedSheet, Tone
from batch.tables.rows import Tables
from batch.trunks.census import COUNTED, Census, CensusLine, Fate, HeldDid, Holdings, take_census
from batch.trunks.change_plan import Change
from batch.trunks.live import Did, LiveTrunk
from batch.trunks.live_checks import Hazard
from batch.wording import counted, some_of

_NOWHERE: Final = "on no trunk"
_SHOWN: Final = 3
"""So many numbers are named in a hazard."""
_FIRST: Final = (Tone.BAD, Tone.WARN, None)
"""What stands first on the sheet."""
_LISTED: Final = 20
"""So many differences are named on the Summary."""
_COLUMNS: Final = {"Number": 20, "E.164": 20, "Before": 34, "After": 34, "What": 11, "Why": 60}


@dataclass(frozen=True, kw_only=True)
class PlannedCensus:
    """The census of a plan, with where in the workbook each change comes from."""

    census: Census
    tables: Tables
    changes: Mapping[int, Change]
    """What becomes of trunks, by trunk id."""
    not_read: Sequence[str] = ()
    """Names of trunks whose DIDs cannot be read, and are not in it."""
    found: Census | None = None
    """From what was planned to what the PBX holds after the run."""

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What the Summary says of it."""
        left = f" Not counted, as they cannot be read: {some_of(self.not_read, 12)}." if self.not_read else ""
        facts = [("Census", self.census.says + left)]
        if self.found is not None:
            different = len(self.found.lines)
            said = f"{counted(different, 'DID')} not as planned" if different else "as planned"
            facts.append(("Census after the run", said))
        return facts

    @property
    def differences(self) -> list[str]:
        """Say what is not as planned after the run, a sentence for each DID, the first of them."""
        lines = self.found.lines if self.found else ()
        said = [
            f"Census: {line.here.did.number}: {self._side(line, line.before)} planned, "
            f"{self._side(line, line.after)} found."
            for line in lines[:_LISTED]
        ]
        more = len(lines) - _LISTED
        left = f"Census: … and {counted(more, 'more DID')} not as planned: see the sheet Census."
        return [*said, left] if more > 0 else said

    def held_against(self, trunks: Iterable[LiveTrunk], unread: Collection[int]) -> PlannedCensus:
        """Return it with what the PBX holds after the run, but for trunks that cannot be read by now."""
        after = self.census.after
        planned = replace(after, dids={trunk: dids for trunk, dids in after.dids.items() if trunk not in unread})
        return replace(self, found=take_census(planned, holdings(trunks), self.census.region.code))

    def hazards(self) -> Iterator[Hazard]:
        """Name the numbers that would be on no trunk, or on two."""
        dangers: defaultdict[tuple[str, int, str], list[str]] = defaultdict(list)
        for line in self.census.lines:
            number = f"{line.here.did.number}{f' ({cells})' if (cells := self._cells(line)) else ''}"
            if line.orphaned:
                dangers["did-orphaned", line.here.trunk, f"{_NOWHERE} any more"].append(number)
            if line.doubled:
                dangers["did-doubled", line.here.trunk, f"on {self._trunks(line.is_on)} at once"].append(number)
        for (code, trunk, where), numbers in dangers.items():
            live, row = self.changes[trunk].live, self.changes[trunk].record.row
            message = f"{live.label}: {some_of(numbers, _SHOWN)} would be {where}."
            yield Hazard(code=code, row=row, trunk=live.name or str(live.id), message=message)

    def _trunks(self, trunks: Iterable[int]) -> str:
        return " and ".join(self._name(trunk) for trunk in sorted(trunks))

    def _name(self, trunk: int) -> str:
        names = {} if self.found is None else self.found.after.names
        return self.census.after.names.get(trunk) or names.get(trunk) or f"trunk {trunk}"

    @cached_property
    def _places(self) -> Mapping[tuple[int, str], str]:
        """The cells of the DIDs, by trunk id and DID."""
        return {
            (trunk, row.key): self.tables.dids.place(DIDS.number, row.row, row.number)
            for trunk, change in self.changes.items()
            if change.record.dids is not None
            for row in change.record.dids.rows
        }

    def _cells(self, line: CensusLine) -> str:
        """Name the cells that say what becomes of a DID; blank where the workbook does not say it."""
        trunk, did = line.here
        others = line.is_on - {trunk} if line.doubled else ()
        own, *more = (self._places.get((one, did.key), "") for one in (trunk, *sorted(others)))
        if not own and (change := self.changes.get(trunk)) is not None and change.record.dids is not None:
            own = self.tables.trunks.place(DIDS.mode, change.record.row)
        return ", ".join(filter(None, (own, *more)))

    def _why(self, line: CensusLine) -> str:
        notes = [self._cells(line)]
        if line.orphaned:
            notes.append(_NOWHERE)
        elif line.doubled:
            notes.append(f"on {self._trunks(line.is_on)}")
        elif line.fate is Fate.REMOVED and line.is_on:
            notes.append(f"still on {self._trunks(line.is_on)}")
        if line.before and line.after and line.before.did.key != line.after.did.key:
            notes.append("the same number in another notation")
        return "; ".join(filter(None, notes))

    def _side(self, line: CensusLine, held: HeldDid | None) -> str:
        """Say on which trunk a DID is, and how it is written there if that is not how the line has it."""
        if held is None:
            return _NOWHERE
        number = "" if held.did.number == line.here.did.number else f": {held.did.number}"
        return f"{self._name(held.trunk)}{number}{f' ({held.did.name})' if held.did.name else ''}"

    def sheets(self) -> tuple[ListedSheet, ...]:
        """List every DID that is not just kept, and count by prefix."""
        census, columns = self.census, _COLUMNS
        lines = sorted(self._lines(), key=lambda line: _FIRST.index(line[0]))
        says = f"{self.facts[0][1]} Region of national numbers: {census.region.says}."
        if self.found is not None:
            columns = {**_COLUMNS, "Found": 34}
            says = f"{says} After the run: {self.facts[1][1]}."
        return (
            ListedSheet(
                name="Census",
                says=says,
                columns=columns,
                lines=[texts for _, texts in lines],
                tones=[tone for tone, _ in lines],
                tone=(lines[0][0] if lines else None) or Tone.GOOD,
            ),
            ListedSheet(
                name="Census by prefix",
                says="DIDs by what they begin with, their last four digits left off: the blocks of a carrier.",
                columns={"Prefix": 20, **dict.fromkeys(map(str.capitalize, COUNTED), 11)},
                lines=[[prefix, *(counts[what] for what in COUNTED)] for prefix, counts in census.prefixes.items()],
            ),
        )

    def _lines(self) -> Iterator[tuple[Tone | None, Sequence[str]]]:
        """Yield the cells of each line, and how it is coloured: what would be lost, or is not as planned, is red."""
        found = self.found.lines if self.found else ()
        differs = {(held.trunk, held.did.key): one for one in found for held in (one.before, one.after) if held}
        told = set()
        for line in self.census.lines:
            different = differs.get((line.here.trunk, line.here.did.key))
            told.add(different)
            there = [self._side(line, different.after if different else line.after)] if self.found else []
            yield Tone.BAD if different else self._tone(line), [*self._texts(line), *there]
        for one in found:
            if one not in told:
                planned, there_now = self._side(one, one.before), self._side(one, one.after)
                why = "changed by somebody else"
                yield Tone.BAD, [one.here.did.number, one.e164, planned, planned, "not planned", why, there_now]

    def _tone(self, line: CensusLine) -> Tone | None:
        if line.orphaned and self.found is None:
            return Tone.BAD
        return Tone.WARN if line.orphaned or line.doubled else None

    def _texts(self, line: CensusLine) -> list[str]:
        before, after = (self._side(line, held) for held in (line.before, line.after))
        return [line.here.did.number, line.e164, before, after, str(line.fate), self._why(line)]

    def to_json(self) -> dict[str, Any]:
        """Make what ``--json`` has of it; ``differences`` only after a run."""
        census, names = self.census, ("number", "e164", "before", "after", "what", "why", "found")
        shape: dict[str, Any] = {
            "before": census.before.count,
            "after": census.after.count,
            **{str(fate): census.counts[fate] for fate in Fate},
            "numbers": {"before": census.before.numbers, "after": census.after.numbers},
            "endless_patterns": {"before": census.before.endless, "after": census.after.endless},
            "region": census.region.code,
            "region_guessed": bool(census.region.telling),
            "not_read": list(self.not_read),
            "dids": [dict(zip(names, line, strict=False)) for _, line in self._lines()],
            "prefixes": [
                {"prefix": prefix, **{what: counts[what] for what in COUNTED}}
                for prefix, counts in census.prefixes.items()
            ],
        }
        return shape if self.found is None else shape | {"differences": len(self.found.lines)}

    def to_keep(self) -> dict[str, Any]:
        """Return what a run keeps of it, fit for JSON, to take the same census again."""
        before = self.census.before
        held = [[n, before.names[n], [(did.number, did.name) for did in dids]] for n, dids in before.dids.items()]
        return {"not_read": list(self.not_read), "before": held}


def holdings(trunks: Iterable[LiveTrunk]) -> Holdings:
    """Return the DIDs that trunks have as they are."""
    every = list(trunks)
    return Holdings(
        dids={trunk.id: trunk.dids.entries for trunk in every}, names={trunk.id: trunk.label for trunk in every}
    )


def count_plan(
    tables: Tables, changes: Iterable[Change], before: Holdings, not_read: Sequence[str], region: str
) -> PlannedCensus:
    """Take the census of a plan: of all trunks as they are, and as they are once the changes are made.

    Raises:
        CensusDiffers: it does not balance.
    """
    by_id = {change.live.id: change for change in changes}
    dids = {
        number: [one for one in change.desired.lists[DIDS] if isinstance(one, Did)]
        for number, change in by_id.items()
        if DIDS in change.desired.lists
    }
    names = {number: str(change.desired.fields.get("name", change.live.label)) for number, change in by_id.items()}
    after = Holdings(dids={**before.dids, **dids}, names={**before.names, **names})
    return PlannedCensus(census=take_census(before, after, region), tables=tables, changes=by_id, not_read=not_read)


def count_again(tables: Tables, changes: Iterable[Change], kept: Mapping[str, Any], region: str) -> PlannedCensus:
    """Take the census of a run's plan again, from what the run has kept of it."""
    dids = {number: [Did(*did) for did in dids] for number, _, dids in kept["before"]}
    before = Holdings(dids=dids, names={number: name for number, name, _ in kept["before"]})
    return count_plan(tables, changes, before, kept["not_read"], region)


def size_hazards(census: Census | None, writes: int, percent: float, trunks: int) -> Iterator[Hazard]:
    """Name a plan that takes away or moves more of the PBX's DIDs, or writes more trunks, than is usual."""
    taken = sum(line.taken for line in census.lines) if census else 0
    share = 100 * taken / census.before.count if census and taken else 0
    said = []
    if census and share > percent:
        of_all = f"{taken:,} of the PBX's {census.before.count:,} DIDs"
        said.append(f"takes away or moves {of_all} ({share:.0f} %, more than {percent:g} %)")
    if writes > trunks:
        said.append(f"writes {writes:,} trunks (more than {trunks:,})")
    if said:
        yield Hazard(code="size", row=0, trunk="", message=f"The plan {' and '.join(said)}. Is it the right file?")
