"""Moves: DIDs on their way from one trunk to another, how far each is, and what is said of it. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from batch.runs.outcomes import Ending, Outcome
from batch.runs.trunk_writer import Work
from batch.schema.columns import DIDS
from batch.trunks.change_plan import Change
from batch.trunks.live import LiveTrunk
from batch.trunks.moved_dids import PlannedMove
from batch.trunks.schedule import is_to_come
from batch.wording import counted, some_of

WELL: Final = frozenset({Ending.APPLIED, Ending.UNCHANGED})
"""Endings of a write that was read back as wanted."""
UNREADABLE: Final = "could not be read afterwards"
_NAMED: Final = 3


class MoveState(Enum):
    """How far a move is."""

    TO_COME = auto()
    HALF = auto()
    """The first half was read back as wanted."""
    DONE = auto()
    TO_TAKE_BACK = auto()
    OFF = auto()
    """Neither half is done, or both were undone."""
    STUCK = auto()
    """One half is done and stays so: the other one failed, and it could not be taken back."""
    LOST = auto()
    """What one of the trunks holds is not known."""


OVER: Final = frozenset({MoveState.DONE, MoveState.OFF, MoveState.STUCK, MoveState.LOST})


@dataclass(slots=True, kw_only=True, eq=False)
class MovingDid:
    """One DID on its way, and how far it is."""

    entry: PlannedMove
    first: MovingTrunk
    second: MovingTrunk
    ours: bool
    """Whether the first half is none that was there before the run."""
    state: MoveState = MoveState.TO_COME
    why: str = ""
    """Why it is not done: what became of a trunk."""
    blamed: MovingTrunk | None = None
    """That trunk."""

    @property
    def number(self) -> str:
        """The DID."""
        return self.entry.entry.number

    def join(self) -> None:
        """Let its trunks know of it."""
        for trunk in dict.fromkeys((self.first, self.second)):
            trunk.moves.append(self)
        self.first.begins[self.state] += 1
        self.second.ends[self.state] += 1

    def become(self, state: MoveState, why: str = "") -> None:
        """Say how far it is now."""
        for counted_in in (self.first.begins, self.second.ends):
            counted_in[self.state] -= 1
            counted_in[state] += 1
        if {self.state, state} != {MoveState.HALF, MoveState.DONE}:  # then either trunk is to hold what it was to hold
            self.first.settled = self.second.settled = False
        self.state, self.why = state, why or self.why

    def blame(self, trunk: MovingTrunk, what: str) -> None:
        """Say whose fault it is that it is not done; the first one that is at fault stays so."""
        if self.blamed is None:
            self.blamed, self.why = trunk, f"{trunk.name} {what}"

    def is_done_on(self, trunk: MovingTrunk) -> bool:
        """Tell whether its half on one of its trunks is done."""
        return not is_to_come(self.entry, trunk.row, trunk.keys)

    def wants(self, trunk: MovingTrunk, *, started: bool) -> bool:
        """Tell whether one of its trunks is to hold what it holds after the move; ``started`` if it may be begun."""
        if trunk is self.first:
            return self.state in {MoveState.HALF, MoveState.DONE, MoveState.STUCK, MoveState.LOST} or (
                self.state is MoveState.TO_COME and started
            )
        return self.state in {MoveState.HALF, MoveState.DONE}


@dataclass(slots=True, kw_only=True, eq=False)
class MovingTrunk:
    """A trunk of a plan, as far as it has come."""

    change: Change
    seen: LiveTrunk
    """As it was last read."""
    keys: frozenset[str]
    """Of the DIDs that it then had."""
    moves: list[MovingDid] = field(default_factory=list)
    begins: Counter[MoveState] = field(default_factory=Counter)
    """How far its moves are whose first half is here."""
    ends: Counter[MoveState] = field(default_factory=Counter)
    """How far those are whose second half is."""
    settled: bool = False
    """Whether it is known that nothing is to be written of it, unless something about it or its moves changes."""
    twice: bool = False
    holder: MovingTrunk | None = None
    """Who has the name that it is to get."""
    waited_for: list[MovingTrunk] = field(default_factory=list)
    """Those that are to get its name."""
    under_way: Work | None = None
    writes: int = 0
    """How many have ended."""
    failed: Outcome | None = None
    """What its own write came to, where that did not go well."""
    outcomes: list[Outcome] = field(default_factory=list)
    ended: bool = False

    @property
    def row(self) -> int:
        """Of the Trunks sheet, or what stands for it."""
        return self.change.record.row

    @property
    def name(self) -> str:
        """How people know it."""
        return self.change.live.label

    @property
    def is_linked(self) -> bool:
        """Whether the writes of other trunks have to do with its own."""
        return bool(self.moves or self.holder or self.waited_for)

    @property
    def open_moves(self) -> list[MovingDid]:
        """Those that are not done."""
        return [move for move in self.moves if move.state is not MoveState.DONE]

    @property
    def is_held(self) -> bool:
        """Whether another trunk still has the name that it is to get."""
        wanted = self.change.desired.fields.get("name")
        return self.holder is not None and wanted is not None and self.holder.seen.name == wanted

    @property
    def waits(self) -> bool:
        """Whether its last write has to wait for another trunk."""
        if self.failed is not None:
            return False
        if self.ends[MoveState.TO_COME]:
            return True
        return self.is_held and self.holder is not None and not self.holder.ended and self.holder.failed is None

    @property
    def finishes(self) -> bool:
        """Whether a write of it finishes a move that is half done."""
        return bool(self.ends[MoveState.HALF] or self.begins[MoveState.TO_TAKE_BACK])

    @property
    def has_begun(self) -> bool:
        """Whether one of its moves is half done, or the first half of one is under way."""
        return self.finishes or (self.under_way is not None and self.begins[MoveState.TO_COME] > 0)

    @property
    def is_over(self) -> bool:
        """Whether nothing becomes of its moves any more."""
        return not any(self.begins[state] or self.ends[state] for state in MoveState if state not in OVER)

    def see(self, work: Work) -> None:
        """Take note of how a write left it."""
        self.seen = work.seen or self.seen
        self.keys = frozenset() if work.gone else frozenset(entry.key for entry in self.seen.lists[DIDS].entries)


def what_became(trunk: MovingTrunk) -> Iterator[str]:
    """Say what became of a trunk's moves and of its name, those alike in one sentence."""
    yield from _done(trunk)
    if trunk.is_held and trunk.holder is not None:
        held = trunk.change.desired.fields["name"]
        yield f"Another trunk, id {trunk.holder.change.live.id}, still has the name {held}."
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for move in trunk.open_moves:
        alike[_where(move, trunk), "" if move.blamed is trunk else move.why].append(move.number)
    for (where, why), numbers in alike.items():
        yield f"{some_of(numbers, _NAMED)} {where}{f': {why}' if why else ''}."


def _done(trunk: MovingTrunk) -> Iterator[str]:
    done = [move for move in trunk.moves if move.state is MoveState.DONE]
    for came in (True, False):
        others = [_other(move, trunk).name for move in done if (move.entry.receiver == trunk.row) is came]
        if others:
            names = some_of(dict.fromkeys(others), _NAMED)
            yield f"{counted(len(others), 'DID')} {'came from' if came else 'went to'} {names}."


def _other(move: MovingDid, trunk: MovingTrunk) -> MovingTrunk:
    return move.second if move.first is trunk else move.first


def _where(move: MovingDid, trunk: MovingTrunk) -> str:
    """Say where the number of a move is that is not done, as one of its trunks sees it."""
    other = _other(move, trunk)
    one = other is trunk
    comes = move.entry.receiver == trunk.row
    match move.state:
        case MoveState.STUCK if one:
            return "is only half moved"
        case MoveState.STUCK if move.first.row == move.entry.receiver:
            return f"is on both trunks, here and on {other.name}"
        case MoveState.STUCK:
            return f"is on neither trunk, not here and not on {other.name}"
        case MoveState.LOST if move.first.row == move.entry.receiver:
            return f"may be here, on {other.name} or on both"
        case MoveState.LOST:
            return f"may be here, on {other.name} or on neither"
        case _ if comes:
            return "did not come" if one else f"did not come from {other.name}"
        case _:
            return "stays here" if one else f"stays here and did not go to {other.name}"


def ended_how(outcome: Outcome) -> str:
    """Say in a few words what kept a trunk from its half of a move."""
    said = f"{outcome.errcode} {outcome.errmsg}".strip() if outcome.errcode else outcome.errmsg or outcome.note
    said = said.rstrip(".")
    ending = "was not written" if outcome.ending is Ending.NOT_RUN else f"was {outcome.ending}"
    if outcome.ending is Ending.FAILED:
        ending = "could not be written"
    if outcome.ending is Ending.PARTIAL:
        ending = "was not read back as wanted"
    return f"{ending} ({said})" if said else ending
