"""Options: what there is to know of each setting that people can give, and how what they give is understood."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import field
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from batch.errors import UsageError
from batch.secrets import Secret
from batch.wording import nearest_few

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

ValueT = TypeVar("ValueT")

_KINDS: Final = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a text, or a list of texts",
    Path: "a path",
    Secret: "a text",
}
"""What the value of an option can be, and what it is called where it is something else."""

HAZARDS: Final = (
    "removals",
    "unknown-keys",
    "unread-lists",
    "reorder",
    "conflicts",
    "long-numbers",
    "did-orphaned",
    "did-doubled",
    "size",
    "port-order",
    "routes",
    "overwrite-later-edits",
)
"""What ``--allow`` takes."""
ACCEPTABLE: Final = ("lists", "counts")
"""What ``--accept`` takes: kinds of cells that are not sure, and are read as their problem says."""


class Part(NamedTuple):
    """A part of the help."""

    commands: tuple[str, ...]
    """Those that take a flag; none where only a profile gives it."""
    heading: str = ""


class Option(NamedTuple):
    """What there is to know of a setting that people can give. No dataclass, which would cost each start its time."""

    usual: Any
    help: str
    """Of its flag. What is usual, and the environment variable, are added."""
    part: Part
    name: str = ""
    """Of its field in `Settings`; its kind is that field's, too."""
    kind: type = str
    """bool, int, float, str, Path, Secret, or tuple: of texts."""
    short: str = ""
    """A short flag, which messages name instead."""
    metavar: str | None = None
    """What its value is called; FILE and N go without saying."""
    nargs: str | None = None
    """``+`` where one flag takes several texts; else each of them has a flag of its own."""
    otherwise: str = ""
    """What holds where it is not given, if its usual value does not say it."""
    bounds: tuple[float, float] | None = None
    """From least to most, both included. Times are in seconds."""
    choices: tuple[str, ...] = ()
    reader: Callable[[str], str | Secret] | None = None
    """Reads a text that was typed; a ValueError says what is wrong with it."""
    profile: str = ""
    """What a profile calls it; blank where no profile may give it."""
    kept: bool = True
    """Whether a run keeps it, to be gone on with."""
    trust: bool = False
    """Whether it says whom to trust, or with what: a run that somebody else began cannot decide it."""
    apart: bool = False
    """Whether it names a file to be written that may not take the place of the workbook's own."""

    @property
    def flags(self) -> tuple[str, ...]:
        """How it is typed, as messages name it first."""
        long = f"--{'no-' if self.usual is True else ''}{self.name.rstrip('_').replace('_', '-')}"
        return (self.short, long) if self.short else (long,)

    @property
    def variable(self) -> str:
        """The environment variable that gives it, too."""
        return f"TRUNK_BATCH_{self.name.rstrip('_').upper()}"

    @property
    def _called(self) -> str:
        return "whole number" if self.kind is int else "number"

    def parse(self, text: str) -> Any:
        """Read what was typed; for a tuple, one of its texts; for a switch, yes or no.

        Raises:
            ValueError: what is wrong with it, in a few words.
        """
        if self.kind is bool:
            if text.strip().casefold() not in _SWITCHES:
                raise ValueError(f"{text!r} is neither yes nor no")
            return _SWITCHES[text.strip().casefold()]
        if self.bounds is None:
            return (self.reader or (Path if self.kind is Path else str))(text)
        try:
            number = self.kind(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a {self._called}") from None
        if reason := self.why_not(number):
            raise ValueError(reason)
        return number

    def why_not(self, number: float) -> str:
        """Say what is wrong with a number, in a few words; nothing if nothing is."""
        if self.bounds is None:
            return ""
        least, most = self.bounds
        if least <= number <= most and (self.kind is float or number == int(number)):
            return ""
        return f"must be a {self._called} from {least:,} to {most:,}"

    def fits(self, value: object) -> bool:
        """Tell whether a value is of its kind, as TOML and JSON have it; or nothing, where that is usual."""
        if value is None:
            return self.usual is None
        if self.kind is tuple:
            return isinstance(value, list) and all(isinstance(text, str) for text in value)
        return type(value) in {float: (int, float), Path: (str,)}.get(self.kind, (self.kind,))


_SWITCHES: Final = {
    "1": True,
    "yes": True,
    "true": True,
    "on": True,
    "0": False,
    "no": False,
    "false": False,
    "off": False,
}


def entry(usual: ValueT, text: str, part: Part, **facts: Any) -> ValueT:
    """Make a field of the settings that people can give; the text is its flag's help."""
    return field(default=usual, metadata={"option": Option(usual, text, part, **facts)})


def hazard(text: str) -> str:
    """Read a hazard as ``--allow`` takes it.

    Raises:
        ValueError: there is none that is called so.
    """
    if text.partition("=")[0] not in HAZARDS:
        raise ValueError(f"there is no hazard {text!r}; there are {', '.join(HAZARDS)}")
    return text


def region(text: str) -> str:
    """Read a region of the world as `phonenumbers` has it.

    Raises:
        ValueError: there is none of these letters.
    """
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - only who gives one waits for it

    if text.upper() not in SUPPORTED_REGIONS:
        raise ValueError(f"{text!r} is no region; give its two letters, like GB, US or DE")
    return text.upper()


def acceptable(text: str) -> str:
    """Read what ``--accept`` takes.

    Raises:
        ValueError: it is none of it.
    """
    if text not in ACCEPTABLE:
        raise ValueError(f"nothing is called {text!r} that could be accepted; there are {' and '.join(ACCEPTABLE)}")
    return text


_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_MOST_S: Final = 86_400


def seconds_of(text: str) -> float:
    """Read a time such as ``30m``, in seconds.

    Raises:
        ValueError: it is none, or too long.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([smh])", text.strip().casefold())
    if found is None or not 0 < (seconds := float(found[1]) * _UNITS[found[2]]) <= _MOST_S:
        raise ValueError(f"{text!r} is not a time of up to 24 hours, like 30m, 90s or 2h")
    return seconds


def time_span(text: str) -> str:
    """Read a time as ``--confirm-within`` takes it.

    Raises:
        ValueError: it is none, or too long.
    """
    seconds_of(text)
    return text.strip()


def wave_sizes(text: str) -> tuple[int | None, ...]:
    """Read how many PBXs each wave has, like ``1,5,20,rest``; None is the rest of them.

    Raises:
        ValueError: it says something else.
    """
    sizes = [part.strip().casefold() for part in text.split(",")]
    rest = sizes[-1] == "rest"
    numbers = sizes[:-1] if rest else sizes
    if not all(re.fullmatch("0*[1-9][0-9]{0,5}", number) for number in numbers):
        raise ValueError(f"{text!r} does not say how many PBXs each wave has, like 1,5,20,rest")
    return (*map(int, numbers), *([None] if rest else []))


def waves(text: str) -> str:
    """Read the sizes of waves as ``--waves`` takes them.

    Raises:
        ValueError: it says something else.
    """
    return ",".join("rest" if size is None else str(size) for size in wave_sizes(text))


_TIME: Final = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_HOURS: Final = re.compile(rf"{_TIME} ?[-\u2013] ?(?:{_TIME}|24:00)")


def hours_of(text: str) -> tuple[time, time]:
    """Read hours such as ``01:00-04:00`` as when they begin and end; ``22:00-02:00`` goes on after midnight.

    Raises:
        ValueError: they are none, or empty.
    """
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} does not say from when to when, like 01:00-04:00 or 22:00-02:00")
    hour, minute, last_hour, last_minute = (int(number or 0) for number in found.groups())
    begin, end = time(hour, minute), time(last_hour, last_minute)
    if begin == end:
        raise ValueError(f"{text!r} ends when it begins; give hours like 01:00-04:00, or leave it out")
    return begin, end


def window(text: str) -> str:
    """Read hours as ``--window`` takes them.

    Raises:
        ValueError: they are none, or empty.
    """
    return "-".join(at.isoformat("minutes") for at in hours_of(text))


def zone_of(text: str) -> ZoneInfo:
    """Read the name of a time zone, like ``Europe/Berlin``.

    Raises:
        ValueError: there is none of that name.
    """
    import zoneinfo  # noqa: PLC0415 - only who gives one waits for it

    try:
        return zoneinfo.ZoneInfo(text.strip())
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):  # a folder of zones, or a path
        known = sorted(zoneinfo.available_timezones())
    if not known:
        raise ValueError("this machine knows no time zones; install them with: pip install tzdata")
    near = nearest_few(text, known) or ["Europe/Berlin", "America/New_York", "UTC"]
    raise ValueError(f"there is no time zone {text!r}; give one like {', '.join(near)}")


def time_zone(text: str) -> str:
    """Read a time zone as ``--time-zone`` takes it.

    Raises:
        ValueError: there is none of that name.
    """
    return zone_of(text).key


_BROKERS: Final = ("filesystem", "redis", "rediss", "amqp", "amqps")


def broker(text: str) -> Secret:
    """Read a broker's address as ``--workers`` takes it; it may hold a password, and is not repeated.

    Raises:
        ValueError: it is none.
    """
    scheme, found, place = text.strip().partition("://")
    if scheme.casefold() not in _BROKERS or not found or not (place or scheme.casefold() == "filesystem"):
        raise ValueError(
            "that is not a broker's address; give one like rediss://HOST:6379/0, amqps://HOST:5671//, or filesystem://"
        )
    return Secret(text.strip())


def digest(text: str) -> str:
    """Read a digest as a plan prints it.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", text.strip(), re.IGNORECASE):
        raise ValueError(f"{text!r} is not a digest; plan prints it, 32 characters")
    return text.strip().casefold()


def taken(option: Option, value: object) -> Any:
    """Take what a script gives for an option: a text for a path, too, or for the only one of several texts.

    Raises:
        UsageError: it is of another kind.
    """
    kind = option.kind
    if kind is Path and isinstance(value, str | os.PathLike):
        return Path(value)
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    if kind is tuple:
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list | tuple | set | frozenset) and all(isinstance(text, str) for text in texts):
            return tuple(texts)
    elif isinstance(value, kind) or (kind is float and type(value) is int):
        return value
    raise UsageError(f"{option.name} cannot be {value!r}.", f"Give {_KINDS[kind]}.")


def kind_written(written: str) -> type:
    """Return the kind of a field's value by how its type is written: ``Path`` for ``Path | None``."""
    return next(kind for kind in _KINDS if kind.__name__ == re.split(r"\W", written)[0])


_NAME_PATTERN: Final = re.compile(r"[A-Za-z_*?][\w*?]*", re.ASCII)


def source_of_secrets(text: str) -> str:
    """Spell what cells may read from: a variable's pattern as it is, a folder or file as a whole path.

    Raises:
        UsageError: it is neither.
    """
    if _NAME_PATTERN.fullmatch(text):
        return text
    if is_path(text) and not text.casefold().startswith(("env:", "file:")):
        return place_of(text)
    raise UsageError(
        f"Passwords cannot be read from {text!r}.", "Give names of variables, like SIP_*, or a folder, like ~/sip/."
    )


def is_path(text: str) -> bool:
    """Tell whether what cells may read from is a folder or file, not the name of a variable."""
    return text.startswith("~") or any(separator in text for separator in filter(None, (os.sep, os.altsep)))


def place_of(text: str, folder: str | Path = "") -> str:
    """Return the whole path that a text names, without a look at the disk.

    ``~`` is the home folder; a relative one is meant from the given folder, or the current one.
    """
    return os.path.abspath(Path(folder, os.path.expanduser(text)))  # noqa: PTH100, PTH111 - pathlib keeps a ``..``
