"""Export end to end: read from a PBX, planned unchanged, edited and applied; and what is not to be touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.readers.detect import read_workbook
from batch.trunks.merge import read_base
from tests.flows.shell import CLIENT_SECRET, Bench, Json, Ran, lines_of, pbx, register, rows_of, run, serving
from tests.office import saved_again

LONDON = register(
    1,
    "London",
    "442079460100",
    "0044207",
    outbound_cid_list=[
        {
            "outbound_cid_option": "shared",
            "outbound_cid": "442079460100",
            "outbound_cid_name": "Sales",
            "ext_list": [{"type": "extension", "id": 1}, {"type": "ext_group", "id": 1}],
        }
    ],
)
PARIS = register(2, "Paris", "44", "45", "44")
ROME = register(3, "Rome", "44-20-7946", hostname="a b")
LINE = {"id": 9, "name": "FXO-1", "type": "FXO"}


def ask(there: Bench, command: str, *words: object) -> Ran:
    where = ("--url", there.pbx.url, "--client-id", "practice", "--rate", "10000", "--json")
    return run(command, *words, *where, environment={"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET})


def export(there: Bench, *flags: object) -> Any:
    ran = ask(there, "export", "-o", there.workbook, *flags)
    assert ran.code == 0, ran.err
    return ran.json


def plan(there: Bench) -> Any:
    ran = ask(there, "plan", there.workbook)
    assert ran.code == 0, ran.out
    return ran.json


def edit(path: Path, sheet: str, cell: str, text: str) -> None:
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = text
    book.save(path)


def kinds(planned: Any) -> dict[str, str]:
    return {change["trunk"]["name"]: change["kind"] for change in planned["changes"]}


def test_an_export_that_nobody_touched_plans_no_changes_and_never_writes(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LONDON, PARIS, ROME, LINE])) as there:
        said = export(there)
        assert list(said) == ["export", "counts", "read_only", "left_out"]
        assert said["export"] == str(there.workbook)
        assert said["counts"] == {"trunks": 3, "caller_ids": 1, "dids": 2, "extensions": 9}
        assert [(one["trunk"], one["list"]) for one in said["read_only"]] == [
            ("Paris", "dids"),
            ("Rome", "hostname"),
            ("Rome", "dids"),
        ]
        assert said["read_only"][0]["reason"] == '"44" is in it more than once; the PBX uses the first.'
        assert "44-20-7946" in said["read_only"][2]["reason"]
        assert said["left_out"] == [{"id": 9, "name": "FXO-1", "type": "FXO"}]
        planned = plan(there)
        assert kinds(planned) == {"London": "keep", "Paris": "keep", "Rome": "keep"}
        assert planned["hazards"] == []
        assert [p for p in planned["problems"] if p["severity"] == "problem"] == []
        assert there.writes() == []


def test_the_sheets_hold_what_the_pbx_holds_and_no_password(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LONDON, PARIS])) as there:
        export(there)
        first, second = rows_of(there.workbook, "Trunks")
        assert (first["Trunk ID"], first["Name"], first["Port"], first["Password"]) == (
            "1",
            "London",
            "5060",
            "<hidden>",
        )
        assert (second["Enabled"], second["Action"], second["DIDs mode"]) == ("yes", None, None)
        assert lines_of(there.workbook, "Caller IDs")[1:] == [
            ("London", "shared", "442079460100", "Sales", None, "1001", "Sales")
        ]
        assert lines_of(there.workbook, "DIDs")[1:] == [
            ("London", "442079460100", None, None),
            ("London", "0044207", None, None),
        ]
        everything = str([lines_of(there.workbook, name) for name in openpyxl.load_workbook(there.workbook).sheetnames])
        assert "Sample-old" not in everything


def test_the_base_knows_every_list_but_those_that_the_workbook_cannot_say(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LONDON, PARIS])) as there:
        export(there)
        workbook = read_workbook(there.workbook)
        base = read_base(workbook)
        assert base is not None
        assert workbook.metadata.pbx == there.pbx.url
        assert {number: set(trunk.unread) for number, trunk in base.items()} == {1: set(), 2: {"did_list"}}
        assert [entry.number for entry in base[1].dids.entries] == ["442079460100", "0044207"]
        assert "password" not in base[1].whole


def test_an_edited_export_changes_that_and_leaves_what_it_could_not_say(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LONDON, PARIS])) as there:
        export(there)
        edit(there.workbook, "Trunks", "F3", "new.example")
        edit(there.workbook, "DIDs", "C2", "Reception")
        assert there.run("apply", "--yes", "--json").code == 0
        assert sorted(there.writes(), key=lambda body: body["id"]) == [
            {
                "id": 1,
                "did_list": [
                    {"did": "442079460100", "did_name": "Reception"},
                    {"did": "0044207", "did_name": ""},
                ],
            },
            {"id": 2, "hostname": "new.example"},
        ]


def test_only_and_first_choose_live_trunks(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LINE, LONDON, PARIS, ROME])) as there:
        export(there, "--only", "London", "3", "--first", "1")
        assert [row["Name"] for row in rows_of(there.workbook, "Trunks")] == ["London"]
        assert lines_of(there.workbook, "trunk-batch lists")[0][:1] == ("London",)


def test_only_names_a_trunk_that_the_pbx_does_not_have(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LONDON])) as there:
        ran = ask(there, "export", "-o", there.workbook, "--only", "London", "Londn")
        assert ran.code == 2
        assert ran.json["error"]["message"] == "--only names Londn, which the PBX does not have."
        assert not there.workbook.exists()


def test_a_pbx_without_a_trunk_to_edit_gives_no_workbook(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LINE])) as there:
        ran = ask(there, "export", "-o", there.workbook)
        assert ran.code == 2
        assert ran.json["error"]["message"].startswith("There is nothing to export: http://127.0.0.1:")
        assert not there.workbook.exists()


def test_a_check_of_an_export_has_nothing_to_say_about_our_own_sheets(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LONDON, PARIS])) as there:
        export(there)
        assert run("check", there.workbook, "--json").json == {"problems": [], "counts": {"problem": 0, "notice": 0}}


def test_firmware_that_hides_a_list_costs_that_list_alone(tmp_path: Path) -> None:
    faults = [
        {"call": call, "do": "answer", "times": "always", "body": {"errcode": 0, "data": [_without_dids(PARIS)]}}
        for call in ("trunk/query", "trunk/get")
    ]
    with serving(tmp_path / "pbx.xlsx", pbx([PARIS]), faults=faults) as there:
        assert export(there)["read_only"] == [{"trunk": "Paris", "list": "dids", "reason": "The PBX does not show it."}]
        assert rows_of(there.workbook, "Read-only lists") != []


def _without_dids(trunk: Json) -> Json:
    return {name: value for name, value in trunk.items() if name != "did_list"} | {"outbound_cid_list": []}


@pytest.mark.libreoffice
def test_saved_by_libreoffice_it_is_still_an_export_and_plans_no_changes(tmp_path: Path) -> None:
    with serving(tmp_path / "pbx.xlsx", pbx([LONDON, PARIS])) as there:
        export(there)
        before = read_base(read_workbook(there.workbook))
        (again,) = saved_again([there.workbook], tmp_path / "saved")
        assert read_base(read_workbook(again)) == before
        planned = ask(there, "plan", again)
        assert planned.code == 0
        assert set(kinds(planned.json).values()) == {"keep"}


odd = st.one_of(
    st.sampled_from(["", "44", "+44", "44-20-7946", "tel:44", "<clear>", "=1+1", "'44", "_x0041_", "4.4E+11", "a\nb"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
listed = st.lists(st.fixed_dictionaries({"did": odd, "did_name": odd}), max_size=4)
fields = st.fixed_dictionaries({}, optional=dict.fromkeys(("hostname", "domain", "username", "auth_name"), odd))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(fields, listed), min_size=1, max_size=3))
def test_whatever_a_pbx_holds_its_export_plans_no_changes(tmp_path: Path, made: Sequence[tuple[Json, Any]]) -> None:
    trunks = [
        {"id": i, "name": f"T{i}", "type": "register", **more, "did_list": dids}
        for i, (more, dids) in enumerate(made, 1)
    ]
    with serving(tmp_path / "pbx.xlsx", pbx(trunks)) as there:
        there.workbook.unlink(missing_ok=True)
        export(there)
        planned = plan(there)
        assert set(kinds(planned).values()) == {"keep"}
        assert len(planned["changes"]) == len(trunks)
        assert planned["hazards"] == []
