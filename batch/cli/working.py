"""The command ``worker``: what is typed, environment and profiles of this machine as what a worker of a site wants."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch.errors import UsageError
from batch.settings import OPTIONS, Settings

if TYPE_CHECKING:
    import argparse

    from batch.cli.console import Console

_RUNS: Final = Path("trunk-batch.runs")


def serve_site(flags: argparse.Namespace, console: Console) -> int:
    """Carry out what is handed to a site, until Ctrl-C."""
    from batch.fleet.broker import broker_name  # noqa: PLC0415 - not for --help
    from batch.fleet.worker import work  # noqa: PLC0415

    broker, site = _given(flags, "workers"), _given(flags, "site")
    if broker is None:
        raise UsageError(
            "A worker needs a broker: --workers URL.",
            f"Or {OPTIONS['workers'].variable}, which nobody else on this machine can read.",
        )
    if not site:
        raise UsageError("A worker needs the site whose PBXs it reaches: --site NAME.", "Profiles say site = NAME.")

    def tell(text: str) -> None:
        console.say([text])
        console.flush()

    def ready() -> None:
        tell(f"Worker of site {site} is ready: {broker_name(broker.reveal())}")
        if console.json:
            console.hand_over({"site": site, "broker": broker_name(broker.reveal())})
            console.flush()

    work(
        broker.reveal(),
        site,
        profile_settings=lambda pbx: _own_settings(pbx, flags.profile_file),
        runs=(flags.runs or _RUNS).resolve(),
        at_a_time=_given(flags, "pbxs") or OPTIONS["pbxs"].usual,
        ready=ready,
        tell=tell,
    )
    return 0


def _given(flags: argparse.Namespace, name: str) -> Any:
    """Return what was typed for an option, else what its environment variable says."""
    option, typed = OPTIONS[name], getattr(flags, name)
    text = os.environ.get(option.variable, "")
    if typed is not None or not text:
        return typed
    try:
        return option.parse(text)
    except ValueError as error:
        raise UsageError(f"{option.variable}: {error}.", "Give another value.") from None


def _own_settings(pbx: str, file: Path | None) -> Settings:
    """Return what the profiles of this machine say of a PBX, which is named by its profile, or by that one's address.

    Raises:
        UsageError: there is no such profile, or it cannot be read.
    """
    from batch.cli.profiles import load_profile, profile_addresses  # noqa: PLC0415 - not for --help

    addresses = profile_addresses(file)
    name = pbx if pbx in addresses else next((name for name, url in addresses.items() if url == pbx), pbx)
    if name not in addresses:
        raise UsageError(f"There is no profile {name}.", "Add it to the trunk-batch.toml of the worker's machine.")
    settings = load_profile(name, workbook=_RUNS, file=file)
    return replace(settings, site=settings.site or name, profile="")
