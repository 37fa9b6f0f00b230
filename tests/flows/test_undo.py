"""Undo end to end: a run over HTTP, what somebody does on the PBX afterwards, and the way back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from batch.runs.run_status import read_status
from tests.flows.shell import CLIENT_SECRET, LOSING_NUMBERS, Bench, Json, Ran, bench, lines_of, register, rows_of, run

SECRET = {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}


def shared(number: str, *extensions: int, name: str = "") -> Json:
    members = [{"type": "extension", "id": e, "ext_number": str(1000 + e)} for e in extensions]
    return {
        "outbound_cid_option": "shared", "outbound_cid": number, "outbound_cid_name": name, "ext_list": members,
    }  # fmt: skip


LONDON = register(
    8, "London", "100", "200", "300", domain="d.example", outbound_cid_list=[shared("100", 1), shared("200", 2, 3)]
)
PARIS = register(9, "Paris", "400", "500")
TRUNKS = (
    ("Trunk ID", "Name", "Hostname", "Domain", "Port", "Password", "DIDs mode", "Caller IDs mode"),
    ("8", "London-1", "new.example", "<clear>", "5070", "Sample-new-8", "replace", "replace"),
    ("9", "", "new.example", "", "", "", "add", ""),
)
DIDS = (
    ("Trunk", "DID", "DID name"),
    ("8", "300", "Desk"),
    ("8", "100", ""),
    ("8", "900", "New"),
    ("9", "600", "More"),
)
CALLER_IDS = (
    ("Trunk", "Option", "Caller ID", "Caller ID name", "Extensions"),
    ("8", "shared", "100", "Front", "1001, 1004"),
    ("8", "shared", "900", "", "1005"),
)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Bench]:
    """Serve a PBX on which a run renamed, moved, added and removed."""
    live = deepcopy([LONDON, PARIS])
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=live) as served:
        yield served


def applied(there: Bench, *flags: object) -> Path:
    ran = there.apply("--allow", "removals", *LOSING_NUMBERS, *flags)
    assert ran.code == 0, ran.said
    return Path(ran.json["run"])


def undo(run_dir: Path, *flags: object) -> Ran:
    return run("undo", run_dir, "--yes", "--json", *flags, environment=SECRET)


def held(there: Bench, number: int = 8) -> dict[str, Any]:
    return there.pbx.state.trunks[number]


def everything(there: Bench) -> dict[int, Any]:
    """What the PBX holds, without what it numbers anew with each write; no domain is an empty one."""
    trunks = deepcopy(there.pbx.state.trunks)
    for trunk in trunks.values():
        trunk["domain"] = trunk.get("domain") or ""
        for entry in [*trunk.get("did_list", ()), *trunk.get("outbound_cid_list", ())]:
            entry.pop("id", None)
    return dict(trunks)


def numbers(there: Bench, number: int = 8) -> list[str]:
    return [entry["did"] for entry in held(there, number)["did_list"]]


def fates(ran: Ran) -> dict[tuple[str, str], str]:
    return {(line["trunk"], line["field"]): line["fate"] for line in ran.json["way_back"]}


def test_a_run_that_is_undone_leaves_every_trunk_as_it_was_before(there: Bench) -> None:
    before = everything(there)
    run_dir = applied(there)
    assert everything(there) != before
    assert numbers(there) == ["300", "100", "900"]
    back = undo(run_dir)
    assert back.code == 0, back.said
    assert everything(there) == before
    assert set(fates(back).values()) == {"restored"}
    assert ("London-1", "Password") in fates(back)


def test_what_goes_back_is_told_entry_by_entry_with_its_three_sides(there: Bench) -> None:
    run_dir = applied(there)
    lines = {line["field"]: line for line in undo(run_dir).json["way_back"] if line["trunk"] == "London-1"}
    sides = {field: (line["before"], line["wrote"], line["now"]) for field, line in lines.items()}
    assert sides["Name"] == ("London", "London-1", "London-1")
    assert sides["Domain"] == ("d.example", "(blank)", "(blank)")
    assert sides["DID 200"] == ("200", "absent", "absent")
    assert sides["DID 300"] == ("300", "300 (Desk)", "300 (Desk)")
    assert sides["DID 900"] == ("absent", "900 (New)", "900 (New)")
    assert sides["Order of the DIDs"] == ("100, 300", "300, 100", "300, 100")
    assert sides["Caller ID 100"] == ("100 for 1001", "100 (Front) for 1001, 1004", "100 (Front) for 1001, 1004")
    assert sides["Password"] == ("<hidden>", "<hidden>", "<hidden>")
    assert "DID 100" not in sides


def test_an_undo_is_a_run_of_its_own_beside_the_one_that_it_undoes(there: Bench) -> None:
    first = applied(there)
    report = undo(first).json
    assert Path(report["run"]).parent == first.parent
    assert Path(report["results"]) == there.workbook.with_name("book-undo-results.xlsx")
    status = read_status(Path(report["run"]))
    assert (str(status.state), status.trunks) == ("finished", 2)
    verified = run("verify", report["run"], "--json", environment=SECRET)
    assert (verified.code, verified.json["differ"]) == (0, [])
    results = Path(report["results"])
    listed = lines_of(results, "Way back")
    header = next(place for place, line in enumerate(listed) if line[0] == "Trunk")
    assert ("London-1", "Hostname", "old.example", "new.example", "new.example", "restored") in [
        line[:6] for line in listed[header + 1 :]
    ]
    assert {row["Result"] for row in rows_of(results, "Trunks")} == {"applied"}


def test_no_password_stands_in_any_file_of_an_undo_but_the_snapshot(there: Bench) -> None:
    back = undo(applied(there))
    folder = Path(back.json["run"])
    for path in [*folder.rglob("*"), Path(back.json["results"])]:
        if path.is_file() and path.name != "snapshot.jsonl":
            parts = [path.read_bytes()]
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as package:
                    parts = [package.read(name) for name in package.namelist()]
            assert not any(secret in part for part in parts for secret in (b"Sample-old-8", b"Sample-new-8")), path
    assert "Sample-" not in back.said


def test_an_undo_that_is_undone_is_the_run_once_more(there: Bench) -> None:
    run_dir = applied(there)
    after = everything(there)
    first = undo(run_dir)
    assert first.code == 0
    second = undo(Path(first.json["run"]))
    assert second.code == 0, second.said
    assert everything(there) == after
    assert undo(Path(second.json["run"])).code == 0
    assert held(there)["password"] == "Sample-old-8"


def test_what_somebody_changed_since_is_kept_and_all_three_values_are_shown(there: Bench) -> None:
    run_dir = applied(there)
    held(there).update(hostname="theirs.example", username="theirs")
    held(there)["did_list"][2]["did_name"] = "Theirs"
    held(there)["outbound_cid_list"].append(shared("777", 6) | {"id": 77})
    held(there)["did_list"].insert(1, {"did": "950", "did_name": "Added since"})
    back = undo(run_dir)
    assert back.code == 5, back.said
    assert {key: fate for key, fate in fates(back).items() if fate != "restored"} == {
        ("London-1", "Hostname"): "kept",
        ("London-1", "DID 900"): "kept",
    }
    assert (held(there)["hostname"], held(there)["username"], held(there)["port"]) == ("theirs.example", "theirs", 5060)
    assert numbers(there) == ["100", "900", "200", "300", "950"]
    assert [entry["outbound_cid"] for entry in held(there)["outbound_cid_list"]] == ["100", "200", "777"]
    assert (
        "  London-1, Hostname: kept, since somebody changed it: old.example before, new.example by the run, "
        "theirs.example now\n" in back.err
    )
    (line,) = [line for line in back.json["way_back"] if line["field"] == "DID 900"]
    assert (line["before"], line["wrote"], line["now"]) == ("absent", "900 (New)", "900 (Theirs)")
    assert line["why"] == "Somebody changed it since."


def test_a_later_edit_is_overwritten_only_where_that_is_allowed(there: Bench) -> None:
    before = everything(there)
    run_dir = applied(there)
    held(there)["hostname"] = held(there, 9)["hostname"] = "theirs.example"
    back = undo(run_dir, "--allow", "overwrite-later-edits=London-1")
    assert back.code == 5
    assert held(there)["hostname"] == "old.example"
    assert held(there, 9)["hostname"] == "theirs.example"
    assert [
        hazard for hazard in lines_of(Path(back.json["results"]), "Summary") if "would be overwritten" in str(hazard)
    ]
    assert undo(run_dir, "--allow", "overwrite-later-edits").code == 0
    assert everything(there) == before


def test_what_is_back_already_is_said_and_not_written(there: Bench) -> None:
    run_dir = applied(there)
    assert undo(run_dir).code == 0
    writes = len(there.writes())
    again = undo(run_dir)
    assert (again.code, len(there.writes())) == (0, writes)
    assert set(fates(again).values()) == {"already back"}
    assert {trunk["ending"] for trunk in again.json["trunks"]} == {"unchanged"}


def test_only_the_trunks_that_are_named_go_back(there: Bench) -> None:
    run_dir = applied(there)
    back = undo(run_dir, "--only", "Paris")
    assert back.code == 0, back.said
    assert (held(there)["hostname"], held(there, 9)["hostname"]) == ("new.example", "old.example")
    back = undo(run_dir, "--only", "London-1")
    assert (back.code, held(there)["name"]) == (0, "London")
    nobody = undo(run_dir, "--only", "Rome")
    assert (nobody.code, nobody.json["error"]["message"]) == (2, "--only names Rome, which the run did not write.")


def test_what_cannot_be_restored_is_said_and_stops_nothing_else(there: Bench) -> None:
    run_dir = applied(there)
    del there.pbx.state.extensions[3]
    held(there, 9)["name"] = "London"
    back = undo(run_dir)
    assert back.code == 5, back.said
    lines = {line["field"]: line for line in back.json["way_back"] if line["fate"] == "cannot be restored"}
    assert {field: line["why"] for field, line in lines.items()} == {
        "Name": "Trunk 9 on the PBX already has the name London.",
        "Caller ID 200": "The PBX has no extension 1003.",
    }
    assert (held(there)["name"], held(there)["hostname"]) == ("London-1", "old.example")
    assert [entry["outbound_cid"] for entry in held(there)["outbound_cid_list"]] == ["100"]


def test_a_trunk_that_is_gone_holds_up_no_other(there: Bench) -> None:
    run_dir = applied(there)
    del there.pbx.state.trunks[9]
    back = undo(run_dir)
    assert back.code == 5, back.said
    assert held(there)["hostname"] == "old.example"
    gone = [(line["trunk"], line["field"], line["why"]) for line in back.json["way_back"] if "cannot" in line["fate"]]
    assert gone == [
        ("Paris", "Hostname", "The PBX has no trunk with the id 9."),
        ("Paris", "DIDs", "The PBX has no trunk with the id 9."),
    ]


def test_a_pbx_that_masks_passwords_has_none_to_go_back_to(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS[:2], live=deepcopy([LONDON]), passwords="masked") as there:
        run_dir = applied(there)
        back = undo(run_dir)
        assert back.code == 5, back.said
        assert {key: fate for key, fate in fates(back).items() if fate != "restored"} == {
            ("London-1", "Password"): "cannot be restored"
        }
        assert held(there)["hostname"] == "old.example"


@pytest.mark.parametrize("order", ["add-first", "remove-first"])
def test_a_number_that_moved_comes_back_as_a_move(tmp_path: Path, order: str) -> None:
    dids = (("Trunk", "DID", "Move from"), ("Paris", "200", "London"), ("London", "400", "Paris"))
    seen: list[tuple[bool, bool]] = []

    def note(state: Any) -> None:
        held_now = [{entry["did"] for entry in state.trunks[number]["did_list"]} for number in (8, 9)]
        seen.append(("200" in held_now[0], "200" in held_now[1]))

    trunks = (("Name",), ("London",), ("Paris",))
    with bench(tmp_path, trunks=trunks, dids=dids, live=deepcopy([LONDON, PARIS]), on_change=note) as there:
        before = everything(there)
        run_dir = applied(there, "--move-order", order)
        assert (numbers(there), numbers(there, 9)) == (["100", "300", "400"], ["500", "200"])
        seen.clear()
        back = undo(run_dir)
        assert back.code == 0, back.said
        assert "2 trunks would be written, 2 DIDs moved to another trunk." in back.err
        assert everything(there) == before
        between = (True, True) if order == "add-first" else (False, False)
        assert set(seen) <= {(False, True), between, (True, False)}
        assert between in seen


def test_a_plan_names_what_could_not_be_undone(tmp_path: Path) -> None:
    ringing = {**deepcopy(LONDON), "port": "", "did_list": [{"did": "100", "did_name": "", "ring": "2"}]}
    with bench(tmp_path, trunks=TRUNKS[:2], dids=DIDS[:4], live=[ringing], passwords="masked") as there:
        plan = there.workbook.with_name("plan.xlsx")
        there.run("plan", "-o", plan)
        said = [str(cell) for line in lines_of(plan, "Summary") for cell in line if "Cannot be undone" in str(cell)]
        assert said == [
            "Cannot be undone: Port of London: it is blank now, and the API cannot empty it.",
            "Cannot be undone: the old password of London: the PBX does not show it.",
            "Cannot be undone: the settings ring of the DIDs of London: this tool does not know them.",
        ]
        ran = there.apply("--allow", "removals", "--allow", "unknown-keys")
        assert ran.code == 0, ran.said
        back = undo(Path(ran.json["run"]))
        assert back.code == 5
        assert {key[1]: fate for key, fate in fates(back).items() if fate != "restored"} == {
            "Password": "cannot be restored",
            "Port": "cannot be restored",
            "DIDs: ring": "cannot be restored",
        }
