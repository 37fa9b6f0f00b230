"""A run that goes back by itself: confirmed by yes, from another window, or by nobody; killed and stopped meanwhile."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import batch
from batch.commands.confirming import confirm
from batch.commands.run import Unattended
from batch.commands.undo import undo as undo_run
from batch.practice.state import PbxState
from batch.reports.run_text import confirmation_text
from batch.runs.confirmations import Confirmation, Stage, is_waited_for, read_confirmation
from tests.flows.crashes import command, ended, run_folders, until
from tests.flows.shell import CLIENT_SECRET, FAST, LOSING_NUMBERS, Bench, Ran, bench, run
from tests.flows.test_undo import CALLER_IDS, DIDS, LONDON, PARIS, SECRET, TRUNKS, everything, held, undo

REFUSING = {"call": "trunk/update", "match": {"id": 9}, "do": "errcode", "errcode": 40002, "times": "always"}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=deepcopy([LONDON, PARIS])) as served:
        yield served


def applied(there: Bench, within: str, *flags: object) -> Ran:
    return there.apply("--allow", "removals", *LOSING_NUMBERS, "--confirm-within", within, *flags)


@dataclass
class Person(Unattended):
    """Somebody who answers at the prompt, or does something else meanwhile."""

    answer: Callable[[], str]
    told: list[str] = field(default_factory=list)
    shown: list[Any] = field(default_factory=list)
    _agrees: bool = True

    def tell(self, text: str) -> None:
        self.told.append(text)

    insist = tell

    def show(self, report: Any) -> None:
        self.shown.append(report)

    def listen(self, text: str) -> Callable[[], str]:
        assert text == "Type yes to keep what was written, no to take it back now: "
        return self.answer


def by(there: Bench, answer: Callable[[], str], within: str = "30s") -> tuple[batch.Report, Person]:
    person = Person(answer=answer)
    done = batch.apply(settings_of(there, within), person)
    assert isinstance(done, batch.Report)
    return done, person


def settings_of(there: Bench, within: str) -> batch.Settings:
    return batch.Settings(
        workbook=there.workbook,
        url=there.pbx.url,
        client_id="practice",
        secret=batch.Secret(CLIENT_SECRET),
        allow=("removals", "did-orphaned", "size"),
        settle_wait=0,
        rate=10_000,
        confirm_within=within,
    )


def test_silence_takes_the_run_back_and_says_so_before(there: Bench) -> None:
    before = everything(there)
    ran = applied(there, "2s")
    assert ran.code == 5, ran.said
    assert everything(there) == before
    said = ran.json["confirmation"]
    assert (said["confirmed"], said["taken_back"], said["failed"]) == (False, True, "")
    assert said["by"] == "nobody confirmed it within 2 s"
    assert {trunk["ending"] for trunk in said["undone"]["trunks"]} == {"applied"}
    for words in (
        "Waiting 2 s to be confirmed, until ",
        "To confirm it from another window:  trunk-batch confirm ",
        "Not confirmed yet: the run goes back in 1 s.",
        "Going back: nobody confirmed it within 2 s.",
        " went back: nobody confirmed it within 2 s.",
    ):
        assert words in ran.err
    assert run("confirm", ran.json["run"], "--json").json["error"]["message"].endswith("was taken back already.")
    went, undoing = Path(ran.json["run"]), Path(said["undone"]["run"])
    assert f"It was taken back by the run {undoing.name}. " in run("status", went).out
    assert f"It takes back the run {went.name}." in run("status", undoing).out
    first, second, _ = run("runs", went.parent).out.splitlines()
    assert first.endswith(", taken back")
    assert second.endswith(f", takes back {went.name}")


def test_that_it_waits_is_said_to_somebody_who_wants_to_hear_little_too(there: Bench) -> None:
    ran = applied(there, "1s", "-q")
    for words in ("Waiting 1 s to be confirmed", "Not confirmed yet: the run goes back in ", "Going back: nobody "):
        assert words in ran.err
    assert "Digest: " not in ran.err


def test_what_an_undo_would_have_to_be_allowed_does_not_hold_up_a_run_that_nobody_confirmed(tmp_path: Path) -> None:
    dids = (("Trunk", "DID"), *(("8", str(number)) for number in range(600, 640)))
    with bench(tmp_path, trunks=(("Trunk ID", "DIDs mode"), ("8", "add")), dids=dids, live=[deepcopy(LONDON)]) as there:
        before = everything(there)
        ran = there.apply("--confirm-within", "1s")
        assert (ran.code, ran.json["confirmation"]["failed"], everything(there)) == (5, "", before), ran.said


@pytest.mark.parametrize("waits", [1, 2, 3])
def test_of_a_confirmation_and_a_time_out_at_the_same_instant_one_is_true(there: Bench, waits: int) -> None:
    before, said = everything(there), list[str]()

    def elsewhere() -> None:
        (folder,) = run_folders(there.workbook)
        try:
            said.append(confirm(folder).by)
        except batch.BatchError as error:
            said.append(error.message)

    clock = threading.Timer(1 + waits * 0.005, elsewhere)

    def answer() -> str:
        if not clock.is_alive() and not said:
            clock.start()
        return ""

    report, _ = by(there, answer, "1s")
    clock.join()
    went_back = everything(there) == before
    assert report.confirmation is not None
    assert (report.confirmation.taken_back, report.confirmation.failed) == (went_back, "")
    assert (said == ["trunk-batch confirm in another window"]) is not went_back


def test_a_time_out_waits_for_an_undo_in_another_window_that_is_declined(there: Bench) -> None:
    before, asked = everything(there), threading.Event()

    class Thinking(Person):
        def confirm(self, planned: Any) -> bool:  # noqa: ARG002
            asked.set()
            threading.Event().wait(1.5)
            return False

    def elsewhere() -> None:
        (folder,) = run_folders(there.workbook)
        with pytest.raises(batch.BatchError, match="Nothing was sent"):
            undo_run(folder, Thinking(answer=str), secret=batch.Secret(CLIENT_SECRET))

    window = threading.Thread(target=elsewhere)

    def answer() -> str:
        if not asked.is_set() and not window.is_alive():
            window.start()
            asked.wait(30)
        return ""

    report, _ = by(there, answer, "1s")
    window.join()
    assert report.confirmation is not None
    assert (report.confirmation.failed, report.confirmation.taken_back, everything(there)) == ("", True, before)


def test_a_yes_at_the_prompt_keeps_it(there: Bench) -> None:
    report, person = by(there, lambda: "yes")
    assert report.exit_code == 0
    assert (held(there)["hostname"], [shown.exit_code for shown in person.shown]) == ("new.example", [0])
    assert report.confirmation is not None
    assert (report.confirmation.by, report.confirmation.taken_back) == ("yes at the prompt", False)


def test_a_no_at_the_prompt_takes_it_back_at_once(there: Bench) -> None:
    before = everything(there)
    report, _ = by(there, lambda: "no")
    assert (report.exit_code, everything(there)) == (5, before)


def test_confirm_in_another_window_keeps_it(there: Bench) -> None:
    def elsewhere() -> str:
        (folder,) = run_folders(there.workbook)
        status = run("status", folder)
        assert "It waits to be confirmed until " in status.out
        refused = run("resume", folder, "--yes", "--json", environment=SECRET)
        assert refused.json["error"]["message"] == (
            "The run waits to be confirmed, and goes back by itself if it is not."
        )
        confirmed = run("confirm", folder, "--json")
        assert (confirmed.code, confirmed.json["confirmed"]) == (0, True)
        return ""

    report, _ = by(there, elsewhere)
    assert (report.exit_code, held(there)["hostname"]) == (0, "new.example")
    assert report.confirmation is not None
    assert report.confirmation.by == "trunk-batch confirm in another window"


def test_an_undo_in_another_window_is_heard_of(there: Bench) -> None:
    before = everything(there)

    def elsewhere() -> str:
        assert undo(run_folders(there.workbook)[0]).code == 0
        return ""

    report, _ = by(there, elsewhere)
    assert (report.exit_code, everything(there)) == (5, before)
    assert report.confirmation is not None
    assert (report.confirmation.taken_back, report.confirmation.undone) == (True, None)


def test_a_run_that_did_not_come_out_as_wanted_is_not_confirmed_by_silence(tmp_path: Path) -> None:
    live = deepcopy([LONDON, PARIS])
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=live, faults=[REFUSING]) as there:
        before = everything(there)
        ran = applied(there, "1s")
        assert "Not everything is as wanted: look at the results first." in ran.err
        assert (ran.code, ran.json["confirmation"]["taken_back"], everything(there)) == (5, True, before)


def test_nothing_is_waited_for_where_nothing_was_sent(there: Bench) -> None:
    assert there.apply("--allow", "removals", *LOSING_NUMBERS).code == 0
    ran = applied(there, "1h")
    assert (ran.code, "confirmation" in ran.json) == (0, False)


@pytest.mark.parametrize("rest", ["status", "undo", "confirm"])
def test_a_process_that_is_killed_while_it_waits_leaves_a_run_that_resume_does_not_confirm(
    there: Bench, rest: str
) -> None:
    before = everything(there)
    where = (
        "--url",
        there.pbx.url,
        "--client-id",
        "practice",
        "--yes",
        "--allow",
        "removals",
        *LOSING_NUMBERS,
        *FAST[:2],
    )
    process = command("apply", there.workbook, *where, "--confirm-within", "1h")
    until(lambda: any(is_waited_for(folder) for folder in run_folders(there.workbook)), process)
    process.kill()
    ended(process)
    (folder,) = run_folders(there.workbook)
    refused = run("resume", folder, "--yes", "--json", environment=SECRET)
    assert refused.code == 2
    assert refused.json["error"]["hint"] == (
        f"To take it back: trunk-batch undo {folder}. "
        f"To keep what it wrote: trunk-batch confirm {folder}; then resume goes on with it."
    )
    assert held(there)["hostname"] == "new.example"
    said = read_confirmation(folder)
    assert said is not None
    assert said.stage is Stage.OPEN
    match rest:
        case "status":
            assert f"To take it back:  trunk-batch undo {folder}" in run("status", folder).out
        case "undo":
            assert undo(folder).code == 0
            assert everything(there) == before
        case _:
            assert run("confirm", folder).code == 0
            assert run("resume", folder, "--yes", "--json", environment=SECRET).code == 0


def test_ctrl_c_while_it_waits_says_what_is_true(there: Bench) -> None:
    def pressed() -> str:
        raise KeyboardInterrupt

    with pytest.raises(batch.BatchError) as stopped:
        by(there, pressed)
    assert stopped.value.exit_code == 130
    assert "It is neither confirmed nor taken back: what it wrote stays on the PBX." in stopped.value.message
    (folder,) = run_folders(there.workbook)
    assert stopped.value.hint == (
        f"To keep it: trunk-batch confirm {folder}. To take it back: trunk-batch undo {folder}"
    )
    assert held(there)["hostname"] == "new.example"


@pytest.mark.parametrize("within", ["", "soon", "0m", "25h", "30"])
def test_what_is_no_time_is_refused_before_anything_is_read(there: Bench, within: str) -> None:
    ran = applied(there, within)
    assert (ran.code, there.calls()) == (2, [])
    assert "is not a time of up to 24 hours, like 30m, 90s or 2h" in ran.said


def test_a_run_that_needs_no_confirmation_cannot_be_confirmed(there: Bench) -> None:
    ran = there.apply("--allow", "removals", *LOSING_NUMBERS)
    refused = run("confirm", ran.json["run"], "--json")
    assert refused.code == 2
    assert "needs no confirmation" in refused.json["error"]["message"]


def test_what_is_going_back_cannot_be_confirmed_any_more(tmp_path: Path) -> None:
    tried: list[str] = []

    def meanwhile(_: PbxState) -> None:
        said = {folder: read_confirmation(folder) for folder in run_folders(tmp_path / "book.xlsx")}
        folder, confirmation = next(((one, found) for one, found in said.items() if found), (Path(), Confirmation()))
        if confirmation.stage is Stage.TAKEN_BACK and not tried:
            refused = ended(command("confirm", folder, "--json"))
            tried.append(refused.json["error"]["message"])

    live = deepcopy([LONDON, PARIS])
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=live, on_change=meanwhile) as there:
        before = everything(there)
        report, _ = by(there, lambda: "no")
        assert (report.exit_code, everything(there)) == (5, before)
        assert "is in use by undo" in tried[0]


def test_a_run_that_goes_back_in_part_does_not_say_that_it_went_back(tmp_path: Path) -> None:
    live = deepcopy([LONDON, PARIS])
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=live, faults=[{**REFUSING, "after": 1}]) as there:
        report, _ = by(there, lambda: "no")
        assert (report.exit_code, held(there)["hostname"], held(there, 9)["hostname"]) == (
            5, "old.example", "new.example",
        )  # fmt: skip
        last = [*confirmation_text(report)][-1]
        assert last == f"The run {report.folder.id} did not go back whole, as said above: no at the prompt."


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_it_goes_back_is_an_interruption_and_says_how_to_go_on(tmp_path: Path, times: int) -> None:
    live = deepcopy([LONDON, PARIS])
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=live) as there:
        before = everything(there)
        where = ("--url", there.pbx.url, "--client-id", "practice", *FAST[:2], "--rate", "4", "--concurrency", "1")
        allowed = ("--allow", "removals", *LOSING_NUMBERS, "--confirm-within", "1s")
        process = command("apply", there.workbook, *where, "--yes", *allowed)
        until(lambda: len(there.writes()) >= 3, process)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        ran = ended(process)
        assert ran.code == 130, ran.said
        assert "What it wrote is still on the PBX" not in ran.said
        (undone,) = (one for one in run_folders(there.workbook) if read_confirmation(one) is None)
        assert f"trunk-batch resume {undone}" in ran.said
        assert run("resume", undone, "--yes", environment=SECRET).code == 0
        assert everything(there) == before
