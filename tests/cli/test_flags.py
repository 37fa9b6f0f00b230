"""What is typed behind ``trunk-batch``: understood, or refused with what to type instead."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from batch.cli.arguments import PORT, make_parser, parse
from batch.errors import UsageError, exit_codes_and_errors
from batch.settings import OPTIONS
from tests.cli.shell import Shell

COMMANDS = (
    "template",
    "export",
    "check",
    "plan",
    "apply",
    "resume",
    "verify",
    "undo",
    "restore",
    "confirm",
    "status",
    "runs",
    "practice",
    "worker",
    "explain",
)


def refusal(*words: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse(words)
    return caught.value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("apply", "b.xlsx", "--rate", "0"), "--rate: must be a number from 0.1 to 10,000."),
        (("apply", "b.xlsx", "--rate", "nan"), "--rate: must be a number from 0.1 to 10,000."),
        (("apply", "b.xlsx", "--rate", "fast"), "--rate: 'fast' is not a number."),
        (("apply", "b.xlsx", "--concurrency", "0"), "--concurrency: must be a whole number from 1 to 500."),
        (("apply", "b.xlsx", "--concurrency", "1.5"), "--concurrency: '1.5' is not a whole number."),
        (("apply", "b.xlsx", "--timeout", "x"), "--timeout: 'x' is not a number."),
        (("apply", "b.xlsx", "--timeout", "0"), "--timeout: must be a number from 0.1 to 3,600."),
        (("plan", "b.xlsx", "--attempts", "0"), "--attempts: must be a whole number from 1 to 100."),
        (("plan", "b.xlsx", "--first", "0"), "--first: must be a whole number from 1 to 1,000,000."),
        (("plan", "b.xlsx", "--max-failures", "-1"), "--max-failures: must be a whole number from 1 to 1,000,000."),
        (("plan", "b.xlsx", "--give-up-after", "-1"), "--give-up-after: must be a number from 0 to 86,400."),
        (("plan", "b.xlsx", "--settle-wait", "inf"), "--settle-wait: must be a number from 0 to 3,600."),
        (("apply", "b.xlsx", "--pbxs", "0"), "--pbxs: must be a whole number from 1 to 500."),
        (("apply", "b.xlsx", "--pbxs", "501"), "--pbxs: must be a whole number from 1 to 500."),
        (("undo", "run", "--wave", "0"), "--wave: must be a whole number from 1 to 999."),
        (("plan", "b.xlsx", "--waves", "rest,1"), "--waves: 'rest,1' does not say how many PBXs each wave has, like"),
        (("plan", "b.xlsx", "--waves", "1,,5"), "--waves: '1,,5' does not say how many PBXs each wave has, like"),
        (("plan", "b.xlsx", "--waves", "1,0"), "--waves: '1,0' does not say how many PBXs each wave has, like"),
        (("apply", "b.xlsx", "--window", "1-4"), "--window: '1-4' does not say from when to when, like 01:00-04:00"),
        (("apply", "b.xlsx", "--window", "23:00-25:00"), "--window: '23:00-25:00' does not say from when to when,"),
        (("apply", "b.xlsx", "--window", "4:00-04:00"), "--window: '4:00-04:00' ends when it begins; give hours like"),
        (
            ("apply", "b.xlsx", "--time-zone", "europe/berlin"),
            "--time-zone: there is no time zone 'europe/berlin'; give one like Europe/Berlin, ",
        ),
        (("apply", "b.xlsx", "--time-zone", "Europe"), "--time-zone: there is no time zone 'Europe'; give one like "),
        (("apply", "b.xlsx", "--time-zone", "../UTC"), "--time-zone: there is no time zone '../UTC'; give one like "),
        (("apply", "b.xlsx", "--workers", "http://pbx"), "--workers: that is not a broker's address; give one like "),
        (("apply", "b.xlsx", "--workers", "redis://"), "--workers: that is not a broker's address; give one like "),
        (("check", "b.xlsx", "--pbxs", "2"), "There is no flag --pbxs."),
        (("undo", "run", "--waves", "1"), "There is no flag --waves."),
        (("plan", "b.xlsx", "--window", "01:00-04:00"), "There is no flag --window."),
        (("plan", "b.xlsx", "--site", "berlin"), "There is no flag --site."),
        (("plan", "b.xlsx", "--in-wave", "1"), "There is no flag --in-wave."),
        (("practice", "--port", "99999"), "--port: must be a whole number from 0 to 65,535."),
        (
            ("plan", "b.xlsx", "--allow", "removal"),
            "--allow: there is no hazard 'removal'; there are removals, unknown-keys, unread-lists, reorder,",
        ),
        (
            ("plan", "b.xlsx", "--on-error", "cry"),
            "--on-error: invalid choice: 'cry' (choose from ",
        ),
        (("plan", "b.xlsx", "--url"), "--url: expected one argument."),
        (("aply",), "There is no command aply."),
        (("aply", "b.xlsx", "--yes"), "There is no command aply."),
        (("apply", "b.xlsx", "--dry-run"), "There is no flag --dry-run: plan shows what would change,"),
        (("apply",), "apply needs a WORKBOOK."),
        (("resume",), "resume needs a RUN: its folder, or its id."),
        (("verify", "--json"), "verify needs a RUN: its folder, or its id."),
        (("status",), "status needs a RUN: its folder, or its id."),
        (("resume", "a", "--expect", "x"), "There is no flag --expect."),
        (("resume", "a", "--run-dir", "x"), "There is no flag --run-dir."),
        (("verify", "a", "--yes"), "There is no flag --yes."),
        (("verify", "a", "--allow", "removals"), "There is no flag --allow."),
        (("status", "a", "--url", "x"), "There is no flag --url."),
        (("runs", "a", "b"), "trunk-batch runs cannot do anything with b."),
        (("check", "a.xlsx", "b.xlsx"), "trunk-batch check cannot do anything with b.xlsx."),
        (("check", "a.xlsx", "--yes"), "There is no flag --yes."),
        (("--json",), "There is no flag --json."),
    ],
)
def test_what_cannot_be_is_a_usage_error_in_one_sentence(words: tuple[str, ...], message: str) -> None:
    error = refusal(*words)
    assert error.message.startswith(message)  # Python's own words differ a little between its versions
    assert error.exit_code == 2
    assert error.hint


def test_a_workbook_behind_only_is_taken_for_a_trunk_and_the_hint_says_where_it_belongs() -> None:
    assert refusal("plan", "--only", "London", "b.xlsx").hint == (
        "Type it right behind the command: trunk-batch plan WORKBOOK --only TRUNK …"
    )


def test_a_mistyped_flag_gets_the_nearest_one() -> None:
    error = refusal("apply", "b.xlsx", "--practise")
    assert (error.message, error.hint) == (
        "There is no flag --practise.",
        "Did you mean --practice? Show what there is: trunk-batch apply --help",
    )
    assert "--skip-invalid" in refusal("plan", "b.xlsx", "--skip-invalids").hint


@pytest.mark.parametrize(
    "words",
    [
        ("--client-secret", "Sample-oops"),
        ("--secret=Sample-oops",),
        ("--secret", "Sample-oops"),
        ("--password", "Sample-oops"),
        ("--pass", "Sample-oops"),
    ],
)
def test_a_secret_typed_as_an_argument_is_refused_and_not_repeated(words: tuple[str, ...]) -> None:
    error = refusal("plan", "b.xlsx", *words)
    assert "Sample-oops" not in error.message + error.hint
    assert error.message.startswith("There is no flag --")


def test_a_mistyped_command_gets_the_nearest_one_and_a_dry_run_the_command_that_is_one() -> None:
    assert refusal("aply", "b.xlsx").hint.startswith("Did you mean apply? There are template, export, check, ")
    assert refusal("frobnicate").hint.startswith("There are template, export, check, ")
    assert refusal("apply", "b.xlsx", "--dry-run").hint == "trunk-batch plan WORKBOOK"


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "tcsh"])
def test_what_completes_commands_flags_and_files_in_a_shell_is_printed(shell: Shell, shell_name: str) -> None:
    ran = shell("--print-completion", shell_name)
    assert ran.code == 0
    assert {"trunk-batch", "apply", "skip-invalid"} <= set(re.findall(r"[a-z]+(?:-[a-z]+)*", ran.out))
    assert ran.out.count("\n") > 20


def test_bash_completes_with_it(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "trunks.xlsx").touch()
    script = shell("--print-completion", "bash").out + (
        'complete_it() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_trunk_batch; echo "${COMPREPLY[@]}"; }\n'
        "complete_it trunk-batch ap; complete_it trunk-batch apply --skip-i; complete_it trunk-batch apply tr\n"
    )
    told = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603, S607 - our own script
    assert told.stdout.split("\n")[:3] == ["apply", "--skip-invalid", "trunks.xlsx"]


def test_help_says_what_the_environment_gives_and_which_proxies_count(shell: Shell) -> None:
    told = " ".join(shell("plan", "--help").out.split())
    assert "by its name behind TRUNK_BATCH_: TRUNK_BATCH_RATE=5" in told
    assert "HTTPS_PROXY" in told
    assert "No .netrc is read." in told
    assert "HTTPS_PROXY" not in shell("check", "--help").out


def test_a_flag_is_never_taken_for_a_longer_one() -> None:
    assert refusal("apply", "b.xlsx", "--ye").message == "There is no flag --ye."


def test_only_and_allow_may_be_repeated() -> None:
    flags = parse(
        ["plan", "b.xlsx", "--only", "A", "--only", "B", "C", "--allow", "removals=A", "--allow", "unknown-keys"]
    )
    assert flags.only == ["A", "B", "C"]
    assert flags.allow == ["removals=A", "unknown-keys"]


def test_a_number_is_in_its_range_at_both_ends_and_whole_where_it_must_be() -> None:
    bounded = [option for option in (PORT, *OPTIONS.values()) if option.bounds]
    assert len(bounded) == 14
    for option in bounded:
        least, most = option.bounds or (0, 0)
        assert not option.why_not(least)
        assert not option.why_not(most)
        assert option.why_not(least - 1)
        assert option.why_not(most * 2)
    assert OPTIONS["attempts"].why_not(1.5)
    assert OPTIONS["attempts"].why_not(float("inf"))
    assert OPTIONS["rate"].why_not(float("nan"))


def test_what_says_how_many_pbxs_are_done_is_read_as_it_is_meant() -> None:
    words = ["--waves", " 01, 5,REST", "--window", "1:00 - 24:00", "--time-zone", " Europe/Berlin", "--pbxs", "20"]
    flags = parse(
        ["apply", "b.xlsx", *words, "--only-pbx", "berlin", "paris", "--skip-pbx", "bonn", "--skip-pbx", "ulm"]
    )
    assert (flags.waves, flags.window, flags.time_zone) == ("1,5,rest", "01:00-00:00", "Europe/Berlin")
    assert (flags.pbxs, flags.only_pbx, flags.skip_pbx) == (20, ["berlin", "paris"], ["bonn", "ulm"])


@pytest.mark.parametrize("command", [("apply", "b.xlsx"), ("worker",)], ids=["apply", "worker"])
def test_a_brokers_password_is_no_argument_and_is_not_repeated(command: Sequence[str]) -> None:
    assert parse([*command, "--workers", "rediss://broker:6379/0"]).workers.reveal() == "rediss://broker:6379/0"
    for scheme in ("rediss", "http"):
        error = refusal(*command, "--workers", f"{scheme}://:Sample-oops@broker:6379/0")
        assert "Sample-oops" not in error.message + error.hint
    assert "TRUNK_BATCH_WORKERS" in refusal(*command, "--workers", "rediss://:Sample-oops@broker:6379/0").hint


def test_a_machine_without_time_zones_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert refusal("apply", "b.xlsx", "--time-zone", "Europe/Nowhere").message == (
        "--time-zone: this machine knows no time zones; install them with: pip install tzdata."
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_ends_well_after_it(shell: Shell, name: str) -> None:
    ran = shell(name, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"usage: trunk-batch {name} ")
    assert ran.err == ""


@pytest.mark.parametrize("name", ["resume", "verify"])
def test_the_help_of_what_goes_on_with_a_run_promises_no_defaults_of_its_own(shell: Shell, name: str) -> None:
    told = " ".join(shell(name, "--help").out.split())
    assert "Everything is as the run has it, its PBX too" in told
    assert "default" not in told
    assert "TRUNK_BATCH_URL" not in told
    assert "TRUNK_BATCH_CLIENT_SECRET" in told


def test_what_resume_and_verify_take() -> None:
    flags = parse(["resume", "run", "--yes", "--results", "r.xlsx", "--only", "A", "--allow", "removals", "--log", "l"])
    assert (flags.run, flags.yes, flags.only, flags.profile) == ("run", True, ["A"], None)
    flags = parse(["verify", "run", "--url", "u", "--rate", "5", "--give-up-after", "0", "--attempts", "1"])
    assert (flags.run, flags.url, flags.rate, flags.give_up_after) == ("run", "u", 5, 0)
    assert parse(["runs"]).place is None


def test_help_of_the_whole_names_every_command(shell: Shell) -> None:
    ran = shell("--help")
    assert ran.code == 0
    assert all(name in ran.out for name in COMMANDS)


def test_without_a_command_the_help_is_shown_and_the_code_is_2(shell: Shell) -> None:
    ran = shell()
    assert ran.code == 2
    assert ran.out == ""
    assert "usage: trunk-batch" in ran.err
    assert f"There are {', '.join(COMMANDS)}." in ran.err


def test_the_version_is_told(shell: Shell) -> None:
    ran = shell("--version")
    assert ran.code == 0
    assert ran.out.split()[0] == "trunk-batch"


@pytest.mark.parametrize(
    "words", [("plan", "b.xlsx", "--rate", "0"), ("aply",), ("check",), ("check", "b", "--nope"), ()]
)
def test_a_usage_error_is_an_object_when_json_is_among_the_arguments(shell: Shell, words: tuple[str, ...]) -> None:
    ran = shell(*words, "--json")
    assert ran.code == 2
    assert ran.error["code"] == "usage"
    assert ran.error["message"] in ran.err
    assert ran.error["hint"] in ran.err


def test_every_exit_code_of_the_design_is_explained() -> None:
    assert list(exit_codes_and_errors()[0]) == [0, 1, 2, 3, 4, 5, 6, 10, 130]
    assert make_parser().prog == "trunk-batch"
