"""Settings: what wins over what, where profiles and secrets are looked for, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keyring.errors
import pytest

from batch.errors import UsageError
from batch.secrets import Secret
from batch.settings import (
    Settings,
    find_cell_secret,
    find_client_secret,
    make_settings,
    profile_places,
    read_profile,
)
from tests.cli.conftest import Ring
from tests.cli.shell import SECRET, Shell, pbx

BOOK = Path("book.xlsx")
NAMED = Settings(workbook=BOOK, url="https://pbx.example:8088", client_id="script")


def profile(folder: Path, text: str, name: str | None = None) -> dict[str, Any]:
    (folder / "trunk-batch.toml").write_text(text, encoding="utf-8")
    return read_profile(name, (folder,))


def refused(folder: Path, text: str, name: str | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        profile(folder, text, name)
    assert caught.value.message.startswith(str(folder / "trunk-batch.toml"))
    return caught.value


def made(flags: Mapping[str, Any], environment: Mapping[str, str], in_profile: Mapping[str, Any]) -> Settings:
    return make_settings({"workbook": BOOK, **flags}, environment, in_profile)


class TestWhatWins:
    def test_a_flag_wins_over_the_environment_and_that_over_the_profile(self) -> None:
        environment = {"TRUNK_BATCH_URL": "https://b", "TRUNK_BATCH_CLIENT_ID": "b"}
        in_profile = {"url": "https://c", "client_id": "c", "rate": 3}
        assert made({"url": "https://a"}, environment, in_profile) == Settings(
            workbook=BOOK, url="https://a", client_id="b", rate=3
        )

    def test_what_is_blank_or_not_given_wins_over_nothing(self) -> None:
        environment = {"TRUNK_BATCH_URL": "", "TRUNK_BATCH_CLIENT_ID": ""}
        settings = made({"url": None, "client_id": ""}, environment, {"url": "https://c", "client_id": "c"})
        assert (settings.url, settings.client_id) == ("https://c", "c")

    def test_zero_is_given(self) -> None:
        assert made({"settle_wait": 0.0}, {}, {"settle_wait": 5}).settle_wait == 0

    def test_a_flag_that_says_whom_to_trust_puts_the_profiles_choice_aside(self) -> None:
        in_profile = {"ca_file": Path("c.pem"), "rate": 3}
        settings = made({"fingerprint": "ab"}, {}, in_profile)
        assert (settings.ca_file, settings.fingerprint, settings.rate) == (None, "ab", 3)

    def test_the_environment_names_the_pbx_for_a_command(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pbx() as served:
            monkeypatch.setenv("TRUNK_BATCH_URL", served.url)
            monkeypatch.setenv("TRUNK_BATCH_CLIENT_ID", "script")
            monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", SECRET)
            assert shell("plan", book).code == 0

    def test_a_profile_beside_the_workbook_names_the_pbx_for_a_command(
        self, shell: Shell, book: Path, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        with pbx() as served:
            lines = ["[default]", f'url = "{served.url}"', 'client_id = "nobody"']
            lines += ["[site]", f'url = "{served.url}"', 'client_id = "script"']
            book.with_name("trunk-batch.toml").write_text("\n".join(lines))
            assert shell("plan", book, "--profile", "site").code == 0
            ran = shell("plan", book)
        assert ran.code == 6
        assert "refused the sign-in" in ran.err
        assert secret not in ran.err

    def test_a_check_reads_no_profile(self, shell: Shell, book: Path) -> None:
        book.with_name("trunk-batch.toml").write_text("not toml")
        assert shell("check", book).code == 0
        ran = shell("plan", book, "--practice")
        assert ran.code == 2
        assert "cannot be read" in ran.err


class TestSettings:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"rate": 0.0}, "rate cannot be 0: it must be a number from 0.1 to 10,000."),
            ({"attempts": 0}, "attempts cannot be 0: it must be a whole number from 1 to 100."),
            ({"on_error": "cry"}, "on_error cannot be 'cry'."),
            ({"proxy": "http://proxy"}, "proxy cannot be 'http://proxy'."),
            ({"allow": ("removal",)}, "There is no hazard 'removal' to allow."),
        ],
    )
    def test_what_cannot_be_is_refused_for_scripts_too(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            Settings(workbook=BOOK, **given)
        assert caught.value.message == message

    def test_a_folder_named_dot_gets_its_name(self, tmp_path: Path) -> None:
        assert Settings(workbook=Path()).workbook == tmp_path
        assert Settings(workbook=Path("..")).workbook == tmp_path.parent
        assert Settings(workbook=BOOK).workbook == BOOK

    def test_secrets_are_not_in_their_repr(self) -> None:
        assert "Sample-" not in repr(Settings(workbook=BOOK, secret=Secret("Sample-x")))

    def test_stopping_at_an_error_is_allowing_one_failure(self) -> None:
        assert Settings(workbook=BOOK).failures_allowed is None
        assert Settings(workbook=BOOK, max_failures=3).failures_allowed == 3
        assert Settings(workbook=BOOK, on_error="stop").failures_allowed == 1


class TestProfiles:
    def test_without_a_file_there_is_none_unless_one_was_named(self, tmp_path: Path) -> None:
        assert read_profile(None, (tmp_path,)) == {}
        with pytest.raises(UsageError, match=r"There is no trunk-batch.toml for the profile night"):
            read_profile("night", (tmp_path,))

    def test_the_default_table_is_taken_where_none_is_named(self, tmp_path: Path) -> None:
        text = "[default]\nrate = 2\n[night]\nrate = 5\n"
        assert profile(tmp_path, text) == {"rate": 2}
        assert profile(tmp_path, text, "night") == {"rate": 5}
        assert profile(tmp_path, "[night]\nrate = 5\n") == {}

    def test_the_first_file_found_is_the_one(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "trunk-batch.toml").write_text("[default]\nrate = 1\n")
        assert read_profile(None, (tmp_path / "a", tmp_path / "b")) == {"rate": 1}

    def test_it_is_looked_for_here_then_beside_the_workbook_then_at_home(self, tmp_path: Path) -> None:
        places = profile_places(tmp_path / "folder" / "book.xlsx")
        assert places[:2] == (tmp_path, tmp_path / "folder")
        assert places[2].name == "trunk-batch"
        assert len(profile_places()) == 2

    def test_a_relative_ca_file_lies_beside_the_profile(self, tmp_path: Path) -> None:
        assert profile(tmp_path, '[default]\nca_file = "pbx.pem"\n') == {"ca_file": tmp_path / "pbx.pem"}
        assert profile(tmp_path, '[default]\nca_file = "/etc/pbx.pem"\n') == {"ca_file": Path("/etc/pbx.pem")}

    def test_an_unknown_profile_names_those_there_are(self, tmp_path: Path) -> None:
        assert refused(tmp_path, "[a]\n[b]\n", "c").hint == "It has: a, b."
        assert refused(tmp_path, "", "c").hint == "It has: none."

    def test_an_unknown_key_names_those_there_are(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "[default]\nspeed = 5\n")
        assert "'speed' is not a setting of a profile" in error.message
        assert "rate" in error.hint

    @pytest.mark.parametrize("key", ["client_secret", "secret", "Password"])
    def test_a_secret_is_refused_and_not_repeated(self, tmp_path: Path, key: str) -> None:
        error = refused(tmp_path, f'[default]\n{key} = "Sample-oops"\n')
        assert "keyring" in error.hint
        assert "Sample-oops" not in error.message + error.hint

    @pytest.mark.parametrize(
        "line",
        [
            'rate = "fast"',
            "rate = true",
            "url = 5",
            "insecure = 1",
            "attempts = 1.5",
            'concurrency = "4"',
            "url = ['a']",
        ],
    )
    def test_a_value_of_the_wrong_type_is_refused(self, tmp_path: Path, line: str) -> None:
        assert f"{line.split(maxsplit=1)[0]} cannot be " in refused(tmp_path, f"[default]\n{line}\n").message

    def test_a_number_out_of_its_range_is_refused(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "[default]\nrate = 0\n")
        assert error.message.endswith("rate cannot be 0.")
        assert error.hint == "It must be a number from 0.1 to 10,000."

    def test_a_line_outside_of_any_profile_is_refused_rather_than_overlooked(self, tmp_path: Path) -> None:
        error = refused(tmp_path, 'url = "https://pbx"\n')
        assert error.message.endswith("'url' stands outside of a profile.")
        assert error.hint == "Put a line [default] above it, or [NAME]."

    def test_what_is_no_toml_or_no_text_is_refused(self, tmp_path: Path) -> None:
        assert "cannot be read" in refused(tmp_path, "[default\n").message
        (tmp_path / "trunk-batch.toml").write_bytes(b"\xff\xfe[\x00")
        with pytest.raises(UsageError, match="cannot be read"):
            read_profile(None, (tmp_path,))


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


class TestCellSecret:
    def test_a_cell_holds_a_password_or_says_where_it_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LONDON", "Sample-e")
        (tmp_path / "london.txt").write_text("Sample-f\n")
        assert find_cell_secret("Sample-p") == Secret("Sample-p")
        assert find_cell_secret("envelope:5") == Secret("envelope:5")
        assert find_cell_secret("env:LONDON") == Secret("Sample-e")
        assert find_cell_secret("file:london.txt") == Secret("Sample-f")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("env:NOT_THERE", "The environment variable NOT_THERE is not set."),
            ("file:not-there.txt", "The file not-there.txt cannot be read: No such file or directory."),
            (
                "file:~nobody-of-this-name/x",
                "The file ~nobody-of-this-name/x cannot be read: there is no such home folder.",
            ),
        ],
    )
    def test_where_it_is_not_is_said(self, text: str, why: str) -> None:
        assert find_cell_secret(text) == why

    def test_a_home_directory_is_understood(self, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "x").write_text("Sample-h")
        assert find_cell_secret("file:~/x") == Secret("Sample-h")


class TestSecret:
    def test_it_never_shows_itself(self) -> None:
        secret = Secret("Sample-x")
        assert {str(secret), repr(secret), f"{secret}", f"{secret:s}"} == {"<hidden>"}
        assert secret.reveal() == "Sample-x"
        with pytest.raises(TypeError, match="not pickled"):
            secret.__reduce__()

    def test_equal_values_are_equal_and_an_empty_one_is_false(self) -> None:
        assert Secret("Sample-x") == Secret("Sample-x") != Secret("Sample-y")
        assert len({Secret("Sample-x"), Secret("Sample-x")}) == 1
        assert Secret("Sample-x") != "Sample-x"
        assert not Secret("")
