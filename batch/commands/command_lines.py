"""Command lines: what is typed next, with those of the given flags that count there too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from batch.settings import OPTIONS, WHERE, Settings
from batch.wording import quoted

if TYPE_CHECKING:  # which a check has no need of
    from batch.trunks.live_checks import Hazard

_MOST_FLAGS: Final = 12
"""For so many trunks a kind of hazard is allowed one by one in an offered command."""


def command(name: str, target: object, flags: Iterable[object] = ()) -> str:
    """Write a command as it is typed."""
    return " ".join(["trunk-batch", name, quoted(target), *map(quoted, flags)])


def which(settings: Settings) -> list[object]:
    """Repeat the flags that choose trunks, and those that say how the workbook is read and what it is held against."""
    names = ("columns", "as_", "trunk", "mode", "secrets_from", "accept", "port_order", "only", "first")
    return _repeated(settings, *names)


def where(settings: Settings) -> list[object]:
    """Repeat the flags that choose the PBX."""
    if settings.practice:
        return ["--practice"]
    origin = settings.url_from
    typed = settings.url and origin.vouched and not origin.flags  # without any, the workbook names its PBXs
    flags: list[object] = ["--url", settings.url] if typed else [*origin.flags]
    return [*flags, *_repeated(settings, *(name for name in _WHERE if name != "url"))]


def profile_of(settings: Settings) -> list[object]:
    """Repeat the flags that name a profile."""
    return _repeated(settings, "profile", "profile_file")


def how(settings: Settings) -> list[object]:
    """Repeat the flags that say how carefully to go."""
    return _repeated(settings, *(name for name in _HOW if name not in {"accept", "allow", "skip_invalid"}))


def allowing(settings: Settings, more: Iterable[str] = ()) -> list[object]:
    """Repeat the flags that let a plan through.

    Args:
        more: what else to allow, as ``--allow`` takes it.
    """
    allow = tuple(dict.fromkeys((*settings.allow, *more)))
    return _repeated(replace(settings, allow=allow), "allow", "skip_invalid")


def to_allow(hazards: Iterable[Hazard]) -> list[str]:
    """Return what ``--allow`` takes for hazards: trunk by trunk, or a whole kind where that would fill the screen."""
    trunks: dict[str, dict[str, None]] = defaultdict(dict)
    for hazard in hazards:
        trunks[hazard.code][hazard.trunk] = None
    return [
        flag
        for code, names in trunks.items()
        for flag in ([f"{code}={name}" for name in names] if len(names) <= _MOST_FLAGS and "" not in names else [code])
    ]


_WHERE = [name for name, option in OPTIONS.items() if option.part is WHERE]
_HOW = [name for name, option in OPTIONS.items() if option.part.heading == "how" and option.kept]


def _repeated(settings: Settings, *names: str) -> list[object]:
    """Type the flags again whose settings are not as usual."""
    flags: list[object] = []
    for option in map(OPTIONS.__getitem__, names):
        value, flag = getattr(settings, option.name), option.flags[0]
        if value == option.usual:
            continue
        if option.kind is bool:
            flags.append(flag)
        elif option.kind is tuple and not option.nargs:
            flags += [word for text in value for word in (flag, text)]
        elif option.kind is tuple:
            flags += [flag, *value]
        else:
            flags += [flag, f"{value:g}" if isinstance(value, float) else value]
    return flags
