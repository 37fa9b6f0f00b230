"""Lists of 3,000 numbers: each as another system writes them, come to a right plan with one command and one file."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batch.practice.state import to_json
from tests.flows.shell import pbx, register, run

MANY = 3_000
NUMBERS = [f"4420794{i:05}" for i in range(MANY)]
PLUS = [f"+{number}" for number in NUMBERS]
HELD = 10
"""So many of them the trunk has already."""


def php(rows: Sequence[Sequence[object]]) -> bytes:
    """Write rows as PHP's fputcsv does: quotes around what holds a blank, a quote or the separator, and LF."""

    def cell(value: object) -> str:
        text = str(value)
        return '"{}"'.format(text.replace('"', '""')) if set(text) & set(' ,"\t\n\\') else text

    return "".join(f"{','.join(map(cell, row))}\n" for row in rows).encode()


def python(rows: Sequence[Sequence[object]], end: str = "\r\n", quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue().encode()


def teams() -> bytes:
    """Get-CsOnlineUser | Select … | Export-Csv of Windows PowerShell: its type above, quotes around everything."""
    rows = ["UserPrincipalName,DisplayName,SipAddress,LineURI,OnlineVoiceRoutingPolicy,UsageLocation"]
    for i, number in enumerate(PLUS):
        uri = f"tel:{number};ext={i}" if i % 3 == 0 else f"tel:{number}"
        rows.append(f"user{i}@contoso.example,User {i},sip:user{i}@contoso.example,{uri},UK,GB")
        if i % 10 == 0:  # somebody without a number
            rows.append(f"none{i}@contoso.example,Nobody {i},sip:none{i}@contoso.example,,,GB")
    text = python([row.split(",") for row in rows], quoting=csv.QUOTE_ALL).decode()
    return f"\ufeff#TYPE Selected.Microsoft.Rtc.Management.AD.CsOnlineUser\r\n{text}".encode()


def teams_numbers() -> bytes:
    """Get-CsPhoneNumberAssignment | Export-Csv -Encoding Unicode."""
    rows = ["TelephoneNumber,OperatorId,NumberType,ActivationState,AssignedPstnTargetId,City,Tag"]
    rows += [f"{number},2b24d246,DirectRouting,Activated,user-{i},London,{{}}" for i, number in enumerate(PLUS)]
    return python([row.split(",") for row in rows], quoting=csv.QUOTE_ALL).decode().encode("utf-16")


def telnyx() -> bytes:
    """The portal's download of numbers."""
    rows = ["phone_number,status,connection_name,connection_id,tags,customer_reference,purchased_at"]
    rows += [
        f"{number},active,UK SBC,129338426107573,,site-{i % 7},2025-10-24T18:10:00Z" for i, number in enumerate(PLUS)
    ]
    rows[101:101] = ["+442071000001,port-pending,,,,,", "+442071000002,deleted,,,,,"]
    return "\n".join([*rows, ""]).encode()


def twilio() -> bytes:
    """IncomingPhoneNumbers of the API, as CSV."""
    rows = ["sid,account_sid,friendly_name,phone_number,voice_url,date_created,capabilities,trunk_sid"]
    rest = 'https://a.example/voice,"Thu, 30 Jul 2015 23:19:04 +0000",voice,TK1'
    rows += [f"PN{i:032},AC1,+44 20 794{i // 100} {i:04},{number},{rest}" for i, number in enumerate(PLUS)]
    return "\n".join([*rows, ""]).encode()


def freepbx() -> bytes:
    """Bulk Handler, Export, DIDs: all columns of the table of inbound routes."""
    head = "cidnum,extension,destination,privacyman,alertinfo,ringing,fanswer,mohclass,description,grppre,delay_answer"
    rest = ["", 0, "", "", "", "", ""]
    rows: list[list[object]] = [[*head.split(","), "pricid", "pmmaxretries", "pmminlength", "reversal", "rvolume"]]
    for i, number in enumerate(NUMBERS):
        rows.append(["", number, f"from-did-direct,{1000 + i % 900},1", 0, "", "", "", "default", f"Desk {i}", *rest])
    rows.append(["442079999999", NUMBERS[0], "app-blackhole,hangup,1", 0, "", "", "", "default", "Nuisance", *rest])
    rows.append(["", "", "ext-group,600,1", 0, "", "", "", "default", "Any", *rest])
    return php(rows)


def cucm() -> bytes:
    """An export of phones, all details; of its more than two hundred columns some."""
    head = "Device Name,Description,Device Pool,CSS,Location,Owner User ID,Secure Shell Password,Directory Number 1"
    rest = "Route Partition 1,Line CSS 1,Line Text Label 1,External Phone Number Mask 1,Alerting Name 1,Display 1"
    rows = [f"{head},{rest}"]
    line = "DP,css,Hub_None,user{i},,{end},PT,css,,4420794XXXXX,User {i},User {i}"
    ends = [line.format(i=i, end=number[-5:]) for i, number in enumerate(NUMBERS)]
    rows += [f"SEP{i:012X},Phone {i},{end}" for i, end in enumerate(ends)]
    rows.append(f"CSFANNA,Anna's computer,{ends[5]}")  # a line on two devices
    return "\n".join([*rows, ""]).encode()


def three_cx() -> bytes:
    """Inbound rules, Export: exportDID.csv."""
    head = "PRIORITY,NAME,TYPE,MASK,PORTS,INOFFICE_DEST_TYPE,INOFFICE_DEST_NUMBER,SAME_DEST_AS_INOFFICE,SPECIFIC_HOURS"
    rest = "SPECIFIC_HOURS_TIME,INCLUDE_HOLIDAYS,OUTOFOFFICE_DEST_TYPE,OUTOFOFFICE_DEST_NUMBER,PLAY_HOLIDAY_PROMPT"
    rows = [f"{head},{rest}"]
    rows += [f"{i},Did {i},1,{number},[10000],2,{1000 + i % 900},1,0,,,2,1000,0" for i, number in enumerate(NUMBERS)]
    return "\r\n".join([*rows, ""]).encode()


def portal() -> bytes:
    """The PBX's own portal: the DIDs of one trunk."""
    return "\r\n".join(["DID/DDI,DID/DDI Name", *(f"{number}," for number in NUMBERS), ""]).encode()


LAYOUTS: dict[str, tuple[Callable[[], bytes], list[str], int]] = {
    "users.csv": (teams, PLUS, 300),
    "numbers.csv": (teams_numbers, PLUS, 0),
    "twilio.csv": (twilio, PLUS, 0),
    "dids export.csv": (freepbx, NUMBERS, 2),
    "phones.txt": (cucm, NUMBERS, 1),
    "exportDID.csv": (three_cx, NUMBERS, 0),
    "trunk_dids.csv": (portal, NUMBERS, 0),
}
"""By name of the file: what writes it, the numbers that are meant, and how many rows have none of their own."""


def serve(folder: Path, numbers: Sequence[str]) -> None:
    live = pbx([register(1, "London-1", *numbers[:HELD]), register(2, "Leeds-1", "441134960100")])
    (folder / "pbx.json").write_text(json.dumps(to_json(live)))


def planned(path: Path, *flags: object) -> Any:
    ran = run("plan", path, "--practice", "--json", *flags)
    assert ran.code == 0, ran.out[:3000] + ran.err
    return ran.json


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_list_of_another_system_comes_to_a_right_plan_with_one_command(tmp_path: Path, name: str) -> None:
    make, numbers, without = LAYOUTS[name]
    path = tmp_path / name
    path.write_bytes(make())
    serve(tmp_path, numbers)
    plan = planned(path, "--trunk", "London-1")
    (change,) = plan["changes"]
    assert change["trunk"]["name"] == "London-1"
    assert [entry["did"] for entry in change["dids"]["added"]] == numbers[HELD:]
    assert change["dids"]["removed"] == []
    assert plan["hazards"] == []
    notices = {problem["code"] for problem in plan["problems"]}
    assert "dialect-read" in notices
    assert ("rows-skipped" in notices) == bool(without)


def test_telnyxs_numbers_that_are_not_in_use_take_one_columns_file(tmp_path: Path) -> None:
    path, file = tmp_path / "phone_numbers.csv", tmp_path / "telnyx.toml"
    path.write_bytes(telnyx())
    serve(tmp_path, PLUS)
    asked = run("plan", path, "--practice", "--trunk", "London-1", "--json")
    assert asked.code == 3
    (problem,) = [problem for problem in asked.json["problems"] if problem["severity"] == "problem"]
    assert problem["code"] == "rows-not-in-use"
    assert 'skip_where = {status = ["port-pending", "deleted"]}' in problem["fix"]
    assert f"trunk-batch check {path} --trunk London-1 --write-columns columns.toml" in problem["fix"]
    run("check", path, "--trunk", "London-1", "--write-columns", file)
    written = tomllib.loads(file.read_text())["DIDs"]
    assert (written["skip_where"], written["Trunk"]) == ({"status": ["port-pending", "deleted"]}, "London-1")
    plan = planned(path, "--columns", file)
    (change,) = plan["changes"]
    assert [entry["did"] for entry in change["dids"]["added"]] == PLUS[HELD:]
    told = [problem["message"] for problem in plan["problems"] if problem["code"] == "rows-skipped"]
    assert [message.partition(": ")[0] for message in told] == [
        "By telnyx.toml, 2 rows of phone_numbers are skipped (rows 102-103)"
    ]


def test_the_columns_file_can_say_whose_the_numbers_are(tmp_path: Path) -> None:
    path, file = tmp_path / "phone_numbers.csv", tmp_path / "telnyx.toml"
    path.write_bytes(telnyx())
    serve(tmp_path, PLUS)
    file.write_text('[DIDs]\ntrunk = "London-1"\nskip_where = {status = ["port-pending", "deleted"]}\n')
    (change,) = planned(path, "--columns", file)["changes"]
    assert len(change["dids"]["added"]) == MANY - HELD


def test_what_has_to_be_set_by_hand_stands_beside_each_row_of_the_results(tmp_path: Path) -> None:
    path = tmp_path / "dids.csv"
    path.write_bytes(freepbx())
    serve(tmp_path, NUMBERS)
    ran = run("apply", path, "--practice", "--trunk", "London-1", "--yes", "--settle-wait", "0", "--json")
    assert ran.code == 0, ran.err
    assert {ending: n for ending, n in ran.json["counts"].items() if n} == {"applied": MANY, "skipped": 2}
    book = openpyxl.load_workbook(ran.json["results"])
    sheet = book[next(name for name in book.sheetnames if name not in {"Summary", "Changes", "Problems"})]
    head, first, *_, last = sheet.iter_rows(values_only=True)
    what, result = head.index("What to do"), head.index("Result")
    assert (first[result], first[what]) == (
        "applied",
        "Set by hand: destination from-did-direct,1000,1 in an inbound route of the PBX.",
    )
    assert (last[result], last[what]) == (
        "skipped",
        "The row has no number. Set by hand: destination ext-group,600,1 in an inbound route of the PBX.",
    )
