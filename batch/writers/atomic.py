"""Putting a finished file or folder where it belongs: whole or not at all, and never over something else's work."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from batch.errors import OutputError, UsageError

Replace: TypeAlias = Callable[[Path, Path], None]
"""`os.replace`, or what stands in for it."""


def place_file(
    path: Path, content: bytes | memoryview, *, private: bool = False, replace: Replace = os.replace
) -> Path:
    """Write a file beside its place and move it there in one step.

    On its way only its owner can read it; once it is whole, whoever reads new files there, unless it is private.

    A file that is open elsewhere cannot be replaced on Windows; the new one then goes beside it, as
    ``NAME (2).xlsx`` or the next number that is free.

    Returns:
        Where the file lies.

    Raises:
        OutputError: The folder is missing, full or not ours to write to, or ``path`` is a folder.
    """
    if path.is_dir():
        raise OutputError(path, "it is a folder")
    temporary = _beside(path)
    try:
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(temporary, how, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if not private:
            temporary.chmod(0o666 & ~_umask())
        return _first_that_takes(path, lambda place: replace(temporary, place))
    except OSError as error:
        raise OutputError(path, _reason(error)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def place_folder(
    path: Path, fill: Callable[[Path], None], *, ours: Callable[[Path], bool], replace: Replace = os.replace
) -> Path:
    """Fill a folder beside its place and move it there.

    Args:
        ours: Says of a folder that already lies there whether it holds nothing but what we wrote. Only such a
            folder is replaced; anything else stays, and the new one goes beside it as ``NAME (2)``.

    Returns:
        Where the folder lies.

    Raises:
        OutputError: The folder above is missing, full or not ours to write to, or ``path`` is a file.
    """
    path = path if path.name else path.resolve()
    if path.is_file():
        raise OutputError(path, "it is a file, and CSV results are a folder")
    temporary = _beside(path)

    def take(place: Path) -> None:
        if not place.exists():
            replace(temporary, place)
        elif ours(place):
            _swap(temporary, place, replace)
        else:
            raise PermissionError(f"{place} holds other files")

    try:
        temporary.mkdir(mode=0o700)
        fill(temporary)
        temporary.chmod(0o777 & ~_umask())
        return _first_that_takes(path, take)
    except OSError as error:
        raise OutputError(path, _reason(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_new(path: Path, text: str) -> None:
    """Write a text file, in place of none.

    Raises:
        UsageError: there is a file already.
        OutputError: it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise already_there(path) from None
    except OSError as error:
        raise OutputError(path, error.strerror or str(error)) from error


def already_there(path: Path) -> UsageError:
    """Refuse to write where somebody may have corrected a guess by hand."""
    return UsageError(f"{path} is there already; it may have been corrected.", "Name another file, or delete it first.")


def _umask() -> int:
    """Return what new files are not allowed, which can only be asked for by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _swap(new: Path, place: Path, replace: Replace) -> None:
    old = _beside(place)
    replace(place, old)
    try:
        replace(new, place)
    except BaseException:
        replace(old, place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(6)}.part")


def free_name(path: Path) -> Path:
    """Return the first name beside a path that nothing has: ``NAME (2).xlsx``, or the next number that is free."""
    return next(place for place in _places(path) if place != path)


def _first_that_takes(path: Path, take: Callable[[Path], None]) -> Path:
    refused: PermissionError | None = None
    for place in _places(path):
        try:
            take(place)
        except PermissionError as error:
            refused = refused or error
        else:
            return place
    raise refused or PermissionError("no name is free")


def _places(path: Path) -> Iterator[Path]:
    """Yield the place itself, then up to ten free names beside it."""
    yield path
    free = 0
    for number in range(2, 1000):
        place = path.with_name(f"{path.stem} ({number}){path.suffix}")
        if not place.exists():
            yield place
            free += 1
        if free == 10:
            return


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
