"""Someone else's client reads our simulated platforms: what they understand is not our own idea.

It needs the package mcp-cn-commerce in an environment of its own, named by ``PACKLINE_PEER_PYTHON``
(the path of that environment's Python).
"""

import json
import os
import subprocess
from typing import Any

import pytest

from core.clock import SHANGHAI, SystemClock, local
from drivers.simulated.deals import SimLine, SimOrder
from drivers.simulated.jd import SimulatedJd
from drivers.simulated.ktt import SimulatedKtt
from drivers.simulated.pdd import SimulatedPdd
from drivers.simulated.shop import SimulatedTaobao

PYTHON = os.environ.get("PACKLINE_PEER_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="PACKLINE_PEER_PYTHON names no environment with mcp-cn-commerce"
)
NOTE = "@仓库 😀 a&b+c% 1=2"
CLIENT = """
import asyncio, importlib, json, sys
import httpx
module, name, url, key, calls = json.load(sys.stdin)
kind = getattr(importlib.import_module(module), name)
kind.BASE_URL = url

async def main():
    async with httpx.AsyncClient(trust_env=False) as http:
        client = kind(key, "secret", "session", http_client=http)
        for method, params in calls:
            print(json.dumps(await client._call(method, params)))

asyncio.run(main())
"""


def read(server: Any, module: str, name: str, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """The answers the other client got and accepted."""
    asked = json.dumps([module, name, server.url + "/", server.app_key, calls])
    done = subprocess.run(
        [PYTHON, "-c", CLIENT], input=asked, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def order(**more: Any) -> SimOrder:
    return SimOrder(lines=(SimLine(sku="TEA-1", quantity=2),), buyer_note=NOTE, **more)


def around(clock: SystemClock) -> tuple[str, str]:
    """The hour around now, as text in Shanghai."""
    ends = (clock.now() - 1_800_000, clock.now() + 60_000)
    start, end = (local(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") for at in ends)
    return start, end


def test_jd_is_read_by_someone_else() -> None:
    clock = SystemClock()
    with SimulatedJd(clock) as server:
        number = server.place(order())
        start, end = around(clock)
        told = {"source_id": "JOS", "optional_fields": "orderId,orderState,orderRemark"}
        window = {"start_date": start, "end_date": end, "page": "1", "page_size": "20"}
        listing, detail = read(
            *(server, "servers.jd.client", "JDMCP"),
            ("jingdong.pop.order.search", {**told, **window, "order_state": "ALL"}),
            ("jingdong.pop.order.get", {**told, "order_id": int(number)}),
        )
    rows = listing["jingdong_pop_order_search_responce"]["searchorderinfo_result"]
    assert [row["orderId"] for row in rows["orderInfoList"]] == [number]
    info = detail["jingdong_pop_order_get_responce"]["orderDetailInfo"]["orderInfo"]
    assert (info["orderState"], info["orderRemark"]) == ("WAIT_SELLER_STOCK_OUT", NOTE)


def test_pinduoduo_is_read_and_shipped_by_someone_else() -> None:
    clock = SystemClock()
    with SimulatedPdd(clock) as server:
        number = server.place(order())
        now = clock.now() // 1000
        window = {"start_updated_at": now - 600, "end_updated_at": now + 60}
        every = {"order_status": 5, "refund_status": 5, "is_lucky_flag": 0}
        parcel = {"order_sn": number, "logistics_id": 115, "tracking_number": "ZT0000001"}
        listing, detail, shipped = read(
            *(server, "servers.pinduoduo.client", "PinduoduoMCP"),
            (
                "pdd.order.number.list.increment.get",
                {**window, **every, "page": 1, "page_size": 50},
            ),
            ("pdd.order.information.get", {"order_sn": number}),
            ("pdd.logistics.online.send", parcel),
        )
        assert server.shipments[number][0]["waybill"] == "ZT0000001"
    rows = listing["order_sn_increment_get_response"]["order_sn_list"]
    assert [row["order_sn"] for row in rows] == [number]
    assert detail["order_info_get_response"]["order_info"]["buyer_memo"] == NOTE
    assert shipped["logistics_online_send_response"]["is_success"] is True


def test_a_group_buy_order_is_read_by_someone_else() -> None:
    with SimulatedKtt(SystemClock()) as server:
        number = server.place(order())
        (detail,) = read(
            *(server, "servers.pinduoduo.client", "PinduoduoMCP"),
            ("pdd.ktt.order.get", {"order_sn": number}),
        )
    assert detail["ktt_order_get_response"]["buyer_memo"] == NOTE


def test_taobao_is_read_by_someone_else() -> None:
    clock = SystemClock()
    with SimulatedTaobao(clock) as server:
        number = server.place(order())
        start, end = around(clock)
        window = {"start_modified": start, "end_modified": end}
        listing, detail = read(
            *(server, "servers.taobao.client", "TaobaoMCP"),
            (
                "taobao.trades.sold.increment.get",
                {**window, "fields": "tid", "page_no": 1, "page_size": 40},
            ),
            ("taobao.trade.fullinfo.get", {"tid": number, "fields": "tid,buyer_message"}),
        )
    rows = listing["trades_sold_increment_get_response"]["trades"]["trade"]
    assert [str(row["tid"]) for row in rows] == [number]
    assert detail["trade_fullinfo_get_response"]["trade"]["buyer_message"] == NOTE
