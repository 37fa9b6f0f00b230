"""The broker: where tasks wait for workers near the PBXs, and where workers leave what they have to say.

A site is a queue, a message is plain JSON. It is acknowledged before anything of it is carried out, so that no broker
ever has a write repeated. Celery is imported only where there are workers.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, parse_qs, quote, urlsplit
from uuid import uuid4

from batch.errors import UsageError
from batch.fleet.crew import Event, Inbox, not_begun
from batch.fleet.tasks import Task, empty_answer, travelling
from batch.runs.fleet_folder import is_answer
from batch.runs.serialization import fits, whole

if TYPE_CHECKING:
    from celery import Celery

TASK: Final = "trunk-batch.carry"
"""What a worker is asked for."""
SETTLE: Final = "settle"
"""What all workers are told with the ids of messages whose tasks are to be stopped."""
AT_WORK: Final = "AT_WORK"
"""The state of a message that somebody works on: its result says how far, anew every few seconds."""
_NOT_WANTED: Final = "REVOKED"
_HELD_S: Final = 12 * 3600
"""How long a message may wait, and its result: a night."""
_CONNECT_S: Final = 4
_MISSED_S: Final = 30.0
"""After so long it is told that nothing is heard of a task."""
_LOOK_S: Final = 0.2
_ASK_AGAIN_S: Final = 1.0
_PROGRESS: Final = dict.fromkeys(("done", "of", "failed"), whole)
_HINT: Final = "Brokers are filesystem:///FOLDER (tests, shared folders), rediss://HOST:6379/0 and amqps://HOST:5671//."


def broker_name(url: str) -> str:
    """Name a broker for people: without user, password and options."""
    with suppress(ValueError):
        at = urlsplit(url)
        port = f":{at.port}" if at.port else ""
        return f"{at.scheme}://{at.hostname or ''}{port}{at.path}"
    return "the broker"


def queue_of(site: str) -> Any:
    """Return the queue of a site."""
    from kombu.entity import Queue  # noqa: PLC0415 - only where there are workers

    name = f"trunk-batch.{quote(site, safe='')}"
    return Queue(name, routing_key=name)


def make_app(url: str) -> Celery:
    """Make what both sides speak to a broker with; nothing is sent yet.

    Raises:
        UsageError: the address is none, or not safe; Celery is not installed.
    """
    try:
        from celery import Celery  # noqa: PLC0415 - only where there are workers
    except ImportError:
        raise UsageError("Workers need Celery, which is not installed.", "pip install 'trunk-batch[workers]'") from None
    try:
        at = urlsplit(url)
        secured = _secured(at)
    except ValueError:  # its words would repeat the address
        raise UsageError("The broker's address cannot be read.", _HINT) from None
    app = Celery("trunk-batch", set_as_current=False, broker=at._replace(query="").geturl())
    app.conf.update(
        accept_content=["json"],
        task_acks_late=False,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_timeout=_CONNECT_S,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"visibility_timeout": 2 * _HELD_S, "socket_connect_timeout": _CONNECT_S},
        result_backend="rpc://",
        result_expires=_HELD_S,
        result_backend_transport_options={"retry_policy": {"max_retries": 0}},
        redis_socket_connect_timeout=_CONNECT_S,
        redis_socket_timeout=2 * _CONNECT_S,
        **secured,
    )
    if at.scheme == "filesystem":
        folder = Path(at.path)
        places = {name: folder / name for name in ("messages", "control", "answers")}
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
        app.conf.broker_url = "filesystem://"
        app.conf.broker_transport_options = {
            "data_folder_in": str(places["messages"]),
            "data_folder_out": str(places["messages"]),
            "control_folder": places["control"],
            "polling_interval": _LOOK_S,
        }
        app.conf.result_backend = f"file://{places['answers']}"
    elif at.scheme.startswith("amqp"):
        app.conf.broker_transport_options = {"read_timeout": 2 * _CONNECT_S, "write_timeout": 2 * _CONNECT_S}
    elif at.scheme.startswith("redis"):
        app.conf.result_backend = app.conf.broker_url
    return app


def _secured(at: SplitResult) -> dict[str, Any]:
    """Refuse a broker that is not safe, and say how the certificate of one is verified."""
    asked = {name: values[-1] for name, values in parse_qs(at.query, strict_parsing=bool(at.query)).items()}
    ca_file, verified = asked.pop("ssl_ca_certs", None), asked.pop("ssl_cert_reqs", "required")
    if at.scheme == "filesystem" and at.path.strip("/") and not (at.netloc or asked):
        return {}
    if asked or not at.hostname or at.scheme not in {"redis", "rediss", "amqp", "amqps"} or (at.port or 1) < 1:
        raise UsageError(f"There is no broker at {broker_name(at.geturl())}.", _HINT)
    if verified not in {"required", "CERT_REQUIRED"}:
        raise UsageError(
            f"The certificate of {broker_name(at.geturl())} must be verified.",
            "Leave ssl_cert_reqs out; a certificate of your own is trusted with ?ssl_ca_certs=FILE.",
        )
    if at.scheme == "rediss":
        tls = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": ca_file}
        return {"broker_use_ssl": tls, "redis_backend_use_ssl": tls}
    if at.scheme == "amqps":
        context = {"check_hostname": True, "cafile": ca_file}
        return {"broker_use_ssl": {"context": context, "server_hostname": at.hostname}}
    if not _is_here(at.hostname):
        raise UsageError(
            f"{broker_name(at.geturl())} is not encrypted, and not on this machine.",
            f"Give the broker a certificate, and its address as {at.scheme}s://….",
        )
    return {}


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def errors_of(app: Celery) -> tuple[type[BaseException], ...]:
    """Return what comes of a broker that is away, or whose answer is only half there."""
    from kombu.exceptions import KombuError  # noqa: PLC0415 - only where there are workers

    with app.connection_for_write() as connection:
        known = (*connection.connection_errors, *connection.channel_errors)
    return (KombuError, OSError, ValueError, *known, *getattr(app.backend, "connection_errors", ()))


def check_broker(app: Celery, url: str) -> None:
    """See whether the broker is there.

    Raises:
        UsageError: it is not, or does not let us in.
    """
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_CONNECT_S)
            connection.default_channel  # noqa: B018 - Redis is asked for the first time here
    except errors_of(app) as error:
        reason = type(error.__cause__ or error).__name__
        raise UsageError(
            f"The broker {broker_name(url)} cannot be used ({reason}).",
            "Is it running, can this machine reach it, and are its user and password right?",
        ) from None


def is_wanted(app: Celery, number: str) -> bool:
    """Tell whether somebody still waits for the task in a message, as far as this broker can know."""
    return not _remembers(app) or app.backend.get_task_meta(number)["status"] != _NOT_WANTED


def _remembers(app: Celery) -> bool:
    return hasattr(app.backend, "get_key_for_task")


@dataclass(slots=True, kw_only=True)
class _Sent:
    task: Task
    id: str
    site: str
    heard: float
    """When something of it was heard last."""
    meta: Any = None
    """What that was."""
    is_missed: bool = False
    """Whether it was told that nothing is heard of it."""


class WorkerCrew:
    """Workers near the PBXs, by a broker.

    A thread speaks to the broker, so that one that is away holds nobody up; it is waited for.
    """

    def __init__(
        self, broker_url: str, sites: Mapping[str, str], silent_after: float, tell: Callable[[str], None] | None = None
    ) -> None:
        """Hand each PBX's task to its site; one that nothing is heard of for so many seconds is lost.

        Args:
            broker_url: With user and password, if it needs them.
            sites: By PBX.
            silent_after: Seconds. A task that waits counts as heard of while its site is.
            tell: Hears that the broker is away, and that it is there again.

        Raises:
            UsageError: the broker cannot be used.
        """
        self._app, self._name = make_app(broker_url), broker_name(broker_url)
        check_broker(self._app, broker_url)
        from kombu.exceptions import KombuError, OperationalError  # noqa: PLC0415 - only where there are workers

        self._errors = errors_of(self._app)
        ours = (error for error in self._errors if error not in {ValueError, KombuError})
        self._away: tuple[type[BaseException], ...] = (*ours, OperationalError)
        self._sites, self._silent_after, self._tell = sites, silent_after, tell
        self._inbox = Inbox()
        self._unsent: deque[tuple[str, Task]] = deque()
        self._sent: dict[str, _Sent] = {}
        self._heard_of: dict[str, float] = {}
        """When something was heard last, by site."""
        self._stops: deque[str | None] = deque()
        self._to_stop: set[str] = set()
        self._asked = 0.0
        self._is_away = False
        self._wake, self._over = threading.Event(), threading.Event()
        self._leader = threading.Thread(target=self._lead, name="broker", daemon=True)
        self._leader.start()

    def begin(self, task: Task) -> None:
        """Take a task on, and come back at once."""
        self._unsent.append((str(uuid4()), travelling(task)))
        self._wake.set()

    def events(self, timeout: float) -> list[Event]:
        """Return what came in since; waits at most so many seconds for the first."""
        return self._inbox.take(timeout)

    def stop(self, pbx: str | None = None) -> None:
        """Have one task, or all that were begun, settle and answer; a second call changes nothing."""
        self._inbox.take_back()
        self._stops.append(pbx)
        self._wake.set()

    def close(self) -> None:
        """Listen no more; what is under way goes on."""
        self._over.set()
        self._wake.set()
        self._leader.join()
        self._app.close()

    def _lead(self) -> None:
        while not self._over.is_set():
            self._wake.wait(_LOOK_S)
            self._wake.clear()
            try:
                self._note_stops()
                while self._unsent:
                    self._send(*self._unsent[0])
                    self._unsent.popleft()
                for sent in list(self._sent.values()):
                    self._look_at(sent)
                self._ask_to_stop()
            except self._errors:
                self._is_gone()
            else:
                self._is_there()
        if hasattr(self._app.backend, "client"):  # this thread's own
            self._app.backend.client.close()

    def _send(self, number: str, task: Task) -> None:
        """Hand a task over, again under the same id where it may not have arrived."""
        site = self._sites[task["pbx"]]
        to = {"queue": queue_of(site), "expires": _HELD_S, "retry": False}
        self._app.send_task(TASK, kwargs={"task": task}, task_id=number, **to)
        kept = {name: value for name, value in task.items() if name != "workbook"}
        self._sent[task["pbx"]] = _Sent(task=kept, id=number, site=site, heard=time.monotonic())

    def _look_at(self, sent: _Sent) -> None:
        (state, said), now = self._said_of(sent.id), time.monotonic()
        if state == "SUCCESS" and _is_answer_to(sent.task, said):
            self._end(sent, "answer", said)
        elif state in {"SUCCESS", "FAILURE"}:
            self._end(sent, "lost", {"message": "What its worker answered is no answer of ours."})
        elif state == _NOT_WANTED:
            self._end(sent, "lost", {"message": "Its worker came too late to begin with it."})
        elif state == AT_WORK and said != sent.meta:
            progress = said.get("progress") if isinstance(said, dict) else None
            if progress and fits(progress, _PROGRESS) and said != sent.meta:
                self._inbox.put(Event(sent.task["pbx"], "progress", progress))
            sent.meta, sent.heard, sent.is_missed = said, now, False
            self._heard_of[sent.site] = now
        else:
            self._miss(sent, now - max(sent.heard, self._heard_of.get(sent.site, 0) if sent.meta is None else 0))

    def _miss(self, sent: _Sent, silent: float) -> None:
        """Say of a task that nothing is heard of for so many seconds; in the end it is lost."""
        if silent > self._silent_after:
            self._forbid(sent)
            self._end(sent, "lost", {"message": f"Nothing was heard of it for {self._silent_after:g} seconds."})
        elif silent > _MISSED_S and not sent.is_missed and self._tell is not None:
            sent.is_missed = True
            pbx, after = sent.task["pbx"], f"After {self._silent_after:g} s it counts as lost."
            self._tell(f"Nothing is heard of {pbx} for {_MISSED_S:g} s: is a worker of site {sent.site} up? {after}")

    def _said_of(self, number: str) -> tuple[str, Any]:
        """Return state and result of a message; what nobody of ours can have written is as if nothing was heard."""
        try:
            found = self._app.backend.get_task_meta(number)
            return str(found["status"]), found["result"]
        except self._away:
            raise
        except Exception:  # noqa: BLE001 - whatever comes of reading what others wrote
            return "", None

    def _end(self, sent: _Sent, kind: Any, said: dict[str, Any]) -> None:
        del self._sent[sent.task["pbx"]]
        self._to_stop.discard(sent.id)
        if kind == "answer":
            self._heard_of[sent.site] = time.monotonic()
        self._inbox.put(Event(sent.task["pbx"], kind, said))

    def _forbid(self, sent: _Sent) -> None:
        """Leave word that a message that nobody waits for any more is not to be begun with."""
        if _remembers(self._app):
            if not self._said_of(sent.id)[0]:  # nothing is stored over what cannot be read
                self._app.backend.delete(self._app.backend.get_key_for_task(sent.id))
            self._app.backend.store_result(sent.id, None, _NOT_WANTED)

    def _note_stops(self) -> None:
        while self._stops:
            pbx = self._stops.popleft()
            for unsent in [unsent for unsent in self._unsent if pbx in {None, unsent[1]["pbx"]}]:
                self._unsent.remove(unsent)
                self._inbox.put(Event(unsent[1]["pbx"], "answer", not_begun(unsent[1])))
            self._to_stop |= {sent.id for name, sent in self._sent.items() if pbx in {None, name}}

    def _ask_to_stop(self) -> None:
        if self._to_stop and time.monotonic() - self._asked > _ASK_AGAIN_S:
            self._app.control.broadcast(SETTLE, arguments={"ids": sorted(self._to_stop)})
            self._asked = time.monotonic()

    def _is_gone(self) -> None:
        if not self._is_away and self._tell is not None:
            self._tell(f"The broker {self._name} is away; waiting for it.")
        self._is_away = True

    def _is_there(self) -> None:
        if self._is_away:
            for sent in self._sent.values():
                sent.heard = time.monotonic()  # meanwhile nobody could be heard
            if self._tell is not None:
                self._tell(f"The broker {self._name} is there again.")
        self._is_away = False


def _is_answer_to(task: Task, said: Any) -> bool:
    """Tell whether an answer is one to a task: a broker is open to others."""
    same = ("fleet", "pbx", "command")
    is_whole = is_answer(said) and said.keys() >= empty_answer({}, 0, "", "", "").keys()
    return is_whole and all(said.get(name) == task[name] for name in same)
