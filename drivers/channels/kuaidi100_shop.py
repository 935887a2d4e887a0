"""A shop that only Kuaidi100 can reach: its order import (/ent/...), for platforms that give small
sellers no access of their own.

Nothing can be listed or read there. A window is asked for as tasks, one set for each status of
orders and of refund cases; these come later, by themselves, to our door. This connector asks for
what is missing, says how far everything was delivered, and reads orders from what was kept. A
tracking number goes back by ``logistics/send``; whether the platform shows it is known when the
order is delivered again. The form carries ``param`` (JSON), ``key`` and ``sign``, the upper-case
MD5 of param + key + secret. Refund cases are documented for Taobao and Douyin only; where they are
refused (``refunds_unseen``) the orders come all the same. What ``orderStatus`` means with them is
not documented, the platform's demos send an order's: so each is asked for that can have one.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.clock import Clock
from core.ports import (
    CallFailed,
    Deliveries,
    DeliveryTask,
    Fault,
    PlatformOrder,
    Shipment,
    ShippedParcel,
    WindowRules,
)
from core.text import clean
from drivers.carriers.answers import refusal
from drivers.carriers.kuaidi100 import CODES
from drivers.channels import kuaidi100_order
from drivers.channels.access import ShopAccess, at_once
from drivers.channels.calls import Answer
from drivers.channels.connector import Connector, Limits
from drivers.channels.reading import Told, moment_in, part, rows, whole_seconds, wire_time, word
from drivers.signing import signature

log = logging.getLogger(__name__)
GATEWAY = "https://api.kuaidi100.com"
AUTHORIZE, TASK = "/ent/shop/authorize", "/ent/order/task"
REFUND_TASK, SHIP = "/ent/refundOrder/task", "/ent/logistics/send"
PLATFORMS: Mapping[str, str] = {
    "taobao": "TAOBAO",
    "tmall": "TAOBAO",
    "jd": "JINGDONG",
    "douyin": "TOUTIAO",
    "pdd": "PINDUODUO",
    "kuaishou": "KUAISHOU",
    "ktt": "KUAITUANTUAN",
    "youzan": "YOUZAN",
    "wechat": "SHIPINHAO",
    "vip": "WEIPINHUI",
    "weidian": "WEIDIAN",
    "xiaohongshu": "XIAOHONGSHU",
}
"""Our word for the platform a shop is on -> Kuaidi100's."""
STATUSES = ("UNSHIP", "CLOSE", "SHIPED", "FINISH", "UNPAY")
REFUNDS: Mapping[str, str] = {
    f"REFUND/{status}": status for status in ("UNSHIP", "CLOSE", "SHIPED", "FINISH")
}
"""Our word for the refund cases of orders with a status -> that status."""
KINDS = (*STATUSES, *REFUNDS)
LATE_MS = 600_000
"""A task unanswered for this long is said to be late: the door may be out of reach."""
LEAST_MS = 30_000
"""Less new time than this is asked for together with what follows."""
AGAIN_MS = 900_000
"""A task unanswered for this long is given anew; by then Kuaidi100 has tried three times."""
SETTLE_MS = 60_000
"""What was delivered must reach this far beyond a report, before its absence there means a no."""
_FAULTS: Mapping[str, tuple[Fault, str]] = {
    "101": (Fault.PERMISSION, "parameter"),
    "102": (Fault.AUTH, "sign"),
    "103": (Fault.PERMISSION, "parameter"),
    "104": (Fault.PERMISSION, "parameter"),
    "401": (Fault.AUTH, "balance"),
    "601": (Fault.AUTH, "balance"),
    "30004": (Fault.AUTH, "balance"),
    "402": (Fault.AUTH, "account"),
    "60101": (Fault.PERMISSION, "platform"),
    "60102": (Fault.AUTH, "not_authorised"),
    "60103": (Fault.AUTH, "not_authorised"),
    "60104": (Fault.AUTH, "expired"),
    "60201": (Fault.TRANSIENT, "too_many"),
    "60202": (Fault.PERMISSION, "window"),
}
"""Its documented codes; what is not here is judged by its words."""


class Kuaidi100Shop(Connector):
    """One shop behind Kuaidi100, as core's ``Channel`` and ``Delivers``."""

    rules = WindowRules(span_s=86_400, overlap_s=600)
    limits = Limits(per_second=5)
    carriers = CODES
    refunds_unseen: bool | None = None
    """Whether refund cases are refused for this platform; None until they were asked for."""

    def __init__(self, access: ShopAccess, clock: Clock, limits: Limits | None = None) -> None:
        """``app_key`` and ``app_secret`` are the account's, ``session`` is the shop's id there,
        ``platform`` where the shop is, ``callback`` the address of our door as seen from outside,
        ``push_secret`` the salt of what comes to it."""
        super().__init__(access, clock, limits)
        self._root = access.url.rstrip("/")
        self._key, self._secret = access.app_key, access.app_secret
        self._shop_id, self._platform = access.tokens.session, access.platform
        self._callback, self._salt = access.callback, access.push_secret
        self._deliveries = access.deliveries

    # --- asking for deliveries ------------------------------------------------------------------

    def authorize_url(self) -> str:
        """Where the merchant allows Kuaidi100 to read the shop. Raises CallFailed."""
        asked = {"shopType": self._shop_type(), "callbackUrl": self._callback, "salt": self._salt}
        url = clean(part(self._call(AUTHORIZE, asked), "data").get("authorizeUrl"), 2000)
        if not url.startswith(("https://", "http://")):
            raise CallFailed(Fault.UNKNOWN, "no_url", "expected authorizeUrl")
        return url

    def delivered_to(self, start: int, end: int) -> int:
        """Ask for what is missing of [start, end); up to where all of it is here."""
        kept = self._kept()
        if not self._callback:
            raise CallFailed(Fault.PERMISSION, "no_door", "[push] url, shops.push_path")
        known = [task for task in kept.tasks(start) if task.kind in KINDS]
        reached = {
            kind: self._kind_to(kind, [task for task in known if task.kind == kind], start, end)
            for kind in KINDS
        }
        if min(reached.values()) <= start:
            self._complain(
                [x for x in known if x.state != "complete" and x.until > reached[x.kind]]
            )
        return min(reached.values())

    def _kind_to(self, kind: str, tasks: Sequence[DeliveryTask], start: int, end: int) -> int:
        """How far one kind of orders was delivered; what comes next is asked for, once."""
        if kind in REFUNDS and self.refunds_unseen:
            return end
        reached = start
        for task in tasks:
            if task.state == "complete" and task.since <= reached:
                reached = max(reached, task.until)
        if reached >= end:
            return end
        newest = self.server_now() - self.rules.delay_s * 1000 - end < LEAST_MS
        if newest and end - reached < LEAST_MS:
            return reached
        now = self._line.clock.now()
        waiting = any(
            task.state == "asked"
            and task.since <= reached < task.until
            and now - task.asked_at < AGAIN_MS
            for task in tasks
        )
        if not waiting:
            overlap = self.rules.overlap_s * 1000  # what showed late last time is told this time
            try:
                self._ask(kind, reached - overlap, end)
            except CallFailed as failure:
                if kind not in REFUNDS or failure.code != "platform:60101":
                    raise
                log.warning("shop %s: refund cases of this platform are not told", self.shop_code)
                self.refunds_unseen = True
                return end
        return reached

    def _ask(self, kind: str, start: int, end: int) -> None:
        since, until = (second * 1000 for second in whole_seconds(start, end))
        asked = {
            "shopType": self._shop_type(),
            "shopId": self._shop_id,
            "orderStatus": REFUNDS.get(kind, kind),
            "updateAtMin": wire_time(since),
            "updateAtMax": wire_time(until),
            "callbackUrl": self._callback,
            "salt": self._salt,
        }
        told = self._call(REFUND_TASK if kind in REFUNDS else TASK, asked)
        if kind in REFUNDS:
            self.refunds_unseen = False
        tasks = tuple(self._task(row, kind) for row in rows(part(told, "data").get("tasks")))
        if not tasks:
            raise CallFailed(Fault.TRANSIENT, "no_task", "expected tasks")
        self._kept().asked(tasks)

    def _task(self, told: Told, kind: str) -> DeliveryTask:
        task = word(told.get("taskId"))
        since, until = (moment_in(str(told.get(f"updateAt{end}"))) for end in ("Min", "Max"))
        if not task or since is None or until is None or until <= since:
            raise CallFailed(Fault.TRANSIENT, "bad_task", "expected taskId, updateAtMin and Max")
        now = self._line.clock.now()
        return DeliveryTask(task=task, kind=kind, since=since, until=until, asked_at=now)

    def _complain(self, open_tasks: Sequence[DeliveryTask]) -> None:
        """Nothing new can be read: say so when that is more than waiting. Raises CallFailed."""
        if any(task.state == "given_up" for task in open_tasks):
            raise CallFailed(Fault.TRANSIENT, "given_up", "Kuaidi100 cannot read the shop")
        now = self._line.clock.now()
        waited = max((now - task.asked_at for task in open_tasks), default=0)
        if waited >= LATE_MS:
            said = f"asked {waited // 60_000} min ago, nothing came to {self._callback}"
            raise CallFailed(Fault.TRANSIENT, "no_delivery", said)

    # --- reading what was delivered ---------------------------------------------------------------

    def _window(self, start: int, end: int) -> Iterator[tuple[str, ...]]:
        numbers = self._kept().changed(start, end)
        for first in range(0, len(numbers), self._page_size):
            yield numbers[first : first + self._page_size]

    def detail(self, number: str) -> PlatformOrder:
        """An order as it was last delivered. Raises CallFailed."""
        order = kuaidi100_order.order(self._kept().told(number), self.server_now())
        if order is None:
            raise CallFailed(Fault.BUSINESS, "not_delivered", number)
        return order

    def shipped(self, number: str) -> tuple[ShippedParcel, ...]:
        """The waybills the platform has, as far as that is known. Raises CallFailed.

        A report is confirmed by a later delivery of the order as shipped. While none has come, and
        deliveries do not reach beyond the report, nobody can tell.
        """
        kept = self._kept()
        told, reports = kept.told(number), kept.reports(number)
        shown = kuaidi100_order.waybill(told)
        if shown:
            return (ShippedParcel(waybill=shown),)
        accepted = [report.waybill for report in reports if report.accepted]
        if kuaidi100_order.is_shipped(told):
            return tuple(ShippedParcel(waybill=waybill) for waybill in accepted[-1:])
        if reports and kept.known_to() < reports[-1].at + SETTLE_MS:
            raise CallFailed(Fault.TRANSIENT, "not_told_yet", "the order was not delivered since")
        return ()

    # --- shipping ---------------------------------------------------------------------------------

    @at_once
    def ship(self, shipment: Shipment) -> None:
        """Report a waybill. Raises CallFailed, ``in_doubt`` when it may have been taken."""
        company = self._carrier(shipment)
        if shipment.sub_numbers and self._shop_type() != "TAOBAO":
            raise CallFailed(Fault.PERMISSION, "part", "Kuaidi100 ships parts for Taobao only")
        parcel = {
            "shopType": self._shop_type(),
            "shopId": self._shop_id,
            "orderNum": shipment.platform_number,
            "kuaidiCom": company,
            "kuaidiNum": shipment.waybill,
            "subOrderNums": ",".join(shipment.sub_numbers),
        }
        kept, number = self._kept(), shipment.platform_number
        known = [report.waybill for report in kept.reports(number)]
        kept.report(number, shipment.waybill, accepted=False)
        try:
            self._call(SHIP, parcel, writes=True)
        except CallFailed as failure:
            if not failure.in_doubt and shipment.waybill not in known:
                kept.unreport(number, shipment.waybill)
            raise
        kept.report(number, shipment.waybill, accepted=True)

    # --- the call ---------------------------------------------------------------------------------

    def _call(self, path: str, asked: Mapping[str, Any], *, writes: bool = False) -> Told:
        """One signed call. Raises CallFailed for everything but a success."""
        sent = {name: value for name, value in asked.items() if value not in (None, "")}
        param = json.dumps(sent, ensure_ascii=False, separators=(",", ":"))
        form = {"param": param, "key": self._key}
        form["sign"] = signature("kuaidi100", "md5", self._secret, {**form, "op": "ent"})
        answer: Answer = self._line.ask(
            lambda client: client.post(f"{self._root}{path}", data=form), writes=writes
        )
        told = answer.told
        if not isinstance(told, dict):
            raise CallFailed(Fault.TRANSIENT, "not_json", "expected an object", in_doubt=writes)
        code, said = word(told.get("returnCode")), clean(told.get("message"), 200)
        if code == "200" and told.get("result") is True:
            return told
        if not code and not said:
            raise CallFailed(Fault.TRANSIENT, "no_code", in_doubt=writes)
        raise _failure(code, said, writes)

    def _kept(self) -> Deliveries:
        if self._deliveries is None:
            raise CallFailed(Fault.PERMISSION, "no_place", "orders are kept while Packline syncs")
        return self._deliveries

    def _shop_type(self) -> str:
        told = PLATFORMS.get(self._platform)
        if told is None:
            raise CallFailed(Fault.PERMISSION, "platform", f"{' '.join(PLATFORMS)}")
        return told


def _failure(code: str, said: str, writes: bool) -> CallFailed:
    """What a refusal means. A server's own trouble may have carried the call out."""
    if code in _FAULTS:
        fault, name = _FAULTS[code]
        return CallFailed(fault, "too_many" if name == "too_many" else f"{name}:{code}", said)
    failure = refusal(code, said)
    if writes and failure.fault is Fault.UNKNOWN:
        failure.fault = Fault.BUSINESS  # a no to this parcel: a person looks
    failure.in_doubt = failure.in_doubt and writes
    return failure
