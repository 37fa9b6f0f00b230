"""The JSON bodies the PBX answers with, and its table of error codes (vendor's page "Error Code and Error Message")."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Json = dict[str, Any]
"""One JSON object, as the wire and the state file carry it."""

SUCCESS = 0
PARTIAL_SUCCESS = 1
FAILURE = -1
INTERNAL_SERVER_ERROR = -2
INTERFACE_NOT_EXISTED = 10001
TOKEN_EXPIRED = 10004
ACCESS_DENIED = 10005
PARAMETER_SYNTAX_ERROR = 40001
PARAMETER_ERROR = 40002
DUPLICATE_KEY_VALUE = 40003
DATA_NOT_FOUND = 60001
MAX_LIMITATION_EXCEEDED = 60002
ACCOUNT_IP_BLOCKED = 70004
ACTION_FORBIDDEN = 70084

MISSING_USER_AGENT = ACCESS_DENIED
"""The answer to a request without ``User-Agent``. A guess: the vendor says only that it is mandatory."""

MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        SUCCESS: "SUCCESS",
        PARTIAL_SUCCESS: "PARTIAL SUCCESS",
        2: "PROCESSING",
        FAILURE: "FAILURE",
        INTERNAL_SERVER_ERROR: "INTERNAL SERVER ERROR",
        INTERFACE_NOT_EXISTED: "INTERFACE NOT EXISTED",
        10002: "API VERSION ERROR",
        10003: "API VERSION NOT SUPPORTED",
        TOKEN_EXPIRED: "TOKEN EXPIRED",
        ACCESS_DENIED: "ACCESS DENIED",
        10009: "OPERATION FAILED",
        PARAMETER_SYNTAX_ERROR: "PARAMETER SYNTAX ERROR",
        PARAMETER_ERROR: "PARAMETER ERROR",
        DUPLICATE_KEY_VALUE: "DUPLICATE KEY VALUE",
        DATA_NOT_FOUND: "DATA NOT FOUND",
        MAX_LIMITATION_EXCEEDED: "MAX LIMITATION EXCEEDED",
        ACCOUNT_IP_BLOCKED: "ACCOUNT IP BLOCKED",
        70082: "OVERLOAD_TASK_RUNNING",
        ACTION_FORBIDDEN: "ACTION FORBIDDEN",
        70087: "IP FORBIDDEN",
        70091: "CONNECTION_RELATION_EXISTED",
        70123: "API UNAVAILABLE",
    }
)


def success(**fields: Any) -> Json:
    """Make the answer to a call that went well.

    Args:
        **fields: what the call returns beside the code, for instance ``data=[...]``.

    Returns:
        ``{"errcode": 0, "errmsg": "SUCCESS", ...}``.
    """
    return {"errcode": SUCCESS, "errmsg": MESSAGES[SUCCESS], **fields}


def refusal(errcode: int, **fields: Any) -> Json:
    """Make the answer to a call that went wrong.

    Args:
        errcode: any code; one that is not in the table is called ``UNKNOWN ERROR``.
        **fields: what explains it, for instance ``invalid_param_list=[...]``.

    Returns:
        ``{"errcode": ..., "errmsg": ..., ...}``.
    """
    return {"errcode": errcode, "errmsg": MESSAGES.get(errcode, "UNKNOWN ERROR"), **fields}


def invalid(field: str, validation_type: str, value: Any = None) -> Json:
    """Make one entry of ``invalid_param_list``.

    Args:
        field: the parameter's own name, also for a parameter inside a list: ``did``, not ``did_list[3].did``.
        validation_type: which rule it broke, for instance ``required``, ``max`` or ``charset``.
        value: what was sent. None leaves it out, as the vendor's example of a missing name does.
    """
    entry = {"field": field, "validation_type": validation_type}
    return entry if value is None else {"field": field, "value": value, "validation_type": validation_type}


def parameter_error(*entries: Json) -> Json:
    """Make a 40002 which names what is wrong.

    Args:
        *entries: as `invalid` makes them.
    """
    return refusal(PARAMETER_ERROR, invalid_param_list=list(entries))
