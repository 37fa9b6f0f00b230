"""Fleet folder: what a run over many PBXs keeps of itself beside the ordinary runs of its PBXs, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from batch.errors import UsageError
from batch.joined_settings import kept_settings
from batch.runs.folders import create_folder, keep, kept, new_id, note_begun, was_begun_here
from batch.runs.outcomes import Ending
from batch.runs.serialization import (
    Approval,
    Shape,
    each,
    fits,
    is_listed,
    is_moment,
    is_outcome,
    is_plain_name,
    parse_moment,
    read_problem,
    whole,
)
from batch.schema.file_metadata import PRACTICE_MARK
from batch.settings import OPTIONS, Settings
from batch.tables.columns_file import ColumnsFile

FLEET_FILE: Final = "fleet.json"
FLEET_MARK: Final = "-FLEET"
"""What the id of such a run ends with, or has before that of the practice PBX."""
_FORM: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPbx:
    """One PBX of it."""

    name: str
    """As the workbook's cells have it."""
    slug: str
    """Its name in paths."""
    wave: int
    digest: str = ""
    """Of its approved plan; blank where there was none."""
    site: str = ""
    """Of the workers that reach it."""
    trunks: int = 0
    """How many of them are on the Trunks sheet."""
    rows: int = 0
    """How many rows of all sheets are about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetFolder:
    """The folder of a run over many PBXs."""

    path: Path
    id: str
    command: str
    started: datetime
    workbook: Path
    """As it was named."""
    sha256: str
    copy: str
    """Name of its copy in the folder."""
    columns: str
    """SHA-256 of the file that says which column means what, of which it has a copy too; blank where there is none."""
    practice: bool
    workers: bool
    """Whether it was handed to workers, with whom the runs of its PBXs lie."""
    digest: str
    """Over all plans."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    undoes: str = ""
    """Folder of the run that it takes back, if it does."""
    pbxs: Sequence[FleetPbx] = ()
    approval: Approval | None = None
    """Who approved its plan, where somebody had to."""

    def keep_answer(self, slug: str, answer: Mapping[str, Any]) -> None:
        """Keep the last that is known of a PBX; without ``exit_code`` it was handed out, and not heard of yet.

        Raises:
            OutputError: it cannot be written.
        """
        keep(self.path, f"{slug}.answer.json", dict(answer))

    def answer(self, slug: str) -> dict[str, Any] | None:
        """Return the last that is known of a PBX; None where it was never handed out.

        What cannot be believed is as if it had been handed out, and not heard of.
        """
        if not (self.path / f"{slug}.answer.json").exists():
            return None
        return kept(self.path, f"{slug}.answer.json", is_answer) or {"outcomes": {}, "command": self.command}

    @property
    def was_begun_here(self) -> bool:
        """Whether the operator began it on this machine: only then does it say what to trust, or to run at a gate."""
        return was_begun_here(self._facts)

    @property
    def _facts(self) -> dict[str, Any]:
        return {"run": self.id, "pbx": "", "settings": dict(self.settings)}

    def begin(self) -> None:
        """Note in the operator's own state that it is theirs, and write down what it is.

        Raises:
            OutputError: it cannot be written.
        """
        note_begun(self._facts)
        self.write()

    def write(self) -> None:
        """Write down what it is.

        Raises:
            OutputError: it cannot be written.
        """
        facts = {name: value for name, value in asdict(self).items() if name != "path"}
        facts |= {"form": _FORM, "started": self.started.isoformat(), "workbook": str(self.workbook)}
        keep(self.path, FLEET_FILE, {**facts, "settings": dict(self.settings)})


def is_answer(value: Any) -> bool:
    """Tell whether a value is what somebody answered who was at a PBX: a folder, or a broker, is open to others.

    What it may lack is what has not been heard of yet; names that nobody reads may be any.
    """
    if not isinstance(value, dict) or not isinstance(value.get("outcomes"), dict) or "command" not in value:
        return False
    rows = all(row.isascii() and row.isdecimal() and len(row) < _LONG_ROW for row in value["outcomes"])
    return rows and all(fits(said, _ANSWER[name]) for name, said in value.items() if name in _ANSWER)


def _with(shape: Mapping[str, Shape]) -> Shape:
    """Return the shape of an object that has these names, and may have others."""
    return lambda value: (
        isinstance(value, dict) and all(name in value and fits(value[name], shape[name]) for name in shape)
    )


_LONG_ROW: Final = 9
_TEXTS: Final[Shape] = [str]
_NUMBER: Final[Shape] = (whole, lambda value: isinstance(value, float) and 0 <= value < float("inf"))
_HAZARD: Final[Mapping[str, Shape]] = {"message": str, "flag": str, "allowed": bool}
_FAULTY: Final[Shape] = _with(dict.fromkeys(("severity", "sheet", "cell", "message", "fix"), str))
_DRIFT: Final[Shape] = _with(dict.fromkeys(("sheet", "cell", "trunk", "field", "wanted", "found"), (str, int, None)))
_ANSWER: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("version", "fleet", "pbx", "command", "digest", "run", "address"), str),
    "exit_code": whole,
    "error": (None, _with(dict.fromkeys(("code", "message", "hint"), str))),
    **dict.fromkeys(("started", "ended"), ("".__eq__, is_moment)),
    "outcomes": each(is_outcome),
    "counts": each(whole),
    **dict.fromkeys(("text", "attention", "differs", "down"), _TEXTS),
    "changes": [[(str, bool)]],
    "listed": is_listed,
    "problems": [lambda value: read_problem(value) is not None],
    "plan": (
        None,
        _with(
            {
                "changes": [_with({"kind": str})],
                "hazards": [_with(_HAZARD)],
                "problems": [_FAULTY],
                "forecast": _with({"requests": whole, "seconds": _NUMBER}),
            }
        ),
    ),
    "verified": (None, _with({"match": whole, "differ": [_DRIFT]})),
    "document": _with(
        {
            **dict.fromkeys(("attention", "going_back"), _TEXTS),
            "hazards": [lambda value: fits(value, _HAZARD) and value.keys() == _HAZARD.keys()],
            "groups": lambda value: isinstance(value, list) and all(map(_is_group, value)),
            "counts": each(whole),
            "requests": whole,
            "seconds": _NUMBER,
            "expected": each(lambda value: fits(value, _TEXTS) and len(value) == 2 and value[0] in {*map(str, Ending)}),
        }
    ),
}


def _is_group(value: Any) -> bool:
    """Tell whether a value is names of trunks, and lines of text of which each may be marked."""
    if not isinstance(value, list) or len(value) != 2 or not fits(value[0], _TEXTS) or not isinstance(value[1], list):
        return False
    return all(isinstance(line, list) and [type(one) for one in line] == [str, bool] for line in value[1])


def is_slug(value: Any) -> bool:
    """Tell whether a value may be the name of a PBX in paths: one that no file of a run's folder has."""
    return is_plain_name(value) and Path(value).suffix.casefold() not in {".xlsx", ".json", ".toml", ".html"}


_PBX: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("name", "digest", "site"), str),
    "slug": is_slug,
    **dict.fromkeys(("wave", "trunks", "rows"), whole),
}
_SHAPE: Final[Mapping[str, Shape]] = {
    "form": whole,
    "copy": is_plain_name,
    **dict.fromkeys(("workbook", "undoes"), lambda value: isinstance(value, str) and "\0" not in value),
    **dict.fromkeys(("id", "command", "sha256", "columns", "digest"), str),
    "started": is_moment,
    **dict.fromkeys(("practice", "workers"), bool),
    "settings": {name: option.fits for name, option in OPTIONS.items() if option.kept},
    "approval": (None, dict.fromkeys((one.name for one in fields(Approval)), str)),
    "pbxs": [lambda value: fits(value, _PBX) and value.keys() == _PBX.keys()],
}


def create_fleet_folder(
    settings: Settings,
    started: datetime,
    command: str,
    sha256: str,
    columns: ColumnsFile,
    digest: str,
    pbxs: Sequence[FleetPbx],
) -> FleetFolder:
    """Make the folder of a run over many PBXs, as `create_folder` does, and write down what the run is."""
    mark = f"{FLEET_MARK}{PRACTICE_MARK if settings.practice else ''}"
    source = settings.run_copy
    made = create_folder(settings.workbook, settings.run_dir, started, mark, source=source, columns=columns.text)
    fleet = FleetFolder(
        path=made.path,
        id=made.id if settings.workers is None or settings.run_dir is None else f"{new_id(started)}{mark}",
        command=command,
        started=started,
        workbook=settings.workbook.resolve(),
        sha256=sha256,
        copy=made.copy,
        columns=columns.sha256,
        practice=settings.practice,
        workers=settings.workers is not None,
        digest=digest,
        settings=kept_settings(settings),
        undoes="" if settings.undoes is None else str(settings.undoes),
        pbxs=tuple(pbxs),
    )
    fleet.begin()
    return fleet


def is_fleet(folder: Path) -> bool:
    """Tell whether a folder is that of a run over many PBXs."""
    return (folder / FLEET_FILE).is_file()


def read_fleet_folder(path: Path) -> FleetFolder:
    """Read what such a folder says.

    Raises:
        UsageError: it is none, or is damaged.
    """
    facts = kept(path, FLEET_FILE, _SHAPE)
    if facts is None or facts.keys() < _SHAPE.keys() or facts["form"] != _FORM or not _are_apart(facts["pbxs"]):
        raise UsageError(
            f"{path / FLEET_FILE} cannot be read: it is damaged, or another version of this tool wrote it.",
            "Each PBX's own run lies in a folder in it: name that instead.",
        )
    made = ("form", "started", "workbook", "pbxs", "approval")
    return FleetFolder(
        path=path,
        started=parse_moment(facts["started"]),
        workbook=Path(facts["workbook"]),
        pbxs=tuple(FleetPbx(**one) for one in facts["pbxs"]),
        approval=Approval(**facts["approval"]) if facts["approval"] else None,
        **{name: value for name, value in facts.items() if name not in made},
    )


def _are_apart(pbxs: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether no two PBXs have one name in paths, also where case does not count."""
    return len({one["slug"].casefold() for one in pbxs}) == len(pbxs)


def with_approval(folder: FleetFolder, approval: Approval) -> FleetFolder:
    """Write down who approved its plan; returns it so."""
    changed = replace(folder, approval=approval)
    changed.write()
    return changed


def with_pbxs(folder: FleetFolder, pbxs: Sequence[FleetPbx]) -> FleetFolder:
    """Write down other PBXs, or another digest of one; returns it so."""
    changed = replace(folder, pbxs=tuple(pbxs))
    changed.write()
    return changed
