"""Profiles of a fleet: what a workbook that names the PBX of each row leaves to the profiles of those PBXs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch.cli.profiles import environment_of, find_profile, given_by, profile_addresses
from batch.commands.pbx_names import is_address
from batch.errors import UsageError
from batch.joined_settings import NO_PROFILE, TRUST, Profile, from_environment, make_settings
from batch.pbx.addresses import base_url_of
from batch.settings import OPTIONS, WHERE, Origin, Settings

if TYPE_CHECKING:
    import argparse

_OF_ONE: Final = ("url", "profile")
"""What names one PBX for all rows."""


def fleet_profiles(
    flags: argparse.Namespace, tell: Callable[[str], None], workbook: Path | None = None
) -> Callable[[str], Settings]:
    """Return what makes the settings of one PBX, by its name or address as a cell has it; raises as `find_profile`.

    A profile's own address, client and trust win over the environment, which is for one PBX; what was typed is for
    all of them. An address that only a workbook has is no word of the operator's: no secret of the environment goes
    there; one that was typed behind ``export --pbx`` is.

    Args:
        flags: what was typed.
        tell: hears, once each, what should be known of the files with profiles.
        workbook: that of the whole fleet, where the command names a run.

    Raises:
        UsageError: what was typed names one PBX for all rows.
    """
    given, typed = given_by(flags), flags.command == "export"
    named_by = "--pbx and --all name the PBXs" if typed else "the workbook names the PBX of each row"
    for name in _OF_ONE:
        if given.get(name):
            raise UsageError(
                f"{OPTIONS[name].flags[0]} names one PBX, and {named_by}.",
                "Give one of them." if typed else f"Leave {OPTIONS[name].flags[0]} out; --only-pbx chooses some.",
            )
    environment = environment_of(flags.command)
    for name in _OF_ONE:
        if environment.pop(OPTIONS[name].variable, ""):
            tell(f"{OPTIONS[name].variable} is not used: {named_by}.")
    origin = Origin(words="--pbx") if typed else _OF_WORKBOOK
    return settings_by_pbx({**given, "workbook": workbook or flags.workbook}, environment, tell, origin)


def settings_by_pbx(
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    tell: Callable[[str], None],
    address_from: Origin | None = None,
) -> Callable[[str], Settings]:
    """Return what makes the settings of one PBX, of what is given for all of them; raises as `find_profile`.

    Args:
        given: settings, the workbook among them.
        environment: variables, by name.
        tell: hears, once each, what should be known of the files with profiles.
        address_from: who gives an address that no profile has; None for a workbook.
    """
    return _Profiles(given, environment, tell, address_from or _OF_WORKBOOK).settings


class _Profiles:
    """The profiles that a workbook may name, and what is given for all of them."""

    def __init__(
        self,
        given: Mapping[str, Any],
        environment: Mapping[str, str],
        tell: Callable[[str], None],
        address_from: Origin,
    ) -> None:
        said = {**from_environment(environment), **given}
        self._given, self._environment, self._tell = given, environment, tell
        self._file, self._practice = said.get("profile_file"), said.get("practice", False)
        self._addresses = self._known()
        self._names = {_spelled(url): name for name, url in reversed([*self._addresses.items()]) if url}
        self._address_from = address_from
        self._told: set[str] = set()

    def _known(self) -> Mapping[str, str]:
        try:
            return profile_addresses(self._file)
        except UsageError as error:
            if not self._practice:
                raise
            self._tell(f"{error.message} Nothing of it is used.")
            return {}

    def settings(self, pbx: str) -> Settings:
        """Make the settings of one PBX."""
        if pbx in self._addresses or not (self._practice or is_address(pbx)):
            return self._of_profile(pbx)
        name = self._names.get(_spelled(pbx))
        return self._of_address(pbx) if name is None else self._of_profile(name)

    def _of_profile(self, name: str) -> Settings:
        profile = find_profile(name, self._file, self._given["workbook"])
        self._tell_of(profile)
        around = _without(self._environment, profile.values)
        return make_settings(self._given, _vouched(around, profile.url_from), profile)

    def _of_address(self, url: str) -> Settings:
        """Make the settings of an address that no profile has: the usual ones, without what is for another PBX."""
        needed = self._addresses or not self._practice
        profile = find_profile(None, self._file, self._given["workbook"], url) if needed else NO_PROFILE
        self._tell_of(profile)
        given = {**self._given, "url": url, "url_from": self._address_from}
        return make_settings(given, _vouched(self._environment, self._address_from), profile)

    def _tell_of(self, profile: Profile) -> None:
        for note in profile.notes:
            if not note.startswith("Settings: ") and note not in self._told:
                self._told.add(note)
                self._tell(note)


_OF_WORKBOOK: Final = Origin(
    words="the column PBX of the workbook", vouched=False, to_vouch="add a profile with its url to trunk-batch.toml"
)


def _without(environment: Mapping[str, str], own: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that a profile leaves something to: whom to trust is one choice."""
    decided = own.keys() | (TRUST if own.keys() & TRUST else set())
    taken = {OPTIONS[name].variable for name in decided & OPTIONS.keys() if OPTIONS[name].part is WHERE}
    return {variable: value for variable, value in environment.items() if variable not in taken}


def _vouched(environment: Mapping[str, str], origin: Origin) -> dict[str, str]:
    """Return the variables without that of a file with a secret, unless the operator gave the address."""
    variable = OPTIONS["secret_file"].variable
    return {name: value for name, value in environment.items() if origin.vouched or name != variable}


def _spelled(address: str) -> str:
    try:
        return base_url_of(address)
    except UsageError:
        return address
