"""Secret sources: where the client secret is looked for, and what password cells may name."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import keyring.errors
import pytest

from batch.errors import UsageError
from batch.secret_sources import CellSecrets, find_client_secret
from batch.secrets import NoSecret, Secret
from batch.settings import Origin, Settings
from tests.cli.conftest import Ring
from tests.cli.shell import SECRET, Shell, at, pbx, write_book

BOOK = Path("book.xlsx")
NAMED = Settings(workbook=BOOK, url="https://pbx.example:8088", client_id="script")


class TestClientSecret:
    def test_each_place_is_asked_in_its_order(
        self, tmp_path: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def found(**more: Any) -> str:
            settings = Settings(workbook=BOOK, url=NAMED.url, client_id="script", **more)
            return find_client_secret(settings, lambda _: "Sample-prompt").reveal()

        assert found() == "Sample-prompt"
        ring.kept["trunk-batch", "script@https://pbx.example:8088"] = "Sample-ring"
        assert found() == "Sample-ring"
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", "Sample-environment")
        assert found() == "Sample-environment"
        file = tmp_path / "secret.txt"
        file.write_text("Sample-file\n")
        assert found(secret_file=file) == "Sample-file"
        assert found(secret_file=file, secret=Secret("Sample-script")) == "Sample-script"

    def test_nowhere_names_every_way(self) -> None:
        for prompt in (None, lambda _: ""):
            with pytest.raises(UsageError) as caught:
                find_client_secret(NAMED, prompt)
            error = caught.value
            assert error.message == "There is no client secret for script@https://pbx.example:8088."
            for way in ("TRUNK_BATCH_CLIENT_SECRET", "--secret-file", "terminal", "keyring set trunk-batch"):
                assert way in error.hint

    def test_the_prompt_says_for_which_pbx(self) -> None:
        asked: list[str] = []

        def prompt(text: str) -> str:
            asked.append(text)
            return "Sample-x"

        find_client_secret(NAMED, prompt)
        assert asked == ["Client secret of script@https://pbx.example:8088: "]

    def test_a_machine_without_a_working_keyring_has_none_to_give(self, ring: Ring) -> None:
        ring.broken = keyring.errors.NoKeyringError("none")
        assert find_client_secret(NAMED, lambda _: "Sample-x") == Secret("Sample-x")

    def test_the_keyring_knows_the_pbx_by_its_plain_address(self, shell: Shell, book: Path, ring: Ring) -> None:
        with pbx() as served:
            ring.kept["trunk-batch", f"script@{served.url}"] = SECRET
            ran = shell("plan", book, "--url", f"{served.url}/openapi/v1.0/", "--client-id", "script")
        assert ran.code == 0

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (None, "No such file or directory"),
            (b"", "is empty"),
            (b"\r\n", "is empty"),
            (b"Sample-a\nSample-b\n", "holds more than one line"),
            ("Sample-x".encode("utf-16"), "is not text in UTF-8"),
            (b"Sample-a\x0bSample-b", "holds more than one line"),
            ("Sample-a\u2028Sample-b".encode(), "holds more than one line"),
            (b"A=Sample-a\0B=Sample-b\0", "holds control characters, which no password has"),
            (b"Sample-\x1b[31mx", "holds control characters, which no password has"),
        ],
    )
    def test_a_secret_file_that_holds_no_secret_is_named_and_not_quoted(
        self, shell: Shell, book: Path, tmp_path: Path, content: bytes | None, why: str
    ) -> None:
        file = tmp_path / "secret.txt"
        if content is not None:
            file.write_bytes(content)
        ran = shell("plan", book, "--url", "https://pbx.invalid", "--client-id", "a", "--secret-file", file, "--json")
        assert ran.code == 2
        assert str(file) in ran.error["message"]
        assert why in ran.error["message"]
        assert "Sample-" not in ran.out + ran.err

    def test_a_byte_order_mark_and_the_last_line_break_do_not_belong_to_it(self, tmp_path: Path) -> None:
        file = tmp_path / "secret.txt"
        file.write_bytes(b"\xef\xbb\xbfSample- x \r\n")
        settings = Settings(workbook=BOOK, secret_file=file)
        assert find_client_secret(settings, None).reveal() == "Sample- x "

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
    def test_a_pipe_from_a_password_program_may_be_named(self) -> None:
        reading, writing = os.pipe()
        os.write(writing, b"Sample-piped\n")
        os.close(writing)
        try:
            settings = Settings(workbook=BOOK, secret_file=Path(f"/dev/fd/{reading}"))
            assert find_client_secret(settings, None) == Secret("Sample-piped")
        finally:
            os.close(reading)

    def test_an_address_that_the_operator_did_not_give_gets_only_what_was_stored_for_it(
        self, ring: Ring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", "Sample-environment")
        found = Origin(words="[default] in x.toml", vouched=False)
        settings = Settings(workbook=BOOK, url=NAMED.url, client_id="script", url_from=found)
        asked: list[str] = []

        def prompt(text: str) -> str:
            asked.append(text)
            return "Sample-prompt"

        assert find_client_secret(settings, prompt) == Secret("Sample-prompt")
        assert asked == ["Client secret of script@https://pbx.example:8088 (address from [default] in x.toml): "]
        ring.kept["trunk-batch", "script@https://pbx.example:8088"] = "Sample-ring"
        assert find_client_secret(settings, prompt) == Secret("Sample-ring")


def looked_up(text: str, *allowed: str) -> Secret | NoSecret:
    return CellSecrets(Settings(workbook=BOOK, secrets_from=allowed).secrets_from)(text)


def why(text: str, *allowed: str) -> tuple[str, str]:
    found = looked_up(text, *allowed)
    assert isinstance(found, NoSecret)
    return found.code, found.message


class TestCellSecret:
    def test_a_cell_holds_a_password_or_says_where_it_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SIP_LONDON", "Sample-e")
        (tmp_path / "london.txt").write_text("Sample-f\n")
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "x").write_text("Sample-h")
        assert looked_up("Sample-p") == Secret("Sample-p")
        assert looked_up("envelope:5") == Secret("envelope:5")
        assert looked_up("env:SIP_LONDON", "SIP_*") == Secret("Sample-e")
        assert looked_up("file:london.txt", "./") == Secret("Sample-f")
        assert looked_up(f"file:{tmp_path}/london.txt", f"{tmp_path}/london.txt") == Secret("Sample-f")
        assert looked_up("file:~/x", "~/") == Secret("Sample-h")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
    @pytest.mark.parametrize("file", ["/proc/self/environ", "/proc/self/cmdline"])
    def test_what_a_process_was_started_with_is_no_password_even_where_everything_may_be_read(self, file: str) -> None:
        if not os.path.exists(file):  # noqa: PTH110 - a text
            pytest.skip("this system tells it elsewhere")
        words = f"The file {file} holds control characters, which no password has."
        assert why(f"file:{file}", "/") == ("secret-not-found", words)

    @pytest.mark.parametrize("value", ["Sample-a\nSample-b", "Sample-a\rSample-b"])
    def test_a_variable_of_several_lines_is_no_password(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("SIP_KEY", value)
        words = "The environment variable SIP_KEY holds more than one line."
        assert why("env:SIP_KEY", "SIP_*") == ("secret-not-found", words)

    @pytest.mark.parametrize("text", ["env:SIP_LONDON", "env:NOT_THERE", "env:PATH", "env:HOME"])
    @pytest.mark.parametrize("allowed", [(), ("OTHER_*",), ("sip_*",), ("~/",)])
    def test_a_variable_that_was_not_allowed_is_refused_whether_it_is_there_or_not(
        self, monkeypatch: pytest.MonkeyPatch, text: str, allowed: tuple[str, ...]
    ) -> None:
        monkeypatch.setenv("SIP_LONDON", "Sample-e")
        name = text.removeprefix("env:")
        found = looked_up(text, *allowed)
        assert found == NoSecret(
            code="secret-not-allowed",
            message=f"The cell names the environment variable {name}, which it may not read.",
            fix=f"If you want its content sent as this trunk's password, add --secrets-from {name}; else type the "
            "password here.",
        )

    @pytest.mark.parametrize(
        "name", ["there.txt", "not-there.txt", "folder", "../there.txt", "sip/../there.txt", "~nobody/x", "/etc/shadow"]
    )
    @pytest.mark.parametrize("allowed", [(), ("SIP_*",), ("./sip/",), ("./si",)])
    def test_a_file_that_was_not_allowed_is_refused_whether_it_is_there_or_not(
        self, tmp_path: Path, name: str, allowed: tuple[str, ...]
    ) -> None:
        (tmp_path / "there.txt").write_text("Sample-x")
        (tmp_path / "folder").mkdir()
        (tmp_path / "sip").mkdir()
        assert why(f"file:{name}", *allowed) == (
            "secret-not-allowed",
            f"The cell names the file {name}, which it may not read.",
        )

    @pytest.mark.parametrize("name", ["TRUNK_BATCH_CLIENT_SECRET", "trunk_batch_url", "TRUNK_BATCH_X"])
    def test_variables_of_this_program_are_never_read(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "Sample-x")
        for allowed in ((), ("*",), (name,)):
            code, message = why(f"env:{name}", *allowed)
            assert (code, message) == (
                "secret-not-allowed",
                f"A cell may not name the environment variable {name}: it is this program's own.",
            )

    @pytest.mark.parametrize("text", ["env:SIP_LONDON", "file:some folder/x.txt", "file:it's"])
    def test_what_is_offered_is_accepted_and_allows_that_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        import shlex

        monkeypatch.setenv("SIP_LONDON", "Sample-x")
        (tmp_path / "some folder").mkdir()
        for name in ("some folder/x.txt", "some folder/y.txt", "it's"):
            (tmp_path / name).write_text("Sample-x")
        found = looked_up(text)
        assert isinstance(found, NoSecret)
        offered = shlex.split(found.fix.partition("--secrets-from ")[2].partition("; else ")[0])
        assert looked_up(text, *offered) == Secret("Sample-x")
        assert why("file:some folder/y.txt", *offered)[0] == "secret-not-allowed"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("env:NOT_THERE", "The environment variable NOT_THERE is not set."),
            ("env:A=B", "'A=B' is no name of an environment variable."),
            ("file:not-there.txt", "The file not-there.txt cannot be read: No such file or directory."),
            ("file:folder", "The file folder cannot be read: it is no regular file."),
            ("file:large", "The file large cannot be read: it holds more than 4,096 bytes."),
            ("file:lines", "The file lines holds more than one line."),
            ("file:empty", "The file empty is empty."),
            ("file:binary", "The file binary cannot be read: it is not text in UTF-8."),
            ("file:link", "The file link is a link that leads out of what may be read."),
        ],
    )
    def test_what_is_allowed_and_gives_none_is_said(self, tmp_path: Path, text: str, said: str) -> None:
        sip = tmp_path / "sip"
        (sip / "folder").mkdir(parents=True)
        (tmp_path / "outside").write_text("Sample-x")
        (sip / "link").symlink_to(tmp_path / "outside")
        (sip / "large").write_text("x" * 4097)
        (sip / "lines").write_text("Sample-a\nSample-b\n")
        (sip / "empty").write_text("\n")
        (sip / "binary").write_bytes(b"\xff\xfe\x00")
        os.chdir(sip)
        assert why(text, "*", f"{sip}/") == ("secret-not-found", said)

    def test_a_link_inside_of_an_allowed_folder_and_a_linked_folder_are_followed(self, tmp_path: Path) -> None:
        sip = tmp_path / "sip"
        sip.mkdir()
        (sip / "x").write_text("Sample-x")
        (sip / "link").symlink_to(sip / "x")
        (tmp_path / "short").symlink_to(sip)
        assert looked_up("file:sip/link", "./sip/") == Secret("Sample-x")
        assert looked_up("file:short/x", "./short/") == Secret("Sample-x")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has none of them in folders")
    def test_what_is_no_file_is_refused_and_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
            assert why("file:pipe", "./")[1] == "The file pipe cannot be read: it is no regular file."
            assert why("file:socket", "./")[0] == "secret-not-found"
        assert why("file:/dev/zero", "/dev/")[1] == "The file /dev/zero cannot be read: it is no regular file."

    @pytest.mark.parametrize("source", ["env:SIP_*", "file:~/sip/", "a b", "", "SIP-*", "[ab]"])
    def test_what_is_neither_a_name_nor_a_place_cannot_be_allowed(self, source: str) -> None:
        with pytest.raises(UsageError, match="Passwords cannot be read from"):
            Settings(workbook=BOOK, secrets_from=(source,))

    def test_a_cell_cannot_name_what_no_file_can_be_called(self) -> None:
        assert why("file:a\0b", "./")[0] == "secret-not-found"


class TestWhatIsAllowedFromWhere:
    @pytest.fixture
    def naming(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A workbook whose cells name a variable twice and a file once."""
        monkeypatch.setenv("SIP_CARRIER", "Sample-carrier")
        (tmp_path / "sip").mkdir()
        (tmp_path / "sip" / "rome").write_text("Sample-rome")
        return write_book(
            tmp_path / "book.xlsx",
            trunks=[
                ("Name", "Password"),
                ("London", "env:SIP_CARRIER"),
                ("Paris", "env:SIP_CARRIER"),
                ("Rome", "file:sip/rome"),
            ],
        )

    @pytest.mark.usefixtures("secret")
    def test_flag_environment_and_profile_add_up_for_check_and_plan(
        self, shell: Shell, naming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ran = shell("check", naming, "--json")
        assert ran.code == 3
        assert [(p["cell"], p["code"]) for p in ran.json["problems"]] == [
            ("B2", "secret-not-allowed"),
            ("B3", "secret-not-allowed"),
            ("B4", "secret-not-allowed"),
        ]
        assert shell("check", naming, "--secrets-from", "SIP_*", "--secrets-from", "./sip/").code == 0
        monkeypatch.setenv("TRUNK_BATCH_SECRETS_FROM", "SIP_*")
        assert len(shell("check", naming, "--json").json["problems"]) == 1
        own = tmp_path / "home" / ".config" / "trunk-batch"
        own.mkdir(parents=True)
        (own / "trunk-batch.toml").write_text(f'[default]\nsecrets = ["{tmp_path}/sip/"]\n')
        assert shell("check", naming).code == 0
        with pbx({"id": 1, "name": "London"}, {"id": 2, "name": "Paris"}, {"id": 3, "name": "Rome"}) as served:
            ran = shell("plan", naming, *at(served))
        assert ran.code == 0
        assert "Secrets read from: env SIP_CARRIER (2 trunks), file sip/rome (1 trunk)." in ran.out

    @pytest.mark.usefixtures("secret")
    def test_what_was_read_is_told_before_it_is_sent_and_the_run_keeps_what_was_allowed(
        self, shell: Shell, naming: Path
    ) -> None:
        allowed = ("--secrets-from", "SIP_*", "--secrets-from", "./sip/")
        with pbx({"id": 1, "name": "London"}, {"id": 2, "name": "Paris"}, {"id": 3, "name": "Rome"}) as served:
            ran = shell("apply", naming, "--yes", *at(served), *allowed)
            assert ran.code == 0
            assert "Secrets read from: env SIP_CARRIER (2 trunks), file sip/rome (1 trunk)." in ran.out
            run = next(naming.with_name("book.runs").iterdir())
            assert shell("verify", run, "--json").json == {"match": 3, "differ": []}
        assert "Sample-" not in ran.out + ran.err
