"""Secret sources: where the client secret is looked for, and what password cells may name.

The client secret is given, in a file that was named, in the environment, in the system's keyring, or typed at a
prompt. It is never an argument, and goes only where it was stored for. Files are read without waiting for a pipe and
without taking in what is endless.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from batch.errors import UsageError
from batch.options import is_path, place_of
from batch.secrets import NoSecret, Secret
from batch.settings import Settings
from batch.wording import counted, quoted, some_of

_HOW: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)


def read_small(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """Read a regular file, and tell what the system says of the very file that was read.

    A pipe, socket, device or folder is refused and never waited for.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger; `why_unread` says it in words.
    """
    descriptor = os.open(path, _HOW)
    try:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode):
            raise OSError("it is no regular file")
        parts, left = [], most + 1
        while left and (part := os.read(descriptor, left)):
            parts.append(part)
            left -= len(part)
        if not left:
            raise OSError(f"it holds more than {most:,} bytes")
        return b"".join(parts), told
    finally:
        os.close(descriptor)


def why_unread(error: OSError) -> str:
    """Say in a few words why a file could not be read."""
    return error.strerror or str(error)


KEYRING_SERVICE: Final = "trunk-batch"
SECRET_VARIABLE: Final = "TRUNK_BATCH_CLIENT_SECRET"  # noqa: S105 - the name of a variable

_MOST_BYTES: Final = 4096
_OURS: Final = "TRUNK_BATCH_"
_LINE_ENDS: Final = re.compile("[\n\v\f\r\x85\u2028\u2029]")
_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class CellSecrets:
    """Finds what password cells name by ``env:NAME`` and ``file:PATH``, as far as the operator allows it.

    What is not allowed is not looked for: nobody learns from the answer whether it is there.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        """Allow variables by pattern, folders and files by path, as `Settings.secrets_from` has them."""
        listed = list(allowed)
        self._patterns = [text for text in listed if not is_path(text)]
        self._places = [text for text in listed if is_path(text)]
        self._found: dict[str, Secret | NoSecret] = {}
        self._read: Counter[str] = Counter()

    @property
    def read(self) -> Mapping[str, int]:
        """What was read, like ``env SIP_LONDON`` or ``file ~/sip/london``, and for how many cells."""
        return self._read

    def __call__(self, text: str) -> Secret | NoSecret:
        """Find the password that a cell names, or is."""
        kind, _, name = text.strip().partition(":")
        kind, name = kind.strip().casefold(), name.strip()
        look = {"env": self._in_variable, "file": self._in_file}.get(kind)
        if look is None:
            return Secret(text)
        called = f"{kind} {name}"
        if called not in self._found:
            self._found[called] = look(name)
        found = self._found[called]
        if isinstance(found, Secret):
            self._read[called] += 1
        return found

    def _in_variable(self, name: str) -> Secret | NoSecret:
        if not _VARIABLE.fullmatch(name):
            return _not_found(f"{name!r} is no name of an environment variable.")
        if name.upper().startswith(_OURS):
            return NoSecret(
                code="secret-not-allowed",
                message=f"A cell may not name the environment variable {name}: it is this program's own.",
                fix="Name another variable, or type the password here.",
            )
        if not any(fnmatchcase(name, pattern) for pattern in self._patterns):
            return _not_allowed(f"the environment variable {name}", name)
        value = os.environ.get(name, "")
        if value and (reason := _why_no_secret(value)):
            return _not_found(f"The environment variable {name} {reason}.")
        return Secret(value) if value else _not_found(f"The environment variable {name} is not set.")

    def _in_file(self, name: str) -> Secret | NoSecret:
        path = place_of(name)
        if not self._allows(path, lambda place: place):
            return _not_allowed(f"the file {name}", path)
        try:
            real = os.path.realpath(path)
            if not self._allows(real, os.path.realpath):
                return _not_found(f"The file {name} is a link that leads out of what may be read.")
            found = _secret_in(Path(real), name, lambda file: read_small(file, _MOST_BYTES)[0])
        except (OSError, ValueError):  # a name that no file can have
            found = f"The file {name} cannot be read: it has no name of a file."
        return found if isinstance(found, Secret) else _not_found(found)

    def _allows(self, path: str, spelled: Callable[[str], str]) -> bool:
        return any(Path(path).is_relative_to(spelled(place)) for place in self._places)


def said_of(read: Mapping[str, int], most: int | None = None) -> str:
    """Name what was read for cells, with the number of trunks: ``env SIP_LONDON (3 trunks)``; None for all of it."""
    return some_of((f"{called} ({counted(count, 'trunk')})" for called, count in read.items()), most)


def _not_allowed(what: str, source: str) -> NoSecret:
    return NoSecret(
        code="secret-not-allowed",
        message=f"The cell names {what}, which it may not read.",
        fix=f"If you want its content sent as this trunk's password, add --secrets-from {quoted(source)}; else type "
        "the password here.",
    )


def _not_found(message: str) -> NoSecret:
    return NoSecret(code="secret-not-found", message=message, fix="Set it before running, or type the password here.")


def _secret_in(path: Path, called: object, read: Callable[[Path], bytes]) -> Secret | str:
    try:
        value = read(path).decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        return f"The file {called} cannot be read: {why_unread(error)}."
    except UnicodeDecodeError:
        return f"The file {called} cannot be read: it is not text in UTF-8."
    reason = _why_no_secret(value)
    return f"The file {called} {reason}." if reason else Secret(value)


def _why_no_secret(value: str) -> str:
    if _LINE_ENDS.search(value):
        return "holds more than one line"
    if _NO_TEXT.search(value):
        return "holds control characters, which no password has"
    return "" if value else "is empty"


def _read_named(path: Path) -> bytes:
    """Read what the operator named, which may be a pipe from their own password program."""
    with path.open("rb") as file:
        return file.read(_MOST_BYTES)


def find_client_secret(settings: Settings, prompt: Callable[[str], str] | None) -> Secret:
    """Find the client secret: given, the file named, the environment, the keyring, a prompt.

    The environment says nothing of the address that its secret is for, so it counts only where the operator gave the
    address; the keyring and the prompt name it.

    The prompt asks on a terminal without echo; None where there is none.

    Raises:
        UsageError: it is nowhere.
    """
    if settings.secret is not None:
        return settings.secret
    if settings.secret_file is not None:
        found = _secret_in(settings.secret_file.expanduser(), settings.secret_file, _read_named)
        if isinstance(found, str):
            raise UsageError(found, "Name a readable file with --secret-file that holds nothing but the secret.")
        return found
    in_environment, origin = os.environ.get(SECRET_VARIABLE), settings.url_from
    if in_environment and origin.vouched:
        return Secret(in_environment)
    account = f"{settings.client_id}@{settings.url}"
    if value := _from_keyring(account):
        return Secret(value)
    whence = "" if origin.vouched else f" (address from {origin.words})"
    if prompt is not None and (value := prompt(f"Client secret of {account}{whence}: ")):
        return Secret(value)
    keep = f'keep it in the system\'s keyring: keyring set {KEYRING_SERVICE} "{account}"'
    if origin.vouched:
        raise UsageError(
            f"There is no client secret for {account}.",
            f"Set {SECRET_VARIABLE}, use --secret-file, type it when asked on a terminal, or {keep}",
        )
    raise UsageError(
        f"There is no client secret for {account}, an address from {origin.words}."
        + (f" {SECRET_VARIABLE} is not sent there: it may be meant for another PBX." if in_environment else ""),
        f"If this is your PBX, {origin.to_vouch or f'add --url {settings.url}'}, use --secret-file, type the secret "
        "when asked on a terminal, "
        f"or {keep}",
    )


def _from_keyring(account: str) -> str | None:
    """Ask the system's keyring; a machine without one has none to give."""
    import keyring  # noqa: PLC0415 - only where no other source has it
    import keyring.errors  # noqa: PLC0415

    try:
        return keyring.get_password(KEYRING_SERVICE, account)
    except keyring.errors.KeyringError:
        return None
