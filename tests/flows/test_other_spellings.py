"""Firmware that shows things otherwise than they were sent: equal is equal, and what is not shown is not compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flows.shell import bench, register, rows_of

TRUNKS = (("Name", "Hostname", "Domain", "Port", "DIDs mode"), ("T1", "New.Example.", "New.Example", "5061", "replace"))
DIDS = (("Trunk", "DID", "DID name"), ("T1", "4420xxNz", "Main"), ("T1", "4420946", ""))
NOTE = "Password not compared: the PBX does not show it."


@pytest.mark.parametrize(
    "firmware",
    [
        {"lower_case_hosts": True},
        {"upper_case_patterns": True},
        {"ports_as_text": True},
        {"lower_case_hosts": True, "upper_case_patterns": True, "ports_as_text": True, "passwords": "masked"},
    ],
)
def test_what_is_written_otherwise_and_means_the_same_is_as_wanted_for_ever(
    tmp_path: Path, firmware: dict[str, Any]
) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=[register(1, "T1")], **firmware) as there:
        assert there.apply().code == 0
        verified = there.verify()
        assert (verified.code, verified.json) == (0, {"match": 1, "differ": []})
        again = there.apply()
        assert (again.code, again.json["counts"]["unchanged"], len(there.writes())) == (0, 3, 1)


@pytest.mark.parametrize("passwords", ["masked", "omitted", "empty"])
def test_a_password_that_is_not_shown_is_sent_where_it_was_typed_and_the_loop_ends_with_the_results(
    tmp_path: Path, passwords: str
) -> None:
    rows = (("Name", "Password"), ("T1", "Sample-new"), ("T2", ""))
    with bench(tmp_path, trunks=rows, live=[register(1, "T1"), register(2, "T2")], passwords=passwords) as there:
        planned = there.run("plan").out
        assert "Password: (not shown by the PBX) → <hidden>" in planned
        applied = there.apply()
        assert applied.code == 0, applied.said
        assert [trunk["ending"] for trunk in applied.json["trunks"]] == ["applied", "unchanged"]
        assert [row["What to do"] for row in rows_of(there.results, "Trunks")] == [NOTE, "Nothing."]
        verified = there.verify()
        assert (verified.code, verified.json["differ"], verified.json["not_compared"]) == (0, [], ["T1"])
        assert "does not show the password, so it is not compared: T1." in verified.err
        assert there.resume().code == 0
        assert there.run("apply", "--yes", workbook=there.results).code == 0
        assert len(there.writes()) == 1
        assert there.pbx.state.trunks[1]["password"] == "Sample-new"


def test_firmware_that_leaves_out_empty_lists_can_be_filled(tmp_path: Path) -> None:
    live = [register(1, "T1"), register(2, "T2", "100100200")]
    rows = (("Name", "DIDs mode"), ("T1", "replace"), ("T2", "add"))
    dids = (("Trunk", "DID"), ("T1", "100100100"), ("T2", "100100300"))
    with bench(tmp_path, trunks=rows, dids=dids, live=live, omits_empty_lists=True) as there:
        refused = there.apply()
        assert (refused.code, [hazard["code"] for hazard in refused.json["hazards"]]) == (4, ["unread-lists"])
        assert "some firmware leaves an empty list out" in refused.said
        assert there.apply("--allow", "unread-lists=T1").code == 0
        assert [len(trunk["did_list"]) for trunk in there.pbx.state.trunks.values()] == [1, 2]
        assert there.verify().code == 0
        assert there.apply().json["counts"]["unchanged"] == 4


@pytest.mark.parametrize("size", [8, 20, 60])
def test_a_count_that_is_that_of_the_page_does_not_end_the_list(tmp_path: Path, size: int) -> None:
    live = [register(number, f"T{number}") for number in range(1, 64)]
    rows = (("Name", "Port"), ("T1", "5061"), ("T63", "5061"))
    with bench(tmp_path, trunks=rows, live=live, counts_page=True, max_page_size=size) as there:
        assert there.apply().code == 0
        assert [there.pbx.state.trunks[number]["port"] for number in (1, 63)] == [5061, 5061]
