"""Arguments: the commands and what each of them takes besides the table of options, as argparse knows them.

Nothing else is imported here, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from batch.errors import UsageError
from batch.options import Option, Part
from batch.settings import GOING_ON, OPTIONS, WHERE

_ELSEWHERE: Final = "Give it by TRUNK_BATCH_CLIENT_SECRET, --secret-file, the system's keyring or at the prompt."


_ENVIRONMENT: Final = (
    "Every option can come from the environment, too, by its name behind TRUNK_BATCH_: TRUNK_BATCH_RATE=5, "
    "TRUNK_BATCH_SKIP_INVALID=yes. What is typed wins over it, and it wins over a profile."
)
_NETWORK: Final = (
    " With --proxy env, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say which proxy; without it, none is used. "
    "SSL_CERT_FILE and SSL_CERT_DIR say whom the system trusts. No .netrc is read."
)


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
        if mistyped := re.match(r"argument COMMAND: invalid choice: '([^']*)'", message):
            near = _nearest(mistyped[1], _COMMANDS)
            meant = f"Did you mean {near}? " if near else ""
            raise UsageError(f"There is no command {mistyped[1]}.", f"{meant}There are {', '.join(_COMMANDS)}.")
        said = message.removeprefix("argument ")
        raise UsageError(f"{said[:1].upper()}{said[1:]}.", f"Show what there is: {self.prog} --help")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Understand what was typed behind ``trunk-batch``.

    Raises:
        UsageError: a command or flag that there is not, or a value that it cannot have. What was typed behind an
            unknown flag is not repeated: it may be a secret.
        SystemExit: after ``--help``.
    """
    parser = make_parser(arguments)
    flags, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise _not_known(unknown, flags.command, parser)
    if (broker := getattr(flags, "workers", None)) is not None and "@" in broker.reveal():
        raise UsageError(
            "A broker's user and password are not for the command line, which others can read.",
            f"Give its address by {OPTIONS['workers'].variable}.",
        )
    return flags


def _not_known(unknown: Sequence[str], command: str | None, parser: argparse.ArgumentParser) -> UsageError:
    prog = f"{parser.prog} {command}" if command else parser.prog
    show = f"Show what there is: {prog} --help"
    flag = next((text.partition("=")[0] for text in unknown if text.startswith("-")), None)
    if flag is None:
        return UsageError(f"{prog} cannot do anything with {unknown[0]}.", f"Names with spaces need quotes. {show}")
    if "secret" in flag or "password" in flag:
        return UsageError(f"There is no flag {flag}: a secret is never an argument.", _ELSEWHERE)
    if flag.replace("-", "") in {"dryrun", "whatif", "simulate"}:
        return UsageError(
            f"There is no flag {flag}: plan shows what would change, and cannot write to the PBX.",
            "trunk-batch plan WORKBOOK",
        )
    near = _nearest(flag, _flags_of(parser, command))
    return UsageError(f"There is no flag {flag}.", f"Did you mean {near}? {show}" if near else show)


def _nearest(text: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for what is mistyped

    return next(iter(get_close_matches(text, [*known], n=1)), "")


def _flags_of(parser: argparse.ArgumentParser, command: str | None) -> Iterable[str]:
    known = _commands_of(parser).get(command or "", parser)
    return list(known._option_string_actions)  # noqa: SLF001 - argparse has no public way to list them


def _commands_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    actions = parser._actions  # noqa: SLF001 - as above
    return next(action.choices for action in actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 - as above


def make_parser(typed: Container[str] | None = None) -> argparse.ArgumentParser:
    """Make the parser of all commands; where it is known what was typed, only what it names can be told in full."""
    parser = _Parser(
        prog="trunk-batch",
        allow_abbrev=False,
        description="Edit the SIP trunks of a Yeastar P-Series PBX from one workbook.",
        epilog="Start with: trunk-batch template. Then check, plan, apply; each says what comes next. "
        "After a night that went wrong: runs, then resume. What a code or word means: explain.",
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    parser.add_argument(
        "--print-completion",
        choices=("bash", "zsh", "tcsh"),
        help="print what completes commands and flags in that shell",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, about in _COMMANDS.items():
        has_options = any(name in option.part.commands for option in OPTIONS.values())
        command = commands.add_parser(
            name,
            allow_abbrev=False,
            help=about.help,
            description=about.description,
            epilog=f"{_ENVIRONMENT}{_NETWORK if name in WHERE.commands else ''}" if has_options else None,
        )
        if typed is None or name in typed:
            about.takes(command)
            _add_options(command, name)
            _add_voice(command)
    return parser


def completable(file: object) -> argparse.ArgumentParser:
    """Make the parser of all commands for shtab, with its mark at what is the name of a file."""
    parser = make_parser()
    for action in chain.from_iterable(command._actions for command in _commands_of(parser).values()):  # noqa: SLF001 - as above
        if action.type is Path or action.metavar == "RUN" or "FILE" in str(action.metavar):
            action.complete = file  # type: ignore[attr-defined] # where shtab looks for it
    return parser


def _add_options(command: argparse.ArgumentParser, name: str) -> None:
    """Add what the table of options has for a command, each under its heading."""
    there = {str(group.title): group for group in command._action_groups}  # noqa: SLF001 - as above
    parts: dict[str, argparse._ActionsContainer] = {**there, "": command}
    for option in OPTIONS.values():
        heading = option.part.heading
        if name in option.part.commands:
            if heading not in parts:
                parts[heading] = command.add_argument_group(heading)
            usual = "" if name in GOING_ON else _usual(option)
            parts[heading].add_argument(
                *option.flags, dest=option.name, default=None, help=f"{option.help}{usual}", **_facts(option)
            )


def _usual(option: Option) -> str:
    """Say what holds where an option is not given to a command that begins a run."""
    number = f"{option.usual:g}" if option.bounds and option.usual is not None else ""
    usual = option.otherwise or number or (option.usual if option.choices else "")
    return f" (default: {usual})" if usual else ""


def _facts(option: Option) -> dict[str, Any]:
    if option.kind is bool:
        return {"action": "store_false" if option.usual else "store_true"}
    if option.choices:
        return {"choices": option.choices}
    metavar = option.metavar or ("FILE" if option.kind is Path else "N" if option.bounds else None)
    facts = {"metavar": metavar, "type": _typed(option)}
    if option.kind is tuple:
        facts |= {"action": "extend" if option.nargs else "append", "nargs": option.nargs}
    return facts


def _typed(option: Option) -> Callable[[str], Any]:
    """Return what reads an option for argparse, which puts words of its own on any other error."""

    def read(text: str) -> Any:
        try:
            return option.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _add_voice(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON object on stdout, everything else on stderr")
    group.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours in what people read; auto, which is usual: on a terminal, unless NO_COLOR is set",
    )
    group.add_argument("-v", "--verbose", action="store_true", help="say more: every item of a list, every request")
    group.add_argument("-q", "--quiet", action="store_true", help="say less: no warnings, no progress")


def _many(command: argparse.ArgumentParser, which: str) -> None:
    """Take the PBXs that a workbook is for."""
    group = command.add_argument_group("many PBXs").add_mutually_exclusive_group()
    group.add_argument("--pbx", nargs="+", action="extend", metavar="PBX", help=which)
    group.add_argument("--all", dest="every", action="store_true", help="the same, of all profiles that have a url")


def _template(command: argparse.ArgumentParser) -> None:
    _many(command, "make it for these, with a column PBX: by profile, or address")
    command.add_argument(
        "--profile-file",
        type=Path,
        metavar="FILE",
        help="the trunk-batch.toml to use, in place of those in your own settings and in the current folder",
    )
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("trunks.xlsx"),
        metavar="FILE|DIR",
        help="a name that ends in .xlsx, or a folder for CSV files (default: trunks.xlsx)",
    )


def _export(command: argparse.ArgumentParser) -> None:
    _many(command, "export these into one workbook, which names the PBX of each row: by profile, or address")
    command.add_argument(
        "-o",
        "--output",
        dest="workbook",
        type=Path,
        metavar="FILE.xlsx",
        help="the workbook to write; it must not be there yet",
    )


def _workbook(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "workbook",
        type=Path,
        metavar="WORKBOOK",
        help=".xlsx, .xlsm, .xls, .xlsb, .ods, a folder of CSV files, a .zip, or a list alone as .csv or .txt",
    )


def _check(command: argparse.ArgumentParser) -> None:
    _workbook(command)
    command.add_argument("--practice", action="store_true", help="changes nothing here: a check contacts no PBX")


def _apply(command: argparse.ArgumentParser) -> None:
    _workbook(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask; for scripts")


def _run(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help="the run's folder, or its id; trunk-batch runs lists them")


def _resume(command: argparse.ArgumentParser) -> None:
    _run(command)
    command.add_argument(
        "-y", "--yes", action="store_true", help="do not ask where trunks are not as they were when it was approved"
    )


def _restore(command: argparse.ArgumentParser) -> None:
    command.add_argument("workbook", type=Path, metavar="WORKBOOK", help="an export, as trunk-batch export wrote it")
    command.add_argument("-y", "--yes", action="store_true", help="do not ask; for scripts")


def _undo(command: argparse.ArgumentParser) -> None:
    _run(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask; for scripts")
    command.add_argument(
        "-o",
        "--output",
        dest="way_back",
        type=Path,
        metavar="FILE.xlsx",
        help="write the way back as a workbook instead, to read, trim and apply; contacts no PBX",
    )


def _runs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "place",
        nargs="?",
        type=Path,
        metavar="WORKBOOK|FOLDER",
        help="a workbook, its results, or a folder with workbooks (default: the current one)",
    )


PORT: Final = Option(
    name="port",
    kind=int,
    usual=8088,
    help="port on 127.0.0.1, 0 for any free one",
    part=Part(("practice",)),
    bounds=(0, 65_535),
)


def _practice(command: argparse.ArgumentParser) -> None:
    command.add_argument(*PORT.flags, type=_typed(PORT), default=PORT.usual, help=f"{PORT.help}{_usual(PORT)}")
    command.add_argument("--state", type=Path, metavar="FILE", help="its state, read at the start and kept")
    command.add_argument("--faults", type=Path, metavar="FILE", help="a script of faults, to rehearse bad nights")


def _worker(command: argparse.ArgumentParser) -> None:
    workers, pbxs = OPTIONS["workers"], OPTIONS["pbxs"]
    variables = ", ".join(OPTIONS[name].variable for name in ("workers", "site", "pbxs"))
    command.epilog = f"From the environment: {variables}. A broker's password is given there, and nowhere else."
    command.add_argument(*workers.flags, type=_typed(workers), metavar=workers.metavar, help="the broker")
    command.add_argument(
        "--site", metavar="NAME", help="whose tasks it takes: profiles say site = NAME, else their name"
    )
    command.add_argument(*pbxs.flags, type=_typed(pbxs), metavar="N", help=f"{pbxs.help}{_usual(pbxs)}")
    command.add_argument(
        "--runs", type=Path, metavar="DIR", help="where the runs go (default: trunk-batch.runs in the current folder)"
    )
    command.add_argument("--profile-file", type=Path, metavar="FILE", help=f"{OPTIONS['profile_file'].help}")


def _explain(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="like 40003, trunk-unknown, removals, not run or exit code 5; or a kind of them, like hazards",
    )


class _About(NamedTuple):
    """A command: what it takes besides its options, and what is said of it."""

    takes: Callable[[argparse.ArgumentParser], None]
    help: str
    description: str


_COMMANDS: Final[Mapping[str, _About]] = {
    "template": _About(
        _template,
        "write an empty workbook to fill in",
        "Write an empty workbook, with help, limits and drop-downs in its cells. With --pbx or --all it is for many "
        "PBXs: each row names its own.",
    ),
    "export": _About(
        _export,
        "write the PBX's trunks as a filled workbook; changes nothing",
        "Read the PBX's trunks, caller IDs and DIDs and write them as a filled workbook, to be edited and planned, or "
        "as files of the PBX's own portal. It cannot write to the PBX. With --pbx or --all it reads many PBXs; those "
        "that cannot be read are named, and the others exported (exit code 5).",
    ),
    "check": _About(
        _check,
        "find everything wrong with a workbook; contacts no PBX",
        "Read a workbook and report all errors of all sheets at once. Contacts no PBX.",
    ),
    "plan": _About(
        _workbook,
        "show what would change on the PBX; changes nothing",
        "Read the PBX and show what would change. It cannot write to the PBX.",
    ),
    "apply": _About(
        _apply,
        "plan, ask, write, read back, and give the workbook back with results",
        "Plan, ask, write to the PBX, read back, and give the workbook back with an ending for every row.",
    ),
    "resume": _About(
        _resume,
        "go on with a run that did not come to its end, or left something",
        "Go on with a run: write what it left. Everything is as the run has it, its PBX too; give a flag only for "
        "what is to differ. It asks if something would be written that was not approved then.",
    ),
    "verify": _About(
        _run,
        "compare the PBX with what a run wanted; changes nothing on it",
        "Compare the PBX with what a run wanted, and settle what it left unknown. It cannot write to the PBX. "
        "Everything is as the run has it, its PBX too; give a flag only for what is to differ.",
    ),
    "undo": _About(
        _undo,
        "take back what a run wrote, but for what somebody changed since",
        "Take back what a run wrote, by a run of its own: plan, ask, write, read back. What somebody changed since is "
        "kept. Everything is as the run has it, its PBX too; give a flag only for what is to differ.",
    ),
    "restore": _About(
        _restore,
        "bring every trunk of an export back to what the export holds",
        "Bring every trunk of an export back to what the export holds: plan, ask, write, read back. What somebody "
        "changed since is a hazard of its trunk, to be allowed by name.",
    ),
    "confirm": _About(
        _run,
        "keep what a run wrote that would go back by itself; contacts no PBX",
        "Confirm a run that was applied with --confirm-within, from another window, or after its process was killed. "
        "Contacts no PBX.",
    ),
    "status": _About(
        _run,
        "say how far a run is, also while it runs; contacts no PBX",
        "Say how far a run is, also while another window runs it, and what comes next. Contacts no PBX.",
    ),
    "runs": _About(
        _runs,
        "list runs, oldest first; contacts no PBX",
        "List the runs of a workbook, or those in a folder, oldest first. Contacts no PBX.",
    ),
    "practice": _About(
        _practice,
        "run the practice PBX as a server, until Ctrl-C",
        "Run a PBX to rehearse on, on this machine only. Other commands reach it by --url.",
    ),
    "worker": _About(
        _worker,
        "carry out what is handed to the PBXs of a site, until Ctrl-C",
        "Take tasks from a broker and carry them out on the PBXs of a site, by the profiles of this machine. Client "
        "secrets and certificates come from here; answers say what became of the rows, and nothing else.",
    ),
    "explain": _About(
        _explain,
        "say what a code or word means, and what to do; contacts no PBX",
        "Say what an errcode, problem, hazard, ending, exit code, column or other word means, with an example, what "
        "to do and who can do it. Without a word it lists them all. Needs no workbook and no PBX.",
    ),
}
