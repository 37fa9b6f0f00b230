"""Bad input: one clear message with what to do, its exit code, no trace of the code, and nothing secret."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Identity
from tests.cli.shell import FAST, SECRET, Ran, Shell, at, calls, last_run, pbx, write_book
from tests.loopback import port_that


def clear(ran: Ran, code: int) -> None:
    """Hold what every refusal has in common."""
    assert ran.code == code
    said = ran.out + ran.err
    assert "Traceback" not in said
    assert "access_token" not in said
    assert re.search(r"\?\w+=", said) is None
    assert "Sample-" not in said
    assert 2 <= len(ran.err.strip().splitlines()) <= 3


def encrypted(path: Path) -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20) + b"\xfe\xff" + bytes(600)
    path.write_bytes(container + "EncryptedPackage".encode("utf-16-le") + bytes(600))


def truncated(path: Path) -> None:
    whole = write_book(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("readme.txt", "nothing")


BOOKS: Mapping[str, tuple[Callable[[Path], Any], str]] = {
    "not a spreadsheet": (lambda path: path.write_bytes(b"%PDF-1.7 nothing"), "is not a spreadsheet"),
    "plain text": (lambda path: path.write_text("hello, world\n"), "seems to be plain text"),
    "empty": (lambda path: path.touch(), "is empty"),
    "encrypted": (encrypted, "is encrypted: it is protected with a password"),
    "truncated": (truncated, "is damaged"),
    "a zip of something else": (other_zip, ""),
    "a folder without CSV files": (lambda path: path.mkdir(), ""),
    "not there": (lambda _: None, "does not exist"),
}


@pytest.mark.parametrize("what", BOOKS)
class TestFilesThatAreNoWorkbook:
    def test_check_plan_and_apply_say_so_in_two_lines(self, shell: Shell, tmp_path: Path, what: str) -> None:
        make, words = BOOKS[what]
        path = tmp_path / "book.xlsx"
        make(path)
        for name, flags in (("check", ()), ("plan", ("--practice",)), ("apply", ("--practice", "--yes"))):
            ran = shell(name, path, *flags)
            clear(ran, 3)
            assert ran.out == ""
            assert words in ran.err
            assert str(path) in ran.err
        assert not path.with_name("book.runs").exists()

    def test_json_has_the_shape_of_the_command(self, shell: Shell, tmp_path: Path, what: str) -> None:
        path = tmp_path / "book.xlsx"
        BOOKS[what][0](path)
        ran = shell("check", path, "--json")
        assert ran.code == 3
        assert ran.json["counts"] == {"problem": 1, "notice": 0}
        (problem,) = ran.json["problems"]
        assert (problem["code"], problem["cell"], problem["severity"]) == ("not-readable", "A1", "problem")
        assert problem["message"] in ran.err
        for words in (("plan", path, "--practice"), ("apply", path, "--practice", "--yes")):
            ran = shell(*words, "--json")
            assert ran.code == 3
            assert {"digest", "changes", "hazards", "problems", "forecast"} < set(ran.json)
            assert (ran.json["changes"], ran.json["exit_code"], ran.json["command"]) == ([], 3, "")
            assert ran.json["problems"] == [problem]


class TestWorkbooksWithNothingToDo:
    def test_without_the_sheet_trunks_and_without_rows_there_is_a_problem(self, shell: Shell, tmp_path: Path) -> None:
        none = write_book(tmp_path / "none.xlsx", trunks=[("Name", "Hostname")])
        ran = shell("apply", none, "--practice", "--yes", "--json")
        assert ran.code == 3
        assert [problem["code"] for problem in ran.json["problems"]] == ["sheet-empty"]
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "dids.csv").write_text("Trunk,DID\n")
        ran = shell("apply", tmp_path / "folder", "--practice", "--yes", "--json")
        assert ran.code == 3
        assert [p["code"] for p in ran.json["problems"] if p["severity"] == "problem"] == ["sheet-empty"]


class TestPlacesThatCannotBe:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (
                ("apply", "--yes", "--results", "nowhere/r.xlsx"),
                "--results nowhere/r.xlsx cannot be written: no such folder.",
            ),
            (
                ("apply", "--yes", "--results", "file/r.xlsx"),
                "--results file/r.xlsx cannot be written: no such folder.",
            ),
            (("apply", "--yes", "--results", "r.txt"), "--results r.txt does not end in .xlsx."),
            (
                ("apply", "--yes", "--results", "folder.xlsx"),
                "--results folder.xlsx cannot be written: no such folder",
            ),
            (("apply", "--yes", "--run-dir", "used"), "The folder used already holds a run."),
            (("apply", "--yes", "--log", "file/log.jsonl"), "--log file/log.jsonl cannot be written: no such folder."),
            (("apply", "--yes", "--log", "book.xlsx"), "--log book.xlsx is the workbook itself."),
            (("plan", "--log", "book.xlsx"), "--log book.xlsx is the workbook itself."),
            (("plan", "-o", "book.xlsx"), "-o book.xlsx is the workbook itself."),
            (("plan", "-o", "plan.csv"), "-o plan.csv does not end in .xlsx."),
            (("plan", "-o", "file/plan.xlsx"), "-o file/plan.xlsx cannot be written: no such folder."),
            (("plan", "-o", "folder.xlsx"), "-o folder.xlsx cannot be written: no such folder."),
        ],
    )
    @pytest.mark.usefixtures("secret")
    def test_they_are_refused_before_the_pbx_hears_of_it(
        self, shell: Shell, book: Path, tmp_path: Path, words: tuple[str, ...], message: str
    ) -> None:
        (tmp_path / "file").touch()
        (tmp_path / "folder.xlsx").mkdir()
        (tmp_path / "used").mkdir()
        (tmp_path / "used" / "journal.sqlite").touch()
        content = book.read_bytes()
        with pbx() as served:
            ran = shell(words[0], book, *words[1:], *at(served)[:4], "--json")
            assert calls(served) == []
        assert ran.code == 2
        assert ran.error["message"].startswith(message)
        assert ran.error["hint"]
        assert book.read_bytes() == content

    @pytest.mark.usefixtures("secret")
    def test_a_run_folder_that_cannot_be_made_stops_before_the_first_write(
        self, shell: Shell, book: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        with pbx() as served:
            ran = shell("apply", book, *at(served), "--yes", "--run-dir", "file/run", "--json")
            assert "trunk/update" not in calls(served)
            assert served.count_valid_tokens() == 0
        assert (ran.code, ran.error["code"]) == (2, "cannot-write")

    def test_a_template_does_not_replace_what_may_have_been_filled_in(self, shell: Shell, book: Path) -> None:
        for place, words in (
            (book, "is there already"),
            ("nowhere/t.xlsx", "There is no folder"),
            ("t.xls", "cannot be"),
        ):
            ran = shell("template", "-o", place, "--json")
            assert ran.code == 2
            assert words in ran.error["message"]

    def test_a_template_that_cannot_be_written_says_so(self, shell: Shell, tmp_path: Path) -> None:
        long = tmp_path / ("x" * 300)
        for name in (long, long.with_suffix(".xlsx")):
            ran = shell("template", "-o", name, "--json")
            assert (ran.code, ran.error["code"]) == (2, "cannot-write")


def answers(text: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return behave


def speaking_tls(identity: Identity) -> Callable[[socket.socket], None]:
    """Do as servers of TLS do: whoever speaks http to them is left without a word."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.served.certificate_file, identity.served.key_file)

    def greet(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    return greet


HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>Hi</html>"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot found"
NOISE = b"\x15\x03\x01\x00\x02\x02\x0a"


@pytest.mark.usefixtures("secret")
class TestAPbxThatIsNone:
    ONCE = ("--timeout", "2", "--attempts", "1")

    def try_all(self, shell: Shell, book: Path, url: str, *words: str) -> None:
        for name, flags in (("plan", ()), ("apply", ("--yes",))):
            ran = shell(name, book, "--url", url, "--client-id", "script", *flags, *self.ONCE)
            clear(ran, 6)
            for word in words:
                assert word in ran.err
            assert ran.out == ""
        ran = shell("plan", book, "--url", url, "--client-id", "script", "--json", *self.ONCE)
        assert ran.code == 6
        assert ran.error["message"] in ran.err
        assert not book.with_name("book.runs").exists()

    def test_a_wrong_address_that_answers_404(self, shell: Shell, book: Path) -> None:
        with port_that(answers(NOT_FOUND)) as (port, _):
            self.try_all(shell, book, f"http://127.0.0.1:{port}", "HTTP 404", "Check --url")

    def test_html_where_json_belongs(self, shell: Shell, book: Path) -> None:
        with port_that(answers(HTML)) as (port, _):
            self.try_all(shell, book, f"http://127.0.0.1:{port}", "HTML page instead of JSON", "Check --url")

    def test_http_spoken_to_an_https_port(self, shell: Shell, book: Path, identity: Identity) -> None:
        with port_that(answers(NOISE)) as (port, _):
            self.try_all(shell, book, f"http://127.0.0.1:{port}", "http was spoken to an https port")
        with pbx(certificate=identity.served) as served:
            url = served.url.replace("https", "http")
            ran = shell("plan", book, "--url", url, "--client-id", "script", *self.ONCE)
        clear(ran, 6)

    def test_https_spoken_to_an_http_port(self, shell: Shell, book: Path) -> None:
        with port_that(answers(NOT_FOUND)) as (port, _):
            ran = shell("plan", book, "--url", f"https://127.0.0.1:{port}", "--client-id", "script", "--insecure")
        clear(ran, 6)
        assert "https was spoken to a port that does not speak it" in ran.err

    @pytest.mark.parametrize("name", ["plan", "apply", "export"])
    def test_what_another_try_would_meet_again_is_met_once(
        self, shell: Shell, book: Path, identity: Identity, name: str
    ) -> None:
        own: dict[str, list[object]] = {"plan": [book], "apply": [book, "--yes"], "export": ["-o", "x.xlsx"]}
        who = ("--client-id", "script", "--attempts", "8")
        with port_that(answers(NOT_FOUND)) as (port, met):
            ran = shell(name, *own[name], "--url", f"https://127.0.0.1:{port}", *who)
            assert len(met) == 1
        clear(ran, 6)
        assert "https was spoken to a port that does not speak it" in ran.err
        assert "Check the port in --url: https usually is at https://127.0.0.1:8088" in ran.err
        with port_that(speaking_tls(identity)) as (port, met):
            ran = shell(name, *own[name], "--url", f"http://127.0.0.1:{port}", *who)
            assert len(met) == 2, "one try, and one greeting"
        clear(ran, 6)
        assert "http was spoken to an https port" in ran.err
        assert f"Begin --url with https:  https://127.0.0.1:{port}" in ran.err

    def test_a_port_that_is_closed_without_a_word_and_speaks_nothing_is_tried_again(
        self, shell: Shell, book: Path
    ) -> None:
        def hang_up(connection: socket.socket) -> None:
            connection.recv(65536)

        with port_that(hang_up) as (port, met):
            ran = shell("plan", book, "--url", f"http://127.0.0.1:{port}", "--client-id", "script", "--attempts", "2")
            assert len(met) == 4, "two tries, each with a greeting"
        clear(ran, 6)
        assert "https port" not in ran.err

    def test_nothing_listens(self, shell: Shell, book: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        ran = shell("plan", book, "--url", f"http://127.0.0.1:{port}", "--client-id", "script")
        clear(ran, 6)
        assert f"No P-Series PBX answers at http://127.0.0.1:{port}: connection refused." in ran.err
        assert "Check --url" in ran.err

    def test_no_such_host(self, shell: Shell, book: Path) -> None:
        ran = shell("plan", book, "--url", "https://pbx.invalid:8088", "--client-id", "script")
        clear(ran, 6)
        assert "No P-Series PBX answers at https://pbx.invalid:8088: no such host." in ran.err


class TestSignIn:
    def test_a_refused_secret_is_sent_once_and_not_shown(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", "Sample-wrong-one")
        with pbx() as served:
            ran = shell("apply", book, *at(served), "--yes", "-v", "--log", "log.jsonl")
            told = shell("plan", book, *at(served)[:4], "--json")
            assert calls(served) == ["get_token"] * 2
        assert (ran.code, told.code, told.error["code"]) == (6, 6, "sign-in-refused")
        assert "client id or client secret is wrong" in ran.err
        assert "Sample-" not in ran.out + ran.err + Path("log.jsonl").read_text()
        assert not book.with_name("book.runs").exists()

    @pytest.mark.usefixtures("secret")
    @pytest.mark.parametrize(("busy", "code"), [(1, 0), (2, 0), (3, 6)])
    def test_a_pbx_that_is_busy_at_the_sign_in_is_asked_as_often_as_attempts_say(
        self, shell: Shell, book: Path, busy: int, code: int
    ) -> None:
        write_book(book)  # whose plan begins with one read: of two side by side each counts its own
        fault = {"call": "get_token", "do": "status", "status": 503, "headers": {"Retry-After": "0"}, "times": busy}
        with pbx(faults=[fault]) as served:
            ran = shell("plan", book, *at(served), "--attempts", "3")
            assert calls(served).count("get_token") == min(busy + 1, 3)
        assert ran.code == code, ran.err

    @pytest.mark.usefixtures("secret")
    def test_a_blocked_address_is_told_until_when(self, shell: Shell, book: Path) -> None:
        blocked = {
            "call": "get_token",
            "do": "errcode",
            "errcode": 70004,
            "body": {"block_expire_time": 600},
            "times": 2,
        }
        with pbx(faults=[blocked]) as served:
            ran = shell("plan", book, *at(served)[:4])
            told = shell("plan", book, *at(served)[:4], "--json")
            assert calls(served) == ["get_token"] * 2
        assert (told.code, told.error["code"]) == (6, "address-blocked")
        clear(ran, 6)
        assert "has blocked this machine's address after failed sign-ins, until" in ran.err

    @pytest.mark.usefixtures("secret")
    def test_a_pbx_that_goes_before_anything_was_sent_is_exit_6(self, shell: Shell, book: Path) -> None:
        gone = {"call": "*", "do": "drop_before", "times": "always"}
        reads = [{"call": call, "do": "pass"} for call in ("get_token", "trunk/list", "extension/list")]
        with pbx(faults=[*reads, gone]) as served:
            ran = shell("plan", book, *at(served)[:4], "--attempts", "2", "--give-up-after", "0", "--json")
        assert ran.code == 6
        assert "The PBX does not answer" in ran.error["message"]
        stay = [*reads, {"call": "trunk/query", "do": "pass"}, gone]
        with pbx(faults=stay) as served:
            ran = shell("apply", book, *at(served), "--yes", "--attempts", "2", "--give-up-after", "0", "--json")
            assert "trunk/update" not in calls(served)
        assert ran.code == 6
        assert ran.error["code"] == "pbx-unreachable"
        assert SECRET not in ran.err


@pytest.mark.usefixtures("secret")
def test_results_that_cannot_lie_beside_the_workbook_stay_in_the_runs_folder(shell: Shell, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    book = write_book(place / "book.xlsx")
    run = tmp_path / "run"
    with pbx(on_change=lambda _: shutil.rmtree(place, ignore_errors=True)) as served:
        ran = shell("apply", book, *at(served), "--yes", "--run-dir", run, "--json")
    assert ran.code == 0
    assert ran.json["results"] == str(run / "results.xlsx")
    assert (run / "results.xlsx").exists()
    assert "The results are in" in ran.err


class TestFlagsForManyPbxs:
    """A workbook for one PBX would be written whatever they say: outside of the window, or though it is left out."""

    @pytest.mark.parametrize(
        "flags",
        [
            ("--window", "01:00-04:00", "--time-zone", "UTC"),
            ("--only-pbx", "berlin"),
            ("--skip-pbx", "berlin"),
            ("--waves", "1,rest"),
            ("--gate-command", "exit 1"),
            ("--workers", "redis://127.0.0.1"),
        ],
        ids=lambda flags: flags[0],
    )
    def test_are_refused_where_there_is_one(self, shell: Shell, book: Path, flags: tuple[str, ...]) -> None:
        ran = shell("apply", book, "--practice", "--yes", *flags)
        clear(ran, 2)
        assert f"{flags[0]} is about many PBXs, and this workbook is for one." in ran.err
        assert list(book.parent.iterdir()) == [book]

    def test_are_refused_by_commands_that_write_nothing_too(self, shell: Shell, book: Path) -> None:
        for command in (["check"], ["plan", "--practice"]):
            clear(shell(command[0], book, *command[1:], "--only-pbx", "berlin"), 2)

    def test_are_refused_for_a_run_of_one_and_how_many_at_a_time_is_not(self, shell: Shell, book: Path) -> None:
        assert shell("apply", book, "--practice", "--yes", *FAST, "--pbxs", 3).code == 0
        run = last_run(book)
        ran = shell("undo", run, "--yes", "--wave", "2")
        clear(ran, 2)
        assert "--wave is about many PBXs, and this run is for one." in ran.err
        clear(shell("resume", run, "--yes", "--window", "01:00-04:00"), 2)
        assert shell("verify", run, "--pbxs", 2).code == 0
