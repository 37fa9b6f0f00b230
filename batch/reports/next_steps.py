"""Next steps: what to type next, with the flags that bear on it."""

from __future__ import annotations

from collections.abc import Iterable

from batch.settings import Settings
from batch.wording import quoted


def command(name: str, target: object, flags: Iterable[object] = ()) -> str:
    """Write a command as it is typed."""
    return " ".join(["trunk-batch", name, quoted(target), *map(quoted, flags)])


def more_about(word: object) -> str:
    """Say how to read more about a code; once a report, not once a problem."""
    return f"More about {word}:  {command('explain', word)}"


def which(settings: Settings) -> list[object]:
    """Repeat the flags that choose trunks, and those that say how the workbook is read."""
    flags: list[object] = ["--columns", settings.columns] if settings.columns is not None else []
    for source in settings.secrets_from:
        flags += ["--secrets-from", source]
    if settings.only:
        flags += ["--only", *settings.only]
    if settings.first is not None:
        flags += ["--first", settings.first]
    return flags


def where(settings: Settings) -> list[object]:
    """Repeat the flags that choose the PBX."""
    if settings.practice:
        return ["--practice"]
    origin = settings.url_from
    flags: list[object] = ["--url", settings.url] if origin.vouched else [*origin.flags]
    flags += ["--client-id", settings.client_id]
    for flag, value in (
        ("--secret-file", settings.secret_file),
        ("--ca-file", settings.ca_file),
        ("--fingerprint", settings.fingerprint),
        ("--proxy", settings.proxy),
    ):
        flags += [flag, value] if value else []
    return [*flags, "--insecure"] if settings.insecure else flags


_HOW = ("rate", "concurrency", "attempts", "timeout", "on_error", "max_failures", "give_up_after", "settle_wait")


def how(settings: Settings) -> list[object]:
    """Repeat the flags that say how carefully to go."""
    usual = Settings(workbook=settings.workbook)
    flags: list[object] = []
    for name in _HOW:
        if getattr(settings, name) != getattr(usual, name):
            value = getattr(settings, name)
            flags += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else value]
    return flags if settings.read_back else [*flags, "--no-read-back"]


def allowing(settings: Settings, more: Iterable[str] = ()) -> list[object]:
    """Repeat the flags that let a plan through.

    Args:
        settings: with what is allowed so far.
        more: what else to allow, as ``--allow`` takes it.
    """
    flags: list[object] = []
    for hazard in dict.fromkeys((*settings.allow, *more)):
        flags += ["--allow", hazard]
    return [*flags, "--skip-invalid"] if settings.skip_invalid else flags
