"""Signing in: access tokens, refresh tokens, the block after five failures (pseries-api.md section 1)."""

import secrets
from collections.abc import Callable

from batch.practice.answers import (
    ACCOUNT_IP_BLOCKED,
    FAILURE,
    MAX_LIMITATION_EXCEEDED,
    TOKEN_EXPIRED,
    Json,
    refusal,
    success,
)
from batch.practice.state import PbxSettings

FAILURES_BEFORE_BLOCK = 5


class SignIns:
    """The tokens that are out and the addresses that are blocked.

    Args:
        settings: credentials, expiry times, the largest number of tokens.
        clock: seconds since 1970; a test's own clock makes tokens expire without waiting.
    """

    def __init__(self, settings: PbxSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._expiry_by_token: dict[str, float] = {}
        self._refresh_tokens: dict[str, tuple[str, float]] = {}
        self._failures: dict[str, int] = {}
        self._blocked_until: dict[str, float] = {}

    def sign_in(self, username: object, password: object, address: str) -> Json:
        """Answer ``get_token``.

        Args:
            username: the client id.
            password: the client secret.
            address: where the caller calls from.

        Returns:
            The six fields; 70004 for a blocked address, also for the failure that blocks it; -1 for a wrong
            id or secret; 60002 while as many tokens as may be are valid.
        """
        if self._blocked_until.get(address, 0) > self._clock():
            return self._blocked(address)
        if (username, password) != (self._settings.client_id, self._settings.client_secret):
            self._failures[address] = self._failures.get(address, 0) + 1
            if self._failures[address] >= FAILURES_BEFORE_BLOCK:
                self._failures[address] = 0
                self._blocked_until[address] = self._clock() + self._settings.block_seconds
                return self._blocked(address)
            return refusal(FAILURE, invalid_param_list=[{"field": "username or password", "value": "error"}])
        self._failures[address] = 0
        return self._issue()

    def refresh(self, refresh_token: object) -> Json:
        """Answer ``refresh_token``: two new tokens for a refresh token, which can be used once.

        Returns:
            The six fields; 10004 for a refresh token that is unknown, used or too old.
        """
        replaced, expiry = self._refresh_tokens.get(str(refresh_token), ("", 0.0))
        if expiry <= self._clock():
            return refusal(TOKEN_EXPIRED)
        if not self._settings.refresh_keeps_old_token:
            self._expiry_by_token.pop(replaced, None)
        answer = self._issue()
        if answer["errcode"] == 0:
            del self._refresh_tokens[str(refresh_token)]
        return answer

    def revoke(self, access_token: str) -> Json:
        """Answer ``del_token`` for a token that is valid."""
        del self._expiry_by_token[access_token]
        return success()

    def accepts(self, access_token: str) -> bool:
        """Tell whether a token is valid now."""
        return self._expiry_by_token.get(access_token, 0) > self._clock()

    def expire_all(self) -> None:
        """End every access token now; refresh tokens stay good."""
        self._expiry_by_token.clear()

    def count_valid(self) -> int:
        """Count the access tokens that are valid now."""
        now = self._clock()
        return sum(expiry > now for expiry in self._expiry_by_token.values())

    def _issue(self) -> Json:
        settings, now = self._settings, self._clock()
        self._expiry_by_token = {token: end for token, end in self._expiry_by_token.items() if end > now}
        if len(self._expiry_by_token) >= settings.max_tokens:
            return refusal(MAX_LIMITATION_EXCEEDED)
        access_token, refresh_token = secrets.token_hex(16), secrets.token_hex(16)
        self._expiry_by_token[access_token] = now + settings.access_token_expire_time
        self._refresh_tokens[refresh_token] = (access_token, now + settings.refresh_token_expire_time)
        shown: type[int | str] = str if settings.expiry_as_text else int
        return success(
            access_token_expire_time=shown(settings.access_token_expire_time),
            access_token=access_token,
            refresh_token_expire_time=shown(settings.refresh_token_expire_time),
            refresh_token=refresh_token,
        )

    def _blocked(self, address: str) -> Json:
        return refusal(ACCOUNT_IP_BLOCKED, block_expire_time=int(self._blocked_until[address]))
