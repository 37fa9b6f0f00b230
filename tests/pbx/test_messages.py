from __future__ import annotations

import pytest

from batch.pbx import messages
from batch.pbx.messages import Request
from batch.secrets import Secret


@pytest.mark.parametrize(
    ("request_", "method", "call", "params", "ids"),
    [
        (messages.list_trunks(2, 100), "GET", "trunk/list", {"page": "2", "page_size": "100"}, ()),
        (messages.query_trunks([8, 12]), "GET", "trunk/query", {"ids": "8,12"}, (8, 12)),
        (messages.get_trunk(8), "GET", "trunk/get", {"id": "8"}, (8,)),
        (messages.list_extensions(1, 50), "GET", "extension/list", {"page": "1", "page_size": "50"}, ()),
        (
            messages.list_extension_groups(1, 50),
            "GET",
            "extensiongroup/list",
            {"page": "1", "page_size": "50"},
            (),
        ),
        (messages.menu_of_groups(), "GET", "system/get_menuoptions", {"menu": "ext_group"}, ()),
        (messages.update_trunk({"id": 8, "enable": 1}), "POST", "trunk/update", {}, (8,)),
        (messages.sign_in("client", Secret("Sample-secret")), "POST", "get_token", {}, ()),
        (messages.refresh(Secret("Sample-refresh")), "POST", "refresh_token", {}, ()),
        (messages.revoke(), "GET", "del_token", {}, ()),
    ],
)
def test_each_call_is_what_the_vendors_page_says(
    request_: Request, method: str, call: str, params: dict[str, str], ids: tuple[int, ...]
) -> None:
    assert (request_.method, request_.call, request_.params, request_.ids) == (method, call, params, ids)
    assert request_.writes == (call == "trunk/update")
    assert "Sample-" not in repr(request_)


def test_bodies_are_as_documented() -> None:
    assert messages.sign_in("client", Secret("Sample-secret")).body == {
        "username": "client",
        "password": "Sample-secret",
    }
    assert messages.refresh(Secret("Sample-refresh")).body == {"refresh_token": "Sample-refresh"}
    assert messages.update_trunk({"id": 8, "password": "Sample-pw"}).body == {
        "id": 8,
        "password": "Sample-pw",
    }
    assert messages.get_trunk(1).body is None
