"""Profiles, what was typed behind a command, and the environment: as settings, and as the run that is meant.

Profiles are tables of a ``trunk-batch.toml``. The operator's own place speaks for them, and a file that they name. One
in the current folder counts if it is theirs, and is then named; since it may still have come with a workbook, it cannot
send a secret anywhere by itself. One beside the workbook never counts, and is named too.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch.errors import UsageError
from batch.joined_settings import NO_PROFILE, TRUST, Profile, from_environment, make_settings
from batch.options import is_path, place_of
from batch.pbx.addresses import base_url_of
from batch.secret_sources import read_small, why_unread
from batch.secrets import HIDDEN, Secret
from batch.settings import OPTIONS, WHERE, Origin, Settings, settings_given
from batch.wording import quoted

PROFILE_FILE: Final = "trunk-batch.toml"

_MOST_BYTES: Final = 256 * 1024
_OF_ONE_PBX: Final = ("secret_file", "fingerprint", "insecure")
"""What a profile with a url of its own does not take over from a ``[default]`` that has another."""
_KEYS: Final = {option.profile: option for option in OPTIONS.values() if option.profile}


def find_profile(name: str | None, named: Path | None, workbook: Path, address: str = "") -> Profile:
    """Find the profile that counts, and say which files there are.

    Without a name that is the table ``default``, where there is one; ``address`` is the PBX's where flags or
    environment give one already.

    Raises:
        UsageError: the file or the profile is not there, cannot be read, or holds what does not belong there.
    """
    if named is not None:
        tables, _ = _tables(named)
        table = _table_of(tables, name, named)
        flags = ("--profile-file", str(named), *_flag(name))
        return _own(table, named, address, Origin(words=_words(name, named), flags=flags))
    here, own, beside = Path.cwd() / PROFILE_FILE, own_place() / PROFILE_FILE, workbook.resolve().parent / PROFILE_FILE
    notes: list[str] = []
    seen: dict[Path, Mapping[str, object]] = {}
    if os.path.lexists(beside) and beside not in {here, own}:
        notes.append(
            f"{beside} is beside the workbook and is not used: it may have come with it. If it is yours, add "
            f"--profile-file {quoted(beside)}"
        )
    for file, tables in _read_in_order(here, own, notes):
        seen[file] = tables
        if (name or "default") in tables:
            table = _table_of(tables, name, file)
            if file == own:
                found = _own(table, file, address, Origin(words=_words(name, file), flags=_flag(name)))
            else:
                found = _of_current_folder(table, file, name, workbook, given=bool(address))
            return replace(found, notes=(*notes, *found.notes))
    if name is None:
        return Profile(values={}, notes=tuple(notes))
    raise _no_such_profile(name, seen, notes)


def profile_addresses(named: Path | None) -> dict[str, str]:
    """Return the address of each profile of the files that count, blank where it has none: what a PBX can be named by.

    Raises:
        UsageError: a file cannot be read.
    """
    here, own = Path.cwd() / PROFILE_FILE, own_place() / PROFILE_FILE
    files = _read_in_order(here, own, []) if named is None else [(named, _tables(named)[0])]
    found: dict[str, str] = {}
    for _, tables in files:
        usual = tables.get("default", {}).get("url", "")
        for name, table in tables.items():
            url = table.get("url", usual)
            found.setdefault(name, url if isinstance(url, str) else "")
    return found


def _read_in_order(here: Path, own: Path, notes: list[str]) -> Iterator[tuple[Path, Mapping[str, Mapping[str, Any]]]]:
    """Read the files that there are and that count, one after the other; note why one does not."""
    for file in filter(os.path.lexists, dict.fromkeys((here, own))):
        tables, reason = _tables(file, here=file != own)
        if reason:
            notes.append(
                f"{file} is not used: {reason}. If it may be, add --profile-file {quoted(file)}, or move it to {own}."
            )
        else:
            yield file, tables


def _no_such_profile(name: str, seen: Mapping[Path, Mapping[str, object]], notes: Iterable[str]) -> UsageError:
    if seen:
        known = ", ".join(dict.fromkeys(chain.from_iterable(seen.values()))) or "none"
        where, have = " and ".join(map(str, seen)), "have" if len(seen) > 1 else "has"
        return UsageError(f"{where} {have} no profile {name}.", f"There is: {known}.")
    return UsageError(
        f"There is no {PROFILE_FILE} for the profile {name}.",
        " ".join([f"Make one in {own_place()}, or leave out --profile.", *notes]),
    )


def own_place() -> Path:
    """Return the folder of the operator's own settings."""
    if sys.platform == "win32" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"]) / "trunk-batch"
    named = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".config") / "trunk-batch"  # noqa: PTH117 - a text


def _flag(name: str | None) -> tuple[str, ...]:
    return ("--profile", name) if name else ()


def _words(name: str | None, file: Path) -> str:
    return f"--profile {name} in {file}" if name else f"[default] in {file}"


def _own(table: Mapping[str, Any], file: Path, address: str, origin: Origin) -> Profile:
    values = _with_places(table, file)
    if "secret_file" in values and address and not _is_same(address, values.get("url", "")):
        values.pop("secret_file")
        return Profile(
            values=values,
            url_from=origin,
            notes=(f"The secret_file of {origin.words} is not used: it is for another address than {address}.",),
        )
    return Profile(values=values, url_from=origin)


def _of_current_folder(
    table: Mapping[str, Any], file: Path, name: str | None, workbook: Path, *, given: bool
) -> Profile:
    """Return a table of the current folder's file, without what a file that came with a workbook must not decide."""
    withheld = {"secret_file"}
    if any(place.is_relative_to(file.parent) for place in (workbook.absolute(), workbook.resolve())):
        withheld.add("secrets")
    if given or "url" not in table:
        withheld |= TRUST
    words = _words(name, file)
    notes = [f"Settings: {words}"]
    if lost := [key for key in table if key in withheld]:
        notes.append(
            f"Its {' and '.join(lost)} do not count, since it may have come with a workbook. If it is yours, add "
            f"--profile-file {quoted(file)}, or move it to {own_place() / PROFILE_FILE}."
        )
    return Profile(
        values=_with_places({key: value for key, value in table.items() if key not in withheld}, file),
        url_from=Origin(words=words, vouched=False, flags=_flag(name)),
        notes=tuple(notes),
    )


def _is_same(one: str, other: str) -> bool:
    try:
        return base_url_of(one) == base_url_of(other)
    except UsageError:  # which is said where the address is used
        return False


def _with_places(table: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Name what a table says as the settings do; its paths start from the file's own folder."""
    values = {_KEYS[key].name: value for key, value in table.items()}
    for name, value in values.items():
        if OPTIONS[name].kind is Path:
            values[name] = Path(place_of(value, file.parent))
        elif OPTIONS[name].kind is tuple:
            values[name] = tuple(place_of(text, file.parent) if is_path(text) else text for text in value)
    return values


def _why_not_theirs(file: Path, told: os.stat_result) -> str:
    """Say why a file in the current folder is not the operator's own; blank if it is.

    Windows tells no owner that could be compared: there the file must lie below the user's own folder.
    """
    if sys.platform == "win32":
        return "" if file.resolve().is_relative_to(Path.home()) else "it is not in your own folder"
    for what, status in (("it", told), ("its folder", file.parent.stat())):
        if status.st_uid != os.getuid():
            return f"{what} belongs to another user"
        if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_group_of_one(status.st_gid)):
            return f"others may write to {'it' if what == 'it' else 'its folder'}"
    return ""


def _is_group_of_one(gid: int) -> bool:
    """Tell whether a group is the one that many systems make for each user alone."""
    import grp  # noqa: PLC0415 - not on Windows
    import pwd  # noqa: PLC0415

    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _tables(file: Path, *, here: bool = False) -> tuple[Mapping[str, Mapping[str, Any]], str]:
    """Read a file; one in the current folder that is not the operator's is not understood, and why it is not is said.

    Raises:
        UsageError: the file cannot be read or understood.
    """
    try:
        if here and (reason := _why_not_theirs(file, file.stat())):  # which they may be unable to read, or to correct
            return {}, reason
        content, told = read_small(file, _MOST_BYTES)
        if here and (reason := _why_not_theirs(file, told)):
            return {}, reason
        tables = _parsed(content)
    except (OSError, ValueError, RecursionError) as error:
        reason = why_unread(error) if isinstance(error, OSError) else str(error)
        raise UsageError(f"{file} cannot be read: {reason}.", "Correct it; see the README for its form.") from None
    for key, value in tables.items():
        if not isinstance(value, dict):
            raise UsageError(f"{file}: {key!r} is outside of a profile.", "Put a line [default] above it, or [NAME].")
    return tables, ""


@lru_cache(maxsize=2)
def _parsed(content: bytes) -> dict[str, Any]:
    """Understand TOML, once for all the profiles that a workbook names."""
    import tomllib  # noqa: PLC0415 - only with a profile

    return tomllib.loads(content.decode("utf-8-sig"))


def _table_of(tables: Mapping[str, Mapping[str, Any]], name: str | None, file: Path) -> Mapping[str, Any]:
    """Return a profile's table, over that of ``[default]`` in the same file."""
    table, usual = tables.get(name or "default"), _understood(tables.get("default", {}), file)
    if table is None and name is not None:
        raise UsageError(f"{file} has no profile {name}.", f"There is: {', '.join(tables) or 'none'}.")
    own = _understood(table or {}, file)
    withheld = _OF_ONE_PBX if name not in {None, "default"} and "url" in own and "url" in usual else ()
    return {**{key: value for key, value in usual.items() if key not in withheld}, **own}


def _understood(table: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    for key, value in table.items():
        if key not in _KEYS:
            secret = any(word in key.casefold() for word in ("secret", "password"))
            raise UsageError(
                f"{file}: {key!r} is not a setting of a profile.",
                "A secret does not belong into a file that is passed around: use the keyring or secret_file."
                if secret
                else f"Known are {', '.join(_KEYS)}.",
            )
        if not _KEYS[key].fits(value):
            raise UsageError(
                f"{file}: {key} cannot be {value!r}.",
                "Numbers stand without quotes, texts in quotes, insecure is true or false, and secrets is a list of "
                'texts: ["SIP_*", "~/sip/"].',
            )
        if reason := _KEYS[key].why_not(value):
            raise UsageError(f"{file}: {key} cannot be {value!r}.", f"It {reason}.")
        if reader := _KEYS[key].reader:
            try:
                reader(value)
            except ValueError as error:
                raise UsageError(f"{file}: {key}: {error}.", "Give another one.") from None
    return table


if TYPE_CHECKING:
    import argparse


def settings_of(flags: argparse.Namespace, tell: Callable[[str], None]) -> Settings:
    """Join what flags, environment and profile say.

    A check takes from a profile only what password cells may name. What contacts no PBX of the operator's does without
    a profile that cannot be read, unless one was named.

    Raises:
        UsageError: the profile is not there, or cannot be read.
    """
    given = given_by(flags)
    environment = environment_of(flags.command)
    said = {**from_environment(environment), **given}
    name, file = said.get("profile") or None, said.get("profile_file")
    checks = flags.command == "check"
    addresses: Mapping[str, str] = {}
    try:
        profile = find_profile(name, file, flags.workbook, said.get("url", ""))
        addresses = _addresses(file, tell)
    except UsageError as error:
        if name is not None or file is not None or not (checks or flags.practice):
            raise
        tell(f"{error.message} Nothing of it is used.")
        profile = NO_PROFILE
    if "url" not in said and not profile.url_from.vouched:
        environment.pop(OPTIONS["secret_file"].variable, None)  # no more than the secret itself in the environment
    if checks:
        profile = Profile(values={"secrets_from": profile.values.get("secrets_from", ())})
    for note in (*profile.notes, *_from_environment_notes(environment, given)):
        tell(note)
    known = None if checks and not addresses else addresses
    return replace(make_settings(given, environment, profile), pbx_addresses=known)


def _addresses(file: Path | None, tell: Callable[[str], None]) -> Mapping[str, str]:
    try:
        return profile_addresses(file)
    except UsageError as error:  # a file that the command's own profile does without
        tell(f"{error.message} No profile of it is known.")
        return {}


def environment_of(command: str) -> dict[str, str]:
    """Return the environment variables that give a command something, each the name of an option of its."""
    variables = [option.variable for option in OPTIONS.values() if command in option.part.commands]
    return {variable: os.environ[variable] for variable in variables if os.environ.get(variable)}


def _from_environment_notes(environment: Mapping[str, str], given: Mapping[str, Any]) -> list[str]:
    """Name what somebody who reads only the command would not expect."""
    names = [name for name, option in OPTIONS.items() if option.variable in environment and name not in given]
    told = [OPTIONS[name] for name in names if OPTIONS[name].part.heading != WHERE.heading and name != "secrets_from"]
    said = ", ".join(
        f"{option.variable}={HIDDEN if option.kind is Secret else environment[option.variable]}" for option in told
    )
    return [f"From the environment: {said}"] if said else []


def load_profile(
    name: str | None = None, *, workbook: Path | str, file: Path | str | None = None, **given: Any
) -> Settings:
    """Make settings of a profile, for a script; what is given besides wins over it.

    Without a name that is the table ``default``; without a file those of the operator's own place and of the current
    folder are looked through, as commands do. Of the environment only the client secret counts.

    Raises:
        UsageError: the profile is not there, cannot be read, or something given cannot be.
    """
    given = settings_given({**given, "workbook": Path(workbook)})
    profile = find_profile(name, None if file is None else Path(file), given["workbook"], given.get("url", ""))
    return make_settings({**given, "profile": name or ""}, {}, profile)


def known_pbx(workbook: Path) -> str:
    """Return the address of the PBX that a plan for a workbook would be for if nothing more were typed; or blank.

    That is so where environment and profile name both the PBX and the API client.
    """
    environment = environment_of("plan")
    try:
        said = from_environment(environment)
        profile = find_profile(said.get("profile"), said.get("profile_file"), workbook, said.get("url", ""))
        settings = make_settings({"workbook": workbook}, environment, profile)
    except UsageError:  # which the plan is going to say
        return ""
    return settings.url if settings.client_id else ""


def given_again(flags: argparse.Namespace, run: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return what shall be otherwise than the run has it: flags, and a profile that was named.

    The environment does not count, nor does a profile called *default*: the run knows its PBX.

    Raises:
        UsageError: the profile is not there, or cannot be read.
    """
    given = given_by(flags)
    if flags.profile is None and flags.profile_file is None:
        return given
    beside = run.resolve().parent  # NAME.runs, which lies beside the workbook
    profile = find_profile(flags.profile, flags.profile_file, beside, given.get("url", ""))
    for note in profile.notes:
        tell(note)
    joined = make_settings({**given, "workbook": run}, {}, profile)
    return {name: getattr(joined, name) for name in {*profile.values, *given, "url_from"}}


def given_by(flags: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were typed."""
    given = {name: value for name, value in vars(flags).items() if name in {"workbook", *OPTIONS} and value is not None}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def run_of(flags: argparse.Namespace) -> Path:
    """Find the run that was named, by its folder or its id; returns its folder, which has a name.

    Raises:
        UsageError: there is none, or there are several.
    """
    from batch.runs.run_status import find_run  # noqa: PLC0415 - not for --help

    place = find_run(flags.run)
    return place if place.name not in {"", ".."} else place.resolve()
