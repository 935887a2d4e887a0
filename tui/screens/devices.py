"""Devices and sync: what each device said, how far each shop is behind, what waits to leave."""

from dataclasses import dataclass

from core.messages import Message, message
from core.ports import DeviceState
from tui.ink import Line, Piece, ends, pad, row, wrap
from tui.screens.list_pane import ListPane
from tui.shown import age, ago, clock_second, clock_time, raw_bytes
from tui.sources import NotifierStatus, ShopStatus
from tui.widgets.line_list import Shelf
from tui.words import say, word

NARROW = 60
WIDE = 140


@dataclass(frozen=True, slots=True)
class _Item:
    """A device, a shop or a notifier, as one row of the list."""

    key: str
    device: DeviceState | None = None
    shop: ShopStatus | None = None
    notifier: NotifierStatus | None = None


class DevicesPane(ListPane[_Item]):
    """What is connected, what it says, and what is stale."""

    name_of = "devices"
    head_height = 3
    foot_height = 7

    def __init__(self) -> None:
        super().__init__(empty=lambda: say("devices.empty"))

    def begin(self) -> None:
        self.refresh_facts()

    def refresh_facts(self) -> None:
        source = self.house_app.house.devices
        items = [_Item(f"device:{d.name}", device=d) for d in source.devices()]
        items += [_Item(f"shop:{s.shop}", shop=s) for s in source.shops()]
        items += [_Item(f"notifier:{n.name}", notifier=n) for n in source.notifiers()]
        self.list.use(Shelf(items))
        self._head.repaint()
        self._foot.repaint()

    def tick(self) -> None:
        self.refresh_facts()

    # --- lines ---------------------------------------------------------------------------------

    def head_lines(self, width: int, height: int) -> list[Line]:
        """Connection, freshness, what waits to leave."""
        source, clock = self.house_app.house.devices, self.house_app.house.clock
        badge, outbox, now = source.badge(), source.outbox(), clock.now()

        def at(moment: int | None) -> str:
            return clock_time(moment, clock.zone, now) if moment else "–"

        state: Piece = (f" ● {say('badge.online')} ", "good")
        if not badge.online:
            state = (f" ○ {say(message('devices.offline', at=at(badge.since)))} ", "soon")
        fresh = message(
            "devices.fresh", orders=at(badge.orders_as_of), refunds=at(badge.refunds_as_of)
        )
        waits = message("devices.outbox", waiting=outbox.waiting, failed=outbox.failed)
        pieces: list[Piece] = [(f" {say(waits)}", "late" if outbox.failed else "text")]
        if outbox.oldest:
            oldest = say(message("devices.oldest", age=age(now - outbox.oldest)))
            pieces.append((f"  {oldest}", "quiet"))
        if outbox.to_export:
            told = say(message("devices.to_export", n=outbox.to_export))
            pieces.append((f"  {told}", "soon"))
        if badge.waybills_left is not None:
            left = say(message("badge.waybills", n=badge.waybills_left))
            pieces.append((f"  {left}", "quiet"))
        return [
            row(width, state, (" " + say(fresh), "quiet")),
            row(width, *pieces),
            row(width, ("   " + say("devices.col"), "head")),
        ]

    def draw_row(self, item: _Item, width: int, here: bool) -> Line:
        base = "cursor" if here else "text"
        if item.device is not None:
            return self._device_line(item.device, width, here, base)
        if item.notifier is not None:
            return self._notifier_line(item.notifier, width, here, base)
        assert item.shop is not None
        return self._shop_line(item.shop, width, here, base)

    def _device_line(self, device: DeviceState, width: int, here: bool, base: str) -> Line:
        good = device.connected and device.trouble is None
        sign, meaning = ("●", "good") if good else ("✘", "late")
        if here:
            meaning = "cursor" if good else "cursor.late"
        left: list[Piece] = [
            (f" {sign} ", meaning),
            (pad(word("device", device.kind), 9) + " ", base),
            (pad(device.name, 16) + " ", base),
        ]
        told = device.last_value if good else say(device.trouble or message("devices.absent"))
        left.append((told, meaning if not good else base))
        rate = f" {device.rate:.1f}/s " if device.rate and width >= NARROW else ""
        return ends(width, left, [(rate, "cursor.quiet" if here else "quiet")], base)

    def _shop_line(self, shop: ShopStatus, width: int, here: bool, base: str) -> Line:
        bad = shop.stopped or shop.last_error is not None
        sign, meaning = ("✘", "late") if bad else ("●", "good")
        if here:
            meaning = "cursor.late" if bad else "cursor"
        left: list[Piece] = [
            (f" {sign} ", meaning),
            (pad(word("channel", shop.channel), 9) + " ", base),
            (pad(shop.shop, 16) + " ", base),
        ]
        if bad:
            left.append((say(shop.last_error or message("devices.stopped")), meaning))
        elif shop.lag_s is not None:
            left.append((say(message("devices.lag", age=age(shop.lag_s * 1000))), base))
        else:
            left.append((say("devices.never"), base))
        return row(width, *left, fill=base)

    def _notifier_line(self, notifier: NotifierStatus, width: int, here: bool, base: str) -> Line:
        bad = notifier.trouble is not None
        sign, meaning = ("✘", "late") if bad else ("●", "good")
        if here:
            meaning = "cursor.late" if bad else "cursor"
        left: list[Piece] = [
            (f" {sign} ", meaning),
            (pad(word("notifier", notifier.kind), 9) + " ", base),
            (pad(notifier.name, 16) + " ", base),
        ]
        if notifier.trouble is not None:
            left.append((say(notifier.trouble), meaning))
        elif notifier.delivered is not None:
            clock = self.house_app.house.clock
            at = clock_time(notifier.delivered, clock.zone, clock.now())
            told = say(message("devices.delivered", at=at)) if width >= NARROW else at
            left.append((told, base))
        else:
            left.append((say("devices.never_told"), base))
        waits = say(message("devices.waits", n=notifier.waiting)) if notifier.waiting else ""
        right: list[Piece] = [(f" {waits} ", "cursor.soon" if here else "soon")] if waits else []
        return ends(width, left, right, base)

    def foot_lines(self, width: int, height: int) -> list[Line]:
        """Raw bytes beside what they mean, or the last success and error of shop or notifier."""
        item = self.list.current
        rule = row(width, ("─" * width, "faint"))
        if item is None:
            return [rule]
        facts = self._facts(item)
        lines: list[Line] = [rule]
        for name, told, meaning in facts:
            for index, part in enumerate(wrap(told, width - 16, 2)):
                lead = pad(f" {say(name)}" if index == 0 else "", 15)
                lines.append(row(width, (lead + " ", "quiet"), (part, meaning)))
        return lines[:height]

    def _facts(self, item: _Item) -> list[tuple[str, str, str]]:
        if item.device is not None:
            return self._device_facts(item.device)
        if item.notifier is not None:
            return self._notifier_facts(item.notifier)
        return self._shop_facts(item.shop)

    def _notifier_facts(self, notifier: NotifierStatus) -> list[tuple[str, str, str]]:
        clock = self.house_app.house.clock

        def at(moment: int | None) -> str:
            return clock_time(moment, clock.zone, clock.now()) if moment else "–"

        facts = [("devices.told_at", at(notifier.delivered), "strong")]
        if notifier.trouble is not None:
            facts.append(("devices.error", say(notifier.trouble), "late"))
            facts.append(("devices.answer", notifier.answer or "–", "text"))
            facts.append(("devices.next_try", at(notifier.next_try), "text"))
        if notifier.waiting:
            told = message("devices.waits_since", n=notifier.waiting, at=at(notifier.oldest))
            facts.insert(1, ("devices.waiting", say(told), "soon"))
        return facts

    def _device_facts(self, device: DeviceState) -> list[tuple[str, str, str]]:
        clock = self.house_app.house.clock
        at = "–"
        if device.last_at:
            past = message("devices.ago", age=ago(clock.now() - device.last_at))
            at = f"{clock_second(device.last_at, clock.zone)}  {say(past)}"
        facts = [
            ("devices.raw", raw_bytes(device.last_raw) or "–", "text"),
            ("devices.value", device.last_value or "–", "strong"),
            ("devices.at", at, "text"),
            ("devices.rate", f"{device.rate:.1f}/s", "text"),
        ]
        if device.repeats:
            facts.append(("devices.repeats", str(device.repeats), "text"))
        if device.trouble is not None:
            facts.insert(0, ("devices.trouble", say(device.trouble), "late"))
        return facts

    def _shop_facts(self, shop: ShopStatus | None) -> list[tuple[str, str, str]]:
        if shop is None:
            return []
        clock = self.house_app.house.clock
        when = clock_time(shop.last_success, clock.zone, clock.now()) if shop.last_success else "–"
        facts = [("devices.success", when, "strong")]
        if shop.last_error is not None:
            facts.append(("devices.error", say(shop.last_error), "late"))
        if shop.stopped:
            facts.append(("devices.state", say("devices.stopped"), "late"))
        return facts

    # --- what can be done ----------------------------------------------------------------------

    def refusal(self, action: str) -> Message | None:
        item = self.list.current
        if action == "devices.test" and (item is None or item.device is None):
            return message("refusal.no_device")
        return None

    def act(self, action: str) -> None:
        item, source = self.list.current, self.house_app.house.devices
        if action == "devices.retry":
            self.intend(source.retry())
        elif item is not None and item.device is not None:
            self.intend(source.test(item.device.name))
