"""The journal's reader: what it says of its run, for whoever goes on with that or looks on."""

from __future__ import annotations

import json
import sqlite3
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from batch.errors import UsageError
from batch.pbx.error_codes import Verdict, explain
from batch.pbx.sign_ins import TOKEN_GONE
from batch.runs.journal import JOURNAL, LACKS, VERSION
from batch.runs.outcomes import Ending, Outcome
from batch.runs.serialization import (
    DESIRED,
    OUTCOME,
    Intent,
    Shape,
    each,
    fits,
    parse_moment,
    read_facts,
    read_outcome,
    whole,
)

_GRANTING: Final = frozenset({"get_token", "refresh_token"})
_REFUSING: Final = frozenset({Verdict.PERMANENT, Verdict.STOP_PBX})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One command that was at the run."""

    number: int
    command: str
    pid: int
    started: datetime
    settled_rows: Mapping[str, int]
    """Rows of all sheets by ending, of the trunks that it sent nothing for."""
    ended: datetime | None = None
    """None while it is at it, and for ever where it was killed."""
    how: str = ""
    """``finished``, ``interrupted``, ``lost`` (the PBX) or ``stopped`` (no journal any more); blank where it did
    not end."""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What was sent to write one trunk, in all invocations so far."""

    sent: int = 0
    """Writes that may have reached the PBX, but for those it answered by calling the token expired."""
    invocation: int = 0
    errcode: int | None = None
    errmsg: str = ""
    http_status: int | None = None
    refused: bool = False
    """Whether the last one was answered with a no that another try would not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A run as its journal has it."""

    folder: Path
    facts: Mapping[str, Any]
    invocations: tuple[Invocation, ...]
    wanted: Mapping[int, Intent]
    """By row of the Trunks sheet."""
    outcomes: Mapping[int, Outcome]
    """By row of the Trunks sheet: the last one of each; *refused* or *unknown* where something was sent after it, or
    without it, and nobody lived to write down what came of that."""
    unsettled: frozenset[int]
    """Rows of the latter."""
    tries: Mapping[int, Tries]
    """By trunk id."""

    @property
    def chosen(self) -> frozenset[int]:
        """Rows of the Trunks sheet that the run was to do."""
        return frozenset(self.facts.get("chosen", ()))

    @property
    def finished(self) -> bool:
        """Whether its last invocation came to its end in good order, results written."""
        return bool(self.invocations) and self.invocations[-1].how == "finished"

    def sent(self, trunk_id: int | None) -> int:
        """Return how many writes of a trunk may have reached the PBX."""
        tries = self.tries.get(trunk_id) if trunk_id is not None else None
        return tries.sent if tries else 0


class RecordDamaged(UsageError):
    """A record of a run's journal is not as it was written."""


class _Damage(sqlite3.DatabaseError):
    """The same, as whoever only looks whether a journal can be read knows it."""


def never_began(folder: Path) -> bool:
    """Tell whether a run was killed before its journal had tables and facts, as it has before anything is sent."""
    path = folder / JOURNAL
    if not path.is_file():
        return True
    try:
        with _reading(path) as journal:
            (version,) = next(journal.execute("PRAGMA user_version"))
            if version == VERSION:
                return bool(next(journal.execute("SELECT count(*) FROM facts")) == (0,))
    except _Damage:
        return False
    return bool(version == 0)


def read_history(folder: Path) -> History:
    """Read the journal of a run. Disturbs nobody who is writing it.

    Raises:
        UsageError: there is none, it cannot be read, or another version of this tool wrote it.
    """
    path = folder / JOURNAL
    if not path.is_file():
        raise UsageError(f"{folder} holds no run.", "Name the folder of a run: trunk-batch runs lists them.")
    try:
        with _reading(path) as journal:
            (version,) = next(journal.execute("PRAGMA user_version"))
            if version != VERSION:
                raise UsageError(
                    f"{path} was written by another version of this tool, or its run never began.",
                    "Use that version, or apply the workbook anew.",
                )
            (mark,) = next(journal.execute("PRAGMA application_id"))
            if mark == LACKS and not _holds_records(_beside(path)):
                raise UsageError(
                    f"The journal {path} lacks its latest records: {_beside(path).name}, which belongs beside it, is "
                    "missing or empty.",
                    "Copy that file too, from where the run was made. If it is gone, apply the workbook anew: what is "
                    "done by now is not written again.",
                )
            wanted = {one.row: one for one in _wanted(journal)}
            tries = _tries(journal)
            recorded = {
                row: (invocation, read_outcome(row, _read(kept, OUTCOME)))
                for row, invocation, kept in journal.execute("SELECT row, invocation, outcome FROM outcomes")
            }
            unsettled = {
                row: _unsettled(one, tries[one.trunk_id])
                for row, one in wanted.items()
                if _is_stale(recorded.get(row), tries.get(one.trunk_id))
            }
            return History(
                folder=folder,
                facts=read_facts(journal.execute("SELECT name, value FROM facts")),
                invocations=tuple(_invocations(journal)),
                wanted=wanted,
                outcomes={row: outcome for row, (_, outcome) in recorded.items()} | unsettled,
                unsettled=frozenset(unsettled),
                tries=tries,
            )
    except _Damage as damage:
        raise RecordDamaged(
            f"A record of the run in {folder} is damaged: {damage}. What the run did last cannot be told from it.",
            "If the folder is a copy, copy it anew from where the run was made. Else apply the workbook anew: what is "
            "done by now is not written again.",
        ) from None
    except (sqlite3.Error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error) if isinstance(error, sqlite3.Error) else "it is damaged"
        raise UsageError(
            f"The journal {path} cannot be read: {reason}.", "Take a copy of the run's folder, then ask for help."
        ) from None


def _beside(path: Path) -> Path:
    """Return where SQLite keeps the latest records of a journal that is, or was, being written."""
    return path.with_name(f"{path.name}-wal")


def _holds_records(beside: Path) -> bool:
    return beside.exists() and beside.stat().st_size > 32


_HEADER: Final = struct.Struct(">8I")
"""Of a write-ahead log: magic number, version, size of a page, number, two salts, two sums. Source: sqlite.org,
"WAL-mode File Format"."""
_FRAME: Final = struct.Struct(">6I")
"""Before each page: its number, the journal's size where a transaction ends with it, the salts, the sums so far."""
_MAGIC: Final = {0x377F0682: "<", 0x377F0683: ">"}
"""And in which order of bytes sums are made."""
_LOOKS: Final = 5
_BETWEEN_LOOKS: Final = 0.05
"""Seconds: somebody may write at this very moment."""


def _check_undamaged(beside: Path) -> None:
    """Refuse a write-ahead log with a record that was written whole and is not so any more.

    SQLite passes over it in silence, and over all that follow. What somebody was killed over is no such record.

    Raises:
        _Damage: It has one.
    """
    for look in range(_LOOKS):
        if look:
            time.sleep(_BETWEEN_LOOKS)
        try:
            log = beside.read_bytes()
        except FileNotFoundError:  # its writer has come to the end
            return
        if not _is_damaged(log):
            return
    raise _Damage(f"{beside.name} holds something else than was written to it")


def _is_damaged(log: bytes) -> bool:
    if len(log) <= _HEADER.size:
        return False
    magic, _, size, begun_anew, *salts, first, second = _HEADER.unpack_from(log)
    order = _MAGIC.get(magic)
    if order is None or _sums(order, log[:24], 0, 0) != (first, second):
        return True
    width = _FRAME.size + size
    starts = range(_HEADER.size, len(log) - width + 1, width)
    sums = first, second
    for start in starts:
        _, _, *of_frame, one, two = _FRAME.unpack_from(log, start)
        if of_frame == salts:
            sums = _sums(order, log[start : start + 8] + log[start + _FRAME.size : start + width], *sums)
        if of_frame != salts or sums != (one, two):
            later = any(list(_FRAME.unpack_from(log, at)[2:4]) == salts for at in starts if at > start)
            # each time that a log is begun anew, the first salt goes up by one, and the other is drawn
            older = 0 < (salts[0] - of_frame[0]) % (1 << 32) <= begun_anew and of_frame[1] != salts[1]
            unwritten = not any(log[start : start + width])
            half_written = of_frame == salts and start != starts[-1]  # over one of before, when its writer was killed
            return later or not (older or unwritten or half_written)
    return False


def _sums(order: str, content: bytes, first: int, second: int) -> tuple[int, int]:
    """Return the sums that stand in a log for what it holds so far."""
    numbers = iter(struct.unpack(f"{order}{len(content) // 4}I", content))
    for one, two in zip(numbers, numbers, strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a journal for reading only, at one moment; one that nobody writes, as the file stands: that leaves no files.

    Where the folder takes no helper files, what is written at this moment is left out.
    """
    at_rest = not _beside(path).exists()
    if not at_rest:
        _check_undamaged(_beside(path))
    for mode in ("mode=ro&immutable=1",) if at_rest else ("mode=ro", "mode=ro&immutable=1"):
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as journal:
            try:
                journal.execute("BEGIN")
                journal.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError:
                if "immutable" in mode:
                    raise
                continue
            yield journal
            return


def _invocations(journal: sqlite3.Connection) -> Iterator[Invocation]:
    for number, command, pid, started, settled, ended, how, counts in journal.execute(
        "SELECT * FROM invocations ORDER BY invocation"
    ):
        if not fits([command, how or "", number, pid], [(str, whole)]):
            raise ValueError("no invocation")
        yield Invocation(
            number=number,
            command=command,
            pid=pid,
            started=parse_moment(started),
            settled_rows=_read(settled, each(whole)),
            ended=parse_moment(ended) if ended else None,
            how=how or "",
            counts=_read(counts, each(whole)) if counts else {},
        )


def _wanted(journal: sqlite3.Connection) -> Iterator[Intent]:
    query = "SELECT row, trunk_id, name, rows, writes, desired FROM wanted ORDER BY row"
    for row, trunk_id, name, rows, writes, desired in journal.execute(query):
        if not (fits([name, writes], [str]) and fits([row, trunk_id, rows], [whole])):
            raise ValueError("no wish")
        yield Intent(
            row=row,
            trunk_id=trunk_id,
            name=name,
            rows=rows,
            writes=frozenset(filter(None, writes.split(","))),
            desired=_read(desired, DESIRED),
        )


def _read(text: str, shape: Shape) -> Any:
    value = json.loads(text)
    if not fits(value, shape):
        raise ValueError("not what was written")
    return value


def _is_stale(recorded: tuple[int, Outcome] | None, tries: Tries | None) -> bool:
    """Tell whether something was sent that the outcome on record, if any, does not know of."""
    return tries is not None and (recorded is None or recorded[0] < tries.invocation)


def _unsettled(wanted: Intent, tries: Tries) -> Outcome:
    """Make the outcome of a trunk that nobody lived to settle: refused if the PBX had said so, else unknown."""
    said_no = explain(tries.errcode) if tries.refused and tries.errcode is not None else None
    return Outcome(
        row=wanted.row,
        ending=Ending.UNKNOWN if said_no is None else Ending.REFUSED,
        trunk_id=wanted.trunk_id,
        name=wanted.name,
        note="" if said_no is None else said_no.next_step,
        errcode=tries.errcode,
        errmsg=tries.errmsg,
        http_status=tries.http_status,
        attempts=tries.sent,
        reached=True,
    )


def _tries(journal: sqlite3.Connection) -> dict[int, Tries]:
    """Count the writes of each trunk; one without an outcome may have reached the PBX."""
    tries: dict[int, Tries] = {}
    columns = "invocation, ids, reply, errcode, reason, http_status"
    query = f"SELECT {columns} FROM requests WHERE call = 'trunk/update' ORDER BY seq"  # noqa: S608 - our own words
    for invocation, ids, reply, errcode, reason, status in journal.execute(query):
        if reply == "not sent" or (reply == "answer" and explain(errcode).verdict is Verdict.SIGN_IN_AGAIN):
            continue
        if not fits([invocation, errcode, status], [(int, None)]) or not fits(reason, (str, None)):
            raise ValueError("no request")
        before = tries.get(int(ids), Tries())
        if reply == "answer":
            refused = explain(errcode).verdict in _REFUSING
            tries[int(ids)] = Tries(
                sent=before.sent + 1,
                invocation=invocation,
                errcode=errcode,
                errmsg=reason,
                http_status=status,
                refused=refused,
            )
        else:
            tries[int(ids)] = replace(before, sent=before.sent + 1, invocation=invocation, refused=False)
    return tries


def is_finished(path: Path) -> bool:
    """Tell whether a run came to its end, results written. One whose journal cannot be read did not."""
    if not path.is_file():  # a pipe would be waited for
        return False
    try:
        with _reading(path) as journal:
            last = journal.execute("SELECT how FROM invocations ORDER BY invocation DESC LIMIT 1").fetchone()
    except sqlite3.Error:
        return False
    return last is not None and last[0] == "finished"


def tokens_out(folders: Iterable[Path], address: str, client_id: str) -> list[datetime]:
    """Return when those tokens of ours were asked for that may not have been given back, oldest first.

    A folder that cannot be read counts for nothing.
    """
    found: list[datetime] = []
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        if not (folder / JOURNAL).is_file():  # a pipe would be waited for
            continue
        try:
            with _reading(folder / JOURNAL) as journal:
                facts = dict(journal.execute("SELECT name, value FROM facts WHERE name IN ('pbx', 'client_id')"))
                if facts == {"pbx": json.dumps(address), "client_id": json.dumps(client_id)}:
                    found += _tokens_out(journal)
        except (sqlite3.Error, ValueError):
            continue
    return sorted(found)


def _tokens_out(journal: sqlite3.Connection) -> Iterator[datetime]:
    """Put the grants of each invocation against what was given back; the n-th grant has the serial n."""
    query = (
        "SELECT invocation, call, sign_in, sent_at, reply, errcode FROM requests WHERE call IN (?, ?, ?) ORDER BY seq"
    )
    out: dict[tuple[int, object], str] = {}
    serials: dict[int, int] = {}
    for invocation, call, sign_in, sent_at, reply, errcode in journal.execute(query, (*sorted(_GRANTING), "del_token")):
        if call == "del_token":
            if errcode in TOKEN_GONE:
                out.pop((invocation, sign_in), None)
        elif reply == "answer" and errcode == 0:
            serials[invocation] = serials.get(invocation, 0) + 1
            out[invocation, serials[invocation]] = sent_at
        elif reply in {None, "no answer", "garbled"}:
            out[invocation, f"unclear {sent_at}"] = sent_at
    yield from map(parse_moment, out.values())
