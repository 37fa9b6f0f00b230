"""Givens: what was typed behind a command, as settings and as the run that is meant.

Imports what it needs where it needs it, so that ``--help`` is quick.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from batch.settings import Settings


def settings_of(flags: argparse.Namespace) -> Settings:
    """Join what flags, environment and profile say.

    Raises:
        UsageError: the profile is not there, or cannot be read.
    """
    from batch.settings import make_settings, profile_places, read_profile  # noqa: PLC0415 - not for --help

    if flags.command == "check":
        return make_settings(_given(flags), {}, {})
    profile = read_profile(flags.profile, profile_places(flags.workbook))
    return make_settings(_given(flags), os.environ, profile)


def known_pbx(workbook: Path) -> str:
    """Return the address of the PBX that a plan for a workbook would be for if nothing more were typed; or blank.

    That is so where environment and profile name both the PBX and the API client.
    """
    from batch.errors import UsageError  # noqa: PLC0415 - not for --help
    from batch.settings import make_settings, profile_places, read_profile  # noqa: PLC0415

    try:
        profile = read_profile(None, profile_places(workbook))
        settings = make_settings({"workbook": workbook}, os.environ, profile)
    except UsageError:  # which the plan is going to say
        return ""
    return settings.url if settings.client_id else ""


def given_again(flags: argparse.Namespace, run: Path) -> dict[str, Any]:
    """Return what shall be otherwise than the run has it: flags, and a profile that was named.

    The environment does not count, nor does a profile called *default*: the run knows its PBX.

    Raises:
        UsageError: the profile is not there, or cannot be read.
    """
    given = _given(flags)
    if flags.profile is None:
        return given
    from batch.settings import make_settings, profile_places, read_profile  # noqa: PLC0415 - only with a profile

    profile = read_profile(flags.profile, profile_places(run.parent))  # NAME.runs, which lies beside the workbook
    joined = make_settings({**given, "workbook": run}, {}, profile)
    return {name: getattr(joined, name) for name in {*profile, *given}}


def _given(flags: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import fields  # noqa: PLC0415 - not for --help

    from batch.settings import Settings  # noqa: PLC0415

    names = {field.name for field in fields(Settings)}
    given = {name: value for name, value in vars(flags).items() if name in names and _is_given(value)}
    if getattr(flags, "no_read_back", False):
        given["read_back"] = False
    for name in ("only", "allow"):
        if name in given:
            given[name] = tuple(given[name])
    return given


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value not in ((), [])


def run_of(flags: argparse.Namespace) -> Path:
    """Find the run that was named, by its folder or its id; returns its folder, which has a name.

    Raises:
        UsageError: there is none, or there are several.
    """
    from batch.watching import find_run  # noqa: PLC0415 - not for --help

    place = find_run(flags.run)
    return place if place.name not in {"", ".."} else place.resolve()
