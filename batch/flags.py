"""Flags: the commands and their options, as argparse knows them.

Nothing else is imported here, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from batch.errors import UsageError
from batch.ranges import HAZARDS, RANGES, why_not

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction["_Parser"]  # noqa: SLF001 - it has no public name

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


_ELSEWHERE: Final = "Give it by TRUNK_BATCH_CLIENT_SECRET, --secret-file, the system's keyring or at the prompt."


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of ours, so that they leave by the same door as all others."""

    def error(self, message: str) -> NoReturn:
        """Refuse what was typed.

        Raises:
            UsageError: always.
        """
        command = self.prog.rpartition(" ")[2]
        if "required: WORKBOOK" in message:
            raise UsageError(
                f"{command} needs a WORKBOOK.",
                f"Type it right behind the command: trunk-batch {command} WORKBOOK --only TRUNK …",
            )
        said = message.removeprefix("argument ")
        raise UsageError(f"{said[:1].upper()}{said[1:]}.", f"Show what there is: {self.prog} --help")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Understand what was typed behind ``trunk-batch``.

    Raises:
        UsageError: a command or flag that there is not, or a value that it cannot have. What was typed behind an
            unknown flag is not repeated: it may be a secret.
        SystemExit: after ``--help``.
    """
    parser = make_parser()
    flags, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise _not_known(unknown, flags.command, parser)
    return flags


def _not_known(unknown: Sequence[str], command: str | None, parser: argparse.ArgumentParser) -> UsageError:
    prog = f"{parser.prog} {command}" if command else parser.prog
    show = f"Show what there is: {prog} --help"
    flag = next((text.partition("=")[0] for text in unknown if text.startswith("-")), None)
    if flag is None:
        return UsageError(f"{prog} cannot do anything with {unknown[0]}.", f"Names with spaces need quotes. {show}")
    if "secret" in flag or "password" in flag:
        return UsageError(f"There is no flag {flag}: a secret is never an argument.", _ELSEWHERE)
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistyped flag

    near = get_close_matches(flag, _flags_of(parser, command), n=1)
    return UsageError(f"There is no flag {flag}.", f"Did you mean {near[0]}? {show}" if near else show)


def _flags_of(parser: argparse.ArgumentParser, command: str | None) -> Iterable[str]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction) and command in action.choices:  # noqa: SLF001 - as above
            return list(action.choices[command]._option_string_actions)  # noqa: SLF001 - as above
    return ["--version", "--help"]


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    parser = _Parser(
        prog="trunk-batch",
        allow_abbrev=False,
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
        allow_abbrev=False,
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
        allow_abbrev=False,
        help="find everything wrong with a workbook; contacts no PBX",
        description="Read a workbook and report all problems of all sheets at once. Contacts no PBX.",
    )
    _workbook(command)
    command.add_argument("--practice", action="store_true", help="changes nothing here: a check contacts no PBX")
    _which(command)
    _voice(command)


def _plan(commands: Commands) -> None:
    command = commands.add_parser(
        "plan",
        allow_abbrev=False,
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
        allow_abbrev=False,
        help="plan, ask, write, read back, and give the workbook back with results",
        description="Plan, ask, write to the PBX, read back, and give the workbook back with an ending for every row.",
    )
    _workbook(command)
    command.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    command.add_argument("--expect", type=_digest, metavar="DIGEST", help="write only if the plan still has it")
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
        allow_abbrev=False,
        help="run the practice PBX as a server, until Ctrl-C",
        description="Run a PBX to rehearse on, on this machine only. Other commands reach it by --url.",
    )
    command.add_argument(
        "--port", type=_number("port"), default=8088, help="port on 127.0.0.1 (default: 8088; 0: any free one)"
    )
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
    group.add_argument("--only", nargs="+", action="extend", metavar="TRUNK", help="only these, by name or id")
    group.add_argument("--first", type=_number("first"), metavar="N", help="only the first N of them")


def _how(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("how")
    group.add_argument("--rate", type=_number("rate"), metavar="N", help="most requests started a second (default: 10)")
    group.add_argument(
        "--concurrency", type=_number("concurrency"), metavar="N", help="most requests at a time (default: 4)"
    )
    group.add_argument(
        "--attempts", type=_number("attempts"), metavar="N", help="most tries of one request (default: 5)"
    )
    group.add_argument(
        "--timeout", type=_number("timeout"), metavar="S", help="seconds to wait for an answer (default: 30)"
    )
    group.add_argument(
        "--on-error", choices=("continue", "stop"), help="after a trunk that went wrong (default: continue)"
    )
    group.add_argument(
        "--max-failures", type=_number("max_failures"), metavar="N", help="stop after N trunks that went wrong"
    )
    group.add_argument(
        "--give-up-after",
        type=_number("give_up_after"),
        metavar="S",
        help="seconds without an answer until the PBX counts as lost (300)",
    )
    group.add_argument(
        "--allow",
        action="append",
        type=_hazard,
        metavar="HAZARD",
        help="removals, unknown-keys, or removals=TRUNK; repeatable",
    )
    group.add_argument("--skip-invalid", action="store_true", help="leave out trunks with problems, whole")
    group.add_argument("--no-read-back", action="store_true", help="do not read back what was written")
    group.add_argument(
        "--settle-wait",
        type=_number("settle_wait"),
        metavar="S",
        help="seconds until the look at the trunks' status (default: 10; 0: none)",
    )
    group.add_argument("--log", type=Path, metavar="FILE", help="log each request there, as JSON lines without secrets")


def _voice(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON object on stdout, everything else on stderr")
    group.add_argument("-v", "--verbose", action="store_true", help="say more: every request")
    group.add_argument("-q", "--quiet", action="store_true", help="say less: no notices, no progress")


def _number(name: str) -> Callable[[str], float]:
    """Make what reads a number for a flag, and refuses one that it cannot have."""
    whole = RANGES[name].whole

    def read(text: str) -> float:
        try:
            number = int(text) if whole else float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a {'whole ' if whole else ''}number") from None
        if reason := why_not(name, number):
            raise argparse.ArgumentTypeError(reason)
        return number

    return read


def _hazard(text: str) -> str:
    if text.partition("=")[0] not in HAZARDS:
        raise argparse.ArgumentTypeError(f"there is no hazard {text!r}; there are {', '.join(HAZARDS)}")
    return text


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", text.strip(), re.IGNORECASE):
        raise argparse.ArgumentTypeError(f"{text!r} is not a digest; plan prints it, 32 characters")
    return text.strip().casefold()
