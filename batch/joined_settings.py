"""Joined settings: made of what flags, environment and profile say, and of what a run kept of them.

A flag wins over the environment, the environment over the profile; what cells may read secrets from adds up.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from batch.errors import UsageError
from batch.settings import MANY, OPTIONS, Origin, Settings

TRUST: Final = frozenset({"ca_file", "fingerprint", "insecure"})
"""Whom to trust is one choice, so a flag for one of them puts the profile's aside."""


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
    in_profile, in_environment = {**profile.values, "url_from": profile.url_from}, from_environment(environment)
    if TRUST & {*flags, *in_environment}:
        in_profile = {name: value for name, value in in_profile.items() if name not in TRUST}
    sources: tuple[Mapping[str, Any], ...] = (
        in_profile,
        in_environment,
        {"url_from": Origin(words="--url"), **flags},
    )
    names = {field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    for source in sources:
        given = {name: value for name, value in source.items() if name in names and value not in {None, (), ""}}
        if "url" not in given:
            given.pop("url_from", None)
        values |= given
    values["secrets_from"] = tuple(text for source in sources for text in source.get("secrets_from") or ())
    return Settings(**values)


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what environment variables say.

    Raises:
        UsageError: a setting cannot be that.
    """
    values: dict[str, Any] = {"url_from": Origin(words=OPTIONS["url"].variable)}
    for name, option in OPTIONS.items():
        text = environment.get(option.variable, "")
        try:
            if text and option.kind is tuple:
                values[name] = tuple(map(option.parse, filter(None, text.split(os.pathsep))))
            elif text:
                values[name] = option.parse(text)
        except ValueError as error:
            raise UsageError(f"{option.variable}: {error}.", "Give another value.") from None
    return values


def kept_settings(settings: Settings) -> dict[str, Any]:
    """Return what a run keeps to be gone on with, fit for JSON, with whole paths.

    Of the client secret that is only where it was found.
    """
    kept = {name: getattr(settings, name) for name, option in OPTIONS.items() if option.kept}
    return {
        name: str(value.resolve()) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
        for name, value in kept.items()
        if value is not None
    }


def settings_again(kept: Mapping[str, Any], flags: Mapping[str, Any], origin: Origin, **places: Path) -> Settings:
    """Make the settings of a run that is gone on with: as kept, but for the flags that are given again.

    Hazards and sources of passwords that are allowed now, and what is accepted, come on top of that of before.

    ``places`` are ``workbook``, ``run_dir``, ``run_copy`` and, where the run has one, ``columns``.
    """
    again = {
        name: option.kind(kept[name]) if option.kind in {Path, tuple} else kept[name]
        for name, option in OPTIONS.items()
        if option.kept and name in kept and (origin.vouched or not option.trust)
    }
    both = {name: tuple(dict.fromkeys([*kept.get(name, ()), *flags.get(name, ())])) for name in ("allow", "accept")}
    return make_settings({**flags, **places, **both}, {}, Profile(values=again, url_from=origin))


def check_for_one(given: Settings | Mapping[str, Any], what: str) -> None:
    """Refuse flags for many PBXs where there is one, which would be written regardless of them.

    Args:
        given: all settings, or those that are given again.
        what: what is for one PBX, as messages name it.

    Raises:
        UsageError: there is such a flag.
    """
    for name, option in OPTIONS.items():
        of_many = option.part.heading == MANY and name not in {"pbxs", "time_zone"}
        if of_many and (getattr(given, name) if isinstance(given, Settings) else given.get(name)):
            raise UsageError(
                f"{option.flags[0]} is about many PBXs, and {what} is for one.",
                "Leave it out; or name the PBX of each trunk in a column PBX on Trunks.",
            )
