"""A JD order as core's: pure reading, no network.

Money on the wire is a decimal number of yuan, time is GMT+8. Lines have no number of their own, so
theirs is the order's with the SKU. The platform tells no refund: an order whose cancellation is
asked for is locked, one that got its money back is cancelled.
"""

import re
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
        "partialLogisticsInfoModel",
    ]
)
"""All we read: a field that is not asked for is simply absent from the answer."""
SHIPPED_FIELDS = "orderId,orderState,waybill,logisticsId,partialLogisticsInfoModel"
PARTLY_SHIPPED = "PARTLY_SHIPPED"
"""Our word for an order of which parcels are out: the platform leaves its state as it was."""
_WAITING = ("WAIT_SELLER_STOCK_OUT", "DengDaiChuKu")
_BETWEEN_WAYBILLS = re.compile(r"[,，|]")
"""Commas between those of one courier, a bar between couriers."""
_PHONE = re.compile(r"(?=.*\d)[\d*+ 转-]{5,30}")
"""Digits, some of them masked; anything else is a cipher that dials nobody."""
_PARCELS = "partialLogisticsInfoModel"
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
        status=_status(told),
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
    """The waybills an order knows, those of its parcels and those of the whole; none by line."""
    said = [told.get("waybill"), *(one.get("waybillId") for one in rows(told.get(_PARCELS)))]
    waybills = [one.strip() for text in said for one in _BETWEEN_WAYBILLS.split(clean(text, 400))]
    return tuple(ShippedParcel(waybill=one) for one in dict.fromkeys(waybills) if one)


def _status(told: Told) -> str:
    """The platform's state; our own word where some parcels are out and it still says waiting."""
    state = word(told.get("orderState"))
    return PARTLY_SHIPPED if state in _WAITING and told.get(_PARCELS) else state


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
    """The receiver as he may be shown; the platform's ``desen_`` fields are ciphers, not masks."""
    who = part(told, "consigneeInfo")
    regions = [clean(who.get(key), 40) for key in ("province", "city", "county")]
    phones = [clean(who.get(key), 40) for key in ("mobile", "telephone")]
    return Receiver(
        name=clean(who.get("fullname"), 100),
        phone=next((phone for phone in phones if _PHONE.fullmatch(phone)), ""),
        province=regions[0],
        city=regions[1],
        district=regions[2],
        address=below(clean(who.get("fullAddress"), 300), *regions),
        cipher_ref=clean(told.get("oaid") or who.get("oaid")),
    )
