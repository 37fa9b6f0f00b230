"""Bad nights, end to end: what the PBX does wrong, and the ending that each row gets for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from batch.practice.state import PbxState
from tests.flows.crashes import command, ended, until
from tests.flows.shell import bench, endings, lines_of, pbx, register, rows_of, serving

TRUNKS = (("Name", "Port"), *((f"T{i}", "5061") for i in range(1, 5)))
DIDS = (
    ("Trunk", "DID", "DID name"),
    *((f"T{i}", f"44207946010{i}", "") for i in range(1, 5)),
    ("T2", "442079460112", "Reception"),
    ("T2", "442079460122", ""),
)
CALLER_IDS = (("Trunk", "Option", "Caller ID", "Extensions"), ("T2", "shared", "442079460102", "1001"))
LIVE = tuple(register(i, f"T{i}", f"44207946010{i}") for i in range(1, 5))


def fault(do: str, trunk: int = 2, call: str = "trunk/update", **more: Any) -> dict[str, Any]:
    match = {"id": trunk} if call == "trunk/update" else {}
    return {"call": call, "do": do, **({"match": match} if match else {}), **more}


def must_add_up(report: dict[str, Any], rows: int) -> None:
    assert sum(report["counts"].values()) == rows
    assert sum(sum(count.values()) for count in report["sheets"].values()) == rows


class TestRefused:
    BODY: ClassVar = {"invalid_param_list": [{"field": "did", "value": "442079460112", "validation_type": "charset"}]}

    def test_the_entry_is_quoted_at_its_row_and_the_others_point_to_its_cell(self, tmp_path: Path) -> None:
        faults = [fault("errcode", errcode=40002, body=self.BODY)]
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, caller_ids=CALLER_IDS, live=LIVE, faults=faults) as there:
            ran = there.apply()
            assert ran.code == 5
            assert endings(ran.json) == ["applied", "refused", "applied", "applied"]
            assert len([body for body in there.writes() if body["id"] == 2]) == 1
            dids = {row["DID"]: row for row in rows_of(there.results, "DIDs")}
            quote = 'PARAMETER ERROR: did "442079460112" (charset) (DIDs!B6)'
            assert dids["442079460112"]["Errmsg"] == quote
            assert dids["442079460102"]["Errmsg"] == "PARAMETER ERROR: see DIDs!B6"
            assert rows_of(there.results, "Trunks")[1]["Errmsg"] == "PARAMETER ERROR: see DIDs!B6"
            assert rows_of(there.results, "Caller IDs")[0]["Errmsg"] == "PARAMETER ERROR: see DIDs!B6"
            assert {dids[did]["Errcode"] for did in ("442079460102", "442079460112", "442079460122")} == {40002}
            assert dids["442079460101"]["Errmsg"] == "SUCCESS"
            must_add_up(ran.json, 11)

    def test_an_entry_out_of_many_in_its_row_is_quoted_with_its_cell(self, tmp_path: Path) -> None:
        """In a list, in a block of two columns, and in one of several columns."""
        lines = (
            ("Trunk", "DID 1", "DID 2", "DID name"),
            ("T1", "442079460101", "", ""),
            ("T2", "442079460102", "442079460110; 442079460112", "Reception"),
            ("T2", "442079460120-129", "", "Fax"),
            ("T3", "442079460103", "", ""),
            ("T4", "442079460104", "", ""),
        )
        faults = [fault("errcode", errcode=40002, body=self.BODY)]
        with bench(tmp_path, trunks=TRUNKS, dids=lines, live=LIVE, faults=faults) as there:
            ran = there.apply()
            assert endings(ran.json) == ["applied", "refused", "applied", "applied"]
            rows = rows_of(there.results, "DIDs")
            assert [row["Result"] for row in rows] == ["applied", "refused", "refused", "applied", "applied"]
            assert rows[1]["Errmsg"] == 'PARAMETER ERROR: did "442079460112" (charset) (DIDs!C3)'
            assert rows[2]["Errmsg"] == "PARAMETER ERROR: see DIDs!C3"
            places = {
                line["Wanted"]: line["Cell"] for line in rows_of(there.results, "Changes") if line["Trunk"] == "T2"
            }
            wanted = {"442079460110 (Reception)": "C3", "442079460112 (Reception)": "C3", "442079460125 (Fax)": "B4"}
            assert {text: places[text] for text in wanted} == wanted
            must_add_up(ran.json, 9)

    def test_a_plain_field_is_quoted_on_the_trunks_sheet(self, tmp_path: Path) -> None:
        body = {"invalid_param_list": [{"field": "port", "value": 5061, "validation_type": "range"}]}
        with bench(
            tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[fault("errcode", errcode=40002, body=body)]
        ) as there:
            there.apply()
            assert rows_of(there.results, "Trunks")[1]["Errmsg"] == 'PARAMETER ERROR: port "5061" (range) (Trunks!B3)'
            assert rows_of(there.results, "DIDs")[1]["Errmsg"] == "PARAMETER ERROR: see Trunks!B3"

    def test_what_the_pbx_itself_refuses_is_told_with_its_field(self, tmp_path: Path) -> None:
        trunks = (("Trunk ID", "Name"), ("1", "Taken"))
        live = (register(1, "T1"), register(2, "T2"))
        faults = [{"call": "trunk/update", "do": "edit", "id": 2, "fields": {"name": "Taken"}}]
        with bench(tmp_path, trunks=trunks, live=live, faults=faults) as there:
            ran = there.apply()
            assert ran.code == 5
            assert ran.json["trunks"][0] | {"errmsg": ""} == {
                "id": 1, "name": "T1", "ending": "refused", "errcode": 40003, "errmsg": "", "attempts": 1,
            }  # fmt: skip
            assert "Trunks!B2" in rows_of(there.results, "Trunks")[0]["Errmsg"]


class TestUnclear:
    UNCLEAR: ClassVar[list[tuple[dict[str, Any], str, int | None, int]]] = [
        ({"do": "drop_after"}, "applied", None, 1),
        ({"do": "drop_before"}, "applied", 0, 2),
        ({"do": "drop_before", "times": "always"}, "failed", None, 2),
        ({"do": "not_json"}, "applied", None, 1),
        ({"do": "empty", "effect": False}, "applied", 0, 2),
        ({"do": "half_body"}, "applied", None, 1),
        ({"do": "partial", "omit": []}, "applied", 1, 1),
        ({"do": "errcode", "errcode": 2, "effect": True}, "applied", 2, 1),
        ({"do": "errcode", "errcode": 70082}, "applied", 0, 2),
        ({"do": "status", "status": 503, "headers": {"Retry-After": "0"}}, "applied", 0, 2),
    ]

    def test_what_became_of_a_write_is_found_by_looking_before_it_is_sent_again(self, tmp_path: Path) -> None:
        trunks = (TRUNKS[0], *((f"T{i}", "5061") for i in range(1, 11)))
        faults = [{"call": "trunk/update", "match": {"id": i}, **how} for i, (how, *_) in enumerate(self.UNCLEAR, 1)]
        live = [register(i, f"T{i}") for i in range(1, 11)]
        with bench(tmp_path, trunks=trunks, live=live, faults=faults) as there:
            ran = there.apply("--concurrency", "1", "--attempts", "2")
            ended = [(trunk["ending"], trunk["errcode"], trunk["attempts"]) for trunk in ran.json["trunks"]]
            assert ended == [(ending, errcode, attempts) for _, ending, errcode, attempts in self.UNCLEAR]
            assert ran.code == 5
            assert Counter(body["id"] for body in there.writes()) == dict(
                enumerate((attempts for *_, attempts in self.UNCLEAR), 1)
            )
            assert [trunk["port"] for trunk in there.pbx.state.trunks.values()] == [5061, 5061, 5060, *[5061] * 7]
            assert "asks for less" in ran.err

    def test_silence_beyond_the_timeout_is_settled_by_looking(self, tmp_path: Path) -> None:
        faults = [fault("hang", 2, seconds=8, when="first"), fault("hang", 3, seconds=8, when="last")]
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=faults) as there:
            ran = there.apply("--timeout", "1")
            assert (ran.code, endings(ran.json)) == (0, ["applied"] * 4)
            assert [trunk["attempts"] for trunk in ran.json["trunks"]] == [1, 1, 2, 1]

    def test_partial_success_is_read_back_and_what_differs_is_listed(self, tmp_path: Path) -> None:
        with bench(
            tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[fault("partial", omit=["did_list"])]
        ) as there:
            ran = there.apply()
            assert ran.code == 5
            assert endings(ran.json) == ["applied", "partial", "applied", "applied"]
            assert ran.json["trunks"][1]["errcode"] == 1
            changes = {row["Cell"]: row["Found"] for row in rows_of(there.results, "Changes") if row["Trunk"] == "T2"}
            assert changes == {"B3": "5061", "B6": "absent", "B7": "absent"}


class TestTokens:
    def test_one_that_runs_out_in_the_middle_costs_one_sign_in_and_no_attempt(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[fault("expire_tokens", 3)]) as there:
            ran = there.apply()
            assert (ran.code, endings(ran.json)) == (0, ["applied"] * 4)
            assert [trunk["attempts"] for trunk in ran.json["trunks"]] == [1] * 4
            assert there.calls().count("get_token") + there.calls().count("refresh_token") == 2
            assert there.pbx.count_valid_tokens() == 0

    def test_a_token_is_given_back_after_a_bad_end_too(self, tmp_path: Path) -> None:
        faults = [fault("errcode", 0, call="trunk/list", errcode=10005)]
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=faults) as there:
            ran = there.apply()
            assert ran.code == 6
            assert there.pbx.count_valid_tokens() == 0

    def test_an_address_blocked_in_the_middle_ends_the_run(self, tmp_path: Path) -> None:
        refused = [
            {"call": call, "after": after, "times": "always", "do": "errcode", "errcode": 70004}
            for call, after in (("refresh_token", 0), ("get_token", 1))
        ]
        with bench(
            tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[fault("expire_tokens", 3), *refused]
        ) as there:
            ran = there.apply("--concurrency", "1")
            assert ran.code == 5
            assert endings(ran.json) == ["unknown", "unknown", "not run", "not run"]
            assert there.calls().count("get_token") + there.calls().count("refresh_token") == 2
            must_add_up(ran.json, 10)
            assert "blocked this machine's address" in ran.err


class TestSomebodyElse:
    def test_what_changed_since_the_plan_is_not_written(self, tmp_path: Path) -> None:
        # the first look of the plan sees the old port, the look just before the writes another one
        edit = {"call": "trunk/query", "after": 1, "do": "edit", "id": 2, "fields": {"port": 5080}}
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[edit]) as there:
            ran = there.apply()
            assert ran.code == 5
            assert endings(ran.json) == ["applied", "not run", "applied", "applied"]
            assert 2 not in [body["id"] for body in there.writes()]
            row = rows_of(there.results, "Trunks")[1]
            assert row["What to do"].startswith("Changed on the PBX since the plan")
            assert there.pbx.state.trunks[2]["port"] == 5080
            must_add_up(ran.json, 10)

    def test_an_entry_that_somebody_added_is_not_lost(self, tmp_path: Path) -> None:
        entries = [{"did": did, "did_name": ""} for did in ("442079460102", "442079460198")]
        edit = {"call": "trunk/query", "after": 1, "do": "edit", "id": 2, "fields": {"did_list": entries}}
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=[edit]) as there:
            ran = there.apply()
            assert (ran.code, endings(ran.json)[1]) == (5, "not run")
            assert there.pbx.state.trunks[2]["did_list"] == entries

    def test_a_trunk_that_is_gone_is_not_run(self, tmp_path: Path) -> None:
        def delete(state: PbxState) -> None:
            state.trunks.pop(4, None)

        with bench(tmp_path, trunks=TRUNKS, live=LIVE, on_change=delete) as there:
            ran = there.apply("--concurrency", "1", "--rate", "3")  # looks are ahead of writes by a second's worth
            assert (ran.code, endings(ran.json)[3]) == (5, "not run")
            assert rows_of(there.results, "Trunks")[3]["What to do"].startswith("The trunk is no longer on the PBX.")


class TestPbxGone:
    FAULTS: ClassVar = [{"call": "*", "after": 6, "times": "always", "do": "errcode", "errcode": 10005}]

    def test_every_row_has_its_account(self, tmp_path: Path) -> None:
        """Sign-in, list, query, look, then two writes that go well: from there on the PBX wants nobody."""
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=self.FAULTS) as there:
            ran = there.apply("--concurrency", "1")
            assert ran.code == 5
            must_add_up(ran.json, 10)
            assert ran.json["counts"]["not run"] > 0
            assert there.results.exists()
            states = {row["Result"] for row in rows_of(there.results, "Trunks")}
            assert states <= {"unknown", "not run", "refused"}
            words = [cell for line in lines_of(there.results, "Summary") for cell in line if isinstance(cell, str)]
            assert any("10005" in word for word in words)
        with serving(there.workbook, pbx(LIVE)) as again:
            assert again.apply().code == 0

    def test_silence_in_the_middle(self, tmp_path: Path) -> None:
        faults = [{"call": "*", "after": 5, "times": "always", "do": "drop_before"}]
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE, faults=faults) as there:
            ran = there.apply("--concurrency", "1", "--attempts", "2", "--give-up-after", "0")
            assert ran.code == 5
            must_add_up(ran.json, 10)
            assert ran.json["counts"]["applied"] == 0
            assert ran.json["counts"]["unknown"] > 0
            assert there.results.exists()


def test_a_trunk_that_was_up_and_is_down_is_named_first(tmp_path: Path) -> None:
    live = (*LIVE[:1], LIVE[1] | {"fails_registration": True}, *LIVE[2:])
    with bench(tmp_path, trunks=TRUNKS, live=live) as there:
        ran = there.run("apply", "--yes", "--settle-wait", "0.1")
        assert ran.code == 0  # the endings do not change by it
        assert "T2 was up before (idle) and is now registration failed: look at it first." in ran.out
        words = [cell for line in lines_of(there.results, "Summary") for cell in line if isinstance(cell, str)]
        first = words.index("Look at these first")
        assert words[first + 1].startswith("T2 was up before")


def test_results_lie_there_while_the_run_waits_for_the_statuses(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        where = ("--url", there.pbx.url, "--client-id", "practice")
        process = command("apply", there.workbook, *where, "--yes", "--json", "--settle-wait", "60", "--rate", "1000")
        until(there.results.exists, process)
        assert process.poll() is None
        process.kill()
        ended(process)
        assert {row["Result"] for row in rows_of(there.results, "Trunks")} == {"applied"}
        writes = len(there.writes())
        assert there.resume("--settle-wait", "0").code == 0
        assert len(there.writes()) == writes
    assert list(tmp_path.glob("*results*")) == [there.results]


def test_older_firmware_is_understood(tmp_path: Path) -> None:
    callers = (("Trunk", "Option", "Caller ID", "Extension groups"), ("T2", "shared", "442079460102", "Sales"))
    quirks: dict[str, Any] = {
        "no_extensiongroup_list": True,
        "reject_sort_by_name": True,
        "expiry_as_text": True,
        "ports_as_text": True,
        "trunk_get_as_list": True,
        "max_page_size": 2,
    }
    with bench(tmp_path, trunks=TRUNKS, caller_ids=callers, dids=DIDS, live=LIVE, **quirks) as there:
        assert there.apply().code == 0
        assert there.pbx.state.trunks[2]["outbound_cid_list"][0]["ext_list"][0]["ext_name"] == "Sales"
        assert {change["kind"] for change in there.run("plan", "--json").json["changes"]} == {"keep"}
