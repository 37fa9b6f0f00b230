"""Flags: the commands and their options, as argparse knows them.

Nothing else is imported here, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

EXIT_CODES: Final = {
    0: "done",
    1: "a fault of this tool",
    2: "wrong usage; also no terminal to ask on and no --yes",
    3: "problems in the workbook, or it cannot be read; nothing was sent",
    4: "hazards that were not allowed, or not the expected plan; nothing was sent",
    5: "finished, but some rows are not as wanted; also the PBX was lost after something was sent",
    6: "the PBX cannot be reached or refuses the sign-in; nothing was sent",
    130: "interrupted, or the question was answered no",
}
"""What the command's exit code means."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="trunk-batch",
        description="Edit the SIP trunks of a Yeastar P-Series PBX from one workbook.",
        epilog="Start with: trunk-batch template. Then check, plan, apply; each says what comes next.",
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _template(commands)
    _check(commands)
    _plan(commands)
    _apply(commands)
    _practice(commands)
    return parser


def _template(commands: Commands) -> None:
    command = commands.add_parser(
        "template",
        help="write an empty workbook to fill in",
        description="Write an empty workbook, with help, limits and drop-downs in its cells.",
    )
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("trunks.xlsx"),
        metavar="FILE|DIR",
        help="a name that ends in .xlsx, or a folder for CSV files (default: trunks.xlsx)",
    )
    _voice(command)


def _check(commands: Commands) -> None:
    command = commands.add_parser(
        "check",
        help="find everything wrong with a workbook; contacts no PBX",
        description="Read a workbook and report all problems of all sheets at once. Contacts no PBX.",
    )
    _workbook(command)
    _which(command)
    _voice(command)


def _plan(commands: Commands) -> None:
    command = commands.add_parser(
        "plan",
        help="show what would change on the PBX; changes nothing",
        description="Read the PBX and show what would change. It cannot write to the PBX.",
    )
    _workbook(command)
    command.add_argument("-o", "--output", type=Path, metavar="FILE.xlsx", help="write the plan as a workbook too")
    _where(command)
    _which(command)
    _how(command)
    _voice(command)


def _apply(commands: Commands) -> None:
    command = commands.add_parser(
        "apply",
        help="plan, ask, write, read back, and give the workbook back with results",
        description="Plan, ask, write to the PBX, read back, and give the workbook back with an ending for every row.",
    )
    _workbook(command)
    command.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    command.add_argument("--expect", metavar="DIGEST", help="write only if the plan still has this digest")
    command.add_argument(
        "--results", type=Path, metavar="FILE", help="where the results go (default: NAME-results.xlsx beside it)"
    )
    command.add_argument(
        "--run-dir", type=Path, metavar="DIR", help="the run's own folder (default: in NAME.runs beside the workbook)"
    )
    _where(command)
    _which(command)
    _how(command)
    _voice(command)


def _practice(commands: Commands) -> None:
    command = commands.add_parser(
        "practice",
        help="run the practice PBX as a server, until Ctrl-C",
        description="Run a PBX to rehearse on, on this machine only. Other commands reach it by --url.",
    )
    command.add_argument("--port", type=int, default=8088, help="port on 127.0.0.1 (default: 8088; 0: any free one)")
    command.add_argument("--state", type=Path, metavar="FILE", help="its state, read at the start and kept")
    command.add_argument("--faults", type=Path, metavar="FILE", help="a script of faults, to rehearse bad nights")
    _voice(command)


def _workbook(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "workbook",
        type=Path,
        metavar="WORKBOOK",
        help=".xlsx, .xlsm, .xls, .xlsb, .ods, a folder of CSV files or a .zip",
    )


def _where(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("where")
    group.add_argument("--url", help="the PBX, like https://192.0.2.10:8088 (or TRUNK_BATCH_URL)")
    group.add_argument("--client-id", metavar="ID", help="its API client id (or TRUNK_BATCH_CLIENT_ID)")
    group.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        help="holds the client secret (else TRUNK_BATCH_CLIENT_SECRET, the system keyring, or a prompt)",
    )
    group.add_argument("--profile", metavar="NAME", help="a table of trunk-batch.toml")
    group.add_argument("--practice", action="store_true", help="rehearse on the embedded practice PBX instead")
    group.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the certificates in this PEM file")
    group.add_argument("--fingerprint", metavar="SHA256", help="trust the one certificate with this fingerprint")
    group.add_argument("--insecure", action="store_true", help="trust any certificate")
    group.add_argument("--proxy", choices=("env",), help="use the proxies that the environment names")


def _which(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("which trunks")
    group.add_argument("--only", nargs="+", metavar="TRUNK", default=(), help="only these, by name or id")
    group.add_argument("--first", type=_positive, metavar="N", help="only the first N of them")


def _how(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("how")
    group.add_argument("--rate", type=float, metavar="N", help="most requests started a second (default: 10)")
    group.add_argument("--concurrency", type=_positive, metavar="N", help="most requests at a time (default: 4)")
    group.add_argument("--attempts", type=_positive, metavar="N", help="most tries of one request (default: 5)")
    group.add_argument("--timeout", type=_seconds, metavar="S", help="seconds to wait for an answer (default: 30)")
    group.add_argument(
        "--on-error", choices=("continue", "stop"), help="after a trunk that went wrong (default: continue)"
    )
    group.add_argument("--max-failures", type=_positive, metavar="N", help="stop after N trunks that went wrong")
    group.add_argument(
        "--give-up-after",
        type=_seconds,
        metavar="S",
        help="seconds without an answer until the PBX counts as lost (300)",
    )
    group.add_argument(
        "--allow",
        action="append",
        metavar="HAZARD",
        default=[],
        help="removals, unknown-keys, or removals=TRUNK; repeatable",
    )
    group.add_argument("--skip-invalid", action="store_true", help="leave out trunks with problems, whole")
    group.add_argument("--no-read-back", action="store_true", help="do not read back what was written")
    group.add_argument(
        "--settle-wait",
        type=_seconds,
        metavar="S",
        help="seconds until the look at the trunks' status (default: 10; 0: none)",
    )
    group.add_argument("--log", type=Path, metavar="FILE", help="log each request there, as JSON lines without secrets")


def _voice(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON object on stdout, everything else on stderr")
    group.add_argument("-v", "--verbose", action="store_true", help="say more: every request")
    group.add_argument("-q", "--quiet", action="store_true", help="say less: no notices, no progress")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < 86_400:
        raise argparse.ArgumentTypeError("must be from 0 to 86,400 seconds")
    return number
