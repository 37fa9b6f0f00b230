"""Settings: one frozen value for everything that flags, environment and profile say, and the bounds of each number.

A flag wins over the environment, the environment over the profile; what cells may read secrets from adds up.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, NamedTuple

from batch.errors import UsageError
from batch.secrets import Secret


class Range(NamedTuple):
    """From least to most, both included."""

    least: float
    most: float
    whole: bool = False


RANGES: Final = {
    "port": Range(0, 65_535, whole=True),
    "first": Range(1, 1_000_000, whole=True),
    "rate": Range(0.1, 10_000),
    "concurrency": Range(1, 500, whole=True),
    "attempts": Range(1, 100, whole=True),
    "timeout": Range(0.1, 3_600),
    "max_failures": Range(1, 1_000_000, whole=True),
    "give_up_after": Range(0, 86_400),
    "settle_wait": Range(0, 3_600),
}
"""By flag. Times are in seconds, the rate in starts a second."""

HAZARDS: Final = ("removals", "unknown-keys", "unread-lists", "reorder", "conflicts", "long-numbers")
"""What ``--allow`` takes."""


def why_not(name: str, number: float) -> str:
    """Say what is wrong with a number, in a few words; nothing if nothing is."""
    least, most, whole = RANGES[name]
    if least <= number <= most and (not whole or number == int(number)):
        return ""
    return f"must be a {'whole ' if whole else ''}number from {least:,} to {most:,}"


URL_VARIABLE: Final = "TRUNK_BATCH_URL"
CLIENT_VARIABLE: Final = "TRUNK_BATCH_CLIENT_ID"
SECRETS_FROM_VARIABLE: Final = "TRUNK_BATCH_SECRETS_FROM"

_NAME_PATTERN: Final = re.compile(r"[A-Za-z_*?][\w*?]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the address of the PBX came from."""

    words: str = ""
    """For people: ``--url``, ``--profile berlin in /home/ann/trunk-batch.toml``; blank where a script gave it."""
    vouched: bool = True
    """Whether the operator gave it. A file that may have come with the workbook does not speak for them: no secret
    goes there that was not stored for this very address."""
    flags: tuple[str, ...] = ()
    """The flags that name it again, where ``--url`` would make it the operator's own word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that one command is told. Defaults are those of the command line.

    Raises:
        UsageError: when made with a number out of its range, or a word that there is not.
    """

    workbook: Path
    """File, or folder of CSV files; for `export` the file to be written."""
    url: str = ""
    url_from: Origin = Origin()
    client_id: str = ""
    secret: Secret | None = None
    secret_file: Path | None = None
    secrets_from: tuple[str, ...] = ()
    """What ``env:`` and ``file:`` in password cells may name: patterns of variables (``SIP_*``), folders and files."""
    practice: bool = False
    """Use the embedded practice PBX instead of any URL."""
    ca_file: Path | None = None
    fingerprint: str = ""
    insecure: bool = False
    proxy: str = ""
    """``env`` uses the proxies that the environment names."""
    only: tuple[str, ...] = ()
    """Trunks by name or id; all others end *not run*."""
    first: int | None = None
    """Only so many trunks from the top."""
    rate: float = 10.0
    """Most starts a second."""
    concurrency: int = 4
    """Most requests at a time."""
    attempts: int = 5
    timeout: float = 30.0
    """Seconds."""
    on_error: str = "continue"
    """``continue`` or ``stop``."""
    max_failures: int | None = None
    give_up_after: float = 300.0
    """Seconds."""
    allow: tuple[str, ...] = ()
    """Hazards: ``removals``, ``removals=TRUNK`` …"""
    skip_invalid: bool = False
    read_back: bool = True
    settle_wait: float = 10.0
    """Seconds between the last write and the look at the trunks' status; 0 for no such look."""
    expect: str = ""
    """The digest that the plan must have."""
    results: Path | None = None
    run_dir: Path | None = None
    run_copy: Path | None = None
    """The run's own copy of the workbook, to be read in its place."""
    output: Path | None = None
    """Where `plan` writes its workbook."""
    log: Path | None = None
    columns: Path | None = None
    """A file that says which column of the workbook means what."""
    write_columns: Path | None = None
    """Where `check` writes its best guess of such a file."""
    marked: Path | None = None
    """Where `check` writes the workbook with its faults marked."""
    failed_only: Path | None = None
    """Where `apply` writes the rows of the trunks that are not as wanted, alone."""
    summary: Path | None = None
    """Where the printable summary goes."""

    def __post_init__(self) -> None:
        """Refuse what cannot be, and give a workbook named ``.`` its name."""
        for name, number in ((name, getattr(self, name, None)) for name in RANGES):
            if number is not None and (reason := why_not(name, number)):
                raise UsageError(f"{name} cannot be {number:g}: it {reason}.", "Give another number.")
        for name, words in _WORDS.items():
            if (word := getattr(self, name)) not in words:
                raise UsageError(f"{name} cannot be {word!r}.", f"Give {' or '.join(filter(None, words))}.")
        for hazard in self.allow:
            if hazard.partition("=")[0] not in HAZARDS:
                raise UsageError(f"There is no hazard {hazard!r} to allow.", f"There are {', '.join(HAZARDS)}.")
        object.__setattr__(self, "secrets_from", tuple(dict.fromkeys(map(_source, self.secrets_from))))
        if self.workbook.name in {"", ".."}:
            object.__setattr__(self, "workbook", self.workbook.resolve())

    @property
    def failures_allowed(self) -> int | None:
        """After how many trunks gone wrong to stop; None for never."""
        return 1 if self.on_error == "stop" else self.max_failures


_WORDS: Final = {"on_error": ("continue", "stop"), "proxy": ("", "env")}
TRUST: Final = frozenset({"ca_file", "fingerprint", "insecure"})
"""Whom to trust is one choice, so a flag for one of them puts the profile's aside."""


def _source(text: str) -> str:
    """Spell what cells may read from: a variable's pattern as it is, a folder or file as a whole path.

    Raises:
        UsageError: it is neither.
    """
    if _NAME_PATTERN.fullmatch(text):
        return text
    if is_path(text) and not text.casefold().startswith(("env:", "file:")):
        return place_of(text)
    raise UsageError(
        f"Passwords cannot be read from {text!r}.", "Give names of variables, like SIP_*, or a folder, like ~/sip/."
    )


def is_path(text: str) -> bool:
    """Tell whether what cells may read from is a folder or file, not the name of a variable."""
    return text.startswith("~") or any(separator in text for separator in filter(None, (os.sep, os.altsep)))


def place_of(text: str, folder: str | Path = "") -> str:
    """Return the whole path that a text names, without a look at the disk.

    Args:
        text: as it was typed; ``~`` is the home folder.
        folder: from which a relative one is meant; blank for the current one.
    """
    return os.path.abspath(Path(folder, os.path.expanduser(text)))  # noqa: PTH100, PTH111 - pathlib keeps a ``..``


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a table of a ``trunk-batch.toml`` says, as far as it counts."""

    values: Mapping[str, Any]
    url_from: Origin = Origin()
    """Of its address, if it gives one."""
    notes: tuple[str, ...] = ()
    """What should be told: a file that counts, and one that does not."""


NO_PROFILE: Final = Profile(values={})


def make_settings(flags: Mapping[str, Any], environment: Mapping[str, str], profile: Profile = NO_PROFILE) -> Settings:
    """Join what flags, environment and profile say; a flag that is None was not given, nor is a blank one."""
    allowed = filter(None, environment.get(SECRETS_FROM_VARIABLE, "").split(os.pathsep))
    from_environment = {
        "url": environment.get(URL_VARIABLE),
        "url_from": Origin(words=URL_VARIABLE),
        "client_id": environment.get(CLIENT_VARIABLE),
        "secrets_from": tuple(allowed),
    }
    names = {field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    in_profile = {**profile.values, "url_from": profile.url_from}
    if TRUST & flags.keys():
        in_profile = {name: value for name, value in in_profile.items() if name not in TRUST}
    sources: tuple[Mapping[str, Any], ...] = (
        in_profile,
        from_environment,
        {"url_from": Origin(words="--url"), **flags},
    )
    for source in sources:
        given = {name: value for name, value in source.items() if name in names and value not in {None, (), ""}}
        if "url" not in given:
            given.pop("url_from", None)
        values |= given
    values["secrets_from"] = tuple(text for source in sources for text in source.get("secrets_from") or ())
    return Settings(**values)


_KEPT: Final = (
    *("url", "client_id", "secret_file", "secrets_from", "practice", "ca_file", "fingerprint", "insecure", "proxy"),
    *("only", "first", "rate", "concurrency", "attempts", "timeout", "on_error", "max_failures", "give_up_after"),
    *("allow", "skip_invalid", "read_back", "settle_wait", "results"),
)
"""What a run keeps to be gone on with; of the client secret only where it was found."""
_KEPT_PATHS: Final = frozenset({"secret_file", "ca_file", "results"})


def kept_settings(settings: Settings) -> dict[str, Any]:
    """Return what a run keeps of its settings, fit for JSON, with whole paths."""
    kept = {name: getattr(settings, name) for name in _KEPT}
    return {
        name: str(value.resolve()) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
        for name, value in kept.items()
        if value is not None
    }


_ON_TRUST: Final = TRUST | {"secret_file", "secrets_from", "proxy"}
"""What a run that somebody else began cannot decide for the operator."""


def settings_again(kept: Mapping[str, Any], flags: Mapping[str, Any], origin: Origin, **places: Path) -> Settings:
    """Make the settings of a run that is gone on with: as kept, but for the flags that are given again.

    Hazards and sources of passwords that are allowed now are allowed besides those of before.

    Args:
        kept: as `kept_settings` made it.
        flags: what was given now.
        origin: where the run's address came from: the run, and whether the operator began it.
        places: ``workbook``, ``run_dir``, ``run_copy`` and, where the run has one, ``columns``.
    """
    counted = frozenset(_KEPT) if origin.vouched else frozenset(_KEPT) - _ON_TRUST
    again = {
        name: Path(value) if name in _KEPT_PATHS else tuple(value) if isinstance(value, list) else value
        for name, value in kept.items()
        if name in counted
    }
    allow = dict.fromkeys([*kept.get("allow", ()), *flags.get("allow", ())])
    return make_settings({**flags, **places, "allow": tuple(allow)}, {}, Profile(values=again, url_from=origin))
