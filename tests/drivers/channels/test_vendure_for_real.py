"""A real Vendure server, not one of ours: read, followed, shipped.

It needs a populated server with an administrator, a shipping and a payment method; its address is
named by ``PACKLINE_VENDURE_URL`` (and ``PACKLINE_VENDURE_LOGIN``, ``name:password``, when not
``superadmin:superadmin``). The tests place orders of their own and touch no others.

Proved on 2026-11-28 with @vendure/core 3.7.3 on SQLite, every test here. What it taught: an
order's ``updatedAt`` moves while its cart is filled and when it is cancelled, and at nothing else -
not when it is paid, shipped, modified or paid back; an order called partly delivered may have lines
that never left; lines come in another order from call to call.
"""

import http.client
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from core.clock import SystemClock
from core.orders.policy import ShopPolicy
from core.ports import Fault
from core.stock import receive
from core.store import Store
from core.sync import Shop
from core.sync.pull import follow
from drivers.channels import ShopAccess, Tokens
from drivers.channels.connector import Limits
from drivers.channels.vendure import VendureShop, _between, _Window
from tests.core.orders.warehouse import column, furnish
from tests.drivers.channels.shopkit import forwards, listed, parcel, refused

URL = os.environ.get("PACKLINE_VENDURE_URL", "")
NAME, _, PASSWORD = os.environ.get("PACKLINE_VENDURE_LOGIN", "superadmin:superadmin").partition(":")
pytestmark = pytest.mark.skipif(not URL, reason="PACKLINE_VENDURE_URL names no Vendure server")
POLICY = ShopPolicy(shop_id=1, channel="vendure", tier="standard", carrier="zto")
ERROR = "__typename ... on ErrorResult { errorCode message }"


class Desk:
    """Somebody at one of the server's two interfaces: ``shop`` for a buyer, ``admin`` else."""

    def __init__(self, api: str) -> None:
        self._url, self._token = f"{URL.rstrip('/')}/{api}-api", ""
        limits = httpx.Limits(keepalive_expiry=2)
        self._client = httpx.Client(trust_env=False, limits=limits, timeout=60)

    def ask(self, query: str, **variables: Any) -> Any:
        """The one answer of a query; a refusal fails the test."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        asked = {"query": query, "variables": variables}
        answer = self._client.post(self._url, json=asked, headers=headers)
        self._token = answer.headers.get("vendure-auth-token") or self._token
        told = answer.json()
        assert "errors" not in told, told
        (value,) = told["data"].values()
        assert not (isinstance(value, dict) and value.get("errorCode")), value
        return value

    def do(self, call: str, kind: str, value: Any) -> None:
        """Something that is done and not looked at."""
        self.ask(f"mutation($v: {kind}) {{ {call} {{ {ERROR} }} }}", v=value)

    def close(self) -> None:
        self._client.close()


class Buyer:
    """One visit to the shop: chooses, pays; the code of the order."""

    def __init__(self, name: str, street: str, lines: int = 2, hesitates_s: float = 0.0) -> None:
        desk = Desk("shop")
        for index, variant in enumerate(variants()[:lines]):
            desk.ask(
                f"mutation($v: ID!, $q: Int!) {{ addItemToOrder(productVariantId: $v, quantity: $q)"
                f" {{ {ERROR} }} }}",
                v=variant["id"],
                q=index + 2,
            )
        customer = {"emailAddress": f"{time.monotonic_ns()}@example.com"}
        customer |= {"firstName": name[1:], "lastName": name[:1]}
        desk.do("setCustomerForOrder(input: $v)", "CreateCustomerInput!", customer)
        address = {"fullName": name, "streetLine1": street, "city": "杭州", "province": "浙江"}
        address |= {"postalCode": "310000", "countryCode": "CN", "phoneNumber": "13800000000"}
        desk.do("setOrderShippingAddress(input: $v)", "CreateAddressInput!", address)
        method = desk.ask("{ eligibleShippingMethods { id } }")[0]["id"]
        desk.do("setOrderShippingMethod(shippingMethodId: $v)", "[ID!]!", [method])
        step = 'transitionOrderToState(state: "ArrangingPayment")'
        desk.ask(f"mutation {{ {step} {{ {ERROR} }} }}")
        time.sleep(hesitates_s)
        pay = {"method": desk.ask("{ eligiblePaymentMethods { code } }")[0]["code"], "metadata": {}}
        told = desk.ask(
            f"mutation($p: PaymentInput!) {{ addPaymentToOrder(input: $p)"
            f" {{ {ERROR} ... on Order {{ code state }} }} }}",
            p=pay,
        )
        desk.close()
        assert told["state"] == "PaymentSettled"
        self.code = str(told["code"])


def variants() -> list[dict[str, Any]]:
    desk = Desk("admin")
    login(desk)
    told = desk.ask(
        "{ productVariants(options: { take: 5, sort: { id: ASC } }) { items { id sku } } }"
    )
    desk.close()
    return list(told["items"])


def login(desk: Desk) -> None:
    desk.ask(
        f"mutation($u: String!, $p: String!) {{ login(username: $u, password: $p) {{ {ERROR} }} }}",
        u=NAME,
        p=PASSWORD,
    )


class Office(Desk):
    """The seller at the server's own administration."""

    def __init__(self) -> None:
        super().__init__("admin")
        login(self)

    def order(self, code: str) -> dict[str, Any]:
        told = self.ask(
            "query($o: OrderListOptions) { orders(options: $o) { items { id code state updatedAt"
            " lines { id quantity } payments { id refunds { id } }"
            " fulfillments { id state trackingCode lines { orderLineId quantity } } } } }",
            o={"filter": {"code": {"eq": code}}},
        )
        return dict(told["items"][0])

    def cancel(self, code: str) -> None:
        asked = {"orderId": self.order(code)["id"], "reason": "test"}
        self.do("cancelOrder(input: $v)", "CancelOrderInput!", asked)

    def pay_back(self, code: str, pieces: int) -> None:
        order = self.order(code)
        line, paid = order["lines"][0]["id"], order["payments"][0]["id"]
        asked = {"lines": [{"orderLineId": line, "quantity": pieces}], "paymentId": paid}
        asked |= {"shipping": 0, "adjustment": 0, "reason": "test"}
        self.do("refundOrder(input: $v)", "RefundOrderInput!", asked)

    def state(self, code: str, state: str) -> None:
        self.ask(
            f"mutation($i: ID!, $s: String!) {{ transitionOrderToState(id: $i, state: $s)"
            f" {{ {ERROR} }} }}",
            i=self.order(code)["id"],
            s=state,
        )

    def move(self, fulfilment: str, state: str) -> None:
        self.ask(
            f"mutation($i: ID!, $s: String!) {{ transitionFulfillmentToState(id: $i, state: $s)"
            f" {{ {ERROR} }} }}",
            i=fulfilment,
            s=state,
        )

    def change_address(self, code: str, street: str) -> None:
        asked = {"dryRun": False, "orderId": self.order(code)["id"]}
        address = {"fullName": "李大白", "streetLine1": street, "city": "杭州", "countryCode": "CN"}
        self.do(
            "modifyOrder(input: $v)",
            "ModifyOrderInput!",
            {**asked, "updateShippingAddress": address},
        )


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.close()


class Prompt(VendureShop):
    """Asks up to this second: a test does not wait for the minutes a listing may be late."""

    rules = replace(VendureShop.rules, delay_s=-1)


@pytest.fixture
def connect() -> Iterator[Callable[..., VendureShop]]:
    """Shops connected to the server, closed with the test."""
    made: list[VendureShop] = []

    def one(**told: Any) -> VendureShop:
        limits = Limits(page_size=told.pop("page_size", 100), per_second=0)
        access = {"url": URL, "app_key": NAME, "app_secret": PASSWORD, **told}
        made.append(Prompt(ShopAccess(code="v", **access), SystemClock(), limits))
        return made[-1]

    yield one
    for shop in made:
        shop.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Our warehouse, with what that shop sells in stock."""
    store = Store(tmp_path / "packline.db", SystemClock())
    store.do(furnish)
    codes = [variant["sku"] for variant in variants()]

    def stock(tx: Any) -> None:
        tx.run("UPDATE shops SET channel = 'vendure' WHERE id = 1")
        for number, code in enumerate(codes, 10):
            sql = "INSERT INTO skus (id, code, title, weight_g) VALUES (?, ?, ?, 100)"
            tx.run(sql, number, code, code)
            receive(tx, 1, number, 1000)

    store.do(stock)
    yield store
    store.close()


def placed(count: int, **told: Any) -> list[str]:
    """Orders of several buyers at the same moment."""
    with ThreadPoolExecutor(4) as crowd:
        made = [
            crowd.submit(Buyer, f"王小明{index}", f"文三路 {index} 号", **told)
            for index in range(count)
        ]
        return [one.result().code for one in made]


def now() -> int:
    return SystemClock().now()


def kept(store: Store, code: str) -> dict[str, Any]:
    row = store.read.one("SELECT * FROM orders WHERE platform_number = ?", code)
    assert row is not None, f"order {code} is not here"
    return dict(row)


def holds(store: Store, code: str) -> set[str]:
    sql = "SELECT reason FROM holds WHERE order_id = ? AND released_at IS NULL"
    return set(column(store, sql, kept(store, code)["id"]))


# --- reading --------------------------------------------------------------------------------------


def test_orders_with_chinese_names_come_in_each_exactly_once(
    connect: Callable[..., VendureShop], store: Store
) -> None:
    codes = placed(12)
    shop = Shop("tb", connect(page_size=5), POLICY)
    follow(store, shop)
    follow(store, shop)
    again = Shop("tb", connect(page_size=3), POLICY)  # as after a restart
    follow(store, again)
    rows = store.read.all("SELECT platform_number FROM orders")
    counts = Counter(row["platform_number"] for row in rows)
    assert {code: counts[code] for code in codes} == dict.fromkeys(codes, 1)
    received = "SELECT count(*) FROM events WHERE kind = 'received' AND order_id = ?"
    for code in codes:
        row = kept(store, code)
        assert column(store, received, row["id"]) == [1]
        assert row["receiver_name"].startswith("王小明") and "文三路" in row["address"]
        lines = "SELECT ordered FROM order_lines WHERE order_id = ? ORDER BY id"
        assert sorted(column(store, lines, row["id"])) == [2, 3]
        assert (row["stage"], holds(store, code)) == ("ready", set())


def test_ties_of_one_second_are_listed_whole(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    start = now()
    codes = placed(20, lines=1)
    seconds = Counter(office.order(code)["updatedAt"] for code in codes)
    assert max(seconds.values()) > 2 and len(seconds) < len(codes), "no ties came about"
    shop = connect(page_size=2)  # so that a tie lies across two pages
    changed = {"updatedAt": _between(start, now() + 1000)}
    found = Counter(code for page in shop._listed(changed) for code in page)
    assert {code: found[code] for code in codes} == dict.fromkeys(codes, 1)


def test_a_listing_read_while_orders_change_misses_none(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    """One cancelled meanwhile leaves for the next window: read forwards, another slips past."""

    def read(backwards: bool) -> set[str]:
        start = now()
        codes = placed(12, lines=1)
        oldest = min(codes, key=lambda code: int(office.order(code)["id"]))
        shop, end, left = connect(page_size=3), now(), [oldest]

        def page(found: Any, skip: int, take: int) -> Any:
            told = shop.page(found, skip, take)
            if take > 1 and left:
                time.sleep(3)  # past the end of the window
                office.cancel(left.pop())
            return told

        changed = {"active": {"eq": False}, "updatedAt": _between(start, end)}
        window = _Window(page, changed, 3)
        found = {x for p in window.pages() for x in p} if backwards else set(forwards(window))
        return set(codes) - found - {oldest}

    assert len(read(backwards=False)) == 1, "reading forwards was expected to miss one"
    assert read(backwards=True) == set()


# --- what its time of change does not tell --------------------------------------------------------


def test_a_buyer_who_filled_the_cart_long_before_paying_is_not_lost(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    """Paying does not move the time of change: it stays that of the cart."""
    shop = connect()
    listed(shop, now() - 1000, now())  # what stood open at the start is told and done with
    shop._owed.clear()
    (code,) = placed(1, hesitates_s=5)
    end = now() + 1000
    changed = {"updatedAt": _between(end - 4000, end)}
    assert code not in [x for page in shop._listed(changed) for x in page]
    assert code in listed(shop, end - 4000, end)


def test_what_leaves_the_order_s_time_standing_still_is_heard(
    connect: Callable[..., VendureShop], office: Office, store: Store
) -> None:
    shipped, paid_back, moved = placed(3)
    shop = Shop("tb", connect(), POLICY)
    follow(store, shop)
    before = {code: office.order(code)["updatedAt"] for code in (shipped, paid_back, moved)}
    time.sleep(1.1)
    connect().ship(parcel(shipped))
    office.pay_back(paid_back, 1)
    office.state(moved, "Modifying")
    office.change_address(moved, "新街 1 号")
    assert {code: office.order(code)["updatedAt"] for code in before} == before
    follow(store, shop)
    assert kept(store, shipped)["status"] == "shipped"
    assert holds(store, paid_back), "money went back and the order would be packed"
    assert holds(store, moved) and "新街" in kept(store, moved)["address"]


def test_an_address_changed_and_done_with_between_two_looks_is_heard(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    (code,) = placed(1)
    shop, start = connect(), now()
    listed(shop, start - 5000, start + 5000)
    before = shop.detail(code)
    later = start + 3_600_000
    listed(shop, later, later + 1000)
    assert code not in listed(shop, later, later + 1000)
    time.sleep(1.1)
    office.state(code, "Modifying")
    office.change_address(code, "新街 2 号")
    office.state(code, "PaymentSettled")
    assert code in listed(shop, later, later + 1000)
    after = shop.detail(code)
    assert (before.status, after.status) == ("PaymentSettled", "PaymentSettled")
    assert "新街 2 号" in after.receiver.address and after.modified_at > before.modified_at


def test_partly_delivered_may_have_lines_that_never_left(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    (code,) = placed(1)
    shop = connect()
    first, second = (line.sub_number for line in shop.detail(code).lines)
    shop.ship(parcel(code, first, waybill=f"A{code}"))
    assert shop.detail(code).status == "PartiallyShipped"
    office.move(office.order(code)["fulfillments"][0]["id"], "Delivered")
    assert office.order(code)["state"] == "PartiallyDelivered"
    assert shop.detail(code).status == "PartiallyShipped"  # one line is still ours to send
    shop.ship(parcel(code, second, waybill=f"B{code}"))
    assert office.order(code)["state"] == "PartiallyDelivered"  # it does not move on
    assert shop.detail(code).status == "PartiallyDelivered"
    assert {x.waybill for x in shop.shipped(code)} == {f"A{code}", f"B{code}"}


# --- shipping -------------------------------------------------------------------------------------


def test_a_parcel_is_reported_once_and_found_again(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    (code,) = placed(1)
    shop = connect()
    assert shop.shipped(code) == ()
    for _ in range(3):
        shop.ship(parcel(code, waybill="YT1234567890123"))
    connect().ship(parcel(code, waybill="YT1234567890123"))  # as after a restart
    (made,) = office.order(code)["fulfillments"]
    assert (made["state"], made["trackingCode"]) == ("Shipped", "YT1234567890123")
    assert {(x["orderLineId"], x["quantity"]) for x in made["lines"]} == {
        (x["id"], x["quantity"]) for x in office.order(code)["lines"]
    }
    assert {x.waybill for x in shop.shipped(code)} == {"YT1234567890123"}
    failed = refused(lambda: shop.ship(parcel(code, waybill="YT9999999999999")))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "already_shipped")


def test_a_report_that_broke_off_half_way_is_finished_not_doubled(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    (code,) = placed(1)
    shop = connect()
    shop._fulfilled(shop._order(code), parcel(code, waybill="HALF1"), "ZTO Express")
    assert shop.shipped(code) == ()  # made, and has not left
    shop.ship(parcel(code, waybill="HALF1"))
    assert [x["state"] for x in office.order(code)["fulfillments"]] == ["Shipped"]


def test_pieces_cancelled_there_are_not_in_the_parcel(
    connect: Callable[..., VendureShop], office: Office
) -> None:
    (code,) = placed(1)
    order = office.order(code)
    line = min(order["lines"], key=lambda x: int(x["id"]))
    asked = {"orderId": order["id"], "lines": [{"orderLineId": line["id"], "quantity": 1}]}
    office.do("cancelOrder(input: $v)", "CancelOrderInput!", asked)
    shop = connect()
    quantities = {x.sub_number: x.quantity for x in shop.detail(code).lines}
    assert quantities[line["id"]] == line["quantity"] - 1
    shop.ship(parcel(code))
    (made,) = office.order(code)["fulfillments"]
    assert {x["orderLineId"]: x["quantity"] for x in made["lines"]} == quantities
    assert shop.detail(code).status == "Shipped"


# --- its connections ------------------------------------------------------------------------------


def test_a_connection_the_server_dropped_costs_no_call(
    connect: Callable[..., VendureShop],
) -> None:
    """It hangs up on who is silent for five seconds; whoever then speaks loses the question."""
    address, asked = urlsplit(URL), json.dumps({"query": "{ __typename }"})
    plain = http.client.HTTPConnection(str(address.hostname), address.port)

    def once() -> None:
        plain.request("POST", "/shop-api", asked, {"Content-Type": "application/json"})
        plain.getresponse().read()

    once()
    (code,) = placed(1)
    shop = connect()
    shop.detail(code)
    time.sleep(6.5)
    with pytest.raises((BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected)):
        once()
    shop.ship(parcel(code))  # a write: broken, it would be in doubt
    for idle in (2.95, 4.95, 5.0, 5.05):
        time.sleep(idle)
        assert shop.shipped(code)


def test_a_session_that_ended_is_renewed_and_a_wrong_password_said_so(
    connect: Callable[..., VendureShop],
) -> None:
    (code,) = placed(1)
    assert connect(tokens=Tokens("ended long ago")).detail(code).number == code
    failed = refused(lambda: connect(app_secret="wrong").detail(code))
    assert (failed.fault, failed.code) == (Fault.AUTH, "INVALID_CREDENTIALS_ERROR")


def test_an_order_that_is_not_there_is_said_so(connect: Callable[..., VendureShop]) -> None:
    failed = refused(lambda: connect().detail("NO-SUCH-ORDER"))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "not_found")
