"""The JSON Schema that lies in the package, put against what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.json_schema import faults, schema
from tests.cli.shell import Shell, at, last_run, pbx, plan_at, write_book

REFUSING = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 40002, "times": "always"}
LIVE = (
    {
        "id": 1,
        "name": "London",
        "did_list": [{"did": "1"}, {"did": "442079460100", "did_name": "Old"}, {"did": "2"}],
        "outbound_cid_list": [
            {"outbound_cid_option": "shared", "outbound_cid": "7", "outbound_cid_name": "x",
             "ext_list": [{"type": "extension", "id": 2}]}
        ],
    },
    {"id": 2, "name": "Paris"},
)  # fmt: skip


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.usefixtures("secret")
def test_all_that_the_commands_print_of_a_run_fits_it(shell: Shell, book: Path) -> None:
    with pbx(*LIVE, faults=[REFUSING]) as served:
        assert faults("check", shell("check", book, "--json").json) == []
        allowing = "--allow removals --allow did-orphaned --allow size"
        for flags, code in (("", 4), (allowing, 0), (f"{allowing} --detailed-exitcode", 10)):
            ran = shell("plan", book, *plan_at(served), "--json", *flags.split())
            assert (ran.code, ran.json["exit_code"]) == (code, code)
            assert ran.json["changes"][0]["dids"]["removed"]
            assert faults("plan", ran.json) == []
        assert faults("plan", shell("apply", book, *at(served), "--yes", "--json").json) == []
        Path("order.csv").write_text("DID\n442079460199\n", encoding="utf-8")
        ported = shell("plan", book, *plan_at(served), "--json", "--port-order", "order.csv").json
        assert len(ported["port_order"]) == 2
        assert faults("plan", ported) == []
        ran = shell("apply", book, *at(served), "--yes", "--json", *allowing.split(), "--failed-only", "f.xlsx")
        assert ran.code == 5
        assert faults("report", ran.json) == []
        run = last_run(book)
        assert faults("verify", shell("verify", run, "--json").json) == []
        assert faults("status", shell("status", run, "--json").json) == []
        assert faults("runs", shell("runs", book, "--json").json) == []


@pytest.mark.usefixtures("secret")
def test_it_fits_where_things_are_wrong_too(shell: Shell, tmp_path: Path) -> None:
    wrong = write_book(tmp_path / "wrong.xlsx", trunks=[("Name", "Port"), ("London", "many"), ("Paris", "5061")])
    (tmp_path / "torn.xlsx").write_bytes(b"PK\x03\x04torn")
    with pbx(*LIVE) as served:
        for path in (wrong, tmp_path / "torn.xlsx"):
            ran = shell("plan", path, *plan_at(served), "--json")
            assert ran.code == 3
            assert ran.json["command"] == ""
            assert faults("plan", ran.json) == []
        assert faults("error", shell("plan", wrong, "--only", "Rome", "--practice", "--json").json) == []


def test_another_key_or_none_is_a_fault() -> None:
    assert faults("check", {"problems": [], "counts": {"problem": 0}})
    assert faults("check", {"problems": [], "counts": {"problem": 0, "notice": 0}, "more": 1})


@pytest.mark.usefixtures("secret")
def test_the_command_that_a_plan_names_applies_it(shell: Shell, book: Path) -> None:
    with pbx(*LIVE) as served:
        plan = shell("plan", book, *plan_at(served), "--json").json
        assert plan["command"].endswith(
            f"--allow removals=London --allow did-orphaned=London --allow size --rate 1000 --expect {plan['digest']}"
        )
        assert plan["pbx"] == served.url
        assert plan["counts"]["entries_removed"] == 3
        assert plan["hazards"][0] | {"message": ""} == {
            "code": "removals", "trunk": "London", "message": "", "flag": "--allow removals=London", "allowed": False,
        }  # fmt: skip
        assert shell(*plan["command"].split()[1:], "--settle-wait", 0, "--yes").code == 0
