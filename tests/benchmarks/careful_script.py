"""What a careful programmer writes by hand for the same job: pandas, openpyxl, httpx, a semaphore, tenacity.

``python careful_script.py WORKBOOK URL AT_ONCE RESULTS``. It neither looks, reads back nor keeps a journal.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx
import openpyxl
import pandas as pd
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential


def bodies_of(path: str, extensions: dict[str, int]) -> list[dict[str, Any]]:
    """Read the workbook and make a body for each trunk."""
    sheets = pd.read_excel(path, sheet_name=None, dtype=str, keep_default_na=False, engine="openpyxl")
    dids = dict(iter(sheets["DIDs"].groupby("Trunk")))
    caller_ids = dict(iter(sheets["Caller IDs"].groupby("Trunk")))
    bodies = []
    for row in sheets["Trunks"].to_dict("records"):
        body: dict[str, Any] = {
            "id": int(row["Trunk ID"]),
            "transport": row["Transport"],
            "hostname": row["Hostname"],
            "port": int(row["Port"]),
            "username": row["Username"],
            "password": row["Password"],
            "auth_name": row["Auth name"],
        }
        if row["Name"] in dids:
            own = dids[row["Name"]]
            body["did_list"] = [
                {"did": did, "did_name": name} for did, name in zip(own["DID"], own["DID name"], strict=True)
            ]
        if row["Name"] in caller_ids:
            body["outbound_cid_list"] = [
                {
                    "outbound_cid_option": caller["Option"],
                    "outbound_cid": caller["Caller ID"],
                    "outbound_cid_name": caller["Caller ID name"],
                    "ext_list": [
                        {"type": "extension", "id": extensions[number.strip()], "ext_number": number.strip()}
                        for number in caller["Extensions"].split(",")
                    ],
                }
                for caller in caller_ids[row["Name"]].to_dict("records")
            ]
        bodies.append(body)
    return bodies


class Overloaded(Exception):
    """The PBX asks for less."""


@retry(
    retry=retry_if_exception_type((httpx.TransportError, Overloaded)),
    stop=stop_after_attempt(5),
    wait=wait_exponential(max=30),
)
async def send(
    client: httpx.AsyncClient, limit: asyncio.Semaphore, token: str, body: dict[str, Any]
) -> tuple[Any, ...]:
    """Write one trunk, trying again where that is worth it."""
    async with limit:
        answer = (await client.post("trunk/update", params={"access_token": token}, json=body)).json()
    if answer["errcode"] == 70082:
        raise Overloaded
    return body["id"], answer["errcode"], answer["errmsg"]


async def main(path: str, url: str, at_once: int, target: str) -> None:
    """Read, send, and write the results."""
    headers = {"User-Agent": "OpenAPI"}
    async with httpx.AsyncClient(base_url=f"{url}/openapi/v1.0/", headers=headers, timeout=30) as client:
        signed_in = await client.post("get_token", json={"username": "lean", "password": "Sample-lean-secret"})
        token = signed_in.json()["access_token"]
        query = {"page": 1, "page_size": 1000, "access_token": token}
        listed = (await client.get("extension/list", params=query)).json()["data"]
        bodies = bodies_of(path, {extension["number"]: extension["id"] for extension in listed})
        limit = asyncio.Semaphore(at_once)
        endings = await asyncio.gather(*(send(client, limit, token, body) for body in bodies))
        await client.get("del_token", params={"access_token": token})
    said = {number: (errcode, errmsg) for number, errcode, errmsg in endings}
    book = openpyxl.load_workbook(path)
    sheet = book["Trunks"]
    width = sheet.max_column
    for column, header in enumerate(("Errcode", "Errmsg"), width + 1):
        sheet.cell(1, column, header)
    for row in range(2, sheet.max_row + 1):
        for column, value in enumerate(said[int(str(sheet.cell(row, 1).value))], width + 1):
            sheet.cell(row, column, value)
    book.save(target)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
