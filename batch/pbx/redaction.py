"""Redaction: no secret that this process has met goes on in the words of the PBX.

A PBX may quote a whole request, the URL with its token or an old password in any field of a failure.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from batch.secrets import HIDDEN

_LONG: Final = 4
"""A shorter secret is hidden only where it stands alone: as part of a word it would be found everywhere."""


class Redactor:
    """Knows the secrets met so far, and takes them out of texts. Used by any thread."""

    def __init__(self) -> None:
        """Begin knowing none."""
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def learn(self, *secrets: object) -> None:
        """Keep secrets in mind; what is no text, or empty, is none."""
        with self._lock:
            self._known.update(secret for secret in secrets if isinstance(secret, str) and secret)

    def learn_from(self, whole: Any) -> None:
        """Keep in mind the password of every trunk in an answer."""
        data = whole.get("data") if isinstance(whole, Mapping) else None
        for row in data if isinstance(data, list) else [data]:
            if isinstance(row, Mapping):
                self.learn(row.get("password"))

    def clean(self, text: str) -> str:
        """Take every known secret out of a text, also as it stands in JSON or in a URL."""
        with self._lock:
            known = sorted(self._known, key=len, reverse=True)
        for secret in known:
            for form in dict.fromkeys(_forms(secret)):
                if len(form) >= _LONG:
                    text = text.replace(form, HIDDEN)
                elif form in text:
                    text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", HIDDEN, text)
        return text

    def clean_all(self, value: Any) -> Any:
        """Take every known secret out of all texts of a JSON value, keys included."""
        match value:
            case str():
                return self.clean(value)
            case Mapping():
                return {self.clean(str(key)): self.clean_all(inner) for key, inner in value.items()}
            case list():
                return [self.clean_all(inner) for inner in value]
            case _:
                return value


def _forms(secret: str) -> tuple[str, ...]:
    plain, ascii_only = json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1]
    twice = json.dumps(ascii_only)[1:-1]
    return (secret, plain, ascii_only, twice, _quoted(quote, secret), _quoted(quote_plus, secret))


def _quoted(how: Any, secret: str) -> str:
    return str(how(secret, safe="", errors="replace"))
