"""Settings: what wins over what, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from batch.errors import UsageError
from batch.joined_settings import Profile, kept_settings, make_settings, settings_again
from batch.secrets import Secret
from batch.settings import Origin, Settings
from tests.cli.shell import SECRET, Shell, pbx

BOOK = Path("book.xlsx")


def made(flags: Mapping[str, Any], environment: Mapping[str, str], in_profile: Mapping[str, Any]) -> Settings:
    return make_settings({"workbook": BOOK, **flags}, environment, Profile(values=in_profile))


class TestWhatWins:
    def test_a_flag_wins_over_the_environment_and_that_over_the_profile(self) -> None:
        environment = {"TRUNK_BATCH_URL": "https://b", "TRUNK_BATCH_CLIENT_ID": "b"}
        in_profile = {"url": "https://c", "client_id": "c", "rate": 3}
        assert made({"url": "https://a"}, environment, in_profile) == Settings(
            workbook=BOOK, url="https://a", url_from=Origin(words="--url"), client_id="b", rate=3
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

    def test_so_does_the_environment(self) -> None:
        settings = made({}, {"TRUNK_BATCH_INSECURE": "1"}, {"fingerprint": "ab", "rate": 3})
        assert (settings.insecure, settings.fingerprint, settings.rate) == (True, "", 3)

    def test_the_environment_names_the_pbx_for_a_command(
        self, shell: Shell, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pbx() as served:
            monkeypatch.setenv("TRUNK_BATCH_URL", served.url)
            monkeypatch.setenv("TRUNK_BATCH_CLIENT_ID", "script")
            monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", SECRET)
            assert shell("plan", book).code == 0


class TestSettings:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"rate": 0.0}, "rate cannot be 0: it must be a number from 0.1 to 10,000."),
            ({"attempts": 0}, "attempts cannot be 0: it must be a whole number from 1 to 100."),
            ({"on_error": "cry"}, "on_error cannot be 'cry'."),
            ({"proxy": "http://proxy"}, "proxy cannot be 'http://proxy'."),
            ({"allow": ("removal",)}, "There is no hazard 'removal' to allow."),
            ({"waves": "all"}, "waves: 'all' does not say how many PBXs each wave has, like 1,5,20,rest."),
            ({"window": "1-4"}, "window: '1-4' does not say from when to when, like 01:00-04:00 or 22:00-02:00."),
            (
                {"confirm_within": "soon"},
                "confirm_within: 'soon' is not a time of up to 24 hours, like 30m, 90s or 2h.",
            ),
            ({"only_pbx": "bonn", "skip_pbx": "bonn"}, "bonn is both to be done and to be left out."),
        ],
    )
    def test_what_cannot_be_is_refused_for_scripts_too(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            Settings(workbook=BOOK, **given)
        assert caught.value.message == message

    def test_a_script_gives_a_text_for_a_path_and_one_text_for_several(self) -> None:
        settings = Settings(workbook="book.xlsx", only="Paris-1", allow=["removals"], results=Path("r.xlsx"), log="l")  # type: ignore[arg-type]
        assert settings == Settings(
            workbook=BOOK, only=("Paris-1",), allow=("removals",), results=Path("r.xlsx"), log=Path("l")
        )

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"only": 5}, "only cannot be 5."),
            ({"only": ["London", 5]}, "only cannot be ['London', 5]."),
            ({"workbook": 5}, "workbook cannot be 5."),
            ({"log": 5}, "log cannot be 5."),
            ({"rate": "5"}, "rate cannot be '5'."),
            ({"practice": "no"}, "practice cannot be 'no'."),
            ({"url": 5}, "url cannot be 5."),
        ],
    )
    def test_a_script_that_gives_something_else_is_told(self, given: dict[str, Any], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            Settings(**{"workbook": BOOK, **given})
        assert caught.value.message == message

    def test_a_folder_named_dot_gets_its_name(self, tmp_path: Path) -> None:
        assert Settings(workbook=Path()).workbook == tmp_path
        assert Settings(workbook=Path("..")).workbook == tmp_path.parent
        assert Settings(workbook=BOOK).workbook == BOOK

    def test_secrets_are_not_in_their_repr(self) -> None:
        assert "Sample-" not in repr(Settings(workbook=BOOK, secret=Secret("Sample-x")))

    def test_a_brokers_password_is_in_no_repr_no_message_and_nothing_that_a_run_keeps(self) -> None:
        settings = Settings(workbook=BOOK, workers="redis://:Sample-x@broker", gate_command="ask")  # type: ignore[arg-type]
        assert settings.workers == Secret("redis://:Sample-x@broker")
        assert "Sample-" not in repr(settings)
        assert "workers" not in kept_settings(settings)
        with pytest.raises(UsageError) as caught:
            Settings(workbook=BOOK, workers=Secret("Sample-x"))
        assert caught.value.message.startswith("workers: that is not a broker's address; give one like ")

    def test_a_run_that_somebody_else_began_decides_on_no_command(self, tmp_path: Path) -> None:
        kept = kept_settings(Settings(workbook=BOOK, gate_command="ask", waves="1,rest"))
        for vouched, command in ((True, "ask"), (False, "")):
            again = settings_again(kept, {}, Origin(vouched=vouched), workbook=BOOK, run_dir=tmp_path)
            assert (again.gate_command, again.waves) == (command, "1,rest")

    def test_stopping_at_an_error_is_allowing_one_failure(self) -> None:
        assert Settings(workbook=BOOK).failures_allowed is None
        assert Settings(workbook=BOOK, max_failures=3).failures_allowed == 3
        assert Settings(workbook=BOOK, on_error="stop").failures_allowed == 1


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
