"""Arguments: the commands and what each of them takes, as argparse knows them.

Nothing else is imported here, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from batch.cli.options import (
    AS_IT_WAS,
    add_allow,
    add_asking,
    add_columns,
    add_how,
    add_log,
    add_papers,
    add_profile,
    add_run,
    add_secrets,
    add_summary_flags,
    add_voice,
    add_where,
    add_which,
    add_workbook,
    digest,
    number,
)
from batch.errors import UsageError

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction["_Parser"]  # noqa: SLF001 - it has no public name

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
        if "required: RUN" in message:
            raise UsageError(
                f"{command} needs a RUN: its folder, or its id.",
                f"trunk-batch runs lists them. Then: trunk-batch {command} RUN",
            )
        if "required: -o" in message:
            raise UsageError(
                f"{command} needs -o FILE.xlsx: the workbook to write.", f"trunk-batch {command} -o trunks.xlsx …"
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
        epilog="Start with: trunk-batch template. Then check, plan, apply; each says what comes next. "
        "After a night that went wrong: runs, then resume. What a code or word means: explain.",
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _template(commands)
    _export(commands)
    _check(commands)
    _plan(commands)
    _apply(commands)
    _resume(commands)
    _verify(commands)
    _status(commands)
    _runs(commands)
    _practice(commands)
    _explain(commands)
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
    add_voice(command)


def _export(commands: Commands) -> None:
    command = commands.add_parser(
        "export",
        allow_abbrev=False,
        help="write the PBX's trunks as a filled workbook; changes nothing",
        description="Read the PBX's trunks, caller IDs and DIDs and write them as a filled workbook, to be edited and "
        "planned. It cannot write to the PBX.",
    )
    command.add_argument(
        "-o",
        "--output",
        dest="workbook",
        type=Path,
        required=True,
        metavar="FILE.xlsx",
        help="the workbook to write; it must not be there yet",
    )
    add_where(command)
    add_which(command)
    add_log(add_asking(command))
    add_voice(command)


def _check(commands: Commands) -> None:
    command = commands.add_parser(
        "check",
        allow_abbrev=False,
        help="find everything wrong with a workbook; contacts no PBX",
        description="Read a workbook and report all problems of all sheets at once. Contacts no PBX.",
    )
    add_workbook(command)
    add_columns(command)
    add_secrets(command)
    command.add_argument(
        "--write-columns",
        type=Path,
        metavar="FILE.toml",
        help="write the best guess of such a file there, to be corrected; it must not be there yet",
    )
    command.add_argument(
        "--marked", type=Path, metavar="FILE", help="write the workbook there with what is wrong shown in its cells"
    )
    command.add_argument("--practice", action="store_true", help="changes nothing here: a check contacts no PBX")
    add_profile(command.add_argument_group("where passwords may be read from"))
    add_which(command)
    add_allow(command.add_argument_group("how"))
    add_voice(command)


def _plan(commands: Commands) -> None:
    command = commands.add_parser(
        "plan",
        allow_abbrev=False,
        help="show what would change on the PBX; changes nothing",
        description="Read the PBX and show what would change. It cannot write to the PBX.",
    )
    add_workbook(command)
    add_columns(command)
    add_secrets(command)
    command.add_argument("-o", "--output", type=Path, metavar="FILE.xlsx", help="write the plan as a workbook too")
    add_summary_flags(command, "the plan, for whoever approves it")
    add_where(command)
    add_which(command)
    add_how(command)
    add_voice(command)


def _apply(commands: Commands) -> None:
    command = commands.add_parser(
        "apply",
        allow_abbrev=False,
        help="plan, ask, write, read back, and give the workbook back with results",
        description="Plan, ask, write to the PBX, read back, and give the workbook back with an ending for every row.",
    )
    add_workbook(command)
    add_columns(command)
    add_secrets(command)
    command.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    command.add_argument("--expect", type=digest, metavar="DIGEST", help="write only if the plan still has it")
    command.add_argument(
        "--results", type=Path, metavar="FILE", help="where the results go (default: NAME-results.xlsx beside it)"
    )
    command.add_argument(
        "--run-dir", type=Path, metavar="DIR", help="the run's own folder (default: in NAME.runs beside the workbook)"
    )
    add_papers(command)
    add_where(command)
    add_which(command)
    add_how(command)
    add_voice(command)


def _resume(commands: Commands) -> None:
    command = commands.add_parser(
        "resume",
        allow_abbrev=False,
        help="go on with a run that did not come to its end, or left something",
        description="Go on with a run: write what it left. Everything is as the run has it, its PBX too; give a flag "
        "only for what shall be otherwise. It asks if something would be written that was not approved then.",
    )
    add_run(command)
    add_secrets(command, AS_IT_WAS)
    command.add_argument(
        "--yes", action="store_true", help="do not ask where trunks are not as they were when it was approved"
    )
    command.add_argument("--results", type=Path, metavar="FILE", help="where the results go")
    add_papers(command)
    add_where(command, AS_IT_WAS)
    add_which(command)
    add_how(command, AS_IT_WAS)
    add_voice(command)


def _verify(commands: Commands) -> None:
    command = commands.add_parser(
        "verify",
        allow_abbrev=False,
        help="compare the PBX with what a run wanted; changes nothing on it",
        description="Compare the PBX with what a run wanted, and settle what it left unknown. It cannot write to the "
        "PBX. Everything is as the run has it, its PBX too; give a flag only for what shall be otherwise.",
    )
    add_run(command)
    add_secrets(command, AS_IT_WAS)
    add_where(command, AS_IT_WAS)
    add_log(add_asking(command, AS_IT_WAS))
    add_voice(command)


def _status(commands: Commands) -> None:
    command = commands.add_parser(
        "status",
        allow_abbrev=False,
        help="say how a run stands, also while it runs; contacts no PBX",
        description="Say how a run stands, also while another window is at it, and what comes next. Contacts no PBX.",
    )
    add_run(command)
    add_voice(command)


def _runs(commands: Commands) -> None:
    command = commands.add_parser(
        "runs",
        allow_abbrev=False,
        help="list runs, oldest first; contacts no PBX",
        description="List the runs of a workbook, or those in a folder, oldest first. Contacts no PBX.",
    )
    command.add_argument(
        "place",
        nargs="?",
        type=Path,
        metavar="WORKBOOK|FOLDER",
        help="a workbook, its results, or a folder with workbooks (default: the current one)",
    )
    add_voice(command)


def _practice(commands: Commands) -> None:
    command = commands.add_parser(
        "practice",
        allow_abbrev=False,
        help="run the practice PBX as a server, until Ctrl-C",
        description="Run a PBX to rehearse on, on this machine only. Other commands reach it by --url.",
    )
    command.add_argument(
        "--port", type=number("port"), default=8088, help="port on 127.0.0.1 (default: 8088; 0: any free one)"
    )
    command.add_argument("--state", type=Path, metavar="FILE", help="its state, read at the start and kept")
    command.add_argument("--faults", type=Path, metavar="FILE", help="a script of faults, to rehearse bad nights")
    add_voice(command)


def _explain(commands: Commands) -> None:
    command = commands.add_parser(
        "explain",
        allow_abbrev=False,
        help="say what a code or word means, and what to do; contacts no PBX",
        description="Say what an errcode, problem, hazard, ending, exit code, column or other word means, with an "
        "example, what to do and who can do it. Without a word it lists them all. Needs no workbook and no PBX.",
    )
    command.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="like 40003, trunk-unknown, removals, not run or exit code 5; or a kind of them, like hazards",
    )
    add_voice(command)
