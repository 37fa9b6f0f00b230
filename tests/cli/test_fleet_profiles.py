"""Profiles of a fleet: which PBX a cell means, as whom, and that no secret goes where only a workbook says."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

import pytest

from batch.cli.fleet_profiles import fleet_profiles
from batch.cli.profiles import settings_of
from batch.errors import UsageError
from batch.secret_sources import find_client_secret
from batch.settings import Settings

BERLIN = '[berlin]\nurl = "https://192.0.2.1:8088"\nclient_id = "b"\nrate = 3\nwave = 2\nsite = "north"\n'
PARIS = '[paris]\nurl = "https://192.0.2.2:8088"\nclient_id = "p"\n'


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put two profiles into the operator's own place; the current folder is another one."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    file = tmp_path / "own" / "trunk-batch" / "trunk-batch.toml"
    file.parent.mkdir(parents=True)
    file.write_text(BERLIN + PARIS)
    return file


class Command:
    """A command that was typed for a workbook, and what it told."""

    def __init__(self, command: str = "plan", **typed: object) -> None:
        usual = {"command": command, "workbook": Path("offices.xlsx"), "practice": None}
        self.flags = Namespace(**{**usual, **typed})
        self.told: list[str] = []

    def ask(self, pbx: str) -> Settings:
        return fleet_profiles(self.flags, self.told.append)(pbx)

    def refused(self, pbx: str) -> UsageError:
        with pytest.raises(UsageError) as caught:
            self.ask(pbx)
        return caught.value

    def settings(self) -> Settings:
        return settings_of(self.flags, self.told.append)


class TestWhatIsRefused:
    @pytest.mark.usefixtures("profiles")
    @pytest.mark.parametrize(("flag", "value"), [("url", "https://192.0.2.1:8088"), ("profile", "berlin")])
    def test_one_pbx_for_all_rows(self, flag: str, value: str) -> None:
        error = Command(**{flag: value}).refused("berlin")
        assert error.message == f"--{flag} names one PBX, and the workbook names the PBX of each row."
        assert error.hint == f"Leave --{flag} out; --only-pbx chooses some."

    @pytest.mark.usefixtures("profiles")
    def test_a_name_that_is_no_profile(self) -> None:
        assert "has no profile brlin" in Command().refused("brlin").message

    def test_a_profile_that_is_wrong_and_no_other_one(self, profiles: Path) -> None:
        profiles.write_text(BERLIN + PARIS + "speed = 5\n")
        assert f"{profiles}: 'speed' is not a setting" in Command().refused("paris").message
        assert Command().ask("berlin").client_id == "b"

    @pytest.mark.usefixtures("profiles")
    def test_a_file_that_cannot_be_read_whatever_is_asked_for(self) -> None:
        Path("trunk-batch.toml").write_text("[berlin\n")
        assert "cannot be read" in Command().refused("paris").message

    @pytest.mark.usefixtures("profiles")
    def test_a_secret_that_is_nowhere_and_nobody_is_asked_for_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("keyring.get_password", lambda *_: None)
        with pytest.raises(UsageError, match=r"no client secret for b@https://192\.0\.2\.1:8088\.$"):
            find_client_secret(Command().ask("berlin"), None)


class TestAName:
    @pytest.mark.usefixtures("profiles")
    def test_is_its_profile_with_what_was_typed_on_top(self) -> None:
        settings = Command(timeout=9.0).ask("berlin")
        said = (settings.url, settings.client_id, settings.rate, settings.timeout, settings.in_wave, settings.site)
        assert said == ("https://192.0.2.1:8088", "b", 3, 9.0, 2, "north")
        assert settings.url_from.flags == ("--profile", "berlin")
        assert Command(rate=7.0).ask("berlin").rate == 7

    def test_is_looked_up_in_the_file_that_was_named_alone(self, profiles: Path, tmp_path: Path) -> None:
        named = tmp_path / "other.toml"
        named.write_text(PARIS.replace("192.0.2.2", "192.0.2.9"))
        command = Command(profile_file=named)
        assert command.ask("paris").url == "https://192.0.2.9:8088"
        assert "has no profile berlin" in command.refused("berlin").message
        assert command.settings().pbx_addresses == {"paris": "https://192.0.2.9:8088"}
        assert profiles.exists()

    @pytest.mark.usefixtures("profiles")
    def test_is_not_led_elsewhere_by_an_environment_that_is_meant_for_one_pbx(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {"URL": "https://192.0.2.99", "CLIENT_ID": "x", "FINGERPRINT": "ab", "RATE": "5"}.items():
            monkeypatch.setenv(f"TRUNK_BATCH_{name}", value)
        command = Command()
        paris = command.ask("paris")
        assert (paris.url, paris.client_id, paris.rate) == ("https://192.0.2.2:8088", "p", 5)
        assert paris.fingerprint == "ab"
        assert command.told == ["TRUNK_BATCH_URL is not used: the workbook names the PBX of each row."]

    def test_trusts_its_own_certificate_rather_than_that_of_the_environment(
        self, profiles: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        profiles.write_text(f'{BERLIN}fingerprint = "cd"\n{PARIS}')
        monkeypatch.setenv("TRUNK_BATCH_INSECURE", "yes")
        berlin = Command().ask("berlin")
        assert (berlin.fingerprint, berlin.insecure) == ("cd", False)
        assert Command(insecure=True).ask("berlin").insecure
        assert Command().ask("paris").insecure

    @pytest.mark.usefixtures("profiles")
    def test_of_the_current_folder_counts_but_decides_about_no_secret_and_that_is_told_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = Path("trunk-batch.toml")
        here.write_text("".join(f'[{name}]\nurl = "https://{name}"\nsecret_file = "x"\n' for name in ("rome", "oslo")))
        monkeypatch.setenv("TRUNK_BATCH_SECRET_FILE", "y")
        command = Command()
        ask = fleet_profiles(command.flags, command.told.append)
        for name in ("rome", "oslo"):
            assert (ask(name).url, ask(name).secret_file, ask(name).url_from.vouched) == (
                f"https://{name}",
                None,
                False,
            )
        assert [note[:27] for note in command.told] == ["Its secret_file do not coun"]
        assert ask("berlin").secret_file == Path("y")


class TestAnAddress:
    def test_that_a_profile_has_is_that_profile(self, profiles: Path) -> None:
        settings = Command().ask("192.0.2.1:8088")
        assert (settings.client_id, settings.url_from.vouched) == ("b", True)
        assert settings.url_from.words == f"--profile berlin in {profiles}"

    def test_gets_the_usual_settings_and_the_client_that_was_typed(self, profiles: Path) -> None:
        profiles.write_text(f"[default]\nrate = 4\n{BERLIN}")
        settings = Command(client_id="typed").ask("https://192.0.2.7")
        assert (settings.url, settings.client_id, settings.rate) == ("https://192.0.2.7", "typed", 4)

    @pytest.mark.usefixtures("profiles")
    def test_gets_no_secret_that_was_not_kept_for_it(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr("keyring.get_password", lambda *_: None)
        (tmp_path / "secret").write_text("Sample-secret")
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_ID", "script")
        monkeypatch.setenv("TRUNK_BATCH_CLIENT_SECRET", "Sample-secret")
        monkeypatch.setenv("TRUNK_BATCH_SECRET_FILE", str(tmp_path / "secret"))
        with pytest.raises(UsageError) as caught:
            find_client_secret(Command().ask("https://192.0.2.7"), None)
        assert "script@https://192.0.2.7, an address from the column PBX of the workbook." in caught.value.message
        assert "If this is your PBX, add a profile with its url to trunk-batch.toml" in caught.value.hint
        typed = Command(secret_file=tmp_path / "secret").ask("https://192.0.2.7")
        assert find_client_secret(typed, None).reveal() == "Sample-secret"


class TestRehearsing:
    @pytest.mark.usefixtures("profiles")
    def test_needs_no_profile_but_takes_what_one_says(self) -> None:
        command = Command(practice=True)
        assert command.ask("anything").practice
        assert command.ask("berlin").in_wave == 2

    @pytest.mark.usefixtures("profiles")
    def test_goes_on_without_a_file_that_cannot_be_read_and_says_so(self) -> None:
        Path("trunk-batch.toml").write_text("[berlin\n")
        command = Command(practice=True)
        assert command.ask("berlin").in_wave is None
        assert [note.endswith("Nothing of it is used.") for note in command.told] == [True]


class TestTheNamesThereAre:
    def test_without_any_profile_a_check_judges_no_name_and_a_plan_knows_none(self, profiles: Path) -> None:
        profiles.unlink()
        assert Command("check").settings().pbx_addresses is None
        assert Command("plan").settings().pbx_addresses == {}

    @pytest.mark.usefixtures("profiles")
    def test_are_those_of_both_files_and_the_first_file_that_has_one_speaks_for_it(self) -> None:
        Path("trunk-batch.toml").write_text('[paris]\nurl = "https://here"\n[rome]\nrate = 2\n')
        for command in ("check", "plan"):
            assert Command(command).settings().pbx_addresses == {
                "paris": "https://here",
                "rome": "",
                "berlin": "https://192.0.2.1:8088",
            }

    def test_share_the_address_of_default_where_they_have_none(self, profiles: Path) -> None:
        profiles.write_text('[default]\nurl = "https://one"\n[night]\nrate = 2\n')
        assert Command().settings().pbx_addresses == {"default": "https://one", "night": "https://one"}

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
    @pytest.mark.usefixtures("profiles")
    def test_are_not_those_of_a_file_that_others_may_write_to(self) -> None:
        here = Path("trunk-batch.toml")
        here.write_text('[rome]\nurl = "https://here"\n')
        here.chmod(0o666)
        assert set(Command().settings().pbx_addresses or ()) == {"berlin", "paris"}

    def test_are_none_where_a_file_cannot_be_read_that_the_command_does_without_and_that_is_told(
        self, profiles: Path
    ) -> None:
        Path("trunk-batch.toml").write_text('[default]\nurl = "https://here"\n')
        profiles.write_text("[berlin\n")
        command = Command()
        settings = command.settings()
        assert (settings.url, settings.pbx_addresses) == ("https://here", {})
        assert command.told[0].startswith(f"{profiles} cannot be read: ")
        assert command.told[0].endswith(" No profile of it is known.")
