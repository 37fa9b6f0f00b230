"""Connection: which PBX a command speaks to, the real one or the practice one, and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from batch.errors import OutputError, UsageError
from batch.pbx.addresses import base_url_of, is_overheard
from batch.pbx.session import Endpoint, connect
from batch.pbx.transport import CaFile, Fingerprint, Insecure, SystemTrust, Verification
from batch.runs import folders
from batch.runs.folders import Recording
from batch.runs.journal_reader import tokens_out
from batch.runs.retries import Policy
from batch.runs.retrying_client import RetryingClient
from batch.schema.column_model import Mode
from batch.schema.file_metadata import plain_stem
from batch.secret_sources import find_client_secret
from batch.secrets import Secret
from batch.settings import Settings
from batch.trunks.group_names import split_groups
from batch.trunks.list_merge import GROUP_KIND
from batch.trunks.live import LiveTrunk
from batch.trunks.model import Record
from batch.trunks.numbers import RawId

if TYPE_CHECKING:
    from batch.practice.state import PbxState

NOT_ENCRYPTED: Final = "It is spoken to without encryption: passwords can be read on the way."
PRACTICE: Final = "PRACTICE PBX"
"""What stands for its address, which is another one each time."""


_SAVED_AT_ONCE: Final = 500
"""Up to so many trunks a practice PBX is saved before each answer, so that a rehearsal that is killed loses none of it;
with more that would take longer than the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An open way to one PBX."""

    client: RetryingClient
    address: str
    """As people know it, and as the plan's digest covers it."""
    practice: bool
    place: str
    """What tells it from all others on this machine: its address, or where the practice PBX keeps its state."""
    notes: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """What it is called where another command is told that it is in use."""
        return f"the practice PBX of {self.place}" if self.practice else f"the PBX {self.address}"


class Operator(Protocol):
    """Whoever runs the command: is asked, told, and shown each request."""

    def prompt_secret(self, text: str) -> str:
        """Ask for a secret without showing it; nothing where nobody can be asked."""

    def tell(self, text: str) -> None:
        """Say something by the way."""

    def requested(self, entry: Mapping[str, Any]) -> None:
        """Hear of each request, as the log has it: never a secret."""


@contextmanager
def open_connection(
    settings: Settings,
    operator: Operator,
    recording: Recording,
    records: Iterable[Record] = (),
    exported: Callable[[], Mapping[int, LiveTrunk] | None] = lambda: None,
) -> Iterator[Connection]:
    """Open the way to the PBX that the settings name, or to the embedded practice PBX; its token is given back.

    Args:
        settings: which PBX, as whom, how fast, how patiently.
        operator: is asked for a secret, and told what somebody who waits should know.
        recording: takes down each request.
        records: what the practice PBX is made up from, where there is no file to begin with.
        exported: tells what the trunks held when the workbook was exported, if it was.

    Raises:
        UsageError: no URL, no client id, no secret, or settings that contradict each other.
    """
    if settings.log is not None:
        recording.into_file(settings.log)

    def log(entry: Mapping[str, Any]) -> None:
        recording.log(entry)
        operator.requested(entry)

    with ExitStack() as stack:
        if settings.practice:
            endpoint, notes = stack.enter_context(_practice(settings, records, exported))
            address, place = PRACTICE, str(practice_file(settings.workbook).resolve())
        else:
            endpoint = _endpoint(settings, operator)
            address, place, notes = endpoint.base_url, endpoint.base_url, _warnings(endpoint)
        api = stack.enter_context(
            connect(
                endpoint,
                log=log,
                notice=operator.tell,
                request_log=recording,
                patience=settings.give_up_after,
                tokens_out=lambda: tokens_out(_runs_near(settings), endpoint.base_url, endpoint.client_id),
            )
        )
        policy = Policy(
            attempts=settings.attempts,
            give_up_after=settings.give_up_after,
            read_back=settings.read_back,
            settle_wait=settings.settle_wait,
        )
        yield Connection(
            client=RetryingClient(api, policy, notice=operator.tell),
            address=address,
            practice=settings.practice,
            place=place,
            notes=notes,
        )


def _runs_near(settings: Settings) -> list[Path]:
    """Return the folders of runs whose tokens may still be out: those near the workbook, and the run's own."""
    return [*folders.near(settings.workbook), *filter(None, [settings.run_dir])]


def _endpoint(settings: Settings, operator: Operator) -> Endpoint:
    if not settings.url:
        raise UsageError(
            "No PBX is named.",
            "Give --url https://PBX:8088 (or TRUNK_BATCH_URL, or a profile), or --practice to rehearse without one.",
        )
    if not settings.client_id:
        raise UsageError(
            "No client id is given.",
            "Give --client-id (or TRUNK_BATCH_CLIENT_ID); the PBX shows it under Integrations > API.",
        )
    base_url, verification = base_url_of(settings.url), _verification(settings)
    whence = f" (from {settings.url_from.words})" if settings.url_from.words else ""
    operator.tell(f"PBX: {base_url}{whence}{'. ' + NOT_ENCRYPTED if is_overheard(base_url) else ''}")
    return Endpoint(
        base_url=base_url,
        client_id=settings.client_id,
        secret=find_client_secret(replace(settings, url=base_url), operator.prompt_secret),
        verification=verification,
        proxy=settings.proxy == "env",
        timeout=settings.timeout,
        rate=settings.rate,
        concurrency=settings.concurrency,
    )


def _verification(settings: Settings) -> Verification:
    chosen: list[Verification] = []
    if settings.ca_file is not None:
        chosen.append(CaFile(path=settings.ca_file))
    if settings.fingerprint:
        chosen.append(Fingerprint(sha256=settings.fingerprint))
    if settings.insecure:
        chosen.append(Insecure())
    if len(chosen) > 1:
        raise UsageError("--ca-file, --fingerprint and --insecure contradict each other.", "Give only one of them.")
    return chosen[0] if chosen else SystemTrust()


def _warnings(endpoint: Endpoint) -> tuple[str, ...]:
    if isinstance(endpoint.verification, Insecure):
        return ("The PBX's certificate is not checked (--insecure): anybody in between could read the passwords.",)
    return ()


def practice_file(workbook: Path) -> Path:
    """Return where the practice PBX keeps its state: one place for a workbook and for its results."""
    return workbook.with_name(f"{plain_stem(workbook)}.practice.json")


def practice_start(workbook: Path) -> Path:
    """Return what the practice PBX begins as: ``NAME.pbx.json`` beside the workbook if it is there, or ``pbx.json``."""
    own = workbook.with_name(f"{plain_stem(workbook)}.pbx.json")
    return own if own.exists() else workbook.with_name("pbx.json")


@contextmanager
def _practice(
    settings: Settings, records: Iterable[Record], exported: Callable[[], Mapping[int, LiveTrunk] | None]
) -> Iterator[tuple[Endpoint, tuple[str, ...]]]:
    from batch.practice.server import read_faults, running  # noqa: PLC0415
    from batch.practice.state import SAVE_EVERY, read_state, write_state  # noqa: PLC0415 - only for rehearsals

    file = practice_file(settings.workbook)
    before = practice_start(settings.workbook)
    source = file if file.exists() else before
    mishaps = settings.workbook.with_name(f"{plain_stem(settings.workbook)}.faults.json")
    try:
        faults = read_faults(mishaps)
    except (OSError, ValueError) as error:
        raise UsageError(f"{mishaps} cannot be read: {_why(error)}.", "Correct it, or move it away.") from None
    try:
        if source == file:
            state, note = read_state(file), f"The practice PBX goes on from {file}; delete that file to start anew."
        elif source.exists():
            state, note = read_state(before), f"The practice PBX starts as {before} says, and is kept in {file}."
        else:
            source = settings.workbook
            state = _invented(list(records), exported() or {})
            note = f"The practice PBX was made up from the workbook, and is kept in {file}."
    except (OSError, ValueError) as error:
        hint = f"Delete {file} to start anew." if source == file else f"Correct {source}, or move it away."
        raise UsageError(f"The practice PBX cannot be made from {source}: {_why(error)}.", hint) from None
    try:
        write_state(state, file)
    except OSError as error:
        raise OutputError(file, _why(error)) from None
    save_every = 0.0 if len(state.trunks) <= _SAVED_AT_ONCE else SAVE_EVERY
    with running(state, faults=faults, path=file, save_every=save_every) as pbx:
        yield (
            Endpoint(
                base_url=pbx.url,
                client_id=state.settings.client_id,
                secret=Secret(state.settings.client_secret),
                timeout=settings.timeout,
                rate=settings.rate,
                concurrency=settings.concurrency,
            ),
            (note,),
        )


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeError):
        return "it is not text in UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON (line {error.lineno}: {error.msg})"
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")


def _invented(records: Sequence[Record], exported: Mapping[int, LiveTrunk]) -> PbxState:
    """Make a practice PBX that has the workbook's trunks, extensions and groups, with other values.

    A trunk of an export holds what it held when it was exported.
    """
    from batch.practice.state import invent_state  # noqa: PLC0415 - only for rehearsals

    trunks: dict[object, dict[str, Any]] = {}
    members: dict[tuple[str, int], str] = {}
    for record in records:
        then = exported.get(record.id or 0)
        trunks[record.id or record.name] = _as_named(record) if then is None else dict(then.whole)
        if then is not None:
            members |= {(m.type, m.id): m.number for entry in then.caller_ids.entries for m in entry.order}
    extensions, groups = _mentioned(records, members)
    return invent_state(trunks.values(), extensions.values(), groups.values())


def _as_named(record: Record) -> dict[str, Any]:
    """Return what a row tells of a trunk as it is; what it shall remove is there."""
    edit = record.dids
    return {
        "id": record.id,
        "name": record.name if record.id is None and record.name else None,
        "type": str(record.type) if record.type else None,
        "did_list": [{"did": row.number} for row in edit.rows] if edit and edit.mode is Mode.REMOVE else None,
    }


def _mentioned(
    records: Iterable[Record], members: Mapping[tuple[str, int], str]
) -> tuple[dict[object, dict[str, Any]], dict[object, dict[str, Any]]]:
    """Return the extensions and the groups that the rows name, and those of an export's entries by kind and id."""
    names = {name for (kind, _), name in members.items() if kind == GROUP_KIND and name}
    extensions: dict[object, dict[str, Any]] = {}
    groups: dict[object, dict[str, Any]] = {}
    for row in (row for record in records if record.caller_ids for row in record.caller_ids.rows):
        extensions |= {n: _known_by(n, "number") for n in row.extensions or ()}
        groups |= {n: _known_by(n, "name") for n in split_groups(row.groups or "", names)}
    for (kind, member_id), name in members.items():
        known, key = (groups, "name") if kind == GROUP_KIND else (extensions, "number")
        known.pop(RawId(member_id), None)
        known[name or RawId(member_id)] = {"id": member_id} | ({key: name} if name else {})
    return extensions, groups


def _known_by(text: str | RawId, key: str) -> dict[str, Any]:
    return {"id": text.id} if isinstance(text, RawId) else {key: text}
