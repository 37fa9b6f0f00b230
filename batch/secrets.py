"""A value that is never shown, and why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

HIDDEN = "<hidden>"


@final
class Secret:
    """A password, token or client secret.

    ``str()``, ``repr()``, ``format()`` and pickling never show it; only `reveal` does, at the place where it
    goes onto the wire. Two secrets are equal when their values are.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSecret:
    """Why a password cell that names a secret gives none."""

    code: str
    message: str
    fix: str
