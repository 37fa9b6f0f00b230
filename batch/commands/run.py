"""Run: one invocation of `apply` or `resume`, from the journal, opened before anything is sent, to the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from batch.commands.check import Checked
from batch.commands.connection import Operator
from batch.commands.outputs import Report, RunContext, without_sending
from batch.commands.plan import Planned, batch_size
from batch.errors import OutputError, PbxError, UsageError
from batch.joined_settings import kept_settings
from batch.pbx.throttle import Stopped
from batch.runs import folders, journal
from batch.runs.folders import Recording, note_begun
from batch.runs.journal_reader import History, Tries
from batch.runs.outcomes import AS_WANTED, Ending, Outcome
from batch.runs.retrying_client import RetryingClient
from batch.runs.run_report import lost_registrations, status_lines
from batch.runs.serialization import Intent, joined
from batch.runs.trunk_writer import Lost, TrunkWriter
from batch.runs.worker_pool import Limits, WorkerPool
from batch.runs.write_order import WriteOrder
from batch.trunks.change_plan import Change
from batch.trunks.live import LiveTrunk
from batch.trunks.moved_dids import PlannedMove
from batch.trunks.schedule import MoveOrder
from batch.wording import counted
from batch.writers.results_workbook import ChangesWriter
from batch.writers.run_results import Results, give_back


class Progress(Protocol):
    """Somebody who watches a run."""

    def settled(self, outcome: Outcome) -> None:
        """Hear of one trunk's ending."""


class UserInterface(Operator, Protocol):
    """The person in front: where there is none, `Unattended` stands in."""

    def confirm(self, planned: Planned) -> bool:
        """Ask whether to go on."""

    def watch(self, total: int) -> Progress:
        """Show the progress of so many trunks."""

    def insist(self, text: str) -> None:
        """Say what must be heard, also by somebody who wants to hear little."""

    def show(self, report: Report) -> None:
        """Show how a run went that goes on waiting."""

    def listen(self, text: str) -> Callable[[], str]:
        """Put a question that may be answered at any time; what comes back returns the answer, blank before it."""


class NotApproved(UsageError):
    """What is left of a run is not as it was approved, and there is nobody to ask (exit 2)."""

    def __init__(self, planned: Planned) -> None:
        super().__init__(
            f"{counted(len(planned.differs), 'trunk')} would be written otherwise than it was approved for the run. "
            "Nothing was sent; the run is as it was.",
            "Look at planned.differs of this error; to approve it, call resume with yes=True.",
        )
        self.planned = planned


class Unattended:
    """Nobody is there, as where a script calls: nothing is asked, and only what was approved is gone on with."""

    def __init__(self, *, agrees: bool = True) -> None:
        """Go on, or refuse to, where somebody would be asked: whoever calls `apply` has decided."""
        self._agrees = agrees

    def prompt_secret(self, text: str) -> str:  # noqa: ARG002
        """Nobody can be asked."""
        return ""

    def tell(self, text: str) -> None:
        """Nobody listens."""

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Nobody listens."""

    def confirm(self, planned: Planned) -> bool:
        """Answer at once.

        Raises:
            NotApproved: it is not agreed to.
        """
        if not self._agrees:
            raise NotApproved(planned)
        return True

    def watch(self, total: int) -> Progress:  # noqa: ARG002
        """Nobody watches."""
        return self

    def insist(self, text: str) -> None:
        """Nobody listens."""

    def show(self, report: Report) -> None:
        """Nobody looks."""

    def listen(self, text: str) -> Callable[[], str]:  # noqa: ARG002
        """Nobody answers."""
        return str

    def settled(self, outcome: Outcome) -> None:
        """Nobody watches."""


_WROTE: Final = (AS_WANTED | {Ending.PARTIAL, Ending.UNKNOWN}) - {Ending.UNCHANGED, Ending.SKIPPED}


@dataclass(slots=True, kw_only=True)
class Run:
    """One invocation of a run: what is sent, and what becomes of it."""

    context: RunContext
    planned: Planned
    journal: journal.Journal
    record: Recording
    interface: UserInterface
    again: Sequence[Change]
    ahead: ChangesWriter
    """Writes the changes for the results meanwhile; to be entered before anything is sent."""
    tries: Mapping[int, Tries] = field(default_factory=dict)
    """What earlier invocations sent, by trunk id."""
    before: Mapping[int, LiveTrunk] = field(default_factory=dict)
    """What trunks held before the run, by id."""
    earlier: Mapping[int, Outcome] = field(default_factory=dict)
    """The endings of earlier invocations, by row, of what this invocation takes up."""
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    lost: Lost | None = None
    interrupted: bool = False
    cut_short: bool = False
    """Whether the look at the statuses at the end was cut short."""
    down: tuple[str, ...] = ()
    """Trunks that were registered before and are not now, a sentence each."""
    meanwhile: Future[Results] | None = None
    """The results, written while the run waits for the statuses."""

    def dispatch(self, client: RetryingClient) -> None:
        """Write what is to be written, and note an outcome for each trunk."""
        settings = self.context.checked.settings
        progress = self.interface.watch(len(self.again))

        def settled(outcomes: Sequence[Outcome]) -> None:
            whole = [self._over_all_invocations(outcome) for outcome in outcomes]
            for outcome in whole:
                self.outcomes[outcome.row] = outcome
                progress.settled(outcome)
            self.ahead.add_ended(whole)
            self.journal.end(whole)

        trunk_writer = TrunkWriter(client)
        moves = self.planned.plan.moves
        order = WriteOrder(self._in_order(moves), moves, MoveOrder(settings.move_order), self.before)
        dispatch = WorkerPool(
            order,
            trunk_writer,
            Limits(
                workers=settings.concurrency + settings.concurrency // 2,  # while so many send, others read and note
                batch=batch_size(settings),
                max_failures=settings.failures_allowed,
            ),
            settled,
            self.interface.tell,
        )
        dispatch.run()
        self.lost, self.interrupted = trunk_writer.lost, dispatch.interrupted

    def _in_order(self, moves: Sequence[PlannedMove]) -> list[Change]:
        """Return what is to be written, and the trunks that are as wanted and that a move may have to change back."""
        moving = {row for move in moves for row in (move.giver, move.receiver)}
        kept = [change for change in self.planned.plan.changes if not change.difference]
        return [*self.again, *(change for change in kept if change.record.row in moving)]

    def _over_all_invocations(self, outcome: Outcome) -> Outcome:
        """Make of this invocation's outcome the run's: what earlier invocations sent counts too."""
        before = self.earlier.get(outcome.row)
        if before is not None and before.reached and not outcome.attempts and outcome.ending is Ending.NOT_RUN:
            # it was taken up because a look had shown the old state
            return replace(before, ending=Ending.FAILED, note=outcome.note)
        tries = self.tries.get(outcome.trunk_id or 0)
        if tries is None:
            return outcome
        return replace(
            outcome,
            ending=Ending.APPLIED if outcome.ending is Ending.UNCHANGED else outcome.ending,
            attempts=outcome.attempts + tries.sent,
            reached=True,
            errcode=tries.errcode if outcome.errcode is None else outcome.errcode,
            errmsg=outcome.errmsg or tries.errmsg,
        )

    def look_at_statuses(self, client: RetryingClient, target: Path) -> tuple[str, ...]:
        """Read the trunks' statuses once more, some time after the last write that bears on registration.

        Meanwhile the results are written: they are right as they are unless the statuses give reason to say more, and
        they lie there should the process be ended during the wait.
        """
        wait = self.context.checked.settings.settle_wait
        written = [
            change
            for change in self.again
            if change.bears_on_registration and self.outcomes[change.record.row].ending in _WROTE
        ]
        if not written or not wait or self.lost is not None or self.interrupted or self.cut_short:
            return ()
        client.go_on()
        self.meanwhile = _beside(lambda: self._write_results(target))

        def look() -> tuple[str, ...]:
            self.interface.tell(f"Waiting {wait:g} s, then looking whether the trunks are up again.")
            client.pause(wait)
            before, now = self.planned.inventory.trunks, client.listed()
            self.down = tuple(lost_registrations(before, now, written))
            return (*self.down, *status_lines(before, now, written))

        return self._looked("Whether the trunks are up again", "was not looked at", look)

    def count_again(self, client: RetryingClient) -> tuple[str, ...]:
        """Take the census again from the PBX, and say what is not as the plan has it."""
        census = self.context.census
        wrote = any(self.outcomes[change.record.row].ending in _WROTE for change in self.again)
        if census is None or not wrote or self.lost is not None or self.interrupted:
            return ()
        if not self.context.checked.settings.read_back:
            return ()
        client.go_on()

        def look() -> tuple[str, ...]:
            found, unread = client.all_with_dids(client.listed(), {})
            again = census.held_against(found.values(), {trunk.id for trunk in unread})
            self.context = self.context.counted_again(again)
            return tuple(again.differences)

        return self._looked("The number census", "was not taken again", look)

    def _looked(self, what: str, was_not: str, look: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """Look at the PBX once more after the writes; say so where that could not be done."""
        try:
            return look()
        except KeyboardInterrupt:
            self.cut_short = True
            return (f"{what} {was_not}: stopped by you.",)
        except PbxError as error:
            return (f"{what} could not be read: {error.message}",)
        except Stopped:
            return (f"{what} {was_not}: the run was being stopped.",)

    def conclude(self, target: Path, attention: tuple[str, ...]) -> Report:
        """Give every row its ending and the workbook back, and say in the journal how it ended."""
        context = self.context
        attention = (*attention, *self.record.unwritten)
        endings = context.end(self.outcomes)
        written = self.meanwhile.result() if self.meanwhile is not None else None
        if written is None or written.path is None or written.path.parent != target.parent:
            written = None  # none lie beside the workbook, where there may be room by now
        else:
            target = written.path
        results, outputs = context.give_back(
            self.outcomes,
            endings,
            target,
            (*self._cut_short(), *attention),
            self.ahead.finished(),
            written=None if attention else written,
        )
        if written is not None and not results.note:
            results = replace(results, note=written.note)
        with suppress(OutputError):  # then results that are written anew have it no more
            folders.keep(
                context.folder.path, folders.LISTED, [one.to_json() for one in context.listed if not one.answers]
            )
        how = "interrupted" if self.interrupted else "finished" if self.lost is None else _how(self.lost)
        if results.path is not None:
            with suppress(journal.JournalError):
                self.journal.end_invocation(how, endings.total(), self.outcomes.values())
        return Report(
            checked=context.checked,
            address=context.address,
            practice=context.practice,
            folder=context.folder,
            outcomes=self.outcomes,
            endings=endings,
            results=results,
            outputs=outputs,
            listed=context.listed,
            returns=context.ended_returns(self.outcomes),
            attention=attention,
            lost=self.lost,
            interrupted=self.interrupted or self.cut_short,
            census=context.census,
            changes=[change for _, change in sorted(context.changes.items())],
            problems=context.problems,
            down=self.down,
        )

    def _write_results(self, target: Path) -> Results:
        ended = self.context.ended(self.outcomes, self.context.endings(self.outcomes))
        return give_back(ended, target, ahead=self.ahead.finished())

    def _cut_short(self) -> list[str]:
        said = ["The run was stopped before its end; resume goes on with it."] if self.interrupted else []
        return [*said, f"{self.lost.message} {self.lost.hint}"] if self.lost is not None else said


def _beside(work: Callable[[], Results]) -> Future[Results]:
    worker = ThreadPoolExecutor(1, thread_name_prefix="results")
    try:
        return worker.submit(work)
    finally:
        worker.shutdown(wait=False)


def _how(lost: Lost) -> str:
    return "lost" if isinstance(lost, PbxError) else "stopped"


def begin(
    opened: journal.Journal,
    record: Recording,
    context: RunContext,
    planned: Planned,
    interface: UserInterface,
    stays: Mapping[int, Outcome],
    history: History | None = None,
) -> Run:
    """Begin an invocation: all that is needed to understand it later is kept before anything is sent.

    Raises:
        OutputError: something cannot be written; nothing was written to the PBX by this invocation.
    """
    folder, again = context.folder.path, planned.plan.updates
    settled = without_sending(context.checked, context.problems, stays)
    sent = set() if history is None else {change.live.id for change in again if history.sent(change.live.id)}
    earlier = {} if history is None else folders.read_snapshot(folder)
    first = [change for change in again if change.live.id not in sent & earlier.keys()]
    kept = earlier.keys() - {change.live.id for change in first}
    folders.write_snapshot(folder, first, [trunk for trunk in earlier.values() if trunk.id in kept])
    sizes = context.checked.records.sizes()
    if history is None and context.census is not None:
        folders.keep(folder, folders.CENSUS, context.census.to_keep())
    wants: Mapping[int, Intent] = {} if history is None else history.wanted
    known = wants.keys() - {change.record.row for change in again}
    new = [change for change in planned.plan.changes if change.record.row not in known]
    facts = _facts(context, planned, history)
    if history is None and (context.practice or context.checked.settings.url_from.vouched):
        note_begun(facts)
    opened.begin_invocation(
        context.command if history is None else "resume",
        facts=facts,
        wanted=[
            joined(wants.get(change.record.row) if change.live.id in kept else None, change, sizes[change.record.row])
            for change in new
        ],
        settled_rows=context.endings(settled).total(),
        outcomes=settled.values(),
    )
    record.into_file(folder / folders.LOG)
    record.into_journal(opened)
    return Run(
        context=context,
        planned=planned,
        journal=opened,
        record=record,
        interface=interface,
        again=again,
        ahead=ChangesWriter(
            context.checked.tables,
            [change for _, change in sorted(context.changes.items())],
            settled,
            [change.record.row for change in again],
            practice=context.practice,
        ),
        outcomes=settled,
        tries={} if history is None else history.tries,
        before=earlier,
        earlier={} if history is None else history.outcomes,
    )


def _facts(context: RunContext, planned: Planned, history: History | None) -> dict[str, object]:
    """Return what the run is to be understood by; later invocations change little of it."""
    checked, settings = context.checked, context.checked.settings
    problems = [asdict(problem) for problem in context.problems if problem.stops]
    if history is not None:
        return {**_choice(checked, history), "problems": problems, **_returns(context)}
    return {
        "run": context.folder.id,
        "started": context.started.isoformat(),
        "pbx": context.address,
        "practice": context.practice,
        "client_id": settings.client_id,
        "workbook": {
            "path": str(settings.workbook.resolve()),
            "sha256": checked.workbook.sha256,
            "copy": context.folder.copy,
            "columns": checked.columns_file.sha256,
        },
        "digest": planned.digest,
        "rows": sum(table.height for table in checked.tables.counted),
        "settings": kept_settings(settings),
        "chosen": sorted(checked.choice.rows),
        "hazards": list(context.hazards),
        "left_to_people": [one.to_json() for one in context.listed if one.answers],
        **({"approval": context.approval.to_json()} if context.approval is not None else {}),
        "problems": problems,
        **context.facts,
        **_returns(context),
    }


def _returns(context: RunContext) -> dict[str, object]:
    return {"returns": [asdict(line) for line in context.returns]} if context.returns else {}


def _choice(checked: Checked, history: History) -> dict[str, object]:
    """Return which trunks are the run's from now on: those of earlier invocations, and those chosen now."""
    chosen = history.chosen | checked.choice.rows
    others = any(not (r.row in chosen or r.skip or r.gives_only) for r in checked.records.trunks)
    only = [str(r.id or r.name) for r in checked.records.trunks if r.row in chosen] if others else []
    return {"chosen": sorted(chosen), "settings": {**history.facts["settings"], "only": only, "first": None}}
