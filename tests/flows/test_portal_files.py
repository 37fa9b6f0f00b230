"""Files as the PBX's own portal has them, both ways: exported, and read again without any change."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.practice.state import PbxState, from_json
from tests.flows.shell import CLIENT_SECRET, Bench, Json, Ran, pbx, register, run, serving


def entry(option: str, number: str, *extensions: int, groups: tuple[int, ...] = (), span: str = "") -> Json:
    members = [{"type": "extension", "id": one} for one in extensions]
    members += [{"type": "ext_group", "id": one} for one in groups]
    whom = {"outbound_cid_to_ext_range": span} if option == "range" else {"ext_list": members}
    return {"outbound_cid_option": option, "outbound_cid": number, "outbound_cid_name": "Sales, UK", **whom}


LONDON = register(
    1,
    "London",
    "442079460100",
    "4420794601XX",
    outbound_cid_list=[
        entry("shared", "442079460100", 1, 2, groups=(1,)),
        entry("range", "442079460110-442079460112", span="1001-1003"),
    ],
    enable=0,
    enb_outbound_proxy=1,
    outbound_proxy_server="edge.example",
)
ODD = register(2, "Who?", "442079460200")
BARE = register(3, "Bare")
PEER: Json = {"id": 4, "name": "Peer-1", "type": "peer", "hostname": "192.0.2.7", "port": 5060, "did_list": []}
ACCOUNT: Json = {"id": 5, "name": "Desk", "type": "account", "username": "desk"}
CARD: Json = {"id": 9, "name": "FXO-1", "type": "FXO"}


def ask(there: Bench, command: str, *words: object) -> Ran:
    where = ("--url", there.pbx.url, "--client-id", "practice", "--rate", "10000")
    return run(command, *words, *where, environment={"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET})


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def state(*trunks: Json) -> PbxState:
    return pbx(list(trunks))


def test_the_files_are_the_portals_and_hold_no_password(tmp_path: Path) -> None:
    place = tmp_path / "out"
    with serving(tmp_path / "x.xlsx", state(LONDON, ODD, BARE, PEER)) as there:
        assert ask(there, "export", "--portal", place).code == 0
        assert there.writes() == []
    head, london, *_ = rows(place / "trunks.csv")
    assert head == [
        *("Name", "Trunk Status", "Trunk Type", "Transport", "Hostname/IP", "Port", "Domain", "Username", "Password"),
        *("Authentication Name", "Enable Outbound Proxy", "Outbound Proxy Server"),
    ]
    named = dict(zip(head, london, strict=True))
    assert (named["Name"], named["Trunk Status"], named["Trunk Type"]) == ("London", "0", "register")
    assert (named["Password"], named["Enable Outbound Proxy"], named["Outbound Proxy Server"]) == (
        "",
        "1",
        "edge.example",
    )
    assert sorted(path.name for path in (place / "dids").iterdir()) == ["London.csv", "Who%3F.csv"]
    assert rows(place / "dids" / "London.csv") == [
        ["DID/DDI", "DID/DDI Name"],
        ["442079460100", ""],
        ["4420794601XX", ""],
    ]
    assert rows(place / "caller_ids" / "London.csv") == [
        ["Create Method", "Short Code", "Outbound Caller ID", "Outbound Caller ID Name", "Associated Extensions"],
        ["single", "", "442079460100", "Sales, UK", "1001&1002&Sales"],
        ["range", "", "442079460110-442079460112", "Sales, UK", "1001-1003"],
    ]
    everything = "".join(path.read_text() for path in place.rglob("*.csv"))
    assert "Sample-" not in everything
    assert "<hidden>" not in everything


def test_what_was_exported_plans_no_change_and_neither_does_the_plan_ask(tmp_path: Path) -> None:
    place = tmp_path / "out"
    with serving(tmp_path / "x.xlsx", state(LONDON, ODD, BARE, PEER)) as there:
        assert ask(there, "export", "--portal", place).code == 0
        planned: Any = ask(there, "plan", place, "--json")
        assert planned.code == 0, planned.out
        assert {c["trunk"]["name"]: c["kind"] for c in planned.json["changes"]} == dict.fromkeys(
            ["London", "Who?", "Bare", "Peer-1"], "keep"
        )
        assert planned.json["hazards"] == []


def test_a_changed_file_is_applied_and_its_results_say_which_row(tmp_path: Path) -> None:
    place = tmp_path / "out"
    with serving(tmp_path / "x.xlsx", state(LONDON, ODD)) as there:
        assert ask(there, "export", "--portal", place).code == 0
        with (place / "dids" / "Who%3F.csv").open("a", encoding="utf-8") as file:
            file.write("442079460201,New\r\n")
        done: Any = ask(there, "apply", place, "--yes", "--settle-wait", "0", "--json")
        assert done.code == 0, done.err
        assert {k: n for k, n in done.json["sheets"]["DIDs"].items() if n} == {"applied": 2, "unchanged": 2}
        (copy,) = place.with_name("out.runs").glob("*/input/dids")
        assert sorted(path.name for path in copy.iterdir()) == ["London.csv", "Who%3F.csv"]


def test_what_the_portals_files_cannot_say_is_named(tmp_path: Path) -> None:
    strange = register(
        6, "Rome", outbound_cid_list=[entry("shared", "390612345678", 77)], codec_sel="alaw", def_outbound_cid="39061"
    )
    place = tmp_path / "out"
    with serving(tmp_path / "x.xlsx", state(LONDON, PEER, ACCOUNT, strange, CARD)) as there:
        ran = ask(there, "export", "--portal", place)
        assert ran.code == 0, ran.err
        said = ran.out
        assert "type those of register trunks into trunks.csv" in said
        assert "The portal's files have no" in said
        assert "Codecs, Default caller ID" in said
        assert "did_based, port_based or private_network where trunks.csv says peer" in said
        assert "Short codes are left blank" in said
        assert "    Desk: The portal's file has no account trunks." in said
        assert (
            "    Rome, Caller IDs: 390612345678 is for an extension or group that can be named by its id alone" in said
        )
        assert "1 trunk is left out, since it cannot be edited here: FXO-1 (FXO)." in said
        assert f"Next: trunk-batch plan {place} --url" in said
        assert not (place / "caller_ids" / "Rome.csv").exists()
        assert [row[0] for row in rows(place / "trunks.csv")] == ["Name", "London", "Peer-1", "Rome"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", "a.xlsx", "--portal", "b"), "-o and --portal are two kinds of export."),
        (("--portal", "none/b"), f"There is no folder {Path('none')}."),
        (("--portal", "there"), "there is there already; it may have been edited."),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    ran = run("export", *words, "--url", "https://192.0.2.1", "--client-id", "x", "--json")
    assert ran.code == 2
    assert ran.json["error"]["message"] == message


odd = st.one_of(
    st.sampled_from(
        ["", "44", "+44", "44-20-7946", "tel:44", "<clear>", "=1+1", "'44", "4.4E+11", "a\nb", '"x"', "a,b"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
names = st.one_of(
    st.sampled_from(["CON", "who?", "a.", "Trunk", "7", "DID"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4),
)
listed = st.lists(st.fixed_dictionaries({"did": odd, "did_name": odd}), max_size=3)
groups = st.lists(st.sampled_from(["Sales", "R&D", "R", "A, B", '"Q"', "123", "Ä", " x", "#7", "S&S&S"]), unique=True)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(names, odd, listed), min_size=1, max_size=3, unique_by=lambda one: one[0]), groups)
def test_whatever_a_pbx_holds_its_portal_files_plan_no_changes(
    tmp_path: Path, made: list[tuple[str, str, list[Json]]], known: list[str]
) -> None:
    callers = [{**entry("shared", f"4420{i}", 1), "ext_list": []} for i in range(len(made))]
    for i, caller in enumerate(callers):
        caller["ext_list"] = [{"type": "ext_group", "id": one} for one in range(1, len(known) + 1)][: i + 2] or [
            {"type": "extension", "id": 1}
        ]
    trunks = [
        {"id": i, "name": name, "type": "register", "hostname": host, "did_list": dids, "outbound_cid_list": [caller]}
        for i, ((name, host, dids), caller) in enumerate(zip(made, callers, strict=True), 1)
    ]
    document = {
        "trunks": trunks,
        "extensions": [{"id": 1, "number": "1001"}],
        "extension_groups": [{"id": i, "name": name} for i, name in enumerate(known, 1)],
        "settings": {},
    }
    place = tmp_path / "out"
    shutil.rmtree(place, ignore_errors=True)
    with serving(tmp_path / "x.xlsx", from_json(document)) as there:
        exported = ask(there, "export", "--portal", place, "--json")
        if exported.code == 2 and "There is nothing to export" in exported.out:
            return
        assert exported.code == 0, exported.said
        if not exported.json["counts"]["trunks"]:
            return
        planned: Any = ask(there, "plan", place, "--json")
        assert planned.code == 0, planned.out
        assert {change["kind"] for change in planned.json["changes"]} == {"keep"}
        assert len(planned.json["changes"]) == exported.json["counts"]["trunks"]
