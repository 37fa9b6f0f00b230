"""Numbers that a spreadsheet has spoiled, put against the PBX: nothing is sent, and its own number is named first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.flows.shell import Bench, Ran, bench, register

TRUNKS = (("Name", "Port"), ("London", "5061"))
CALLER_IDS = (
    ("Trunk", "Option", "Caller ID", "Extension range"),
    ("London", "range", "+442079460110-+442079460111", dt.date(2026, 2, 1)),
)
ENTRY = {
    "id": 1,
    "outbound_cid_option": "range",
    "outbound_cid": "+442079460110-+442079460111",
    "outbound_cid_name": "",
    "outbound_cid_to_ext_range": "1-2",
}


def told_by(there: Bench, command: str) -> Ran:
    ran = there.run(command, "--json", *(["--yes"] if command == "apply" else []))
    assert ran.code == 3, ran.said
    assert there.writes() == []
    return ran


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(
    ("typed", "held", "code", "fix"),
    [
        (442079460100, "+442079460100", "cell-number-cut", "Format the cell as text and type +442079460100, which"),
        (2079460100, "02079460100", "cell-number-cut", "Format the cell as text and type 02079460100, which"),
        ("+44 (0)20 7946 0100", "02079460100", "trunk-prefix", "Type 02079460100, which the PBX has."),
    ],
)
def test_the_pbx_s_own_number_is_named_first_and_nothing_is_sent(
    tmp_path: Path, command: str, typed: int | str, held: str, code: str, fix: str
) -> None:
    dids = (("Trunk", "DID"), ("London", typed))
    with bench(tmp_path, trunks=TRUNKS, dids=dids, live=[register(1, "London", held)]) as there:
        ran = told_by(there, command)
        (problem,) = [problem for problem in ran.json["problems"] if problem["severity"] == "problem"]
        assert (problem["code"], problem["cell"]) == (code, "B2")
        assert problem["fix"].startswith(fix)
        said = there.run(command, *(["--yes"] if command == "apply" else [])).said
        assert fix in " ".join(said.split())


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_date_offers_the_pbx_s_extension_range_first(tmp_path: Path, command: str) -> None:
    trunk = register(1, "London", "+442079460110", "+442079460111", outbound_cid_list=[ENTRY])
    with bench(tmp_path, trunks=TRUNKS, caller_ids=CALLER_IDS, live=[trunk]) as there:
        ran = told_by(there, command)
        (problem,) = [problem for problem in ran.json["problems"] if problem["severity"] == "problem"]
        assert (problem["code"], problem["cell"]) == ("cell-date", "D2")
        assert problem["fix"].startswith("Format the cell as text and type 1-2, which the PBX has. Otherwise:")


def test_a_number_that_the_pbx_knows_not_is_sent_as_its_digits(tmp_path: Path) -> None:
    dids = (("Trunk", "DID"), ("London", 442079460100))
    with bench(tmp_path, trunks=TRUNKS, dids=dids, live=[register(1, "London")]) as there:
        ran = there.apply()
        assert ran.code == 0, ran.said
        (body,) = there.writes()
        assert [did["did"] for did in body["did_list"]] == ["442079460100"]
