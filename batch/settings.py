"""Settings: one frozen value for everything that flags, environment and profile say.

A flag wins over the environment, the environment over the profile. Where a secret is looked for is here too: the
file that was named, the environment, the system's keyring, a prompt. It is never an argument.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from batch.errors import UsageError
from batch.ranges import HAZARDS, RANGES, why_not
from batch.secrets import Secret

PROFILE_FILE: Final = "trunk-batch.toml"
KEYRING_SERVICE: Final = "trunk-batch"

URL_VARIABLE: Final = "TRUNK_BATCH_URL"
CLIENT_VARIABLE: Final = "TRUNK_BATCH_CLIENT_ID"
SECRET_VARIABLE: Final = "TRUNK_BATCH_CLIENT_SECRET"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that one command is told. Defaults are those of the command line.

    Raises:
        UsageError: when made with a number out of its range, or a word that there is not.
    """

    workbook: Path
    """File, or folder of CSV files; for `export` the file to be written."""
    url: str = ""
    client_id: str = ""
    secret: Secret | None = None
    secret_file: Path | None = None
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
        if self.workbook.name in {"", ".."}:
            object.__setattr__(self, "workbook", self.workbook.resolve())

    @property
    def failures_allowed(self) -> int | None:
        """After how many trunks gone wrong to stop; None for never."""
        return 1 if self.on_error == "stop" else self.max_failures


_WORDS: Final = {"on_error": ("continue", "stop"), "proxy": ("", "env")}
_PROFILE_KEYS: Final = (
    "url",
    "client_id",
    "ca_file",
    "fingerprint",
    "insecure",
    "proxy",
    "rate",
    "concurrency",
    "attempts",
    "timeout",
    "give_up_after",
    "settle_wait",
)
_PATHS: Final = frozenset({"ca_file"})
_TRUST: Final = frozenset({"ca_file", "fingerprint", "insecure"})
"""Whom to trust is one choice, so a flag for one of them puts the profile's aside."""


def make_settings(flags: Mapping[str, Any], environment: Mapping[str, str], profile: Mapping[str, Any]) -> Settings:
    """Join what flags, environment and profile say; a flag that is None was not given, nor is a blank one."""
    from_environment = {"url": environment.get(URL_VARIABLE), "client_id": environment.get(CLIENT_VARIABLE)}
    names = {field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    if _TRUST & flags.keys():
        profile = {name: value for name, value in profile.items() if name not in _TRUST}
    for source in (profile, from_environment, flags):
        values |= {name: value for name, value in source.items() if name in names and value not in {None, (), ""}}
    return Settings(**values)


_KEPT: Final = (
    *("url", "client_id", "secret_file", "practice", "ca_file", "fingerprint", "insecure", "proxy"),
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


def settings_again(kept: Mapping[str, Any], flags: Mapping[str, Any], **places: Path) -> Settings:
    """Make the settings of a run that is gone on with: as kept, but for the flags that are given again.

    Hazards that are allowed now are allowed besides those of before.

    Args:
        kept: as `kept_settings` made it.
        flags: what was given now.
        places: ``workbook``, ``run_dir``, ``run_copy`` and, where the run has one, ``columns``.
    """
    again = {
        name: Path(value) if name in _KEPT_PATHS else tuple(value) if isinstance(value, list) else value
        for name, value in kept.items()
        if name in _KEPT
    }
    allow = dict.fromkeys([*kept.get("allow", ()), *flags.get("allow", ())])
    return make_settings({**flags, **places, "allow": tuple(allow)}, {}, again)


def read_profile(name: str | None, places: tuple[Path, ...]) -> dict[str, Any]:
    """Read a profile from the first ``trunk-batch.toml`` found in these folders.

    ``name`` is its table; without a name the table ``default`` is used where there is one.

    Raises:
        UsageError: the file or the profile is not there, cannot be read, or holds what does not belong there.
    """
    file = next((place / PROFILE_FILE for place in places if (place / PROFILE_FILE).is_file()), None)
    if file is None:
        if name is None:
            return {}
        raise UsageError(
            f"There is no {PROFILE_FILE} for the profile {name}.", f"Make one in {places[0]}, or leave out --profile."
        )
    import tomllib  # noqa: PLC0415 - only with a profile

    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{file} cannot be read: {reason}.", "Correct it; see the README for its form.") from None
    for key, value in tables.items():
        if not isinstance(value, dict):
            raise UsageError(
                f"{file}: {key!r} stands outside of a profile.", "Put a line [default] above it, or [NAME]."
            )
    profile = tables.get(name or "default", {} if name is None else None)
    if profile is None:
        known = ", ".join(tables) or "none"
        raise UsageError(f"{file} has no profile {name}.", f"It has: {known}.")
    for key in profile:
        if key not in _PROFILE_KEYS:
            secret = any(word in key.casefold() for word in ("secret", "password"))
            raise UsageError(
                f"{file}: {key!r} is not a setting of a profile.",
                "A secret does not belong into a file that is passed around: use the keyring or --secret-file."
                if secret
                else f"Known are {', '.join(_PROFILE_KEYS)}.",
            )
    _check_types(file, profile)
    return {key: file.parent / Path(value).expanduser() if key in _PATHS else value for key, value in profile.items()}


def _check_types(file: Path, profile: Mapping[str, Any]) -> None:
    numbers = {"rate", "timeout", "give_up_after", "settle_wait"}
    for key, value in profile.items():
        wanted: tuple[type, ...] = (
            (int, float)
            if key in numbers
            else (int,)
            if key in {"concurrency", "attempts"}
            else (bool,)
            if key == "insecure"
            else (str,)
        )
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise UsageError(
                f"{file}: {key} cannot be {value!r}.",
                "Numbers stand without quotes, texts in quotes, insecure is true or false.",
            )
        if key in RANGES and isinstance(value, int | float) and (reason := why_not(key, value)):
            raise UsageError(f"{file}: {key} cannot be {value!r}.", f"It {reason}.")


def profile_places(workbook: Path | None = None) -> tuple[Path, ...]:
    """Return the folders in which a profile is looked for: here, beside the workbook, the user's own."""
    home = (
        Path(os.environ["APPDATA"]) if sys.platform == "win32" and "APPDATA" in os.environ else Path.home() / ".config"
    )
    beside = (workbook.resolve().parent,) if workbook is not None else ()
    return (Path.cwd(), *beside, home / "trunk-batch")


def find_cell_secret(text: str) -> Secret | str:
    """Find the password that a cell names by ``env:NAME`` or ``file:PATH``, or is.

    Returns:
        The secret, or why it cannot be had.
    """
    kind, _, name = text.strip().partition(":")
    kind = kind.strip().casefold()
    if kind == "env":
        value = os.environ.get(name.strip())
        return Secret(value) if value else f"The environment variable {name.strip()} is not set."
    if kind == "file":
        return _secret_in(Path(name.strip()))
    return Secret(text)


def _secret_in(path: Path) -> Secret | str:
    try:
        value = path.expanduser().read_text(encoding="utf-8-sig").rstrip("\r\n")
    except OSError as error:
        return f"The file {path} cannot be read: {error.strerror or error}."
    except ValueError:
        return f"The file {path} cannot be read: it is not text in UTF-8."
    except RuntimeError:  # a ~ for which there is no home
        return f"The file {path} cannot be read: there is no such home folder."
    if "\n" in value:
        return f"The file {path} holds more than one line."
    return Secret(value) if value else f"The file {path} is empty."


def find_client_secret(settings: Settings, prompt: Callable[[str], str] | None) -> Secret:
    """Find the client secret: given, the file named, the environment, the keyring, a prompt.

    Args:
        settings: with client id, and the URL as `addresses.base_url_of` spells it.
        prompt: asks on a terminal without echo; None where there is none.

    Raises:
        UsageError: it is nowhere.
    """
    if settings.secret is not None:
        return settings.secret
    if settings.secret_file is not None:
        found = _secret_in(settings.secret_file)
        if isinstance(found, str):
            raise UsageError(found, "Name a readable file with --secret-file that holds nothing but the secret.")
        return found
    if value := os.environ.get(SECRET_VARIABLE):
        return Secret(value)
    account = f"{settings.client_id}@{settings.url}"
    if value := _from_keyring(account):
        return Secret(value)
    if prompt is not None and (value := prompt(f"Client secret of {account}: ")):
        return Secret(value)
    raise UsageError(
        f"There is no client secret for {account}.",
        f"Set {SECRET_VARIABLE}, use --secret-file, type it when asked on a terminal, or keep it in the system's "
        f'keyring: keyring set {KEYRING_SERVICE} "{account}"',
    )


def _from_keyring(account: str) -> str | None:
    """Ask the system's keyring; a machine without one has none to give."""
    import keyring  # noqa: PLC0415 - only where no other source has it
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password(KEYRING_SERVICE, account)
    except keyring.errors.KeyringError:
        return None
