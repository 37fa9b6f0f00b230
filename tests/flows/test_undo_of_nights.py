"""Undo of runs that went wrong: half of one, one gone on with, one killed, a rehearsal; and an undo that is killed."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import openpyxl
import pytest

from tests.flows.crashes import command, ended, run_folders, until
from tests.flows.shell import FAST, LOSING_NUMBERS, Bench, bench, endings, lines_of, rows_of, run
from tests.flows.test_undo import (
    CALLER_IDS,
    DIDS,
    LONDON,
    PARIS,
    SECRET,
    TRUNKS,
    applied,
    everything,
    fates,
    held,
    undo,
)

STOP = {"call": "trunk/update", "match": {"id": 9}, "do": "errcode", "errcode": 40002, "times": "always"}
NO_ANSWER = {"call": "trunk/update", "match": {"id": 8}, "do": "drop_after"}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=deepcopy([LONDON, PARIS])) as served:
        yield served


def test_of_half_a_run_only_the_half_that_was_sent_goes_back(tmp_path: Path) -> None:
    live = deepcopy([LONDON, PARIS])
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=live, faults=[STOP]) as there:
        before = everything(there)
        ran = there.apply("--allow", "removals", *LOSING_NUMBERS)
        assert endings(ran.json) == ["applied", "refused"]
        back = undo(Path(ran.json["run"]))
        assert back.code == 0, back.said
        assert everything(there) == before
        assert {fate for (trunk, _), fate in fates(back).items() if trunk == "Paris"} == {"already back"}


def test_a_run_that_sent_nothing_has_nothing_to_undo(there: Bench) -> None:
    held(there).update(name="London-1", hostname="new.example")
    ran = there.apply("--only", "9", "--max-failures", "1", *LOSING_NUMBERS)
    run_dir = Path(ran.json["run"])
    assert undo(run_dir, "--only", "8").json["error"]["message"] == "--only names 8, which the run did not write."
    again = there.apply("--only", "9", *LOSING_NUMBERS)
    refused = undo(Path(again.json["run"]))
    assert (refused.code, refused.json["error"]["hint"]) == (2, "There is nothing to undo.")


def test_a_run_that_was_gone_on_with_goes_back_as_a_whole(tmp_path: Path) -> None:
    live, once = deepcopy([LONDON, PARIS]), {**STOP, "errcode": 70082, "times": 1}
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=live, faults=[once]) as there:
        before = everything(there)
        ran = there.apply("--allow", "removals", *LOSING_NUMBERS, "--attempts", "1")
        assert endings(ran.json) == ["applied", "failed"]
        assert endings(there.resume("--attempts", "5").json) == ["applied", "applied"]
        assert undo(Path(ran.json["run"])).code == 0
        assert everything(there) == before


def test_what_was_written_without_an_answer_goes_back_too(tmp_path: Path) -> None:
    live = deepcopy([LONDON])
    with bench(tmp_path, trunks=TRUNKS[:2], dids=DIDS[:4], live=live, faults=[NO_ANSWER]) as there:
        before = everything(there)
        ran = there.apply("--allow", "removals", *LOSING_NUMBERS, "--no-read-back")
        assert endings(ran.json) == ["unknown"]
        back = undo(Path(ran.json["run"]), "--attempts", "5")
        assert (back.code, everything(there)) == (0, before)


def test_a_rehearsal_is_undone_on_its_practice_pbx(there: Bench) -> None:
    practice = ("--practice", "--json", *FAST)
    ran = run("apply", there.workbook, "--yes", "--allow", "removals", *LOSING_NUMBERS, *practice)
    assert ran.code == 0, ran.said
    state = there.workbook.with_name("book.practice.json")
    after = state.read_text(encoding="utf-8")
    back = run("undo", ran.json["run"], "--yes", "--json")
    assert back.code == 0, back.said
    assert "new.example" in after
    assert "new.example" not in state.read_text(encoding="utf-8")
    assert Path(back.json["results"]).name == "book-undo-PRACTICE-results.xlsx"
    assert there.writes() == []


@pytest.mark.parametrize("writes", [1, 2])
def test_a_run_that_was_killed_goes_back_from_wherever_it_was(there: Bench, writes: int) -> None:
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
        *FAST[:4],
    )
    process = command("apply", there.workbook, *where, "--concurrency", "1")
    until(lambda: len(there.writes()) >= writes, process)
    process.kill()
    ended(process)
    (folder,) = run_folders(there.workbook)
    back = undo(folder)
    assert back.code == 0, back.said
    assert everything(there) == before


def test_an_undo_that_was_killed_is_gone_on_with(there: Bench) -> None:
    before = everything(there)
    run_dir = applied(there)
    sent = len(there.writes())
    process = command("undo", run_dir, "--yes", "--concurrency", "1")
    until(lambda: len(there.writes()) > sent, process)
    process.kill()
    ended(process)
    killed = max(run_folders(there.workbook), key=lambda folder: folder.stat().st_ctime_ns)
    assert killed != run_dir
    assert f"It was taken back by the run {killed.name}." in run("status", run_dir).out
    status = run("status", killed).out
    assert "broke off" in status
    resumed = run("resume", killed, "--yes", "--json", environment=SECRET)
    assert resumed.code == 0, resumed.said
    assert everything(there) == before
    assert set(fates(resumed).values()) == {"restored"}
    assert {line[5] for line in lines_of(Path(resumed.json["results"]), "Way back")[-5:]} == {"restored"}
    assert undo(killed).code == 0
    assert held(there)["password"] == "Sample-new-8"


def test_a_way_back_is_written_as_a_workbook_that_is_planned_and_applied_like_any_other(there: Bench) -> None:
    before = everything(there)
    run_dir = applied(there)
    path = there.workbook.with_name("back.xlsx")
    calls = len(there.calls())
    written = run("undo", run_dir, "-o", path, "--json")
    assert (written.code, len(there.calls())) == (0, calls)
    assert written.json == {"way_back": str(path), "trunks": 2, "without_password": ["London"]}
    assert path.stat().st_mode & 0o077 == 0
    assert "Old passwords are not in it: London. undo itself has them." in written.err
    cells, _ = rows_of(path, "Trunks")
    assert (cells["Trunk ID"], cells["Name"]) == ("8", "London")
    assert (cells["Hostname"], cells["Domain"], cells["Password"], cells["Enabled"]) == (
        "old.example", "d.example", "<hidden>", None,
    )  # fmt: skip
    planned = there.run("plan", "--json", workbook=path)
    assert planned.code == 0, planned.said
    assert {line["fate"] for line in planned.json["way_back"]} == {"restored", "cannot be restored"}
    held(there, 9)["hostname"] = "theirs.example"
    back = there.run("apply", "--yes", "--json", *LOSING_NUMBERS, workbook=path)
    assert back.code == 5, back.said
    assert {key: fate for key, fate in fates(back).items() if fate != "restored"} == {
        ("London-1", "Password"): "cannot be restored",
        ("Paris", "Hostname"): "kept",
    }
    before[8]["password"] = "Sample-new-8"
    before[9]["hostname"] = "theirs.example"
    assert everything(there) == before


def test_what_was_trimmed_from_a_way_back_stays_as_it_is(there: Bench) -> None:
    run_dir = applied(there)
    path = there.workbook.with_name("back.xlsx")
    assert run("undo", run_dir, "-o", path).code == 0
    book = openpyxl.load_workbook(path)
    trunks, dids = book["Trunks"], book["DIDs"]
    columns = {str(cell.value): place for place, cell in enumerate(trunks[1], 1)}
    trunks.cell(2, columns["Port"]).value = None
    trunks.cell(3, columns["Action"]).value = "skip"
    rows = {row[1].value: row[0].row for row in dids.iter_rows() if row[0].value == "London"}
    dids.delete_rows(rows["200"])
    book.save(path)
    back = there.run("apply", "--yes", "--json", *LOSING_NUMBERS, workbook=path)
    assert back.code == 5, back.said  # for the password
    assert (held(there)["hostname"], held(there)["port"]) == ("old.example", 5070)
    assert [entry["did"] for entry in held(there)["did_list"]] == ["100", "300"]
    assert held(there, 9)["hostname"] == "new.example"


def test_a_file_that_is_there_is_not_written_over(there: Bench) -> None:
    run_dir = applied(there)
    refused = run("undo", run_dir, "-o", there.workbook, "--json")
    assert refused.code == 2
    assert "is there already" in refused.json["error"]["message"]


def test_without_a_terminal_an_undo_needs_a_yes(there: Bench) -> None:
    run_dir = applied(there)
    refused = run("undo", run_dir, "--json", environment=SECRET)
    assert (refused.code, refused.json["error"]["message"]) == (
        2, "undo asks before it writes, and there is no terminal to ask on.",
    )  # fmt: skip


def test_a_trunk_whose_old_state_is_lost_is_named_and_the_others_can_be_taken_back(there: Bench) -> None:
    run_dir = applied(there)
    snapshot = run_dir / "snapshot.jsonl"
    _, paris = snapshot.read_text(encoding="utf-8").splitlines()
    snapshot.write_text(f"{paris}\n", encoding="utf-8")
    calls = len(there.calls())
    refused = undo(run_dir)
    assert (refused.code, len(there.calls())) == (2, calls)
    assert refused.json["error"] == {
        "code": "usage",
        "message": "The run wrote London, and its snapshot does not say any more what was there before.",
        "hint": "Correct it on the PBX. To take back the others, name them with --only.",
    }
    assert run("undo", run_dir, "-o", there.workbook.with_name("back.xlsx")).code == 2
    assert undo(run_dir, "--only", "Paris").code == 0
    assert (held(there)["hostname"], held(there, 9)["hostname"]) == ("new.example", "old.example")


@pytest.mark.parametrize("spoilt", ['{"id": 9, "na', "[]", '{"name": "Paris"}', ""])
def test_a_damaged_line_of_the_snapshot_is_named(there: Bench, spoilt: str) -> None:
    run_dir = applied(there)
    snapshot = run_dir / "snapshot.jsonl"
    london, _ = snapshot.read_text(encoding="utf-8").splitlines()
    snapshot.write_text(f"{london}\n{spoilt}\n", encoding="utf-8")
    refused = undo(run_dir)
    assert refused.code == 2
    assert refused.json["error"]["message"] == f"The snapshot {snapshot} cannot be read: line 2 is damaged."


def test_a_run_that_was_taken_back_is_not_gone_on_with(tmp_path: Path) -> None:
    live, once = deepcopy([LONDON, PARIS]), {**STOP, "errcode": 70082, "times": 1}
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=live, faults=[once]) as there:
        ran = there.apply("--allow", "removals", *LOSING_NUMBERS, "--attempts", "1")
        run_dir = Path(ran.json["run"])
        assert endings(ran.json) == ["applied", "failed"]
        back = Path(undo(run_dir).json["run"])
        refused = run("resume", run_dir, "--yes", "--json", environment=SECRET)
        assert (refused.code, refused.json["error"]["message"]) == (
            2,
            f"The run {run_dir.name} was taken back by the run {back.name}: to go on with it would write it again.",
        )
        assert "undo that run, or apply the workbook again" in refused.json["error"]["hint"]
        assert run("status", run_dir, "--json").json["taken_back"] == f"the run {back.name}"
        assert run("status", back, "--json").json["undoes"] == run_dir.name
        assert undo(back).code == 0
        assert "taken_back" not in run("status", run_dir, "--json").json
        assert run("resume", run_dir, "--yes", "--json", environment=SECRET).code == 0
        assert held(there, 9)["hostname"] == "new.example"


def test_a_run_of_which_some_trunks_were_taken_back_is_not_taken_back(there: Bench) -> None:
    run_dir = applied(there)
    assert undo(run_dir, "--only", "Paris").code == 0
    assert "taken_back" not in run("status", run_dir, "--json").json
