"""Brokers that are no brokers, are not safe, or are away: said in words, at once, and never with their password."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from batch.cli.main import main
from batch.errors import UsageError
from batch.fleet.broker import WorkerCrew, broker_name, check_broker, make_app, queue_of
from batch.fleet.tasks import TRAVELS
from batch.settings import OPTIONS
from tests.brokers import Redis
from tests.certificates import Identity
from tests.cli.test_imports import loaded
from tests.fleet.doubles import task
from tests.loopback import port_that

PASSWORD: Final = "Sample-broker-pw"


def refused(url: str, act: Callable[[str], object] = make_app) -> UsageError:
    with pytest.raises(UsageError) as caught:
        act(url)
    assert PASSWORD not in caught.value.message + caught.value.hint
    return caught.value


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_elsewhere_must_be_encrypted(scheme: str) -> None:
    error = refused(f"{scheme}://ann:{PASSWORD}@broker.example:6379/0")
    assert error.message == f"{scheme}://broker.example:6379/0 is not encrypted, and not on this machine."
    for here in ("localhost", "127.0.0.1", "[::1]"):
        make_app(f"{scheme}://ann:{PASSWORD}@{here}:6379/0")


@pytest.mark.parametrize("reqs", ["none", "optional", "CERT_NONE"])
def test_the_certificate_of_a_broker_is_always_verified(reqs: str) -> None:
    error = refused(f"rediss://:{PASSWORD}@broker.example:6379/0?ssl_cert_reqs={reqs}")
    assert error.message == "The certificate of rediss://broker.example:6379/0 must be verified."
    redis = make_app("rediss://broker.example:6379/0?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=required").conf
    tls = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": "/etc/ca.pem"}
    assert redis.broker_use_ssl == redis.redis_backend_use_ssl == tls
    assert (redis.broker_url, redis.result_backend) == ("rediss://broker.example:6379/0",) * 2
    rabbit = make_app("amqps://broker.example:5671//").conf
    context = {"check_hostname": True, "cafile": None}
    assert rabbit.broker_use_ssl == {"context": context, "server_hostname": "broker.example"}
    assert rabbit.result_backend == "rpc://"


@pytest.mark.parametrize(
    "url",
    [
        f"sqs://ann:{PASSWORD}@broker",
        f"redis://ann:{PASSWORD}@127.0.0.1:99999/0",
        f"redis://ann:{PASSWORD}@[::1/0",
        f"redis://ann:{PASSWORD}@127.0.0.1/0?credential_provider=os.system",
        f"redis://ann:{PASSWORD}@127.0.0.1/0?x",
        "filesystem://",
        "filesystem:///",
        "filesystem://host/folder",
        "redis:///0",
        "nonsense",
    ],
)
def test_what_is_no_broker_is_refused_with_what_to_type(url: str) -> None:
    assert "rediss://HOST" in refused(url).hint


def test_a_broker_is_named_without_user_and_password() -> None:
    assert broker_name(f"rediss://ann:{PASSWORD}@h:1/0?ssl_ca_certs={PASSWORD}") == "rediss://h:1/0"
    assert broker_name(f"redis://ann:{PASSWORD}@[::1") == "the broker"


def test_neither_side_repeats_a_task_or_takes_anything_but_json() -> None:
    conf = make_app("redis://127.0.0.1/0").conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (False, False, 1)
    assert (conf.accept_content, conf.task_serializer, conf.result_serializer) == (["json"], "json", "json")
    assert conf.broker_transport_options["visibility_timeout"] > conf.result_expires


def test_sites_have_queues_of_their_own_whatever_they_are_called() -> None:
    names = {queue_of(site).name for site in ("north", "north/east", "../north", "Nörth 1", "north.1")}
    assert len(names) == 5
    assert not any("/" in name or " " in name for name in names)


def test_a_broker_that_is_away_is_said_within_seconds() -> None:
    began = time.monotonic()
    with port_that(lambda connection: connection.close()) as (port, _):
        pass  # nobody listens there any more
    for scheme in ("redis", "amqp"):
        url = f"{scheme}://ann:{PASSWORD}@127.0.0.1:{port}/0"
        error = refused(url, lambda url: WorkerCrew(url, {}, 1))
        assert error.message.startswith(f"The broker {scheme}://127.0.0.1:{port}/0 cannot be used")
    assert time.monotonic() - began < 20


def test_a_worker_without_a_broker_a_site_or_a_broker_that_is_there_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["worker", "--site", "north"]) == 2
    assert "TRUNK_BATCH_WORKERS" in capsys.readouterr().err
    monkeypatch.setenv("TRUNK_BATCH_WORKERS", f"redis://:{PASSWORD}@127.0.0.1:1/0")
    assert main(["worker"]) == 2
    assert "--site NAME" in capsys.readouterr().err
    assert main(["worker", "--site", "north"]) == 2
    said = capsys.readouterr()
    assert "The broker redis://127.0.0.1:1/0 cannot be used" in said.err
    assert PASSWORD not in said.err + said.out


@pytest.mark.redis
def test_a_broker_with_a_certificate_is_used_if_it_is_trusted(tmp_path: Path, identity: Identity) -> None:
    redis = Redis(tmp_path)
    pem = str(identity.pem)
    redis.start("--port", "0", "--tls-port", str(redis.port), "--tls-cert-file", pem, "--tls-key-file", pem,
                "--tls-auth-clients", "no")  # fmt: skip
    try:
        url = f"rediss://127.0.0.1:{redis.port}/0"
        error = refused(url, lambda url: check_broker(make_app(url), url))
        assert error.message.startswith(f"The broker {url} cannot be used")
        trusted = f"{url}?ssl_ca_certs={pem}"
        app = make_app(trusted)
        check_broker(app, trusted)
        app.backend.store_result("a", {"x": 1}, "AT_WORK")
        assert app.backend.get_task_meta("a")["result"] == {"x": 1}
        app.backend.client.close()
        app.close()
    finally:
        redis.kill()


def test_only_settings_that_say_neither_whom_to_trust_nor_where_something_lies_travel() -> None:
    assert not [name for name in TRAVELS if OPTIONS[name].trust or OPTIONS[name].kind is Path]
    assert not {"url", "client_id", "workers", "profile", "profile_file"} & {*TRAVELS}


def test_celery_is_loaded_by_workers_alone() -> None:
    everything = "import pkgutil, sys, batch\n"
    everything += "for found in pkgutil.walk_packages(batch.__path__, 'batch.'): __import__(found.name)\n"
    assert not loaded(f"{everything}print(*sys.modules, file=sys.stderr)") & {"celery", "kombu", "redis", "amqp"}


def test_where_celery_is_missing_it_is_said_what_to_install() -> None:
    code = "import sys; sys.modules['celery'] = None\nfrom batch.cli.main import main\n"
    code += "sys.exit(main(['worker', '--site', 'north', '--workers', 'redis://127.0.0.1/0']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 2
    assert "pip install 'trunk-batch[workers]'" in done.stderr


def test_a_site_of_which_nothing_is_heard_is_named_long_before_its_task_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batch.fleet.broker._MISSED_S", 0.2)
    told: list[str] = []
    part = tmp_path / "part.xlsx"
    part.write_bytes(b"a part")
    sent = {**task("berlin", "plan"), "own": {"part": str(part)}}
    with closing(WorkerCrew(f"filesystem://{tmp_path}/broker", {"berlin": "north"}, 60, told.append)) as crew:
        crew.begin(sent)
        until = time.monotonic() + 20
        while not told and time.monotonic() < until:
            assert crew.events(0.1) == []
    assert told == ["Nothing is heard of berlin for 0.2 s: is a worker of site north up? After 60 s it counts as lost."]
