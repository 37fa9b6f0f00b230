"""Waves: which PBX is in which, at what hours one may begin, whether the next one may, and when it would be done.

Nothing here waits, asks or looks at a clock: moments are given, and have a time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count, islice
from typing import Final
from zoneinfo import ZoneInfo

from batch.commands.command_lines import command
from batch.errors import UsageError
from batch.fleet.tasks import TaskAnswer
from batch.options import hours_of, wave_sizes, zone_of
from batch.runs.outcomes import Ending
from batch.settings import Settings
from batch.wording import counted, duration, named


def find_waves(
    pbxs: Sequence[str], in_rows: Mapping[str, int], in_profiles: Mapping[str, int], sizes: str = ""
) -> dict[int, tuple[str, ...]]:
    """Find the PBXs of each wave, by its number.

    A number in a PBX's rows counts before that of its profile; where ``--waves`` is given, profiles do not count, as
    with every flag. Where nobody says anything there is one wave.

    Args:
        pbxs: all of them, in the workbook's order.
        in_rows: the number in the column Wave of each PBX that has one.
        in_profiles: the number of each PBX whose profile has one.
        sizes: as ``--waves`` says, like ``1,5,rest``.

    Raises:
        UsageError: some PBXs are in no wave, or column and flag both say it.
    """
    if sizes and in_rows:
        raise UsageError(
            "--waves says which PBXs are in which wave, and so does the column Wave.",
            "Leave --waves out, or empty the column.",
        )
    if sizes:
        return _counted_off(pbxs, sizes)
    numbers = {**in_profiles, **in_rows} or dict.fromkeys(pbxs, 1)
    if without := [pbx for pbx in pbxs if pbx not in numbers]:
        raise UsageError(
            f"Other PBXs are in a wave, and nothing says in which one {counted(len(without), 'PBX')} would be: "
            f"{named(without)}.",
            "Type a number into Wave in one of its rows, or wave = N into its profile.",
        )
    found = sorted({numbers[pbx] for pbx in pbxs})
    return {number: tuple(pbx for pbx in pbxs if numbers[pbx] == number) for number in found}


def _counted_off(pbxs: Sequence[str], sizes: str) -> dict[int, tuple[str, ...]]:
    left = iter(pbxs)
    waves = {number: tuple(islice(left, size)) for number, size in enumerate(wave_sizes(sizes), 1)}
    if rest := tuple(left):
        raise UsageError(
            f"--waves {sizes} is over before {counted(len(rest), 'PBX')}: {named(rest)}.",
            f"End it with rest: --waves {sizes},rest",
        )
    return {number: wave for number, wave in waves.items() if wave}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The hours in which one may begin, by the clock on the wall in a time zone.

    What that clock never shows in a night is no part of them, and what it shows twice is so twice.
    """

    begin: time
    end: time
    """Of the next day where it is not after `begin`."""
    zone: ZoneInfo

    def is_open(self, now: datetime) -> bool:
        """Tell whether one may begin now."""
        wall = now.astimezone(self.zone).time()
        if self.begin < self.end:
            return self.begin <= wall < self.end
        return wall >= self.begin or wall < self.end

    def opens_at(self, now: datetime) -> datetime:
        """Return when it opens next, in UTC; now, where it is open."""
        return now.astimezone(UTC) if self.is_open(now) else self._next(now, open_then=True)

    def closes_at(self, now: datetime) -> datetime:
        """Return when it closes, in UTC: this time, or the next time that it is open."""
        return self._next(self.opens_at(now), open_then=False)

    def _next(self, now: datetime, *, open_then: bool) -> datetime:
        whole = now.astimezone(UTC).replace(second=0, microsecond=0)
        minutes = (whole + timedelta(minutes=minute) for minute in count(1))
        return next(at for at in minutes if self.is_open(at) is open_then)


def window_of(settings: Settings, pbx: str) -> Window | None:
    """Return the hours of one PBX, whose settings they are; None where there are none.

    Raises:
        UsageError: nobody says where they are meant.
    """
    if not settings.window:
        return None
    if not settings.time_zone:
        raise UsageError(
            f"--window {settings.window} needs a time zone, and {pbx} has none.",
            "Add --time-zone, like --time-zone Europe/Berlin; or time_zone to its profile.",
        )
    begin, end = hours_of(settings.window)
    return Window(begin=begin, end=end, zone=zone_of(settings.time_zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxDone:
    """What became of one PBX in its wave."""

    pbx: str
    exit_code: int | None
    """None where it was not begun, because it could not be planned."""
    endings: Mapping[str, Sequence[str]]
    """The names of its trunks, by how they ended."""
    down: Sequence[str] = ()
    """A sentence for each of its trunks that was up before and is down now."""
    why: str = ""
    """What kept it from being done, in a sentence."""
    wrote: int = 0
    """Trunks that were written."""
    seconds: float = 0
    """How long it took."""


def pbx_done(answer: TaskAnswer) -> PbxDone:
    """Take from a PBX's answer what a gate looks at."""
    outcomes = [outcome for outcome in answer["outcomes"].values() if outcome["chosen"]]
    began, ended = (datetime.fromisoformat(answer[name]) if answer[name] else None for name in ("started", "ended"))
    return PbxDone(
        pbx=answer["pbx"],
        exit_code=None if answer["command"] == "plan" else answer["exit_code"],
        endings={
            ending: [outcome["name"] for outcome in outcomes if outcome["ending"] == ending]
            for ending in sorted({outcome["ending"] for outcome in outcomes})
        },
        down=answer.get("down", ()),
        why=(answer["error"] or {}).get("message", ""),
        wrote=sum(bool(outcome["attempts"]) for outcome in outcomes),
        seconds=(ended - began).total_seconds() if began and ended else 0,
    )


_IN_DOUBT: Final = (Ending.PARTIAL, Ending.UNKNOWN, Ending.NOT_RUN)
"""Endings of which none is tolerated: something is otherwise than wanted, or nobody knows."""
_FAILED: Final = (Ending.REFUSED, Ending.FAILED)
_NAMED: Final = 5
"""So many trunks that are down are named of each PBX."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What stands between a wave and the next one."""

    wave: int
    done: Sequence[PbxDone]
    reasons: Sequence[str]
    """Why it does not open, in sentences; nothing where it may."""

    @property
    def failures(self) -> int:
        """How many trunks were refused or failed."""
        return sum(len(one.endings.get(ending, ())) for one in self.done for ending in _FAILED)

    def text(self) -> Iterable[str]:
        """Tell how the wave went, and why the gate stays shut if it does."""
        pbxs, trunks = len(self.done), sum(len(names) for one in self.done for names in one.endings.values())
        yield f"Wave {self.wave} is done: {counted(trunks, 'trunk')} on {counted(pbxs, 'PBX')}."
        yield from (f"  {one.pbx} was not begun. {one.why}".rstrip() for one in self.done if one.exit_code is None)
        if self.reasons:
            yield f"The gate after wave {self.wave} stays shut:"
            yield from (f"  {reason}" for reason in self.reasons)


def gate_after(wave: int, done: Sequence[PbxDone], max_failures: int | None) -> Gate:
    """Look at what became of a wave: whether all read back as wanted, and nothing is down that was registered before.

    Up to `max_failures` trunks may have been refused or have failed, that one not included; none where it is None.
    """
    begun = [one for one in done if one.exit_code is not None]
    reasons = [reason for one in begun for reason in _doubts(one)]
    failed = [(one.pbx, name) for one in begun for ending in _FAILED for name in one.endings.get(ending, ())]
    if len(failed) >= (max_failures or 1):
        limit = "" if max_failures is None else f"; with --max-failures {max_failures} there may be fewer"
        names = named(f"{name} on {pbx}" for pbx, name in failed)
        reasons.append(f"{counted(len(failed), 'trunk')} refused or failed: {names}{limit}.")
    if not begun:
        reasons.append("No PBX of it was begun, so it says nothing about the next ones.")
    return Gate(wave=wave, done=done, reasons=reasons)


def _doubts(one: PbxDone) -> Iterable[str]:
    for ending in _IN_DOUBT:
        if names := one.endings.get(ending):
            yield f"{one.pbx}: {counted(len(names), 'trunk')} {ending}: {named(names)}."
    yield from (f"{one.pbx}: {sentence}" for sentence in one.down[:_NAMED])
    if more := one.down[_NAMED:]:
        yield f"{one.pbx}: {counted(len(more), 'more trunk')} went down."
    if one.exit_code not in {0, 5} or one.why:
        yield f"{one.pbx}: {one.why or f'it ended with exit code {one.exit_code}.'}"


def shut_text(run: object, wave: int, later: Mapping[int, Collection[str]]) -> Iterable[str]:
    """Say what a gate that does not open leaves, and what to type next."""
    for number, pbxs in later.items():
        yield f"Wave {number} was not begun: {named(pbxs)}."
    yield f"Once it is put right, go on: {command('resume', run)}"
    yield f"To take back what wave {wave} wrote: {command('undo', run, ['--wave', wave])}"


def forecast_text(
    wave: int,
    to_write: Mapping[str, int],
    done: Sequence[PbxDone],
    at_a_time: int,
    now: datetime,
    window: Window | None = None,
) -> Iterable[str]:
    """Say when a wave that begins now would be done, and until when one can go back, at the speed measured so far.

    Args:
        wave: its number.
        to_write: how many trunks each of its PBXs is going to be written.
        done: all PBXs of the waves before it.
        at_a_time: so many PBXs are at work at once.
        now: the moment at which it begins.
        window: the one of its windows that closes first; moments are told by its clock, else by this machine's.
    """
    what = f"Wave {wave}: {counted(len(to_write), 'PBX')}, {counted(sum(to_write.values()), 'trunk')} to write"
    zone = window.zone if window else None
    wrote = {one.pbx: one.wrote for one in done if one.wrote}
    pace = sum(one.seconds for one in done if one.wrote) / sum(wrote.values()) if wrote else 0
    needs = _seconds_for(to_write, pace, at_a_time)
    done_at = now.astimezone(UTC) + timedelta(seconds=needs)
    if wrote and any(to_write.values()):
        yield f"{what}. At the speed so far that takes {duration(needs)}, until {_clock(done_at, zone)}."
    elif any(to_write.values()):
        yield f"{what}. How long that takes is known once a wave is done."
    else:
        yield f"{what}."
    if window is None:
        return
    closes_at = window.closes_at(now)
    yield f"The window closes at {_clock(closes_at, zone)} ({zone}); what is not begun by then is not run."
    if wrote:
        back_by = closes_at - timedelta(seconds=_seconds_for({**wrote, **to_write}, pace, at_a_time))
        late = " That is before this wave is done: going back would end after the window closes."
        yield (
            f"To take everything back inside the window, this wave too, undo must begin by {_clock(back_by, zone)}."
            f"{late if back_by < done_at else ''}"
        )


def _clock(at: datetime, zone: ZoneInfo | None) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _seconds_for(trunks: Mapping[str, int], pace: float, at_a_time: int) -> float:
    """Return how long PBXs take, so many at a time: as the longest of them, or as all of them shared out."""
    return pace * max(max(trunks.values(), default=0), sum(trunks.values()) / at_a_time)
