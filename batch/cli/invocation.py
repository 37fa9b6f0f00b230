"""Invocation: what was typed behind a command, as settings and as the run that is meant."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch.errors import UsageError
from batch.settings import NO_PROFILE, OPTIONS, Profile, Settings, make_settings

if TYPE_CHECKING:
    import argparse


def settings_of(flags: argparse.Namespace, tell: Callable[[str], None]) -> Settings:
    """Join what flags, environment and profile say.

    A check takes from a profile only what password cells may name. What contacts no PBX of the operator's does without
    a profile that cannot be read, unless one was named.

    Args:
        flags: what was typed.
        tell: is told which profile counts, and which one does not.

    Raises:
        UsageError: the profile is not there, or cannot be read.
    """
    from batch.cli.profiles import find_profile  # noqa: PLC0415 - not for --help

    given = _given(flags)
    address = given.get("url") or os.environ.get(OPTIONS["url"].variable, "")
    checks = flags.command == "check"
    try:
        profile = find_profile(flags.profile, flags.profile_file, flags.workbook, address)
    except UsageError as error:
        if flags.profile is not None or flags.profile_file is not None or not (checks or flags.practice):
            raise
        tell(f"{error.message} Nothing of it is used.")
        profile = NO_PROFILE
    if checks:
        allowed, in_profile = OPTIONS["secrets_from"].variable, profile.values.get("secrets_from", ())
        environment = {allowed: os.environ.get(allowed, "")}
        return make_settings(given, environment, Profile(values={"secrets_from": in_profile}))
    for note in profile.notes:
        tell(note)
    return make_settings(given, os.environ, profile)


def known_pbx(workbook: Path) -> str:
    """Return the address of the PBX that a plan for a workbook would be for if nothing more were typed; or blank.

    That is so where environment and profile name both the PBX and the API client.
    """
    from batch.cli.profiles import find_profile  # noqa: PLC0415 - not for --help

    try:
        settings = make_settings({"workbook": workbook}, os.environ, find_profile(None, None, workbook))
    except UsageError:  # which the plan is going to say
        return ""
    return settings.url if settings.client_id else ""


def given_again(flags: argparse.Namespace, run: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return what shall be otherwise than the run has it: flags, and a profile that was named.

    The environment does not count, nor does a profile called *default*: the run knows its PBX.

    Args:
        flags: what was typed.
        run: the run's folder.
        tell: is told which profile counts, and which one does not.

    Raises:
        UsageError: the profile is not there, or cannot be read.
    """
    given = _given(flags)
    if flags.profile is None and flags.profile_file is None:
        return given
    from batch.cli.profiles import find_profile  # noqa: PLC0415 - only with a profile

    beside = run.resolve().parent  # NAME.runs, which lies beside the workbook
    profile = find_profile(flags.profile, flags.profile_file, beside, given.get("url", ""))
    for note in profile.notes:
        tell(note)
    joined = make_settings({**given, "workbook": run}, {}, profile)
    return {name: getattr(joined, name) for name in {*profile.values, *given, "url_from"}}


def _given(flags: argparse.Namespace) -> dict[str, Any]:
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
