"""What Kuaidi100 delivers, in core's words: answers to tasks, orders, refund cases; pure reading.

Documented by the platform: the answer (``taskId``, ``queryStatus`` of Success, Empty, Fail or
Abort, ``reason``, ``orders``) and the fields of a refund case. NOT documented where we could read
it: the fields of an order. ``ORDER``, ``LINE`` and ``RECEIVER`` list the names we look for, taken
from the platform's neighbouring interfaces; nobody has met a real one yet. A value that is not
there under any of its names makes the order unreadable, which holds it; a row without an order
number is kept as it came, and a person is told.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.ports import Delivered, Delivery, Hint, PlatformLine, PlatformOrder, Pushed, Receiver
from core.text import clean
from drivers.channels.reading import MISSING, Reading, Told, moment_in, raw, rows, word

STATES: Mapping[str, str] = {
    "Success": "complete",
    "Empty": "complete",
    "Fail": "asked",
    "Abort": "given_up",
}
"""Its word for how a task went -> ours. After Fail it tries again by itself, after Abort not."""
ORDER: Mapping[str, tuple[str, ...]] = {
    "number": ("orderNum", "orderNo"),
    "status": ("orderStatus", "status"),
    "modified": ("modifiedTime", "updateAt", "updateTime"),
    "created": ("orderTime", "createAt", "createTime"),
    "paid": ("payTime", "payAt"),
    "amount": ("payAmount", "payment"),
    "freight": ("freight", "postFee"),
    "buyer": ("buyerNick", "buyerName"),
    "buyer_note": ("buyerNote", "buyerMessage"),
    "seller_note": ("sellerNote", "sellerMemo"),
    "waybill": ("kuaidiNum", "waybillNo"),
    "lines": ("items", "goodsList"),
    "receiver": ("recMan", "receiver"),
    "oaid": ("oaid",),
}
LINE: Mapping[str, tuple[str, ...]] = {
    "number": ("subOrderNum", "subOrderNo"),
    "sku": ("goodsNo", "outerSkuId", "skuNo"),
    "title": ("goodsName", "itemName"),
    "spec": ("spec", "skuName"),
    "quantity": ("nums", "num", "quantity"),
    "price": ("price",),
}
RECEIVER: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "phone": ("mobile", "tel"),
    "province": ("province",),
    "city": ("city",),
    "district": ("district",),
    "address": ("addr", "address", "printAddr"),
}
NO_CASE = "none"


# --- what comes to the door -----------------------------------------------------------------------


def pushed(param: str, now: int) -> Pushed:
    """A signed ``param``: the rows of a task, each hinted at; anything else is unread."""
    told = _json(param)
    task, state = word(told.get("taskId")), STATES.get(str(told.get("queryStatus")))
    listed = told.get("orders")
    if not task or state is None or not isinstance(listed, list | None):
        return Pushed(unread=(param,))
    if listed is None and told.get("queryStatus") == "Success":
        state = "asked"  # a success that brings nothing it names is none
    known: list[Delivered] = []
    unread: list[str] = []
    for row in listed or []:
        read = _row(row, now) if isinstance(row, Mapping) else None
        if read is None:
            unread.append(as_text(row))
        else:
            known.append(read)
    return Pushed(
        hints=tuple(Hint(f"{task}:{_version(row)}", row.number) for row in known),
        delivery=Delivery(task=task, state=state, rows=tuple(known)),
        unread=tuple(unread),
    )


def _row(told: Told, now: int) -> Delivered | None:
    """One row of a task; None when it names no order."""
    number = word(_of(ORDER, told, "number"))
    if not number:
        return None
    dated = moment_in(str(_of(ORDER, told, "modified") or ""))
    return Delivered(
        number=number,
        refund=word(told.get("refundNo")),
        modified_at=dated if dated is not None else now,
        raw=as_text(told),
    )


def _version(row: Delivered) -> str:
    return f"{row.refund}@{row.modified_at}"


# --- what an order says ---------------------------------------------------------------------------


def order(told: Sequence[Delivered], now: int) -> PlatformOrder | None:
    """An order of what was delivered about it; None when only refund cases were."""
    own = next((_json(row.raw) for row in told if not row.refund), None)
    if own is None:
        return None
    cases = [_json(row.raw) for row in told if row.refund]
    reading = Reading()
    lines = tuple(_lines(own, cases, reading))
    created = reading.moment(_of(ORDER, own, "created"))
    modified = reading.moment(_of(ORDER, own, "modified"))
    amount = reading.yuan(_of(ORDER, own, "amount"))
    freight = reading.yuan(_of(ORDER, own, "freight") or 0)
    note = _of(ORDER, own, "buyer_note")
    reading.failed |= not lines or created is None or modified is None
    return PlatformOrder(
        number=word(_of(ORDER, own, "number")),
        status=word(_of(ORDER, own, "status")) or MISSING,
        modified_at=max([modified or now, *(row.modified_at for row in told if row.refund)]),
        created_at=created if created is not None else now,
        lines=lines,
        paid_at=reading.moment(_of(ORDER, own, "paid")),
        buyer_name=clean(_of(ORDER, own, "buyer") or "", 100),
        receiver=_receiver(own),
        buyer_note=None if note is None else clean(note),
        seller_note=clean(_of(ORDER, own, "seller_note") or ""),
        amount_cents=amount,
        freight_cents=freight,
        flags=reading.flags(),
        raw=raw({"order": own, "refunds": cases}),
        route="kuaidi100",
    )


def waybill(told: Sequence[Delivered]) -> str:
    """The waybill the platform shows, as it was last delivered; "" for none."""
    own = next((_json(row.raw) for row in told if not row.refund), {})
    return clean(_of(ORDER, own, "waybill") or "", 60)


def is_shipped(told: Sequence[Delivered]) -> bool:
    """Whether the platform counts the order as shipped, as it was last delivered."""
    own = next((_json(row.raw) for row in told if not row.refund), {})
    return word(_of(ORDER, own, "status")) in ("SHIPED", "FINISH")


def _lines(own: Told, cases: Sequence[Told], reading: Reading) -> Iterator[PlatformLine]:
    number = word(_of(ORDER, own, "number"))
    listed = rows(_of(ORDER, own, "lines"))
    skus = {clean(_of(LINE, line, "sku") or "", 120) for line in listed}
    for index, line in enumerate(listed, 1):
        sku = clean(_of(LINE, line, "sku") or "", 120)
        quantity = reading.count(_of(LINE, line, "quantity"))
        yield PlatformLine(
            sub_number=word(_of(LINE, line, "number")) or f"{number}-{index}",
            sku=sku,
            title=clean(_of(LINE, line, "title") or "", 300),
            spec=clean(_of(LINE, line, "spec") or "", 300),
            quantity=quantity,
            price_cents=reading.yuan(_of(LINE, line, "price") or 0),
            refund=_refund(sku, quantity, [x for x in cases if _is_about(x, sku, skus)]),
        )


def _is_about(case: Told, sku: str, skus: set[str]) -> bool:
    """Whether a refund case is about a line; one that names no line of the order is about all."""
    goods = clean(case.get("goodsNo") or "", 120)
    return goods == sku or goods not in skus


def _refund(sku: str, quantity: int, cases: Sequence[Told]) -> str:
    """The newest case's word, unless another is still open; money back for a part of a line, or
    for a line that is not named, is for a person."""
    dated = sorted(cases, key=lambda case: str(case.get("modifiedTime") or ""))
    words = [_case(case, sku, quantity) for case in dated]
    undone = [said for said in words if said not in ("CLOSED", "SUCCESS")]
    return (undone or words or [NO_CASE])[-1]


def _case(case: Told, sku: str, quantity: int) -> str:
    said = word(case.get("refundStatus")) or MISSING
    whole = str(case.get("refundNums")) == str(quantity) and clean(case.get("goodsNo") or "") == sku
    return f"{said}/part" if said == "SUCCESS" and not whole else said


def _receiver(own: Told) -> Receiver:
    found = _of(ORDER, own, "receiver")
    where: Told = found if isinstance(found, Mapping) else {}
    told = {name: clean(_of(RECEIVER, where, name) or "", 300) for name in RECEIVER}
    receiver = Receiver(**told, cipher_ref=clean(_of(ORDER, own, "oaid") or "", 500))
    # Whoever imported the order finds a hidden receiver by its number when it sells the label.
    number = word(_of(ORDER, own, "number"))
    return replace(receiver, cipher_ref=number) if receiver.hidden and told["name"] else receiver


def _of(names: Mapping[str, tuple[str, ...]], told: Told, key: str) -> Any:
    """The first of a value's names that is there; None for none."""
    return next((told[name] for name in names[key] if told.get(name) is not None), None)


def as_text(told: object) -> str:
    """JSON that can be kept: half a character, which no file can hold, becomes ``?``."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def _json(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
