from __future__ import annotations

import pytest

from batch.pbx import requests
from batch.pbx.requests import Request
from batch.secrets import Secret


@pytest.mark.parametrize(
    ("request_", "method", "call", "params", "ids"),
    [
        (requests.list_trunks(2, 100), "GET", "trunk/list", {"page": "2", "page_size": "100"}, ()),
        (requests.query_trunks([8, 12]), "GET", "trunk/query", {"ids": "8,12"}, (8, 12)),
        (requests.get_trunk(8), "GET", "trunk/get", {"id": "8"}, (8,)),
        (requests.list_extensions(1, 50), "GET", "extension/list", {"page": "1", "page_size": "50"}, ()),
        (
            requests.list_extension_groups(1, 50),
            "GET",
            "extensiongroup/list",
            {"page": "1", "page_size": "50"},
            (),
        ),
        (requests.menu_of_groups(), "GET", "system/get_menuoptions", {"menu": "ext_group"}, ()),
        (requests.update_trunk({"id": 8, "enable": 1}), "POST", "trunk/update", {}, (8,)),
        (requests.sign_in("client", Secret("Sample-secret")), "POST", "get_token", {}, ()),
        (requests.refresh(Secret("Sample-refresh")), "POST", "refresh_token", {}, ()),
        (requests.revoke(), "GET", "del_token", {}, ()),
    ],
)
def test_each_call_is_what_the_vendors_page_says(
    request_: Request, method: str, call: str, params: dict[str, str], ids: tuple[int, ...]
) -> None:
    assert (request_.method, request_.call, request_.params, request_.ids) == (method, call, params, ids)
    assert request_.writes == (call == "trunk/update")
    assert "Sample-" not in repr(request_)


def test_bodies_are_as_documented() -> None:
    assert requests.sign_in("client", Secret("Sample-secret")).body == {
        "username": "client",
        "password": "Sample-secret",
    }
    assert requests.refresh(Secret("Sample-refresh")).body == {"refresh_token": "Sample-refresh"}
    assert requests.update_trunk({"id": 8, "password": "Sample-pw"}).body == {
        "id": 8,
        "password": "Sample-pw",
    }
    assert requests.get_trunk(1).body is None
