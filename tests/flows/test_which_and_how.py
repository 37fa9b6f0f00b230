"""Flags end to end: which trunks, how far a run goes, and the exit code of each way it can end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.flows.shell import CLIENT_SECRET, LOSING_NUMBERS, bench, endings, register, rows_of, run

TRUNKS = (("Name", "Port", "DIDs mode"), *((f"T{i}", "5061", "") for i in range(1, 6)))
DIDS = (("Trunk", "DID"), *((f"T{i}", f"44207946010{i}") for i in range(1, 6)))
LIVE = tuple(register(i, f"T{i}", f"44207946010{i}") for i in range(1, 6))
SLOW = ({"call": "trunk/update", "times": "always", "latency": 0.3},)


def test_only_leaves_the_others_not_run_without_exit_5(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=LIVE) as there:
        ran = there.apply("--only", "T2", "4")  # a name, and an id that no row of this workbook has
        assert ran.code == 2
        assert ran.json["error"]["message"] == "--only names 4, which the workbook does not have."
        ran = there.apply("--only", "T2", "T4")
        assert ran.code == 0
        assert endings(ran.json) == ["not run", "applied", "not run", "applied", "not run"]
        assert sorted(body["id"] for body in there.writes()) == [2, 4]
        rows = rows_of(there.results, "DIDs")
        assert [(row["Result"], row["What to do"]) for row in rows][:2] == [
            ("not run", "Not chosen. Whoever runs it resumes the run, or runs it again."),
            ("applied", "Nothing."),
        ]
        assert there.apply("--first", "3").code == 0
        assert sorted(body["id"] for body in there.writes()) == [1, 2, 3, 4]


def test_skipped_trunks_are_nobodys_problem(tmp_path: Path) -> None:
    trunks = (("Name", "Port", "Action"), ("T1", "5061", "skip"), ("T2", "sip", "skip"), ("T3", "5061", "update"))
    with bench(tmp_path, trunks=trunks, dids=DIDS[:4], live=LIVE) as there:
        ran = there.apply()
        assert ran.code == 0
        assert endings(ran.json) == ["skipped", "skipped", "applied"]
        assert ran.json["sheets"]["DIDs"]["skipped"] == 2
        only = there.run("plan", "--only", "T1")
        assert only.code == 0
        assert "Nothing to do: no trunk is chosen that does not say skip." in only.out


def test_first_counts_among_only(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
        ran = there.apply("--only", "T5", "T3", "T2", "--first", "2")
        assert ran.code == 0
        assert endings(ran.json) == ["not run", "applied", "applied", "not run", "not run"]


class TestProblems:
    DIDS = (*DIDS, ("T3", "4420 7946"), ("T3", "442079460199"))

    def test_skip_invalid_leaves_the_trunk_out_whole(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, dids=self.DIDS, live=LIVE) as there:
            assert there.run("plan", "--skip-invalid", "--json").code == 0
            ran = there.apply("--skip-invalid")
            assert ran.code == 5
            assert endings(ran.json) == ["applied", "applied", "invalid", "applied", "applied"]
            assert 3 not in [body["id"] for body in there.writes()]
            assert ran.json["sheets"]["DIDs"]["invalid"] == 1
            assert ran.json["sheets"]["DIDs"]["blocked"] == 2
            row = next(row for row in rows_of(there.results, "DIDs") if row["Result"] == "invalid")
            assert row["DID"] == "4420 7946"
            assert row["What to do"].startswith("B7: ")

    def test_skip_invalid_leaves_out_both_rows_of_a_trunk_that_stands_on_two(self, tmp_path: Path) -> None:
        twice = (("Trunk ID", "Name", "Port"), ("", "T1", "5061"), ("1", "", "5062"), ("2", "", "5061"))
        with bench(tmp_path, trunks=twice, live=LIVE) as there:
            ran = there.apply("--skip-invalid")
            assert ran.code == 5
            assert [body["id"] for body in there.writes()] == [2]
            rows = rows_of(there.results, "Trunks")
            assert [row["Result"] for row in rows] == ["blocked", "invalid", "applied"]
            assert rows[0]["What to do"] == "Correct Trunks!A3, then have it run again."

    def test_a_live_entry_that_the_api_would_not_take_back_stops_its_trunk_before_anything_is_sent(
        self, tmp_path: Path
    ) -> None:
        odd = register(1, "T1", "4" * 40)
        lines = (("Name", "DIDs mode"), ("T1", "add"))
        with bench(tmp_path, trunks=lines, dids=DIDS[:2], live=[odd]) as there:
            ran = there.apply()
            assert ran.code == 3
            assert [p["code"] for p in ran.json["problems"] if p["severity"] == "problem"] == ["live-entry-incomplete"]
            assert there.writes() == []

    def test_problems_of_trunks_not_chosen_are_told_only(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, dids=self.DIDS, live=LIVE) as there:
            ran = there.apply("--only", "T1")
            assert ran.code == 0
            assert endings(ran.json)[2] == "not run"
            checked = run("check", there.workbook, "--only", "T1", "--json")
            assert checked.code == 0
            assert checked.json["counts"]["problem"] == 0

    def test_what_belongs_to_no_trunk_cannot_be_skipped(self, tmp_path: Path) -> None:
        dids = (*DIDS, ("T9", "442079460109"))
        with bench(tmp_path, trunks=TRUNKS, dids=dids, live=LIVE) as there:
            ran = there.apply("--skip-invalid")
            assert ran.code == 3
            assert there.writes() == []


class TestHazards:
    LIVE = tuple(register(i, f"T{i}", f"44207946010{i}", "442079460999") for i in range(1, 6))

    def test_an_entry_that_would_be_lost_stops_until_it_is_allowed(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, dids=DIDS, live=self.LIVE) as there:
            planned = there.run("plan", "--json")
            assert planned.code == 4
            hazards = [(hazard["code"], hazard["trunk"]) for hazard in planned.json["hazards"]]
            assert hazards[:5] == [("removals", f"T{i}") for i in range(1, 6)]
            assert "--allow removals=T3" in there.run("plan").out
            assert there.apply().code == 4
            assert there.apply("--allow", "removals=T1", "--allow", "removals=2").code == 4
            assert (there.writes(), there.runs) == ([], [])
            narrow = there.apply(
                "--only", "T1", "T2", "--allow", "removals=T1", "--allow", "removals=2", *LOSING_NUMBERS
            )
            assert narrow.code == 0
            assert sorted(body["id"] for body in there.writes()) == [1, 2]
            assert there.apply("--allow", "removals", *LOSING_NUMBERS).code == 0

    def test_keys_that_nobody_knows_are_not_lost_unasked(self, tmp_path: Path) -> None:
        live = (register(1, "T1", did_list=[{"did": "442079460100", "did_name": "", "short_code": "*7"}]),)
        with bench(tmp_path, trunks=(TRUNKS[0], ("T1", "5061", "add")), dids=DIDS[:2], live=live) as there:
            planned = there.run("plan", "--json")
            assert (planned.code, [hazard["code"] for hazard in planned.json["hazards"]]) == (4, ["unknown-keys"])
            assert there.apply("--allow", "unknown-keys=T1").code == 0

    def test_a_typed_mode_is_no_hazard(self, tmp_path: Path) -> None:
        trunks = (TRUNKS[0], ("T1", "", "replace"))
        with bench(tmp_path, trunks=trunks, dids=DIDS[:2], live=self.LIVE) as there:
            assert there.apply().code == 0


class TestExpect:
    def test_flags_that_change_only_how_leave_the_digest_alone(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
            flags = ("--attempts", "2", "--timeout", "9", "--no-read-back", "--on-error", "stop", "--max-failures", "3")
            plain, other = there.run("plan", "--json"), there.run("plan", "--json", *flags)
            assert plain.json["digest"] == other.json["digest"]
            assert plain.json["digest"] != there.run("plan", "--json", "--first", "4").json["digest"]

    def test_somebody_else_in_between_is_noticed(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
            digest = there.run("plan", "--json").json["digest"]
            there.pbx.state.edit_trunk(3, {"enable": 0})  # not among what is replaced
            assert there.run("plan", "--json").json["digest"] == digest
            there.pbx.state.edit_trunk(3, {"port": 5070})
            assert there.apply("--expect", digest).code == 4
            assert there.writes() == []


class TestAfterAFailure:
    FAULTS = ({"call": "trunk/update", "match": {"id": 2}, "times": "always", "do": "errcode", "errcode": 10009},)

    def test_the_others_go_on(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=self.FAULTS) as there:
            ran = there.apply()
            assert ran.code == 5
            assert endings(ran.json) == ["applied", "refused", "applied", "applied", "applied"]
            assert ran.json["trunks"][1]["errcode"] == 10009

    @pytest.mark.parametrize("flags", [("--on-error", "stop"), ("--max-failures", "1")])
    def test_nothing_new_is_started(self, tmp_path: Path, flags: tuple[str, str]) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=self.FAULTS) as there:
            ran = there.apply("--concurrency", "1", *flags)
            assert ran.code == 5
            assert endings(ran.json) == ["applied", "refused", "not run", "not run", "not run"]
            assert (
                rows_of(there.results, "Trunks")[3]["What to do"]
                == "Stopped after 1 trunk went wrong. Whoever runs it resumes the run, or runs it again."
            )
            assert there.run("apply", "--yes", "--only", "T3", "T4", "T5").code == 0  # what is not run can be run again

    def test_two_may_go_wrong_where_three_are_too_many(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=self.FAULTS) as there:
            assert endings(there.apply("--max-failures", "2").json)[2:] == ["applied"] * 3


def test_without_reading_back_nothing_is_read_after_a_write(tmp_path: Path) -> None:
    with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
        ran = there.apply("--no-read-back", "--concurrency", "1")
        assert ran.code == 0
        assert set(endings(ran.json)) == {"applied"}
        assert rows_of(there.results, "Trunks")[0]["What to do"] == "Not read back."
        calls = there.calls()
        last = len(calls) - calls[::-1].index("trunk/update")
        assert calls[last:] == ["del_token"]


def test_without_reading_back_an_unclear_answer_is_unknown(tmp_path: Path) -> None:
    faults = ({"call": "trunk/update", "match": {"id": 2}, "do": "drop_after"},)
    with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=faults) as there:
        ran = there.apply("--no-read-back")
        assert ran.code == 5
        assert endings(ran.json)[1] == "unknown"
        assert ran.json["trunks"][1]["attempts"] == 1


class TestAsking:
    def test_nothing_to_write_is_nothing_to_ask(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", _Terminal(""))
        trunks = (("Name", "Port"), ("T1", "5060"))
        with bench(tmp_path, trunks=trunks, live=LIVE) as there:
            assert there.run("apply").code == 0


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestWhereRunsLie:
    def test_a_folder_of_ones_own(self, tmp_path: Path) -> None:
        with bench(tmp_path, trunks=TRUNKS, live=LIVE) as there:
            ran = there.apply("--run-dir", tmp_path / "night", "--results", tmp_path / "done.xlsx")
            assert ran.code == 0
            assert ran.json["run"] == str(tmp_path / "night")
            assert ran.json["results"] == str(tmp_path / "done.xlsx")
            found = {path.name for path in (tmp_path / "night").iterdir()}
            assert found >= {"input.xlsx", "journal.sqlite", "snapshot.jsonl", "results.xlsx", "log.jsonl"}
            assert (tmp_path / "night" / "input.xlsx").read_bytes() == there.workbook.read_bytes()
            assert (tmp_path / "night").stat().st_mode & 0o777 == 0o700
            again = there.apply("--run-dir", tmp_path / "night")
            assert again.code == 2
            assert "already holds a run" in again.json["error"]["message"]


class TestWhichPbx:
    def test_plain_http_is_said_by_every_command_that_signs_in_but_on_this_machine(self, tmp_path: Path) -> None:
        said = ". It is spoken to without encryption: passwords can be read on the way.\n"
        secret = {"TRUNK_BATCH_CLIENT_SECRET": CLIENT_SECRET}
        lost = {"call": "trunk/update", "do": "drop_before"}
        with bench(tmp_path, trunks=TRUNKS, live=LIVE, faults=[lost]) as there:
            ran = there.run("plan", "--json")
            assert ran.err == f"PBX: {there.pbx.url} (from --url)\n"
            assert "plain-http" not in {p["code"] for p in ran.json["problems"]}
            url = there.pbx.url.replace("127.0.0.1", "127.1")  # this machine, spelled as if it were another
            where = ("--url", url, "--client-id", "practice")
            told = f"PBX: {url} (from --url){said}"
            ran = there.run("plan", "--json", *where)
            assert ran.err == told
            notices = [p for p in ran.json["problems"] if p["code"] == "plain-http"]
            assert [(p["severity"], p["cell"], p["who"]) for p in notices] == [("notice", "A1", "operator")]
            assert told in run("export", "-o", tmp_path / "export.xlsx", *where, environment=secret).err
            assert told in there.run("apply", "--yes", "--attempts", "1", *where).err
            for command in ("verify", "resume"):
                assert f"PBX: {url} (from the run {there.runs[0].name}){said}" in there.on_run(command).err
