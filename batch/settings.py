"""Settings: one frozen value for everything that flags, environment and profile say, and the one table of options.

Each field of `Settings` that people can give is an `Option`: flags, help, profiles, what a run keeps and what is
offered to be typed next follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from batch.errors import UsageError
from batch.options import (
    ACCEPTABLE,
    HAZARDS,
    Option,
    Part,
    acceptable,
    broker,
    digest,
    entry,
    hazard,
    kind_written,
    region,
    source_of_secrets,
    taken,
    time_span,
    time_zone,
    waves,
    window,
)
from batch.secrets import Secret

GOING_ON: Final = ("resume", "verify", "undo")
"""Commands that have from the run what they are not told."""
_OF_WORKBOOKS: Final = ("plan", "apply", "resume", "restore")
_WRITING_COMMANDS: Final = (*_OF_WORKBOOKS, "undo")
_ASKING_COMMANDS: Final = ("export", *_WRITING_COMMANDS, "verify")
_READING: Final = Part(("check", "plan", "apply"))
_CHECK: Final = Part(("check",))
_EXPORT: Final = Part(("export",))
_PLAN: Final = Part(("plan",))
_APPLY: Final = Part(("apply",))
_PORTING: Final = Part(("plan", "apply"))
_BEGINNING: Final = Part(("apply", "undo", "restore"))
_ENDING: Final = Part(("apply", "resume", "undo", "restore"))
WHERE: Final = Part(_ASKING_COMMANDS, "where")
_PROFILE: Final = Part(("check", *_ASKING_COMMANDS), "where")
_WHICH: Final = Part(("export", "check", *_OF_WORKBOOKS), "which trunks")
_ONLY: Final = Part(("export", "check", *_WRITING_COMMANDS), "which trunks")
_ASKING: Final = Part(_ASKING_COMMANDS, "how")
_WRITING: Final = Part(_WRITING_COMMANDS, "how")
MANY: Final = "many PBXs"
"""The heading of what a workbook for one PBX has no use for."""
_PBXS: Final = ("plan", "apply", "resume", "verify", "undo")
_WHICH_PBX: Final = Part(("check", *_PBXS), MANY)
_HOURS: Final = Part(("apply", "resume"), MANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the address of the PBX came from."""

    words: str = ""
    """For people: ``--url``, ``--profile berlin in /home/ann/trunk-batch.toml``; blank where a script gave it."""
    vouched: bool = True
    """Whether the operator gave it. A file that may have come with the workbook does not speak for them: no secret
    goes there that was not stored for this very address."""
    flags: tuple[str, ...] = ()
    """The flags that name it again, where a profile gives it."""
    to_vouch: str = ""
    """How the operator gives it themselves, where that is not by ``--url``: in words behind *If this is your PBX,*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that one command is told. Defaults, and the order, are those of the command line.

    Raises:
        UsageError: when made with a number out of its bounds, or a word that there is not.
    """

    workbook: Path
    """File, or folder of CSV files; for `export` what is to be written."""
    run_copy: Path | None = None
    """The run's own copy of the workbook, to be read in its place."""
    undoes: Path | None = None
    """The folder of the run that is undone; `run_copy` then says what goes back."""
    restores: bool = False
    """Whether everything goes back to what the workbook, an export, holds."""
    columns: Path | None = entry(
        None,
        "a file that says which sheet and column means what, where the workbook's own names do not",
        _READING,
        metavar="FILE.toml",
        kept=False,
    )
    secrets_from: tuple[str, ...] = entry(
        (),
        "what env: and file: in password cells may name, like 'SIP_*' or ~/sip/; repeatable",
        Part(("check", *_OF_WORKBOOKS, "verify")),
        metavar="NAME|FOLDER",
        profile="secrets",
        trust=True,
    )
    as_: str = entry(
        "",
        "what the rows of a list are, where its headers do not say it",
        _READING,
        choices=("dids", "caller-ids", "trunks"),
    )
    trunk: str = entry(
        "", "the trunk of all rows of a list without a column Trunk, by name or id", _READING, metavar="TRUNK"
    )
    mode: str = entry(
        "",
        "what rows do to the list of their trunk, where no cell says it",
        _READING,
        choices=("replace", "add", "remove"),
    )
    write_columns: Path | None = entry(
        None,
        "write the best guess of such a file there, to be corrected; it must not be there yet",
        _CHECK,
        metavar="FILE.toml",
        kept=False,
    )
    marked: Path | None = entry(
        None, "write the workbook there with what is wrong shown in its cells", _CHECK, kept=False
    )
    output: Path | None = entry(
        None, "write the plan as a workbook too", _PLAN, short="-o", metavar="FILE.xlsx", kept=False, apart=True
    )
    portal: Path | None = entry(
        None,
        "a folder to write instead of a workbook, with files as the PBX's own portal exports and imports them",
        _EXPORT,
        metavar="DIR",
        kept=False,
    )
    expect: str = entry(
        "", "write only if the plan still has this digest", _BEGINNING, metavar="DIGEST", reader=digest, kept=False
    )
    approved: Path | None = entry(
        None,
        "write only what this signed plan approves: the file of plan -o, or what plan --json printed",
        _APPLY,
        metavar="PLAN.xlsx|PLAN.json",
        kept=False,
    )
    detailed_exitcode: bool = entry(
        False, "end with exit code 10 where there is something to write, 0 where there is nothing", _PLAN, kept=False
    )
    results: Path | None = entry(None, "where the results go", _ENDING, otherwise="NAME-results.xlsx beside it")
    run_dir: Path | None = entry(
        None,
        "the run's own folder",
        _BEGINNING,
        metavar="DIR",
        otherwise="in NAME.runs beside the workbook",
        kept=False,
    )
    failed_only: Path | None = entry(
        None,
        "write only the rows of trunks that were not done, to correct and apply",
        _ENDING,
        metavar="FILE.xlsx",
        kept=False,
        apart=True,
    )
    summary: Path | None = entry(
        None,
        "write a page to print or send: the plan, for approval; or what came of it, for the archive",
        Part(_WRITING_COMMANDS),
        metavar="FILE.html",
        kept=False,
        apart=True,
    )
    url: str = entry("", "the PBX's address, like https://192.0.2.10:8088", WHERE, profile="url")
    url_from: Origin = Origin()
    pbx_addresses: Mapping[str, str] | None = None
    """Of each profile that a workbook may name as a row's PBX, its address; None where none is known."""
    client_id: str = entry("", "the id of its API client", WHERE, metavar="ID", profile="client_id")
    secret: Secret | None = None
    secret_file: Path | None = entry(
        None,
        "a file with the client secret (otherwise TRUNK_BATCH_CLIENT_SECRET, the system keyring, or a prompt)",
        WHERE,
        profile="secret_file",
        trust=True,
    )
    practice: bool = entry(False, "use the built-in practice PBX instead: no real trunk is touched", WHERE)
    profile: str = entry(
        "",
        "a profile of trunk-batch.toml; results are named after it",
        _PROFILE,
        metavar="NAME",
        otherwise="the one called default",
    )
    profile_file: Path | None = entry(
        None,
        "the trunk-batch.toml to use, in place of those in your own settings and in the current folder",
        _PROFILE,
        kept=False,
    )
    ca_file: Path | None = entry(None, "trust the certificates in this PEM file", WHERE, profile="ca_file", trust=True)
    fingerprint: str = entry(
        "",
        "trust the one certificate with this fingerprint",
        WHERE,
        metavar="SHA256",
        profile="fingerprint",
        trust=True,
    )
    insecure: bool = entry(False, "do not check the certificate", WHERE, profile="insecure", trust=True)
    proxy: str = entry(
        "", "use the proxies that the environment names", WHERE, choices=("env",), profile="proxy", trust=True
    )
    only: tuple[str, ...] = entry((), "only these, by name or id", _ONLY, metavar="TRUNK", nargs="+")
    first: int | None = entry(None, "only the first N of the trunks", _WHICH, bounds=(1, 1_000_000))
    rate: float = entry(10.0, "start at most N requests a second", _ASKING, bounds=(0.1, 10_000), profile="rate")
    concurrency: int = entry(
        4, "have at most N requests under way at a time", _ASKING, bounds=(1, 500), profile="concurrency"
    )
    attempts: int = entry(5, "try a request at most N times", _ASKING, bounds=(1, 100), profile="attempts")
    timeout: float = entry(
        30.0, "seconds to wait for an answer", _ASKING, metavar="S", bounds=(0.1, 3_600), profile="timeout"
    )
    give_up_after: float = entry(
        300.0,
        "seconds without any answer after which the PBX counts as lost",
        _ASKING,
        metavar="S",
        bounds=(0, 86_400),
        profile="give_up_after",
    )
    on_error: str = entry("continue", "what to do after a trunk that failed", _WRITING, choices=("continue", "stop"))
    max_failures: int | None = entry(None, "stop after N trunks that failed", _WRITING, bounds=(1, 1_000_000))
    allow: tuple[str, ...] = entry(
        (),
        f"let a hazard happen: {', '.join(HAZARDS)}; or for one trunk, like removals=TRUNK; repeatable",
        Part(("check", *_WRITING_COMMANDS), "how"),
        metavar="HAZARD",
        reader=hazard,
    )
    accept: tuple[str, ...] = entry(
        (),
        "accept what check offers for unclear cells: lists (several numbers), or counts (… x 100); repeatable",
        Part(("check", *_OF_WORKBOOKS), "how"),
        metavar="|".join(ACCEPTABLE),
        reader=acceptable,
    )
    move_order: str = entry(
        "add-first",
        "whether a DID that moves is added to its new trunk before it is removed from the old one, or after",
        _WRITING,
        choices=("add-first", "remove-first"),
    )
    port_order: Path | None = entry(None, "the carrier's list of numbers to compare with", _PORTING, kept=False)
    size_percent: float = entry(
        20.0, "the share of its DIDs a plan may take away or move", _WRITING, bounds=(0, 100), profile="size_percent"
    )
    size_trunks: int = entry(
        50, "the number of trunks a plan may write", _WRITING, bounds=(1, 1_000_000), profile="size_trunks"
    )
    region: str = entry(
        "",
        "the region of national numbers, like GB",
        _WRITING,
        otherwise="as the numbers say",
        profile="region",
        reader=region,
    )
    skip_invalid: bool = entry(False, "leave out trunks with errors, with all their rows", Part(_OF_WORKBOOKS, "how"))
    read_back: bool = entry(True, "do not read back what was written", _WRITING)
    settle_wait: float = entry(
        10.0,
        "seconds after the last write until the trunks' statuses are read again; 0 for never",
        _WRITING,
        metavar="S",
        bounds=(0, 3_600),
        profile="settle_wait",
    )
    confirm_within: str = entry(
        "",
        "go back by itself unless somebody confirms the run in this time, like 30m: yes at the prompt, or confirm RUN",
        Part(("apply",), "how"),
        metavar="TIME",
        reader=time_span,
        kept=False,
    )
    only_pbx: tuple[str, ...] = entry((), "only these, by profile or address", _WHICH_PBX, metavar="PBX", nargs="+")
    skip_pbx: tuple[str, ...] = entry((), "all but these", _WHICH_PBX, metavar="PBX", nargs="+")
    pbxs: int = entry(8, "work on at most N of them at a time", Part(("export", *_PBXS), MANY), bounds=(1, 500))
    waves: str = entry(
        "",
        "how many there are in each wave, in the workbook's order, like 1,5,20,rest",
        Part(("plan", "apply", "resume"), MANY),
        metavar="N,N,rest",
        otherwise="as the column Wave or the profiles say, else all in one",
        reader=waves,
    )
    wave: int | None = entry(
        None, "take back only what this wave wrote", Part(("undo",), MANY), bounds=(1, 999), kept=False
    )
    in_wave: int | None = entry(None, "", Part(()), bounds=(1, 999), profile="wave", kept=False)
    window: str = entry(
        "",
        "begin with no trunk outside of these hours, like 01:00-04:00",
        _HOURS,
        metavar="FROM-TO",
        reader=window,
    )
    time_zone: str = entry(
        "",
        "where those hours are meant, like Europe/Berlin",
        _HOURS,
        metavar="ZONE",
        profile="time_zone",
        reader=time_zone,
    )
    gate_command: str = entry(
        "",
        "asked between two waves in your place: it gets the wave as JSON on stdin, and exit code 0 goes on",
        _HOURS,
        metavar="COMMAND",
        trust=True,
    )
    workers: Secret | None = entry(
        None,
        "hand them to workers near the PBXs by this broker, like rediss://HOST:6379/0",
        Part((*_PBXS, "status"), MANY),
        metavar="BROKER_URL",
        reader=broker,
        kept=False,
    )
    site: str = entry("", "", Part(()), profile="site", kept=False)
    log: Path | None = entry(
        None, "write each request to this file, as JSON lines without secrets", _ASKING, kept=False, apart=True
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be, take a text for a path or for one of several, and give a workbook ``.`` its name."""
        object.__setattr__(self, "workbook", taken(_WORKBOOK, self.workbook))
        for name, option in OPTIONS.items():
            value = getattr(self, name)
            if value is not option.usual:
                value = taken(option, value)
                object.__setattr__(self, name, value)
            if value is not None and option.bounds and (reason := option.why_not(value)):
                raise UsageError(f"{name} cannot be {value:g}: it {reason}.", "Give another number.")
            if option.choices and value not in {option.usual, *option.choices}:
                raise UsageError(f"{name} cannot be {value!r}.", f"Give {' or '.join(option.choices)}.")
        _check_words(self)
        _check_texts(self)
        object.__setattr__(self, "secrets_from", tuple(dict.fromkeys(map(source_of_secrets, self.secrets_from))))
        if self.workbook.name in {"", ".."}:
            object.__setattr__(self, "workbook", self.workbook.resolve())

    @property
    def resumed(self) -> bool:
        """Whether they are those of a run that is gone on with."""
        return self.run_copy is not None and self.run_copy.parent == self.run_dir

    @property
    def failures_allowed(self) -> int | None:
        """After how many trunks gone wrong to stop; None for never."""
        return 1 if self.on_error == "stop" else self.max_failures


def _check_words(settings: Settings) -> None:
    """Refuse words that there are not, or that do not go together."""
    if settings.as_ == "trunks" and settings.trunk:
        raise UsageError(
            "--trunk says whose the rows of a list are, and --as trunks that it is none.",
            "Leave one of them out. To take only one trunk of a workbook, give --only.",
        )
    for allowed in settings.allow:
        if allowed.partition("=")[0] not in HAZARDS:
            raise UsageError(f"There is no hazard {allowed!r} to allow.", f"There are {', '.join(HAZARDS)}.")
    if both := [pbx for pbx in settings.only_pbx if pbx in settings.skip_pbx]:
        raise UsageError(f"{both[0]} is both to be done and to be left out.", "Give one of --only-pbx and --skip-pbx.")
    for accepted in settings.accept:
        if accepted not in ACCEPTABLE:
            raise UsageError(f"Nothing to accept is called {accepted!r}.", f"Give {' or '.join(ACCEPTABLE)}.")


def _check_texts(settings: Settings) -> None:
    """Refuse what a flag would not have taken."""
    for name in ("confirm_within", "waves", "window", "time_zone", "workers"):
        value, reader = getattr(settings, name), OPTIONS[name].reader
        try:
            if value and reader:
                reader(value.reveal() if isinstance(value, Secret) else value)
        except ValueError as error:
            raise UsageError(f"{name}: {error}.", "Give another one.") from None


_WORKBOOK: Final = Option(None, "", _CHECK, name="workbook", kind=Path)
OPTIONS: Final[Mapping[str, Option]] = {
    field.name: field.metadata["option"]._replace(name=field.name, kind=kind_written(str(field.type)))
    for field in fields(Settings)
    if field.metadata
}
"""All that people can give, by the name of its field in `Settings`."""


def as_settings(given: Settings | Path | str) -> Settings:
    """Take a workbook's path, or its text, for the settings that name nothing else."""
    return given if isinstance(given, Settings) else Settings(workbook=Path(given))


def settings_given(given: Mapping[str, Any]) -> dict[str, Any]:
    """Take settings that a script gives for a run that is there, each of its kind; None was not given.

    Raises:
        UsageError: there is no such setting, or it is of another kind.
    """
    names = {field.name for field in fields(Settings)}
    if unknown := [name for name in given if name not in names]:
        raise UsageError(f"There is no setting {unknown[0]}.", f"There are {', '.join(OPTIONS)}.")
    return {
        name: taken(OPTIONS[name], value) if name in OPTIONS and value is not None else value
        for name, value in given.items()
    }
