"""Someone else's client reads our simulated platforms: what they understand is not our own idea.

It needs the package mcp-cn-commerce in an environment of its own, named by ``PACKLINE_PEER_PYTHON``
(the path of that environment's Python). Its signatures, field names, paging and checks of answers
are its authors' reading of the platforms' documentation, not ours.

Read on 2026-11-28 by mcp-cn-commerce 0.1.6: Taobao, JD, Pinduoduo (and its group buying), Douyin,
Kuaishou and the WeChat shop.
"""

import json
import os
import subprocess
from typing import Any

import httpx
import pytest

from core.clock import SHANGHAI, SystemClock, local
from drivers.simulated.deals import SimLine, SimOrder
from drivers.simulated.douyin import SimulatedDouyin
from drivers.simulated.jd import SimulatedJd
from drivers.simulated.ktt import SimulatedKtt
from drivers.simulated.kuaishou import SimulatedKuaishou
from drivers.simulated.pdd import SimulatedPdd
from drivers.simulated.shop import SimulatedTaobao
from drivers.simulated.wechat import SimulatedWechat

PYTHON = os.environ.get("PACKLINE_PEER_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="PACKLINE_PEER_PYTHON names no environment with mcp-cn-commerce"
)
NOTE = "@仓库 😀 a&b+c% 1=2"
CLIENT = """
import asyncio, importlib, json, sys
import httpx
module, name, url, access, call, calls = json.load(sys.stdin)
kind = getattr(importlib.import_module(module), name)
kind.BASE_URL = url

async def main():
    async with httpx.AsyncClient(trust_env=False) as http:
        client = kind(*access, http_client=http)
        for told in calls:
            print(json.dumps(await getattr(client, call)(*told)))

asyncio.run(main())
"""


def read(
    server: Any,
    module: str,
    name: str,
    *calls: tuple[Any, ...],
    access: tuple[str, ...] = ("secret", "session"),
    call: str = "_call",
    root: str = "/",
) -> list[Any]:
    """The answers the other client got and accepted."""
    asked = json.dumps([module, name, server.url + root, (server.app_key, *access), call, calls])
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


def test_douyin_is_read_by_someone_else() -> None:
    clock = SystemClock()
    with SimulatedDouyin(clock) as server:
        numbers = [server.place(order()) for _ in range(3)]
        now = clock.now() // 1000
        window = {"update_time_start": now - 600, "update_time_end": now + 60}
        listing = {**window, "order_by": "update_time", "order_asc": True, "size": 2}
        first, second, detail = read(
            *(server, "servers.doudian.client", "DouDianClient"),
            ("order/searchList", {**listing, "page": 0}),
            ("order/searchList", {**listing, "page": 1}),
            ("order/orderDetail", {"shop_order_id": numbers[0]}),
            access=("secret", "session", server.shop_id),
            call="request",
        )
    rows = [*first["shop_order_list"], *second["shop_order_list"]]
    assert ([row["order_id"] for row in rows], first["total"]) == (numbers, 3)
    told = detail["shop_order_detail"]
    assert (told["buyer_words"], told["order_status"]) == (NOTE, 2)
    assert [(x["code"], x["item_num"]) for x in told["sku_order_list"]] == [("TEA-1", 2)]


def test_kuaishou_is_read_by_someone_else() -> None:
    clock = SystemClock()
    with SimulatedKuaishou(clock) as server:
        numbers = [server.place(order()) for _ in range(3)]
        window = {"beginTime": clock.now() - 600_000, "endTime": clock.now() + 60_000}
        listing = {**window, "orderViewStatus": 1, "queryType": 2, "sort": 1, "pageSize": 2}
        first, second, detail = read(
            *(server, "servers.kuaishou.client", "KuaishouMCP"),
            ("open.order.cursor.list", {**listing, "cursor": ""}),
            ("open.order.cursor.list", {**listing, "cursor": "2"}),
            ("open.order.detail", {"oid": int(numbers[0])}),
            access=("secret", "sign", "session"),
            root="",
        )
    rows = [*first["data"]["orderList"], *second["data"]["orderList"]]
    assert {str(row["orderBaseInfo"]["oid"]) for row in rows} == set(numbers)
    assert (first["data"]["cursor"], second["data"]["cursor"]) == ("2", "nomore")
    told = detail["data"]
    assert (told["orderBaseInfo"]["remark"], told["orderItemInfo"]["num"]) == (NOTE, 2)


def test_a_wechat_shop_is_read_by_someone_else() -> None:
    clock = SystemClock()
    with SimulatedWechat(clock) as server:
        numbers = [server.place(order()) for _ in range(3)]
        asked = {"grant_type": "client_credential", "appid": server.app_key, "secret": "secret"}
        told = httpx.post(f"{server.url}/cgi-bin/stable_token", json=asked, trust_env=False).json()
        now = clock.now() // 1000
        window = {"update_time_range": {"start_time": now - 600, "end_time": now + 60}}
        first, second, detail = read(
            *(server, "servers.weixin_store.client", "WeixinStoreMCP"),
            ("POST", "/channels/ec/order/list/get", None, {**window, "page_size": 2}),
            (
                *("POST", "/channels/ec/order/list/get", None),
                {**window, "page_size": 2, "next_key": "2"},
            ),
            ("POST", "/channels/ec/order/get", None, {"order_id": numbers[0]}),
            access=("secret", told["access_token"]),
            call="_request",
            root="",
        )
    assert {*first["order_id_list"], *second["order_id_list"]} == set(numbers)
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert detail["order"]["order_detail"]["ext_info"]["customer_notes"] == NOTE


@pytest.mark.parametrize("wrong", ["secret", "token"])
def test_someone_else_with_a_wrong_key_is_refused(wrong: str) -> None:
    """The simulation does not nod everything through."""
    access = ("wrong", "session") if wrong == "secret" else ("secret", "wrong")
    with SimulatedTaobao(SystemClock()) as server:
        number = server.place(order())
        with pytest.raises(AssertionError, match="CommerceAPIError"):
            read(
                *(server, "servers.taobao.client", "TaobaoMCP"),
                ("taobao.trade.fullinfo.get", {"tid": number, "fields": "tid"}),
                access=access,
            )
