"""Profiles: what a table says, which file speaks for the operator, and what none may decide."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from batch.cli.profiles import find_profile
from batch.errors import UsageError
from tests.cli.shell import FAST, SECRET, Shell, at, calls, pbx, write_book

BOOK = Path("book.xlsx")


def profile(folder: Path, text: str, name: str | None = None) -> Mapping[str, Any]:
    """Read a profile from a file that was named."""
    file = folder / "trunk-batch.toml"
    file.write_text(text, encoding="utf-8")
    return find_profile(name, file, BOOK).values


def refused(folder: Path, text: str, name: str | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        profile(folder, text, name)
    assert caught.value.message.startswith(str(folder / "trunk-batch.toml"))
    return caught.value


class TestATable:
    def test_without_a_file_there_is_none_unless_one_was_named(self) -> None:
        assert find_profile(None, None, BOOK).values == {}
        with pytest.raises(UsageError, match=r"There is no trunk-batch.toml for the profile night"):
            find_profile("night", None, BOOK)

    def test_the_default_table_is_taken_where_none_is_named(self, tmp_path: Path) -> None:
        text = "[default]\nrate = 2\n[night]\nrate = 5\n"
        assert profile(tmp_path, text) == {"rate": 2}
        assert profile(tmp_path, text, "night") == {"rate": 5}
        assert profile(tmp_path, "[default]\nrate = 2\ntimeout = 9\n[night]\nrate = 5\n", "night") == {
            "rate": 5,
            "timeout": 9,
        }
        assert profile(tmp_path, "[night]\nrate = 5\n") == {}

    @pytest.mark.parametrize("line", ['secret_file = "a"', 'fingerprint = "3F"', "insecure = true"])
    def test_of_default_what_is_for_its_own_pbx_is_not_taken_over_by_a_profile_with_another(
        self, tmp_path: Path, line: str
    ) -> None:
        key = line.partition(" ")[0]
        usual = f'[default]\nurl = "https://a"\nclient_id = "x"\n{line}\n[night]\n'
        assert profile(tmp_path, f'{usual}url = "https://b"\n', "night") == {"url": "https://b", "client_id": "x"}
        assert key in profile(tmp_path, f"{usual}rate = 5\n", "night")
        assert key in profile(tmp_path, f'[default]\n{line}\n[night]\nurl = "https://b"\n', "night")

    def test_a_default_that_is_wrong_is_told_with_any_profile(self, tmp_path: Path) -> None:
        assert "speed" in refused(tmp_path, "[default]\nspeed = 5\n[night]\nrate = 5\n", "night").message

    def test_a_relative_ca_file_lies_beside_the_profile(self, tmp_path: Path) -> None:
        assert profile(tmp_path, '[default]\nca_file = "pbx.pem"\n') == {"ca_file": tmp_path / "pbx.pem"}
        assert profile(tmp_path, '[default]\nca_file = "/etc/pbx.pem"\n') == {"ca_file": Path("/etc/pbx.pem")}

    def test_an_unknown_profile_names_those_there_are(self, tmp_path: Path) -> None:
        assert refused(tmp_path, "[a]\n[b]\n", "c").hint == "There is: a, b."
        assert refused(tmp_path, "", "c").hint == "There is: none."

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
            "secrets = 'SIP_*'",
            "secrets = ['SIP_*', 5]",
        ],
    )
    def test_a_value_of_the_wrong_type_is_refused(self, tmp_path: Path, line: str) -> None:
        assert f"{line.split(maxsplit=1)[0]} cannot be " in refused(tmp_path, f"[default]\n{line}\n").message

    def test_a_number_out_of_its_range_is_refused(self, tmp_path: Path) -> None:
        error = refused(tmp_path, "[default]\nrate = 0\n")
        assert error.message.endswith("rate cannot be 0.")
        assert error.hint == "It must be a number from 0.1 to 10,000."

    def test_a_time_zone_that_there_is_not_is_refused_with_the_file_that_names_it(self, tmp_path: Path) -> None:
        error = refused(tmp_path, '[default]\ntime_zone = "Europe/Berln"')
        assert ": time_zone: there is no time zone 'Europe/Berln'; give one like Europe/Berlin" in error.message

    def test_it_says_in_which_wave_and_at_which_site_its_pbx_is(self, tmp_path: Path) -> None:
        values = profile(tmp_path, '[default]\nwave = 3\nsite = "north"\ntime_zone = "Europe/Berlin"')
        assert values == {"in_wave": 3, "site": "north", "time_zone": "Europe/Berlin"}
        assert refused(tmp_path, "[default]\nwave = 0").hint == "It must be a whole number from 1 to 999."
        assert "wave cannot be '3'." in refused(tmp_path, '[default]\nwave = "3"').message

    def test_a_line_outside_of_any_profile_is_refused_rather_than_overlooked(self, tmp_path: Path) -> None:
        error = refused(tmp_path, 'url = "https://pbx"\n')
        assert error.message.endswith("'url' is outside of a profile.")
        assert error.hint == "Put a line [default] above it, or [NAME]."

    def test_what_is_no_toml_or_no_text_is_refused(self, tmp_path: Path) -> None:
        assert "cannot be read" in refused(tmp_path, "[default\n").message
        (tmp_path / "trunk-batch.toml").write_bytes(b"\xff\xfe[\x00")
        with pytest.raises(UsageError, match="cannot be read"):
            find_profile(None, tmp_path / "trunk-batch.toml", BOOK)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The operator's own place."""
    folder = tmp_path / "home" / ".config" / "trunk-batch"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workbook that somebody sent in a folder of its own, and the operator stands elsewhere."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    return write_book(folder / "book.xlsx")


def write_profile(folder: Path, url: str, *more: str, table: str = "default") -> Path:
    file = folder / "trunk-batch.toml"
    lines = [f"[{table}]", f'url = "{url}"', 'client_id = "script"', *more]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


class TestWhichFileCounts:
    def test_the_operators_own_place_does_and_is_where_xdg_says(
        self, shell: Shell, unpacked: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
    ) -> None:
        with pbx() as served:
            file = write_profile(home, served.url)
            ran = shell("plan", unpacked)
            assert ran.code == 0
            assert ran.err == f"PBX: {served.url} (from [default] in {file})\n"
            monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
            assert shell("plan", unpacked).code == 2
            (tmp_path / "xdg" / "trunk-batch").mkdir(parents=True)
            write_profile(tmp_path / "xdg" / "trunk-batch", served.url)
            assert shell("plan", unpacked).code == 0
        assert secret not in ran.out + ran.err

    @pytest.mark.parametrize("command", ["plan", "apply"])
    def test_one_beside_the_workbook_does_not_and_is_named_with_what_to_do(
        self, shell: Shell, unpacked: Path, home: Path, command: str, secret: str
    ) -> None:
        with pbx() as stranger, pbx() as own:
            beside = write_profile(unpacked.parent, stranger.url)
            write_profile(home, own.url)
            words = [command, unpacked, *(("--yes", "--settle-wait", "0") if command == "apply" else ())]
            ran = shell(*words)
            assert ran.code == 0
            assert calls(stranger) == []
            assert calls(own)
            assert f"{beside} is beside the workbook and is not used" in ran.err
            assert f"--profile-file {beside}" in ran.err
            ran = shell(*words, "--profile-file", beside)
            assert calls(stranger)
        assert f"PBX: {stranger.url} (from [default] in {beside})" in ran.err
        assert secret not in ran.out + ran.err

    def test_a_named_profile_is_not_looked_for_beside_the_workbook(self, shell: Shell, unpacked: Path) -> None:
        beside = write_profile(unpacked.parent, "https://pbx.invalid", table="night")
        ran = shell("plan", unpacked, "--profile", "night", "--json")
        assert (ran.code, ran.error["message"]) == (2, "There is no trunk-batch.toml for the profile night.")
        assert f"--profile-file {beside}" in ran.error["hint"]

    @pytest.mark.usefixtures("secret")
    def test_one_in_the_current_folder_does_and_is_named(self, shell: Shell, unpacked: Path, home: Path) -> None:
        with pbx() as served:
            write_profile(home, served.url, table="night")
            here = Path.cwd() / "trunk-batch.toml"
            here.write_text("[default]\nrate = 900\n")
            flags = ("--url", served.url, "--client-id", "script")
            assert shell("plan", unpacked, *flags).err.splitlines() == [
                f"Settings: [default] in {here}",
                f"PBX: {served.url} (from --url)",
            ]
            ran = shell("plan", unpacked, "--profile", "night")
        assert ran.code == 0
        assert f"PBX: {served.url} (from --profile night in {home / 'trunk-batch.toml'})" in ran.err

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_one_that_others_may_write_to_does_not(self, shell: Shell, unpacked: Path, what: str) -> None:
        here = write_profile(Path.cwd(), "https://pbx.invalid")
        (here if what == "file" else here.parent).chmod(0o777)
        ran = shell("plan", unpacked)
        assert ran.code == 2
        assert f"{here} is not used: others may write to {'it' if what == 'file' else 'its folder'}." in ran.err
        assert f"--profile-file {here}" in ran.err

    @pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root gives files away")
    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_one_of_another_user_does_not(self, shell: Shell, unpacked: Path, what: str) -> None:
        here = write_profile(Path.cwd(), "https://pbx.invalid")
        os.chown(here if what == "file" else here.parent, 12345, 12345)
        ran = shell("plan", unpacked)
        assert ran.code == 2
        assert f"{here} is not used: {'it' if what == 'file' else 'its folder'} belongs to another user." in ran.err

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with names in folders")
    def test_a_pipe_is_no_profile_and_is_not_waited_for(self, shell: Shell, unpacked: Path) -> None:
        os.mkfifo(Path.cwd() / "trunk-batch.toml")
        ran = shell("plan", unpacked, "--json")
        assert ran.code == 2
        assert ran.error["message"].endswith("trunk-batch.toml cannot be read: it is no regular file.")

    @pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root gives files away")
    @pytest.mark.parametrize("text", ["url = [", "[default]\nspeed = 5\n"])
    def test_one_of_another_user_stops_nothing_whatever_is_in_it(
        self, shell: Shell, unpacked: Path, text: str, secret: str
    ) -> None:
        here = Path.cwd() / "trunk-batch.toml"
        here.write_text(text)
        os.chown(here, 12345, 12345)
        with pbx() as served:
            ran = shell("plan", unpacked, *at(served))
        assert ran.code == 0
        assert f"{here} is not used: it belongs to another user." in ran.err
        assert secret not in ran.err

    @pytest.mark.parametrize("text", ["url = [", "[default]\nspeed = 5\n", "rate = 2\n"])
    def test_one_that_cannot_be_understood_is_told_and_stops_only_what_needs_it(
        self, shell: Shell, unpacked: Path, text: str, secret: str
    ) -> None:
        here = Path.cwd() / "trunk-batch.toml"
        here.write_text(text)
        with pbx() as served:
            asking = shell("plan", unpacked, *at(served), "--json")
            assert (asking.code, calls(served)) == (2, [])
        told = f"{asking.error['message']} Nothing of it is used.\n"
        assert told.startswith(str(here))
        for command in ("check", "plan"):
            ran = shell(command, unpacked, "--practice")
            assert ran.code == 0
            assert told in ran.err
            assert shell(command, unpacked, "--practice", "--profile-file", here).code == 2
        for words in (("template", "-o", "new.xlsx"), ("runs",), ("--version",)):
            ran = shell(*words)
            assert (ran.code, ran.err) == (0, "")
        assert secret not in asking.err


class TestWhatAFileOfTheCurrentFolderMayNotDecide:
    """It may have come with the workbook: she unpacked it and stands in there."""

    @pytest.fixture(autouse=True)
    def _inside(self, unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(unpacked.parent)

    @pytest.mark.usefixtures("secret")
    def test_the_secret_of_the_environment_does_not_go_to_its_address(self, shell: Shell, unpacked: Path) -> None:
        with pbx() as stranger:
            file = write_profile(unpacked.parent, stranger.url)
            ran = shell("plan", unpacked, "--json")
            assert calls(stranger) == []
            assert ran.code == 2
            assert ran.error["message"] == (
                f"There is no client secret for script@{stranger.url}, an address from [default] in {file}. "
                "TRUNK_BATCH_CLIENT_SECRET is not sent there: it may be meant for another PBX."
            )
            assert f"--url {stranger.url}" in ran.error["hint"]
            assert SECRET not in ran.out + ran.err
            assert shell("plan", unpacked, "--url", stranger.url).code == 0

    def test_a_secret_that_was_stored_for_its_address_does(self, shell: Shell, unpacked: Path, ring: Any) -> None:
        with pbx() as served:
            write_profile(unpacked.parent, served.url)
            ring.kept["trunk-batch", f"script@{served.url}"] = SECRET
            assert shell("plan", unpacked).code == 0

    @pytest.mark.usefixtures("secret")
    def test_the_offered_command_does_not_make_its_address_the_operators_word(
        self, shell: Shell, unpacked: Path, ring: Any
    ) -> None:
        with pbx() as served:
            write_profile(unpacked.parent, served.url, table="night")
            ring.kept["trunk-batch", f"script@{served.url}"] = SECRET
            offered = shell("plan", unpacked, "--profile", "night").out.splitlines()[-1]
        assert offered.startswith(f"Next: trunk-batch apply {unpacked} --profile night --client-id script ")
        assert "--url" not in offered

    @pytest.mark.parametrize("line", ["insecure = true", 'fingerprint = "ab"', 'ca_file = "x.pem"'])
    def test_whom_to_trust_at_an_address_of_the_operators(
        self, shell: Shell, unpacked: Path, line: str, secret: str
    ) -> None:
        with pbx() as served:
            file = write_profile(unpacked.parent, "https://pbx.invalid", line)
            ran = shell("plan", unpacked, *at(served))
        assert ran.code == 0
        key = line.partition(" ")[0]
        assert f"Its {key} do not count" in ran.err
        assert f"--profile-file {file}" in ran.err
        assert secret not in ran.err

    def test_where_a_secret_lies_and_what_cells_may_read(self, unpacked: Path, tmp_path: Path) -> None:
        lines = ['secret_file = "x"', 'secrets = ["SIP_*"]']
        write_profile(unpacked.parent, "https://pbx.invalid", *lines)
        inside = find_profile(None, None, unpacked)
        assert {"secret_file", "secrets_from"} & {key for key, value in inside.values.items() if value} == set()
        assert "Its secret_file and secrets do not count" in inside.notes[-1]
        (tmp_path / "other").mkdir()
        link = unpacked.with_name("link.xlsx")
        link.symlink_to(tmp_path / "other" / "book.xlsx")
        assert "secrets_from" not in find_profile(None, None, link).values
        elsewhere = find_profile(None, None, tmp_path / "other" / "book.xlsx")
        assert elsewhere.values["secrets_from"] == ("SIP_*",)

    @pytest.mark.usefixtures("secret")
    def test_a_run_at_its_address_does_not_make_it_the_operators_word(
        self, shell: Shell, unpacked: Path, ring: Any
    ) -> None:
        fault = {"call": "trunk/update", "do": "drop_before", "times": "always"}
        with pbx(faults=[fault]) as served:
            write_profile(unpacked.parent, served.url)
            ring.kept["trunk-batch", f"script@{served.url}"] = SECRET
            assert shell("apply", unpacked, "--yes", "--attempts", "1").code == 5
            run = next(unpacked.with_name("book.runs").iterdir())
            ring.kept.clear()
            before = calls(served)
            ran = shell("resume", run, "--json")
            assert (ran.code, calls(served)) == (2, before)
            assert "TRUNK_BATCH_CLIENT_SECRET is not sent there" in ran.error["message"]


class TestTheEnvironment:
    @pytest.mark.usefixtures("secret")
    def test_names_the_profile(self, shell: Shell, unpacked: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pbx() as served:
            write_profile(home, served.url, table="night")
            monkeypatch.setenv("TRUNK_BATCH_PROFILE", "night")
            ran = shell("plan", unpacked)
            assert ran.code == 0
            assert f"from --profile night in {home}" in ran.err
            monkeypatch.setenv("TRUNK_BATCH_PROFILE", "day")
            assert "no profile day" in shell("plan", unpacked).err
            assert shell("plan", unpacked, "--profile", "night").code == 0

    @pytest.mark.usefixtures("secret")
    def test_names_the_file(self, shell: Shell, unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pbx() as served:
            monkeypatch.setenv("TRUNK_BATCH_PROFILE_FILE", str(write_profile(unpacked.parent, served.url)))
            assert shell("plan", unpacked).code == 0

    def test_gives_every_setting_of_a_command_and_says_so(
        self, shell: Shell, unpacked: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRUNK_BATCH_ONLY", "Paris")
        monkeypatch.setenv("TRUNK_BATCH_PRACTICE", "yes")
        monkeypatch.setenv("TRUNK_BATCH_READ_BACK", "no")
        ran = shell("plan", unpacked, "--json")
        assert [change["trunk"]["name"] for change in ran.json["changes"]] == ["Paris"]
        assert "From the environment: TRUNK_BATCH_ONLY=Paris, TRUNK_BATCH_READ_BACK=no\n" in ran.err
        ran = shell("plan", unpacked, "--json", "--only", "London")
        assert [change["trunk"]["name"] for change in ran.json["changes"]] == ["London"]
        assert "From the environment: TRUNK_BATCH_READ_BACK=no\n" in ran.err
        assert "From the environment: TRUNK_BATCH_ONLY=Paris\n" in shell("check", unpacked).err

    def test_a_brokers_password_is_not_told(
        self, shell: Shell, unpacked: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRUNK_BATCH_WORKERS", "redis://:Sample-broker@127.0.0.1")
        monkeypatch.setenv("TRUNK_BATCH_PRACTICE", "yes")
        ran = shell("plan", unpacked)
        assert "From the environment: TRUNK_BATCH_WORKERS=<hidden>\n" in ran.err
        assert "Sample-broker" not in ran.out + ran.err
        monkeypatch.setenv("TRUNK_BATCH_WORKERS", "http://:Sample-broker@127.0.0.1")
        ran = shell("plan", unpacked)
        assert "TRUNK_BATCH_WORKERS: that is not a broker's address; give one like " in ran.err
        assert "Sample-broker" not in ran.out + ran.err

    def test_may_not_say_what_cannot_be(self, shell: Shell, unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TRUNK_BATCH_SKIP_INVALID", "perhaps")
        ran = shell("plan", unpacked, "--practice")
        assert (ran.code, ran.out) == (2, "")
        assert "TRUNK_BATCH_SKIP_INVALID: 'perhaps' is neither yes nor no." in ran.err

    def test_does_not_send_a_secret_where_a_file_of_the_current_folder_says(
        self, shell: Shell, unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "secret").write_text(SECRET)
        monkeypatch.setenv("TRUNK_BATCH_SECRET_FILE", str(tmp_path / "secret"))
        with pbx() as served:
            write_profile(Path.cwd(), served.url)
            assert shell("plan", unpacked).code == 2
            assert calls(served) == []
            monkeypatch.setenv("TRUNK_BATCH_URL", served.url)
            assert shell("plan", unpacked).code == 0


@pytest.mark.usefixtures("secret")
def test_the_offered_command_names_the_profile_so_that_its_results_are_named_by_it(
    shell: Shell, unpacked: Path, home: Path
) -> None:
    with pbx() as served:
        write_profile(home, served.url, "settle_wait = 0", table="night")
        *_, offered = shell("plan", unpacked, "--profile", "night").out.splitlines()
        assert offered.startswith("Next: trunk-batch apply ")
        words = shlex.split(offered.removeprefix("Next: trunk-batch "))
        assert words[2:4] == ["--profile", "night"]
        assert "--url" not in words
        assert shell(*words, "--yes").code == 0
    assert unpacked.with_name("book-results-night.xlsx").exists()


@pytest.mark.usefixtures("secret")
def test_results_are_named_by_the_profile_and_so_are_those_of_a_run_gone_on_with(
    shell: Shell, unpacked: Path, home: Path
) -> None:
    refused = {"call": "trunk/update", "match": {"id": 1}, "do": "errcode", "errcode": 40002, "times": 1}
    with pbx(faults=[refused]) as served:
        write_profile(home, served.url, table="berlin-2")
        ran = shell("apply", unpacked, "--profile", "berlin-2", "--yes", *FAST)
        assert ran.code == 5
        results = unpacked.with_name("book-results-berlin_2.xlsx")
        assert results.exists()
        again = shell("apply", results, "--profile", "berlin-2", "--yes", "--json", *FAST)
        assert Path(again.json["results"]).parent == results.parent
        assert Path(again.json["run"]).parent == unpacked.with_name("book.runs")
        assert not unpacked.with_name("book-results.xlsx").exists()


class TestASecretFileOfAProfile:
    def test_it_is_for_the_profiles_own_address_alone(self, shell: Shell, unpacked: Path, home: Path) -> None:
        (home / "pbx-secret").write_text(SECRET)
        with pbx() as own, pbx() as other:
            write_profile(home, own.url, 'secret_file = "pbx-secret"')
            assert shell("plan", unpacked).code == 0
            assert shell("plan", unpacked, "--url", f"{own.url}/").code == 0
            ran = shell("plan", unpacked, "--url", other.url)
            assert ran.code == 2
            assert calls(other) == []
        assert "is not used: it is for another address" in ran.err
