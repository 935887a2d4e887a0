"""What only Shopify does: its bucket, its two words for a status, its tasks, its errors."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.orders.values import value_map
from core.ports import Fault
from drivers.channels import shopify
from drivers.channels.calls import Answer
from drivers.channels.shopify import failure
from drivers.simulated.deals import SimLine
from drivers.simulated.graphql import Malformed, parse, pick
from drivers.simulated.shopify import DETAIL, MOST_POINTS, SHIP, at_most
from tests.drivers.channels.kinds import SHOPIFY
from tests.drivers.channels.shopkit import NOON, TWO, Floor, listed, opened, parcel, refused


@pytest.fixture
def floor() -> Iterator[Floor]:
    with opened(SHOPIFY) as floor:
        yield floor


# --- the bucket ---------------------------------------------------------------------------------


def test_an_empty_bucket_is_waited_for_and_no_window_abandoned(floor: Floor) -> None:
    numbers = floor.place(40)
    floor.server.maximum = floor.server._bucket = 30.0
    floor.server.restore_rate = 10.0
    assert set(listed(floor.shop(page_size=20))) == set(numbers)
    assert floor.clock.now() > NOON + 1000  # it did wait


def test_a_bucket_that_takes_too_long_is_left_to_core(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": DETAIL, "do": "ban 90"}])
    failed = refused(lambda: shop.detail(number))
    assert failed.fault is Fault.RATE and failed.wait_s is not None and 80 < failed.wait_s <= 90


@pytest.mark.parametrize("at", [SHIP, DETAIL])
def test_a_throttled_report_is_left_to_core_until_all_of_it_can_be_paid(
    floor: Floor, at: str
) -> None:
    """By then the buyer may want the money back: the order is looked at anew, and that costs."""
    (number,), shop = floor.place(), floor.shop()
    floor.server.script([{"at": at, "do": "ban 3"}])
    began = floor.clock.now()
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.in_doubt) == (Fault.RATE, False)
    assert failed.wait_s is not None and 5 < failed.wait_s < 13  # 970 points, 100 a second
    assert floor.clock.now() - began < 1000
    floor.clock.advance(failed.wait_s)
    shop.ship(parcel(number))
    assert len(floor.server.shipments[number]) == 1


def test_no_call_costs_more_than_a_call_may(floor: Floor) -> None:
    asked = [q for name, q in vars(shopify).items() if name.isupper() and "query " in str(q)]
    dear = {at_most(parse({"query": q, "variables": {"first": 250}}).root) for q in asked}
    assert len(asked) == 7 and max(dear) <= MOST_POINTS
    assert at_most(parse({"query": shopify.DETAIL}).root) == 210
    assert at_most(parse({"query": shopify.STANDING}).root) == 703
    points = [at_most(parse({"query": q}).root) for q in (shopify.DETAIL, shopify.STANDING)]
    assert sum(points) + 5 * 10 <= shopify.REPORT_POINTS


def test_a_call_that_is_too_dear_is_refused_and_one_pays_what_it_was_told(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    dear = shopify.DETAIL.replace("first: 50", "first: 250")
    failed = refused(lambda: shop._call(dear, {"id": f"gid://shopify/Order/{number}"}))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "MAX_COST_EXCEEDED")
    shop.detail(number)
    assert floor.server.maximum - floor.server._bucket < 20


@pytest.mark.parametrize("count", [50, 51, 200])
def test_an_order_with_many_lines_is_read_and_shipped_whole(floor: Floor, count: int) -> None:
    (number,), shop = (
        floor.place(lines=tuple(SimLine(sku=f"S{n}") for n in range(count))),
        (floor.shop()),
    )
    order = shop.detail(number)
    assert [line.sku for line in order.lines] == [f"S{n}" for n in range(count)]
    assert order.flags == ()
    floor.clock.advance(10)
    shop.ship(parcel(number))
    assert {x.sub_number for x in shop.shipped(number)} == {x.sub_number for x in order.lines}
    shop.ship(parcel(number))
    assert floor.server.count(SHIP) == 1


def test_an_order_with_many_tasks_is_shipped_from_the_open_one(floor: Floor) -> None:
    """Each fulfilment that was cancelled left a closed one behind."""
    (number,), shop = floor.place(), floor.shop()
    task = floor.server._wire(floor.server.deals[number])["fulfillmentOrders"]["nodes"][0]
    closed = [
        {**task, "id": f"gid://shopify/FulfillmentOrder/{n}", "status": "CLOSED"} for n in range(30)
    ]
    floor.server.touch(number, fulfillmentOrders={"nodes": [*closed, task]})
    shop.ship(parcel(number))
    assert len(floor.server.shipments[number]) == 1


def test_an_order_in_more_parcels_than_can_be_read_is_for_a_person(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    one = {"id": "gid://shopify/Fulfillment/1", "status": "SUCCESS", "trackingInfo": []}
    floor.server.touch(number, fulfillments=[{**one, "fulfillmentLineItems": {"nodes": []}}] * 20)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "too_many_parcels")


def test_a_list_that_breaks_off_between_pages_is_no_order(floor: Floor) -> None:
    (number,), shop = (
        floor.place(lines=tuple(SimLine(sku=f"S{n}") for n in range(60))),
        (floor.shop()),
    )
    floor.server.script([{"at": "call#2", "do": "empty"}])
    assert refused(lambda: shop.detail(number)).fault is Fault.TRANSIENT


# --- tokens -------------------------------------------------------------------------------------


def test_a_token_without_credentials_cannot_be_replaced(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop(app_key="")
    floor.server.expire()
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.code, floor.server.calls) == (Fault.AUTH, "http401", 1)


def test_the_apps_credentials_give_a_token(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.expire()
    assert shop.detail(number).number == number and floor.server.session == "shpat_1"


# --- the order ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("money", "goods", "ours"),
    [
        ("PAID", "UNFULFILLED", "to_ship"),
        ("PAID", "IN_PROGRESS", "to_ship"),
        ("PAID", "ON_HOLD", "hold"),
        ("PAID", "PENDING_FULFILLMENT", "hold"),
        ("PAID", "PARTIALLY_FULFILLED", "partial"),
        ("PAID", "FULFILLED", "shipped"),
        ("PARTIALLY_REFUNDED", "UNFULFILLED", "to_ship"),
        ("PENDING", "UNFULFILLED", "unpaid"),
        ("AUTHORIZED", "UNFULFILLED", "hold"),
        ("PARTIALLY_PAID", "UNFULFILLED", "hold"),
        ("VOIDED", "UNFULFILLED", "closed"),
        ("PAID", "TELEPORTED", "unknown"),
        ("WISHED", "UNFULFILLED", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_two_words_make_a_status(floor: Floor, money: Any, goods: Any, ours: str) -> None:
    more = {"displayFinancialStatus": money or "", "displayFulfillmentStatus": goods or ""}
    (number,) = floor.place(more=more)
    order = floor.shop().detail(number)
    assert value_map("shopify").status_of(order.status) == ours
    assert (order.paid_at is None) is (money not in ("PAID", "PARTIALLY_REFUNDED"))


@pytest.mark.parametrize(
    ("money", "left", "refund", "quantity"),
    [
        ("PAID", 3, "none", 3),
        ("PARTIALLY_REFUNDED", 2, "none", 2),
        ("PARTIALLY_REFUNDED", 3, "unknown", 3),
        ("PARTIALLY_REFUNDED", 0, "refunded", 3),
        ("REFUNDED", 3, "refunded", 3),
        ("PAID", "?", "unknown", 3),
    ],
)
def test_pieces_paid_back(floor: Floor, money: str, left: Any, refund: str, quantity: int) -> None:
    line = SimLine(sku="A", quantity=3, more={"currentQuantity": left})
    (number,) = floor.place(lines=(line,), more={"displayFinancialStatus": money})
    (told,) = floor.shop().detail(number).lines
    assert (value_map("shopify").refund_of(told.refund), told.quantity) == (refund, quantity)


BROKEN = {"hasNextPage": True, "endCursor": None}


def test_what_stops_an_order_is_a_flag(floor: Floor) -> None:
    (number,) = floor.place(more={"test": True, "lineItems.pageInfo": BROKEN})
    floor.server.hold(number, "risk")
    assert floor.shop().detail(number).flags == ("risk", "test_order", "unreadable")


def test_the_receiver_and_the_promise(floor: Floor) -> None:
    (number,) = floor.place(promise="Same day", more={"shippingAddress.countryCodeV2": "US"})
    order = floor.shop().detail(number)
    assert order.receiver.address == "余杭区仓前街道文一西路969号3幢 310000 US"
    assert order.tier == "same_day" and order.receiver.phone == "13800001234"


# --- shipping -----------------------------------------------------------------------------------


def test_our_number_there_already_is_success_without_a_call(floor: Floor) -> None:
    (number,), shop = floor.place(lines=TWO), floor.shop()
    shop.ship(parcel(number))
    shop.ship(parcel(number))
    assert floor.server.count(SHIP) == 1
    subs = {x.sub_number for x in shop.shipped(number)}
    assert subs == {line.sub_number for line in shop.detail(number).lines}


def test_a_fulfilment_that_was_cancelled_does_not_count(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    shop.ship(parcel(number))
    one = {"id": "gid://shopify/Fulfillment/1", "status": "CANCELLED", "trackingInfo": []}
    gone = [{**one, "fulfillmentLineItems": {"nodes": []}}]
    floor.server.touch(number, fulfillments=gone)
    assert shop.shipped(number) == ()


def test_lines_of_two_places_are_told_in_two_reports(floor: Floor) -> None:
    floor.server.located = {TWO[1].sku: "2"}
    (number,), shop = floor.place(lines=TWO), floor.shop()
    shop.ship(parcel(number))
    told = floor.server.shipments[number]
    assert [len(each["oids"]) for each in told] == [1, 1]
    assert {each["waybill"] for each in told} == {"ZT0000001"} and not floor.server.refusals
    made = floor.server._fulfillments(floor.server.deals[number])
    assert len(made) == 2
    shop.ship(parcel(number))
    assert floor.server.count(SHIP) == 2


@pytest.mark.parametrize("do", ["drop", "drop_after_commit", "isp", "isp_after", "ban 30"])
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_a_report_lost_between_two_places_is_finished_by_the_next(
    floor: Floor, do: str, at: int, whole: bool
) -> None:
    floor.server.located = {TWO[1].sku: "2"}
    (number,), shop = floor.place(lines=TWO), floor.shop()
    subs = tuple(line.sub_number for line in shop.detail(number).lines)
    told = parcel(number, *(() if whole else subs))
    floor.server.script([{"at": f"{SHIP}#{at}", "do": do}])
    refused(lambda: shop.ship(told))
    done = len(floor.server.shipments.get(number, []))
    assert bool(shop.shipped_of(told)) is (done == 2)
    floor.clock.advance(60)
    shop.ship(told)
    assert [len(each["oids"]) for each in floor.server.shipments[number]] == [1, 1]
    assert {x.sub_number for x in shop.shipped_of(told)} == set(subs)


def test_the_shop_takes_no_report_of_two_places_or_ways(floor: Floor) -> None:
    floor.server.located = {"CUP-2": "2"}
    tip = SimLine(sku="TIP", more={"requiresShipping": False})
    (number,) = floor.place(lines=(*TWO, tip))
    deal = floor.server.deals[number]
    first, second, third = floor.server._tasks(deal)
    for tasks, said in (((first, second), "single location"), ((first, third), "delivery method")):
        asked = [{"fulfillmentOrderId": task["id"]} for task in tasks]
        (error,) = floor.server._shipping({"lineItemsByFulfillmentOrder": asked})["userErrors"]
        assert said in error["message"]


# --- what needs no shipping ---------------------------------------------------------------------


def test_lines_that_need_no_shipping_are_neither_picked_nor_told(floor: Floor) -> None:
    tip = SimLine(sku="TIP", more={"requiresShipping": False})
    (number,), shop = floor.place(lines=(TWO[0], tip)), floor.shop()
    order = shop.detail(number)
    assert [line.sku for line in order.lines] == [TWO[0].sku] and order.flags == ()
    shop.ship(parcel(number))
    assert [len(each["oids"]) for each in floor.server.shipments[number]] == [1]
    assert {x.sub_number for x in shop.shipped_of(parcel(number))} == {order.lines[0].sub_number}


def test_an_order_of_gift_cards_is_not_the_warehouses(floor: Floor) -> None:
    card = SimLine(sku="CARD", more={"requiresShipping": False})
    (number,) = floor.place(lines=(card,))
    order = floor.shop().detail(number)
    assert (order.lines, order.flags) == ((), ())
    assert value_map("shopify").status_of(order.status) == "done"


# --- scopes -------------------------------------------------------------------------------------


def test_without_the_scope_of_tasks_nothing_is_there_to_ship_and_a_sentence_says_why(
    floor: Floor,
) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.scopes.discard("read_merchant_managed_fulfillment_orders")
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "no_tasks")
    assert "merchant_managed_fulfillment_orders" in failed.text
    floor.server.scopes = set(shopify.SCOPES)  # no read_customers
    shop.ship(parcel(number))
    assert len(floor.server.shipments[number]) == 1


def test_the_scopes_the_guide_names_are_enough_for_everything(floor: Floor) -> None:
    """A field too many, such as a task's location, would stop every report."""
    floor.server.scopes = set(shopify.SCOPES)
    floor.server.located = {TWO[1].sku: "2"}
    (number,), shop = floor.place(lines=TWO), floor.shop()
    assert listed(shop) == [number]
    assert len(shop.detail(number).lines) == 2
    shop.ship(parcel(number))
    assert len(shop.shipped(number)) == 2


def test_a_scope_that_the_platform_misses_is_named(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.scopes.discard("read_products")
    failed = refused(lambda: shop.detail(number))
    assert (failed.fault, failed.code) == (Fault.PERMISSION, "access_denied")
    assert "`read_products`" in failed.text


def test_an_order_on_hold_has_nothing_to_ship(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server.hold(number)
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code) == (Fault.BUSINESS, "nothing_to_ship")
    assert floor.server.count(SHIP) == 0


def test_a_user_error_is_the_orders_own_fault(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server._objection = lambda deal, wanted: "Closed meanwhile\x1b[2J"
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.fault, failed.code, failed.text) == (
        *(Fault.BUSINESS, "user_error", "Closed meanwhile[2J"),
    )


def test_an_answer_without_a_fulfilment_is_no_success(floor: Floor) -> None:
    (number,), shop = floor.place(), floor.shop()
    floor.server._shipping = lambda told: {"fulfillment": None, "userErrors": []}
    failed = refused(lambda: shop.ship(parcel(number)))
    assert (failed.code, failed.in_doubt) == ("not_confirmed", True)


# --- errors -------------------------------------------------------------------------------------


def errors(code: str, said: str = "m") -> dict[str, Any]:
    return {"errors": [{"message": said, "extensions": {"code": code}}]}


@pytest.mark.parametrize(
    ("told", "status", "fault", "doubt"),
    [
        (errors("THROTTLED"), 200, Fault.RATE, False),
        (errors("INTERNAL_SERVER_ERROR"), 200, Fault.TRANSIENT, True),
        (errors("", "Internal error. Looks like"), 200, Fault.TRANSIENT, True),
        (errors("ACCESS_DENIED"), 200, Fault.PERMISSION, False),
        (errors("MAX_COST_EXCEEDED"), 200, Fault.PERMISSION, False),
        (errors("undefinedField"), 200, Fault.PERMISSION, False),
        ({"errors": "[API] Invalid API key"}, 401, Fault.AUTH, False),
        ({"errors": "Unavailable Shop"}, 402, Fault.AUTH, False),
        ({"errors": "Not Found"}, 404, Fault.PERMISSION, False),
        ({"errors": "?"}, 422, Fault.UNKNOWN, True),
    ],
)
def test_an_error_has_a_class(told: dict[str, Any], status: int, fault: Fault, doubt: bool) -> None:
    failed = failure(Answer(told, status, {}), writes=True)
    assert (failed.fault, failed.in_doubt) == (fault, doubt)


def test_the_simulated_shop_answers_only_what_was_asked() -> None:
    root = parse({"query": 'query A { a(x: "1", y: [2], z: {k: true}) { b ... on T { c } } }'}).root
    assert root.arguments == {"x": "1", "y": [2], "z": {"k": True}}
    assert pick(root.fields, {"b": 1, "c": 2, "__typename": "T"}) == {"b": 1, "c": 2}
    assert pick(root.fields, [{"b": 1, "c": 2}]) == [{"b": 1}]
    with pytest.raises(Malformed):
        pick(root.fields, {"d": 1})
    with pytest.raises(Malformed):
        parse({"query": "query {"})
