"""Options: the groups of flags that several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from batch.settings import HAZARDS, RANGES, why_not

USUAL: Final[Mapping[str, str]] = {
    "url": " (or TRUNK_BATCH_URL)",
    "client_id": " (or TRUNK_BATCH_CLIENT_ID)",
    "secrets_from": " (or TRUNK_BATCH_SECRETS_FROM)",
    "rate": " (default: 10)",
    "concurrency": " (default: 4)",
    "attempts": " (default: 5)",
    "timeout": " (default: 30)",
    "give_up_after": " (300)",
    "on_error": " (default: continue)",
    "settle_wait": " (default: 10; 0: none)",
}
"""What holds for a command that begins a run, where a flag is not given."""
AS_IT_WAS: Final[Mapping[str, str]] = {"settle_wait": " (0: none)"}
"""The same for a command that goes on with a run: nothing, since the run knows it."""


def add_workbook(command: argparse.ArgumentParser) -> None:
    """Let a command be about a workbook."""
    command.add_argument(
        "workbook",
        type=Path,
        metavar="WORKBOOK",
        help=".xlsx, .xlsm, .xls, .xlsb, .ods, a folder of CSV files or a .zip",
    )


def add_run(command: argparse.ArgumentParser) -> None:
    """Let a command be about a run."""
    command.add_argument("run", metavar="RUN", help="the run's folder, or its id; trunk-batch runs lists them")


def add_where(command: argparse.ArgumentParser, usual: Mapping[str, str] = USUAL) -> None:
    """Let it be said which PBX is meant, and how it is reached."""
    group = command.add_argument_group("where")
    group.add_argument("--url", help=f"the PBX, like https://192.0.2.10:8088{usual.get('url', '')}")
    group.add_argument("--client-id", metavar="ID", help=f"its API client id{usual.get('client_id', '')}")
    group.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        help="holds the client secret (else TRUNK_BATCH_CLIENT_SECRET, the system keyring, or a prompt)",
    )
    add_profile(group)
    group.add_argument("--practice", action="store_true", help="rehearse on the embedded practice PBX instead")
    group.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the certificates in this PEM file")
    group.add_argument("--fingerprint", metavar="SHA256", help="trust the one certificate with this fingerprint")
    group.add_argument("--insecure", action="store_true", help="trust any certificate")
    group.add_argument("--proxy", choices=("env",), help="use the proxies that the environment names")


def add_profile(group: argparse._ArgumentGroup) -> None:
    """Let settings be taken from a file."""
    group.add_argument("--profile", metavar="NAME", help="a table of trunk-batch.toml")
    group.add_argument(
        "--profile-file",
        type=Path,
        metavar="FILE",
        help="that file itself, in place of the one in the current folder, if it is yours, or in your own settings",
    )


def add_secrets(command: argparse.ArgumentParser, usual: Mapping[str, str] = USUAL) -> None:
    """Let it be said what password cells may name."""
    command.add_argument(
        "--secrets-from",
        action="append",
        metavar="NAME|FOLDER",
        help="what env: and file: in password cells may name, like 'SIP_*' or ~/sip/; repeatable"
        f"{usual.get('secrets_from', '')}",
    )


def add_columns(command: argparse.ArgumentParser) -> None:
    """Let it be said which column of the workbook means what."""
    command.add_argument(
        "--columns",
        type=Path,
        metavar="FILE.toml",
        help="says which sheet and column means what, where the workbook's own names do not",
    )


def add_which(command: argparse.ArgumentParser) -> None:
    """Let trunks be chosen."""
    group = command.add_argument_group("which trunks")
    group.add_argument("--only", nargs="+", action="extend", metavar="TRUNK", help="only these, by name or id")
    group.add_argument("--first", type=number("first"), metavar="N", help="only the first N of them")


def add_asking(command: argparse.ArgumentParser, usual: Mapping[str, str] = USUAL) -> argparse._ArgumentGroup:
    """Let it be said how carefully the PBX is asked; returns the group, for more of it."""
    group = command.add_argument_group("how")

    def add(flag: str, metavar: str, text: str) -> None:
        name = flag.removeprefix("--").replace("-", "_")
        group.add_argument(flag, type=number(name), metavar=metavar, help=f"{text}{usual.get(name, '')}")

    add("--rate", "N", "most requests started a second")
    add("--concurrency", "N", "most requests at a time")
    add("--attempts", "N", "most tries of one request")
    add("--timeout", "S", "seconds to wait for an answer")
    add("--give-up-after", "S", "seconds without an answer until the PBX counts as lost")
    return group


def add_allow(group: argparse._ArgumentGroup) -> None:
    """Let hazards be allowed."""
    group.add_argument(
        "--allow",
        action="append",
        type=_hazard,
        metavar="HAZARD",
        help=f"{', '.join(HAZARDS)}, or removals=TRUNK; repeatable",
    )


def add_log(group: argparse._ArgumentGroup) -> None:
    """Let the requests be logged."""
    group.add_argument("--log", type=Path, metavar="FILE", help="log each request there, as JSON lines without secrets")


def add_how(command: argparse.ArgumentParser, usual: Mapping[str, str] = USUAL) -> None:
    """Let it be said how carefully to write."""
    group = add_asking(command, usual)
    group.add_argument(
        "--on-error",
        choices=("continue", "stop"),
        help=f"after a trunk that went wrong{usual.get('on_error', '')}",
    )
    group.add_argument(
        "--max-failures", type=number("max_failures"), metavar="N", help="stop after N trunks that went wrong"
    )
    add_allow(group)
    group.add_argument("--skip-invalid", action="store_true", help="leave out trunks with problems, whole")
    group.add_argument("--no-read-back", action="store_true", help="do not read back what was written")
    group.add_argument(
        "--settle-wait",
        type=number("settle_wait"),
        metavar="S",
        help=f"seconds until the last look at statuses and differences{usual.get('settle_wait', '')}",
    )
    add_log(group)


def add_summary_flags(command: argparse.ArgumentParser, what: str) -> None:
    """Let a printable page be asked for."""
    command.add_argument("--summary", type=Path, metavar="FILE.html", help=f"write a page to print or to send: {what}")


def add_papers(command: argparse.ArgumentParser) -> None:
    """Let be asked for what a run hands back besides its results."""
    command.add_argument(
        "--failed-only",
        type=Path,
        metavar="FILE.xlsx",
        help="write the rows of trunks that are not as wanted alone, to correct and apply",
    )
    add_summary_flags(command, "how it went, for the archive")


def add_voice(command: argparse.ArgumentParser) -> None:
    """Let it be said how much is said, and to whom."""
    group = command.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON object on stdout, everything else on stderr")
    group.add_argument("-v", "--verbose", action="store_true", help="say more: every request")
    group.add_argument("-q", "--quiet", action="store_true", help="say less: no notices, no progress")


def number(name: str) -> Callable[[str], float]:
    """Make what reads a number for a flag, and refuses one that it cannot have."""
    whole = RANGES[name].whole

    def read(text: str) -> float:
        try:
            found = int(text) if whole else float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a {'whole ' if whole else ''}number") from None
        if reason := why_not(name, found):
            raise argparse.ArgumentTypeError(reason)
        return found

    return read


def _hazard(text: str) -> str:
    if text.partition("=")[0] not in HAZARDS:
        raise argparse.ArgumentTypeError(f"there is no hazard {text!r}; there are {', '.join(HAZARDS)}")
    return text


def digest(text: str) -> str:
    """Read a digest as a plan prints it."""
    if not re.fullmatch(r"[0-9a-f]{32}", text.strip(), re.IGNORECASE):
        raise argparse.ArgumentTypeError(f"{text!r} is not a digest; plan prints it, 32 characters")
    return text.strip().casefold()
