"""Undo of runs that moved DIDs: a number ends on no trunk, or on two, for nothing that somebody did or left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tests.flows.crashes import command, ended, run_folders, until
from tests.flows.shell import Bench, Ran, bench, register, run
from tests.flows.test_undo import SECRET, everything, fates, held, numbers, undo

LONDON, PARIS, ROME = 8, 9, 10
TRUNKS = (("Name", "Hostname"), ("London", "new.example"), ("Paris", "new.example"), ("Rome", ""))
DIDS = (
    ("Trunk", "DID", "DID name", "Move from"),
    ("Paris", "100", "", "London"),
    ("Paris", "101", "", "London"),
    ("Rome", "400", "", "Paris"),
)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("TRUNK_BATCH_SIZE_PERCENT", "100")
    live = [
        register(LONDON, "London", "100", "101", "102"),
        register(PARIS, "Paris", "400", "500"),
        register(ROME, "Rome", "600"),
    ]
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=live) as served:
        yield served


def moved(there: Bench) -> Path:
    ran = there.apply()
    assert ran.code == 0, ran.said
    assert (numbers(there, LONDON), numbers(there, PARIS), numbers(there, ROME)) == (
        ["102"], ["500", "100", "101"], ["600", "400"],
    )  # fmt: skip
    return Path(ran.json["run"])


def why(ran: Ran, trunk: str, field: str) -> str:
    (line,) = [line for line in ran.json["way_back"] if (line["trunk"], line["field"]) == (trunk, field)]
    return str(line["why"])


@pytest.mark.parametrize("named", ["London", "Paris"])
def test_undo_of_one_side_of_a_move_takes_the_move_back_on_both_and_nothing_else_of_the_other(
    there: Bench, named: str
) -> None:
    before = everything(there)
    back = undo(moved(there), "--only", named)
    assert back.code == 0, back.said
    other = PARIS if named == "London" else LONDON
    assert {number: held(there, number)["hostname"] for number in (LONDON, PARIS, ROME)} == {
        LONDON: "old.example", PARIS: "old.example", ROME: "old.example", other: "new.example",
    }  # fmt: skip
    assert numbers(there, LONDON) == ["100", "101", "102"]
    chain_too = named == "Paris"
    assert numbers(there, PARIS) == (["400", "500"] if chain_too else ["500"])
    assert numbers(there, ROME) == (["600"] if chain_too else ["600", "400"])
    assert undo(next(path for path in there.runs if path.name not in back.json["run"])).code == 0
    assert everything(there) == before


def test_a_did_stays_where_the_trunk_that_it_came_from_is_gone(there: Bench) -> None:
    run_dir = moved(there)
    del there.pbx.state.trunks[LONDON]
    back = undo(run_dir)
    assert back.code == 5, back.said
    assert (numbers(there, PARIS), numbers(there, ROME)) == (["400", "500", "100", "101"], ["600"])
    assert held(there, PARIS)["hostname"] == "old.example"
    assert fates(back)["Paris", "DID 100"] == "cannot be restored"
    assert why(back, "Paris", "DID 100") == "It was on London, which does not take it back: it would be on no trunk."


def test_a_did_that_somebody_keeps_where_it_went_to_does_not_come_back_as_a_second_one(there: Bench) -> None:
    run_dir = moved(there)
    held(there, PARIS)["did_list"][1]["did_name"] = "Boss"
    back = undo(run_dir)
    assert back.code == 5, back.said
    assert (numbers(there, LONDON), numbers(there, PARIS)) == (["101", "102"], ["400", "500", "100"])
    assert fates(back)["Paris", "DID 100"] == "kept"
    assert why(back, "London", "DID 100") == "It stays on Paris, so it would be on two trunks."


def test_a_did_is_simply_put_back_where_the_trunk_that_it_went_to_is_gone(there: Bench) -> None:
    run_dir = moved(there)
    del there.pbx.state.trunks[PARIS]
    back = undo(run_dir)
    assert back.code == 5, back.said
    assert numbers(there, LONDON) == ["100", "101", "102"]
    assert numbers(there, ROME) == ["600", "400"], "400 has no trunk to go back to"


def test_a_way_back_that_was_trimmed_on_one_side_leaves_the_did_where_it_is(there: Bench) -> None:
    run_dir = moved(there)
    path = there.workbook.with_name("back.xlsx")
    assert run("undo", run_dir, "-o", path).code == 0
    book = openpyxl.load_workbook(path)
    sheet = book["DIDs"]
    rows = [[cell.value for cell in row[:2]] for row in sheet.iter_rows()]
    sheet.delete_rows(rows.index(["London", "100"]) + 1)
    book.save(path)
    back = there.run("apply", "--yes", "--json", workbook=path)
    assert back.code == 5, back.said
    assert (numbers(there, LONDON), numbers(there, PARIS)) == (["101", "102"], ["400", "500", "100"])


def test_a_run_that_was_half_done_and_gone_on_with_goes_back_with_what_its_first_half_wrote(tmp_path: Path) -> None:
    half = {"call": "trunk/update", "match": {"id": LONDON}, "do": "partial", "omit": ["did_list"], "errcode": 1}
    live = [register(LONDON, "London", "100"), register(PARIS, "Paris", "400", "500")]
    dids = (DIDS[0], ("London", "400", "", "Paris"))
    with bench(tmp_path, trunks=TRUNKS[:2], dids=dids, live=live, faults=[half]) as there:
        before = everything(there)
        ran = there.apply("--size-percent", "100")
        assert (ran.code, held(there, LONDON)["hostname"], numbers(there, LONDON)) == (5, "new.example", ["100"])
        resumed = there.resume("--yes")
        assert (resumed.code, numbers(there, LONDON)) == (0, ["100", "400"])
        assert there.verify().code == 0
        back = undo(Path(ran.json["run"]))
        assert back.code == 0, back.said
        assert everything(there) == before


def test_a_did_that_comes_back_while_somebody_has_put_it_elsewhere_is_said_to_be_on_two_trunks(there: Bench) -> None:
    run_dir = moved(there)
    held(there, PARIS)["did_list"] = held(there, PARIS)["did_list"][:1]
    there.pbx.state.trunks[11] = held(there, ROME) | {"id": 11, "name": "Tokyo", "did_list": [{"did": "100"}]}
    back = undo(run_dir)
    assert numbers(there, LONDON) == ["100", "101", "102"]
    assert "On two trunks: London: 100 (DIDs!B2) would be on London and Tokyo at once.\n" in back.err


@pytest.mark.parametrize("order", ["add-first", "remove-first"])
def test_an_undo_that_was_killed_between_the_halves_of_a_swap_is_gone_on_with_unasked(
    tmp_path: Path, order: str
) -> None:
    live = [register(LONDON, "London", "100", "102"), register(PARIS, "Paris", "400")]
    dids = (DIDS[0], ("Paris", "100", "", "London"), ("London", "400", "", "Paris"))
    with bench(tmp_path, trunks=TRUNKS[:3], dids=dids, live=live) as there:
        before = everything(there)
        ran = there.apply("--size-percent", "100", "--move-order", order)
        sent = len(there.writes())
        process = command("undo", ran.json["run"], "--yes", "--rate", "4")
        until(lambda: len(there.writes()) > sent, process)
        process.kill()
        ended(process)
        assert everything(there) != before
        resumed = run("resume", run_folders(there.workbook)[-1], "--json", environment=SECRET)
        assert resumed.code == 0, resumed.said
        assert everything(there) == before
