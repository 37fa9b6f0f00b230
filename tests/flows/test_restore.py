"""Restore end to end: an export, what others do on the PBX afterwards, and the way back to the export."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from samples.making.files import Page, write_workbook
from tests.flows.shell import Bench, Ran, bench, pbx, register, run, serving
from tests.flows.test_undo import LONDON, PARIS, SECRET, everything, fates, held


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bench]:
    """Serve a PBX and export it."""
    with serving(tmp_path / "book.xlsx", pbx(deepcopy([LONDON, PARIS]))) as served:
        where = ("--url", served.pbx.url, "--client-id", "practice")
        assert run("export", "-o", served.workbook, *where, environment=SECRET).code == 0
        yield served


def restore(there: Bench, *flags: object) -> Ran:
    return there.run("restore", "--yes", "--json", *flags)


def change(there: Bench, number: int = 8, **fields: Any) -> None:
    held(there, number).update(fields)


def test_an_export_of_what_the_pbx_still_holds_is_up_to_date(there: Bench) -> None:
    done = restore(there)
    assert done.code == 0, done.said
    assert ([trunk["ending"] for trunk in done.json["trunks"]], there.writes()) == (["unchanged", "unchanged"], [])
    assert "way_back" not in done.json


def test_what_others_changed_since_is_shown_trunk_by_trunk_and_not_touched_unasked(there: Bench) -> None:
    change(there, hostname="theirs.example", default_caller_id="1")
    held(there)["did_list"].append({"did": "999", "did_name": ""})
    after = everything(there)
    planned = restore(there)
    assert (planned.code, everything(there), there.writes()) == (4, after, [])
    (hazard,) = planned.json["hazards"]
    assert (hazard["code"], hazard["trunk"]) == ("overwrite-later-edits", "London")
    assert hazard["message"] == (
        "London: what somebody changed since would be overwritten: Hostname is theirs.example now and would be "
        "old.example again, and 1 more."
    )
    lines = {line["field"]: (line["before"], line["now"], line["fate"]) for line in planned.json["way_back"]}
    assert lines == {
        "Hostname": ("old.example", "theirs.example", "restored"),
        "DID 999": ("absent", "999", "restored"),
    }
    assert planned.json["command"].startswith(f"trunk-batch restore {there.workbook} --url {there.pbx.url} ")
    assert "--allow overwrite-later-edits=London" in planned.json["command"]
    assert "\nAn export has no passwords: those stay as they are on the PBX.\n" in there.run("restore", "--yes").out


def test_what_is_allowed_comes_back_to_what_the_export_holds_in_list_order(there: Bench) -> None:
    before = everything(there)
    change(there, hostname="theirs.example", domain="", name="London-9", outbound_cid_list=[])
    held(there)["did_list"] = [{"did": "300", "did_name": "x"}, {"did": "999", "did_name": ""}]
    change(there, 9, did_list=[], enable=0)
    assert restore(there, "--allow", "overwrite-later-edits=London-9").code == 4
    done = restore(there, "--allow", "overwrite-later-edits")
    assert done.code == 0, done.said
    assert everything(there) == before
    back = run("undo", done.json["run"], "--yes", "--json", environment=SECRET)
    assert back.code == 0, back.said
    assert (held(there)["name"], held(there, 9)["enable"]) == ("London-9", 0)


def test_what_was_set_since_where_the_export_has_nothing_is_emptied(tmp_path: Path) -> None:
    bare = {**deepcopy(PARIS), "did_list": [], "outbound_cid_list": []}
    with serving(tmp_path / "book.xlsx", pbx([bare])) as there:
        where = ("--url", there.pbx.url, "--client-id", "practice")
        assert run("export", "-o", there.workbook, *where, environment=SECRET).code == 0
        change(there, 9, domain="theirs.example", did_list=[{"did": "1", "did_name": ""}])
        done = restore(there, "--allow", "overwrite-later-edits")
        assert done.code == 0, done.said
        assert (held(there, 9).get("domain"), held(there, 9)["did_list"]) == ("", [])


def test_what_a_person_typed_into_the_export_counts_and_needs_no_permission(there: Bench) -> None:
    book = openpyxl.load_workbook(there.workbook)
    columns = {str(cell.value): place for place, cell in enumerate(book["Trunks"][1], 1)}
    book["Trunks"].cell(2, columns["Hostname"]).value = "mine.example"
    book.save(there.workbook)
    done = restore(there)
    assert (done.code, held(there)["hostname"]) == (0, "mine.example")


def test_a_trunk_that_is_gone_holds_up_no_other(there: Bench) -> None:
    del there.pbx.state.trunks[9]
    change(there, hostname="theirs.example")
    done = restore(there, "--allow", "overwrite-later-edits")
    assert done.code == 5, done.said
    assert held(there)["hostname"] == "old.example"
    assert ("Paris", "DIDs") in {key for key, fate in fates(done).items() if fate == "cannot be restored"}


def test_what_was_refused_is_restored_with_the_results(tmp_path: Path) -> None:
    refusal = {"call": "trunk/update", "do": "errcode", "errcode": 40002}
    with serving(tmp_path / "book.xlsx", pbx(deepcopy([LONDON, PARIS])), faults=[refusal]) as there:
        where = ("--url", there.pbx.url, "--client-id", "practice")
        assert run("export", "-o", there.workbook, *where, environment=SECRET).code == 0
        change(there, hostname="theirs.example")
        flags = ("--yes", "--allow", "overwrite-later-edits")
        ran = there.run("restore", *flags)
        assert (ran.code, held(there)["hostname"]) == (5, "theirs.example")
        assert f"then restore with the results as the workbook:\n    trunk-batch restore {there.results} " in ran.out
        again = there.run("restore", *flags, workbook=there.results)
        assert (again.code, held(there)["hostname"]) == (0, "old.example"), again.said


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    write_workbook(tmp_path / "own.xlsx", Page(name="Trunks", lines=[("Name", "Hostname"), ("London", "x.example")]))
    refused = run("restore", tmp_path / "own.xlsx", "--practice", "--yes", "--json")
    assert refused.code == 2
    assert "is no export" in refused.json["error"]["message"]


def test_names_that_cross_are_untangled_and_an_undo_crosses_them_again(there: Bench) -> None:
    before = everything(there)
    change(there, name="Paris")
    change(there, 9, name="London")
    done = restore(there, "--allow", "overwrite-later-edits")
    assert done.code == 0, done.said
    assert everything(there) == before
    back = run("undo", done.json["run"], "--yes", "--json", environment=SECRET)
    assert back.code == 0, back.said
    assert (held(there)["name"], held(there, 9)["name"]) == ("Paris", "London")
    assert set(fates(back).values()) == {"restored"}


def test_a_chain_of_names_goes_back_unless_its_end_is_taken_by_somebody_who_keeps_it(there: Bench) -> None:
    change(there, name="Rome")
    change(there, 9, name="London")
    assert restore(there, "--allow", "overwrite-later-edits").code == 0
    assert (held(there)["name"], held(there, 9)["name"]) == ("London", "Paris")
    change(there, name="Rome")
    change(there, 9, name="London")
    there.pbx.state.trunks[10] = {**deepcopy(held(there, 9)), "id": 10, "name": "Paris"}
    done = restore(there, "--allow", "overwrite-later-edits")
    assert done.code == 5, done.said
    assert fates(done) == {("Rome", "Name"): "cannot be restored", ("London", "Name"): "cannot be restored"}


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Bench, Path]]:
    """Serve a PBX, and an export of it."""
    monkeypatch.setenv("TRUNK_BATCH_SIZE_PERCENT", "100")
    live = [register(8, "London", "100", "102"), register(9, "Paris", "500"), register(10, "Rome", "600")]
    with bench(tmp_path, trunks=[("Name",), ("London",)], live=live) as served:
        path = tmp_path / "export.xlsx"
        assert (
            run("export", "-o", path, "--url", served.pbx.url, "--client-id", "practice", environment=SECRET).code == 0
        )
        yield served, path


def test_of_trunks_that_are_chosen_alone_no_did_is_taken_that_no_other_takes_back(moving: tuple[Bench, Path]) -> None:
    there, path = moving
    held(there, 9)["did_list"].append(held(there, 8)["did_list"].pop(0))
    for only, field, why in (
        ("Paris", "DID 100", "It was on London, which does not take it back: it would be on no trunk."),
        ("London", "DID 100", "It stays on Paris, so it would be on two trunks."),
    ):
        back = there.run("restore", "--yes", "--json", "--only", only, workbook=path)
        assert (back.code, there.writes()) == (5, []), back.said
        assert {line["field"]: line["why"] for line in back.json["way_back"]} == {field: why}
    both = there.run("restore", "--yes", "--json", "--allow", "overwrite-later-edits", workbook=path)
    assert both.code == 0, both.said
    assert [entry["did"] for entry in held(there, 8)["did_list"]] == ["100", "102"]


def test_a_did_that_somebody_put_onto_a_trunk_since_does_not_come_back_as_a_second_one_unasked(
    moving: tuple[Bench, Path],
) -> None:
    there, path = moving
    there.pbx.state.trunks[11] = held(there, 10) | {"id": 11, "name": "Tokyo", "did_list": []}
    held(there, 11)["did_list"].append(held(there, 8)["did_list"].pop(0))
    flags = ("--yes", "--json", "--allow", "overwrite-later-edits")
    twice = there.run("restore", *flags, workbook=path)
    assert (twice.code, [one["message"] for one in twice.json["hazards"][1:]]) == (
        4, ["London: 100 (DIDs!B2) would be on London and Tokyo at once."],
    )  # fmt: skip
    assert there.run("restore", *flags, "--allow", "did-doubled", workbook=path).code == 0


def test_a_move_that_a_person_typed_into_the_export_takes_the_did_off_the_other_trunk(
    moving: tuple[Bench, Path],
) -> None:
    there, path = moving
    book = openpyxl.load_workbook(path)
    row = next(row for row in book["DIDs"].iter_rows() if row[1].value == "500")
    row[0].value, row[3].value = "Rome", "Paris"
    book.save(path)
    back = there.run("restore", "--yes", "--json", workbook=path)
    assert back.code == 0, back.said
    assert [[entry["did"] for entry in held(there, n)["did_list"]] for n in (9, 10)] == [[], ["500", "600"]]
