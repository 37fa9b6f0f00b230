"""Which PBX a command speaks to, and whom it trusts on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch.cli.main import main
from batch.practice.state import read_state, write_state
from tests.certificates import Identity
from tests.cli.shell import FAST, LOSING_NUMBERS, SECRET, Shell, at, calls, pbx, plan_at, rows_of, state, write_book


class TestPractice:
    def test_it_wins_over_any_url(self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
        monkeypatch.setenv("TRUNK_BATCH_URL", "https://pbx.invalid")
        ran = shell("plan", book, "--practice", "--url", "https://also.invalid", "--client-id", "a")
        assert ran.code == 0
        assert "Plan for PRACTICE PBX" in ran.out
        assert secret not in ran.out + ran.err

    def test_it_starts_as_pbx_json_says_and_writes_only_to_its_own_file(self, shell: Shell, book: Path) -> None:
        before = book.with_name("pbx.json")
        write_state(state({"id": 1, "name": "London"}, {"id": 2, "name": "Paris", "type": "peer"}), before)
        content = before.read_bytes()
        ran = shell("plan", book, "--practice")
        kept_in = book.with_name("book.practice.json")
        assert f"The practice PBX starts as {before} says, and is kept in {kept_in}." in ran.out
        assert "Paris  (id 2, peer)" in ran.out
        assert shell("apply", book, "--practice", "--yes", *FAST).code == 0
        assert before.read_bytes() == content
        kept = read_state(kept_in)
        assert kept.trunks[2]["hostname"] == "new.carrier.example"

    def test_a_second_run_goes_on_where_the_first_ended(self, shell: Shell, book: Path) -> None:
        assert shell("apply", book, "--practice", "--yes", *FAST).code == 0
        ran = shell("plan", book, "--practice")
        assert "The practice PBX goes on from" in ran.out
        assert "No changes: 2 trunks are already up to date." in ran.out

    def test_it_is_made_up_from_the_workbook_with_all_that_it_names(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(
            tmp_path / "b.xlsx",
            trunks=[
                ("Trunk ID", "Name", "Type", "Hostname", "DIDs mode"),
                ("7", "London", "register", "a.example", "remove"),
                ("", "Desk", "account", "", ""),
            ],
            dids=[("Trunk", "DID"), ("London", "442079460100")],
            caller_ids=[
                ("Trunk", "Option", "Caller ID", "Extensions", "Extension groups"),
                ("London", "shared", "442079460100", "1001, #9", "Sales, #4"),
            ],
        )
        assert shell("plan", book, "--practice", *LOSING_NUMBERS).code == 0
        made = read_state(tmp_path / "b.practice.json")
        assert {trunk["type"] for trunk in made.trunks.values()} == {"register", "account"}
        assert made.trunks[7]["did_list"][0]["did"] == "442079460100"
        assert {9} < set(made.extensions)
        assert {group["name"] for group in made.extension_groups.values()} >= {"Sales"}

    def test_plan_question_summary_and_file_names_say_practice(self, shell: Shell, book: Path) -> None:
        ran = shell("plan", book, "--practice", "-o", "plan.xlsx")
        assert "Plan for PRACTICE PBX" in ran.out
        assert "PRACTICE" in str(rows_of(Path("plan.xlsx"), "Summary")[1])
        ran = shell("apply", book, "--practice", "--yes", *FAST)
        results = book.with_name("book-PRACTICE-results.xlsx")
        assert ran.out.splitlines()[-1] == f"Results: {results}"
        assert "PRACTICE: All 2 trunks are up to date." in ran.out
        assert "PRACTICE" in str(rows_of(results, "Summary")[1])
        (run,) = book.with_name("book.runs").iterdir()
        assert run.name.endswith("-PRACTICE")

    def test_its_results_go_back_to_the_same_practice_pbx(self, shell: Shell, book: Path) -> None:
        assert shell("apply", book, "--practice", "--yes", *FAST).code == 0
        results = book.with_name("book-PRACTICE-results.xlsx")
        ran = shell("apply", results, "--practice", "--yes", "--json", *FAST)
        assert ran.code == 0
        assert ran.json["counts"]["unchanged"] == 4
        assert ran.json["results"] == str(book.with_name("book-PRACTICE-results-2.xlsx"))
        assert not book.with_name("book-PRACTICE-results.practice.json").exists()

    @pytest.mark.usefixtures("secret")
    def test_an_unfinished_rehearsal_is_not_told_of_in_earnest(self, shell: Shell, book: Path) -> None:
        with pbx() as served:
            for run in ("20261123-010101-aaaa-PRACTICE", "20261123-010101-bbbb"):
                folder = book.with_name("book.runs") / run
                folder.mkdir(parents=True)
                (folder / "journal.sqlite").touch()
            assert "did not come to the end: 20261123-010101-bbbb." in shell("plan", book, *plan_at(served)).out
            assert "did not come to the end: 20261123-010101-aaaa-PRACTICE." in shell("plan", book, "--practice").out

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"{", "it is not JSON (line 1: Expecting property name enclosed in double quotes)"),
            (b"\xff\xfe", "it is not text in UTF-8"),
            (b"[]", "the state must be a JSON object"),
            (b'{"trunks": [{"id": 1}]}', "entry 1 of trunks needs a name, a text"),
        ],
    )
    @pytest.mark.parametrize("name", ["book.practice.json", "pbx.json"])
    def test_a_broken_state_file_is_named_with_what_to_do(
        self, shell: Shell, book: Path, name: str, content: bytes, why: str
    ) -> None:
        file = book.with_name(name)
        file.write_bytes(content)
        ran = shell("plan", book, "--practice", "--json")
        assert ran.code == 2
        assert ran.error["message"] == f"The practice PBX cannot be made from {file}: {why}."
        todo = f"Delete {file} to start anew." if name == "book.practice.json" else f"Correct {file}, or move it away."
        assert ran.error["hint"] == todo
        assert file.read_bytes() == content

    def test_a_state_file_that_cannot_be_written_is_an_error_of_its_own(self, shell: Shell, book: Path) -> None:
        file = book.with_name("book.practice.json")
        write_state(state(), book.with_name("pbx.json"))
        (file / "in-the-way").mkdir(parents=True)
        ran = shell("plan", book, "--practice", "--json")
        assert ran.code == 2
        assert str(file) in ran.error["message"]

    def test_a_folder_that_takes_no_state_file_is_an_error_of_its_own(self, shell: Shell, tmp_path: Path) -> None:
        book = write_book(tmp_path / f"{'x' * 240}.xlsx")  # the name just fits, that of the state file does not
        ran = shell("plan", book, "--practice", "--json")
        assert (ran.code, ran.error["code"]) == (2, "cannot-write")
        assert ".practice.json" in ran.error["message"]


class TestWhere:
    def test_no_pbx_and_no_client_id_are_usage_errors(self, shell: Shell, book: Path) -> None:
        ran = shell("plan", book, "--json")
        assert (ran.code, ran.error["message"]) == (2, "No PBX is named.")
        assert "--practice" in ran.error["hint"]
        ran = shell("plan", book, "--url", "https://pbx.invalid", "--json")
        assert (ran.code, ran.error["message"]) == (2, "No client id is given.")

    def test_an_address_that_is_none_is_refused_without_repeating_a_password(self, shell: Shell, book: Path) -> None:
        ran = shell("plan", book, "--url", "https://me:Sample-pw@pbx", "--client-id", "a", "--json")
        assert ran.code == 2
        assert "Sample-pw" not in ran.out + ran.err

    def test_flags_that_contradict_each_other_are_refused_before_any_secret_is_asked_for(
        self, shell: Shell, book: Path
    ) -> None:
        for pair in (("--insecure", "--fingerprint", "ab"), ("--ca-file", "a.pem", "--insecure")):
            ran = shell("plan", book, "--url", "https://pbx.invalid", "--client-id", "a", *pair, "--json")
            assert ran.code == 2
            assert ran.error["message"] == "--ca-file, --fingerprint and --insecure contradict each other."

    def test_the_practice_pbx_gives_no_such_notice(self, shell: Shell, book: Path) -> None:
        codes = {problem["code"] for problem in shell("plan", book, "--practice", "--json").json["problems"]}
        assert "plain-http" not in codes


class TestTrust:
    def plan(self, shell: Shell, book: Path, url: str, *flags: object) -> tuple[int, str]:
        ran = shell("plan", book, "--url", url, "--client-id", "script", "--rate", "1000", *flags)
        assert SECRET not in ran.out + ran.err
        return ran.code, ran.out + ran.err

    @pytest.mark.usefixtures("secret")
    def test_each_way_to_trust_a_self_signed_certificate_works(
        self, shell: Shell, book: Path, identity: Identity
    ) -> None:
        with pbx(certificate=identity.served) as served:
            assert self.plan(shell, book, served.url, "--ca-file", identity.pem)[0] == 0
            assert self.plan(shell, book, served.url, "--fingerprint", identity.sha256)[0] == 0
            code, said = self.plan(shell, book, served.url, "--insecure")
        assert code == 0
        assert "The PBX's certificate is not checked (--insecure)" in said
        assert "plain-http" not in said

    @pytest.mark.usefixtures("secret")
    def test_nothing_is_sent_to_a_certificate_that_is_not_trusted(
        self, shell: Shell, book: Path, identity: Identity
    ) -> None:
        with pbx(certificate=identity.served) as served:
            code, said = self.plan(shell, book, served.url)
            assert code == 6
            assert "the certificate is not trusted" in said
            assert "Compare the certificate's fingerprint" in said
            code, said = self.plan(shell, book, served.url, "--fingerprint", "00" * 32)
            assert code == 6
            assert identity.sha256.upper() in said.replace(":", "")
            assert calls(served) == []

    @pytest.mark.usefixtures("secret")
    def test_a_ca_file_that_is_none_and_a_fingerprint_that_is_none_are_usage_errors(
        self, shell: Shell, book: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "no.pem").write_text("no")
        for flags, words in (
            (("--ca-file", "not-there.pem"), "cannot be read"),
            (("--ca-file", "no.pem"), "holds no certificate"),
            (("--fingerprint", "12:34"), "is not a SHA-256"),
        ):
            code, said = self.plan(shell, book, "https://pbx.invalid", *flags)
            assert code == 2
            assert words in said


class TestProxies:
    @pytest.mark.parametrize("proxy", ["socks5://me:Sample-pw@127.0.0.1:9", "foo://me:Sample-pw@x"])
    @pytest.mark.usefixtures("secret")
    def test_a_proxy_of_a_kind_not_known_is_a_usage_error_that_repeats_no_password(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", proxy)
        ran = shell("plan", book, "--url", "https://pbx.invalid", "--client-id", "a", "--proxy", "env", "--json")
        assert ran.code == 2
        assert ran.error["message"].startswith("A proxy that the environment names cannot be used")
        assert "Sample-pw" not in ran.out + ran.err

    @pytest.mark.usefixtures("secret")
    def test_proxies_are_not_used_unless_asked_for_nor_for_this_machine(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        with pbx() as served:
            assert shell("plan", book, *plan_at(served)).code == 0
            assert shell("plan", book, *plan_at(served), "--proxy", "env").code == 0


class TestPracticeAsAServer:
    def test_faults_of_its_files_are_named(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "state.json").write_text("{}}")
        (tmp_path / "faults.json").write_text('[{"call": "nothing"}]')
        for flags, words in (
            (("--state", "nowhere/state.json"), "there is no folder nowhere"),
            (("--state", "state.json"), "state.json: Extra data"),
            (("--faults", "faults.json"), "faults.json: "),
            (("--faults", "not-there.json"), "not-there.json: No such file or directory"),
        ):
            ran = shell("practice", "--port", "0", *flags, "--json")
            assert ran.code == 2
            assert ran.error["message"].startswith("The practice PBX cannot start: ")
            assert words in ran.error["message"]

    def test_a_port_that_is_taken_is_said(self, shell: Shell) -> None:
        with pbx() as served:
            ran = shell("practice", "--port", served.url.rpartition(":")[2])
        assert ran.code == 2
        assert "The practice PBX cannot start: Address already in use." in ran.err
        assert "--port" in ran.err


@pytest.mark.usefixtures("secret")
def test_a_trunk_that_vanishes_while_the_plan_is_drawn_up_is_a_problem_and_no_crash(shell: Shell, book: Path) -> None:
    paris = {"id": 2, "name": "Paris", "type": "register", "hostname": "old.carrier.example", "did_list": []}
    gone = {"call": "trunk/query", "do": "answer", "times": "always", "body": {"errcode": 0, "data": [paris]}}
    alone = {"call": "trunk/get", "match": {"id": 1}, "do": "errcode", "times": "always", "errcode": 60001}
    with pbx(faults=[gone, alone]) as served:
        ran = shell("plan", book, *plan_at(served), "--json")
        assert ran.code == 3
        stopping = [problem for problem in ran.json["problems"] if problem["severity"] == "problem"]
        assert [(p["code"], p["cell"]) for p in stopping] == [("trunk-gone", "A2")]
        ran = shell("apply", book, *at(served), "--yes", "--skip-invalid", "--json")
        assert ran.code == 5
        assert ran.json["trunks"][0]["ending"] == "invalid"


def test_a_trunk_that_is_not_on_the_pbx_is_a_problem_in_the_plans_workbook_too(shell: Shell, tmp_path: Path) -> None:
    rows = [("Name", "Hostname"), ("London", "new.example"), ("Pariss", "new.example")]
    book = write_book(tmp_path / "b.xlsx", trunks=rows)
    write_state(state(), tmp_path / "pbx.json")
    ran = shell("plan", book, "--practice", "-o", "plan.xlsx", "--json")
    assert ran.code == 3
    assert "did you mean Paris?" in next(p["message"] for p in ran.json["problems"] if p["code"] == "trunk-gone")
    assert any("Pariss" in str(row) for row in rows_of(Path("plan.xlsx"), "Problems"))


def test_the_workbook_may_be_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "trunks.csv").write_text("Name,Hostname\nLondon,new.carrier.example\n")
    monkeypatch.chdir(folder)
    assert main(["apply", ".", "--practice", "--yes", *FAST]) == 0
    assert json.loads((tmp_path / "sheets.practice.json").read_text())["trunks"]
    assert (tmp_path / "sheets-PRACTICE-results.xlsx").exists()
