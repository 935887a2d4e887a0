"""A JD order as core's: pure reading, no network.

Money on the wire is a decimal number of yuan, time is GMT+8. Lines have no number of their own, so
theirs is the order's with the SKU. The platform tells no refund: an order whose cancellation is
asked for is locked, one that got its money back is cancelled.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from core.ports import PlatformLine, PlatformOrder, Receiver, ShippedParcel
from core.text import clean
from drivers.channels.promises import tier_named
from drivers.channels.reading import Reading, Told, below, part, raw, rows, word

FIELDS = ",".join(
    [
        "orderId,venderId,orderType,payType,orderTotalPrice,orderSellerPrice,actualPay,shouldPay",
        "freightPrice,orderState,orderStateRemark,deliveryType,orderRemark,venderRemark",
        "orderStartTime,orderEndTime,paymentConfirmTime,modified,consigneeInfo,itemInfoList",
        "waybill,logisticsId,pin,open_id_buyer,xid_buyer,parentOrderId,directParentOrderId",
        "returnOrder,idSopShipmenttype,scDT,pauseBizInfo,storeOrder,orderSource,oaid",
    ]
)
"""All we read: a field that is not asked for is simply absent from the answer."""
SHIPPED_FIELDS = "orderId,orderState,waybill,logisticsId"
_NEVER = "0001-01-01"
"""How the platform writes that there was no payment (yet): cash on delivery has none."""
_AMOUNTS = ("actualPay", "shouldPay", "orderSellerPrice", "orderTotalPrice")


def order(told: Told, now: int) -> PlatformOrder:
    """The order of a detail; ``now`` dates one whose own times cannot be read."""
    reading = Reading()
    created = reading.moment(told.get("orderStartTime"))
    modified = reading.moment(told.get("modified"))
    number = word(told.get("orderId"))
    lines = tuple(_lines(number, rows(told.get("itemInfoList")), reading))
    amount = reading.yuan(next((told[key] for key in _AMOUNTS if told.get(key)), ""))
    freight = reading.yuan(told.get("freightPrice") or 0)
    paid = _paid(told, reading)
    reading.failed |= created is None or modified is None or not lines
    return PlatformOrder(
        number=number,
        status=word(told.get("orderState")),
        modified_at=modified or created or now,
        created_at=created or modified or now,
        lines=lines,
        paid_at=paid,
        tier=tier_named(clean(told.get("scDT"), 100)),
        buyer_key=clean(told.get("open_id_buyer") or told.get("xid_buyer"), 200),
        buyer_name=clean(told.get("pin"), 100),
        receiver=_receiver(told),
        buyer_note=clean(told.get("orderRemark")),
        seller_note=clean(told.get("venderRemark")),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(),
        raw=raw(told),
    )


def parcels(told: Told) -> tuple[ShippedParcel, ...]:
    """The waybills an order knows, all for the whole order; several are told with commas."""
    waybills = clean(told.get("waybill"), 400).replace("，", ",").split(",")
    return tuple(ShippedParcel(waybill=one.strip()) for one in waybills if one.strip())


def _lines(number: str, told: Iterable[Told], reading: Reading) -> Iterator[PlatformLine]:
    seen: Counter[str] = Counter()
    for line in told:
        sku = word(line.get("skuId"))
        seen[sku] += 1
        again = f"-{seen[sku]}" if seen[sku] > 1 else ""
        price = reading.yuan(line.get("jdPrice"))
        reading.failed |= not sku
        yield PlatformLine(
            sub_number=f"{number}-{sku}{again}",
            sku=clean(line.get("outerSkuId"), 120),
            title=clean(line.get("skuName"), 300),
            quantity=reading.count(line.get("itemTotal")),
            price_cents=price,
            status=word(line.get("status")),
            gift=price == 0,
        )


def _paid(told: Told, reading: Reading) -> int | None:
    at = clean(told.get("paymentConfirmTime"), 40)
    return None if at.startswith(_NEVER) else reading.moment(at)


def _receiver(told: Told) -> Receiver:
    """The receiver as he may be shown: the masked form where there is one."""
    who = part(told, "consigneeInfo")
    regions = [clean(who.get(key), 40) for key in ("province", "city", "county")]
    phone = who.get("desen_mobile") or who.get("mobile") or who.get("desen_telephone")
    return Receiver(
        name=clean(who.get("fullname"), 100),
        phone=clean(phone or who.get("telephone"), 40),
        province=regions[0],
        city=regions[1],
        district=regions[2],
        address=below(clean(who.get("fullAddress"), 300), *regions),
        cipher_ref=clean(told.get("oaid") or who.get("oaid")),
    )
