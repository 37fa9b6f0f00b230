"""``export`` on the command line: where it writes, what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell, calls, pbx, plan_at, state

READ_ONLY = (
    "1 list or setting cannot be said in a workbook. It stays on the PBX as it is; the sheet 'Read-only lists' has it:"
)
DOUBLE = {"id": 2, "name": "Paris", "did_list": [{"did": "44"}, {"did": "44"}]}


def test_it_says_what_is_in_it_what_is_not_and_what_comes_next(shell: Shell, secret: str, tmp_path: Path) -> None:
    with pbx(
        {"id": 1, "name": "London", "did_list": [{"did": "442079460100"}]},
        DOUBLE,
        {"id": 3, "name": "Card-1", "type": "BRI"},
    ) as served:
        ran = shell("export", "-o", "pbx.xlsx", *plan_at(served))
        assert ran.code == 0
        assert ran.out.splitlines() == [
            f"Exported 2 trunks, 0 caller IDs and 1 DID of {served.url} to pbx.xlsx.",
            "Its drop-downs know the PBX's 2 extensions.",
            READ_ONLY,
            '    Paris, DIDs: "44" is in it more than once; the PBX uses the first.',
            "1 trunk is left out, since it cannot be edited here: Card-1 (BRI).",
            "Edit it, save it, and see what would change:",
            f"Next: trunk-batch plan pbx.xlsx --url {served.url} --client-id script",
        ]
        assert secret not in ran.out + ran.err
        assert {call for call in calls(served) if call.startswith("trunk/")} == {"trunk/list", "trunk/query"}
    assert (tmp_path / "pbx.xlsx").stat().st_size > 0


def test_a_file_that_is_there_is_never_written_over(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "pbx.xlsx").write_text("mine")
    ran = shell("export", "-o", "pbx.xlsx", "--url", "https://192.0.2.1", "--client-id", "x")
    assert ran.code == 2
    assert ran.err.splitlines()[0] == "pbx.xlsx is there already; it may have been edited."
    assert (tmp_path / "pbx.xlsx").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "export needs -o FILE.xlsx: the workbook to write; or --portal DIR."),
        (("-o", "pbx.ods"), "-o pbx.ods does not end in .xlsx."),
        (("-o", "none/pbx.xlsx"), f"There is no folder {Path('none')}."),
        (("-o", "pbx.xlsx", "--log", "./pbx.xlsx"), "--log and -o are both pbx.xlsx."),
        (
            ("-o", "pbx.xlsx", "--log", "none/log.jsonl"),
            f"--log {Path('none/log.jsonl')} cannot be written: no such folder.",
        ),
        (("-o", "pbx.xlsx", "--allow", "removals"), "There is no flag --allow."),
        (("-o", "pbx.xlsx"), "No PBX is named."),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_asked(
    shell: Shell, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    ran = shell("export", *words, "--json")
    assert (ran.code, ran.error["message"]) == (2, message)
    assert list(tmp_path.iterdir()) == []


def test_a_pbx_out_of_reach_is_exit_6_and_leaves_no_file(shell: Shell, secret: str, tmp_path: Path) -> None:
    with pbx() as served:
        url = served.url
    ran = shell("export", "-o", "pbx.xlsx", "--url", url, "--client-id", "script", "--attempts", "1", "--json")
    assert (ran.code, ran.error["code"]) == (6, "pbx-unreachable")
    assert secret
    assert list(tmp_path.iterdir()) == []


def test_a_pbx_that_does_not_list_its_extensions_is_exit_6(shell: Shell, secret: str, tmp_path: Path) -> None:
    fault = {"do": "errcode", "call": "extension/list", "times": "always", "errcode": 10005}
    with pbx(faults=[fault]) as served:
        ran = shell("export", "-o", "pbx.xlsx", *plan_at(served), "--json")
    assert secret
    assert ran.code == 6
    assert not (tmp_path / "pbx.xlsx").exists()


def test_practice_without_a_practice_pbx_is_refused(shell: Shell, tmp_path: Path) -> None:
    ran = shell("export", "-o", "pbx.xlsx", "--practice", "--json")
    assert (ran.code, ran.error["message"]) == (
        2,
        "There is no practice PBX to export: neither pbx.json nor pbx.practice.json is there.",
    )
    assert list(tmp_path.iterdir()) == []


def test_practice_is_exported_from_the_state_beside_the_file_and_planned_against_it(
    shell: Shell, tmp_path: Path
) -> None:
    from batch.practice.state import to_json

    (tmp_path / "pbx.json").write_text(json.dumps(to_json(state())))
    ran = shell("export", "-o", "pbx.xlsx", "--practice", "--rate", "1000")
    assert ran.code == 0
    assert "PRACTICE: Exported 2 trunks, 0 caller IDs and 0 DIDs of PRACTICE PBX to pbx.xlsx." in ran.out.splitlines()
    assert ran.out.splitlines()[-1] == "Next: trunk-batch plan pbx.xlsx --practice"
    planned = shell("plan", "pbx.xlsx", "--practice", "--rate", "1000", "--json")
    assert planned.code == 0
    assert {change["kind"] for change in planned.json["changes"]} == {"keep"}


def test_the_log_has_the_requests_and_no_secret(shell: Shell, secret: str, tmp_path: Path) -> None:
    with pbx({"id": 1, "name": "London", "password": "Sample-sip"}) as served:
        assert shell("export", "-o", "pbx.xlsx", "--log", "log.jsonl", *plan_at(served)).code == 0
    log = (tmp_path / "log.jsonl").read_text()
    assert "trunk/query" in log
    assert secret not in log
    assert "Sample-sip" not in log
