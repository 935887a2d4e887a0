"""A house made of values: what the screens are tested with."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from core.clock import SetClock
from core.errors import Problem
from core.floor.values import (
    BackTask,
    BenchLine,
    BenchView,
    Choice,
    Outcome,
    Step,
    Tone,
    WeightView,
)
from core.messages import Message, message
from core.ports import DeviceState, Scan
from tui.sources import (
    AlertRow,
    ColumnRow,
    ConnectionBadge,
    FileLook,
    NotifierStatus,
    OrderDetails,
    OrderLine,
    OutboxCounts,
    Painter,
    PhotoRow,
    PutBackRow,
    QueueFilter,
    QueueRow,
    ShopStatus,
    Taste,
    TimelineRow,
)
from tui.widgets.line_list import Pages

NOW = 1_768_906_800_000  # 2026-01-20 19:00 in Shanghai
MINUTE = 60_000
HOUR = 60 * MINUTE

LINES = (
    BenchLine(
        1, "TS-2041-BLK-XL", "纯棉圆领短袖T恤 春夏宽松情侣款", "黑色 / XL", "A-03-12", 2, 2, 1, 0
    ),
    BenchLine(2, "CUP-88", "不锈钢保温杯 500ml 学生便携", "雾蓝 500ml", "B-11-02", 3, 3, 0, 0),
    BenchLine(3, "SOCK-7", "中筒袜 五双装", "白 均码", "A-07-01", 1, 1, 0, 0),
    BenchLine(4, "GIFT-CARD", "手写感谢卡", "", "Z-01-01", 1, 1, 0, 0, gift=True),
)
PACKING = BenchView(
    station="A1",
    operator="张伟",
    role="packer",
    step=Step.PACK,
    number="DB20260120018",
    shop="淘宝·棉时旗舰店",
    tier="express",
    ship_by=NOW + 95 * MINUTE,
    buyer_note="请不要放发票，谢谢！送人的，包装好一点",
    lines=LINES,
    current=1,
    outcome=Outcome(
        Tone.ACCEPTED,
        message("demo.took"),
        message("demo.next"),
        "6901234567892",
    ),
    waiting=128,
    done_today=86,
)


def said(en: str) -> Message:
    """A sentence given as data, so that tests need no catalogue of another room."""
    return message("lookup.nothing", text=en)


def answer(tone: Tone, view: BenchView = PACKING, code: str = "6900000000001") -> BenchView:
    """The view after an answer of that tone."""
    outcome = Outcome(tone, said("CUP-88"), said("TS-2041"), code)
    bad = tone in (Tone.WRONG, Tone.TOO_MANY, Tone.UNKNOWN, Tone.STOP)
    return replace(view, outcome=outcome, last_bad=outcome if bad else view.last_bad)


PACKING = replace(PACKING, outcome=Outcome(Tone.ACCEPTED, said("TS-2041"), said("CUP-88"), "69"))
PICKING = replace(
    PACKING,
    step=Step.PICK,
    outcome=None,
    lines=tuple(replace(line, picked=0, verified=0) for line in LINES),
    current=0,
)
WEIGHING = replace(
    PACKING,
    step=Step.WEIGH,
    weight=WeightView(1230, 40),
    outcome=None,
    lines=tuple(replace(line, verified=line.wanted) for line in LINES),
)
LABELLING = replace(WEIGHING, step=Step.LABEL, waybill="75512345678901")
IDLE = BenchView(station="A1", operator="张伟", role="packer", waiting=128, done_today=86)
NOBODY = BenchView(station="A1", waiting=128)
ASKING = replace(
    PACKING,
    outcome=Outcome(Tone.COMMAND, said("HOLD"), said("?"), "PKHOLD1"),
    choices=(
        Choice("PKCH001", message("hold.question")),
        Choice("PKCH002", message("hold.damaged")),
        Choice("PKNO001", message("hold.other")),
    ),
)


def done(value: object) -> "Future[object]":
    """A Future that is over."""
    future: Future[object] = Future()
    if isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)
    return future


@dataclass
class FakeBench:
    """Shows what it is told to and remembers what was scanned and pressed."""

    now: BenchView = PACKING
    scans: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answers: dict[str, BenchView | Exception] = field(default_factory=dict)

    def view(self) -> BenchView:
        return self.now

    def scan(self, scan: Scan) -> "Future[BenchView]":
        self.scans.append(scan.text)
        return self._answer(scan.text)

    def key(self, code: str) -> "Future[BenchView]":
        self.keys.append(code)
        return self._answer(code)

    def _answer(self, code: str) -> "Future[BenchView]":
        given = self.answers.get(code, self.now)
        if isinstance(given, BenchView):
            self.now = given
        return done(given)  # type: ignore[return-value]


STAGES = ("ready", "picking", "packing", "weighing", "labelled")
SHOPS = ("棉时旗舰店", "京东·家居", "抖音直播间", "拼多多百货")
HOLDS = ((), (), (), ("no_stock",), (), ("refund", "address_changed"), ())


def queue_row(i: int) -> QueueRow:
    """The i-th order of an endless queue."""
    return QueueRow(
        key=(NOW - 150 * MINUTE + i * 7 * MINUTE, i),
        number=f"DB20260120{i + 1:03d}",
        shop=SHOPS[i % 4],
        warehouse="HZ",
        stage=STAGES[i % 5],
        tier="express" if i % 6 == 0 else "standard",
        ship_by=NOW - 150 * MINUTE + i * 7 * MINUTE,
        pieces=i % 4 + 1,
        goods="TS-2041-BLK-XL 黑色/XL ×2, CUP-88 雾蓝" if i % 2 else "CUP-88 雾蓝 500ml",
        receiver="李娜 ****5678 杭州市西湖区",
        holds=HOLDS[i % 7],
        note=i % 3 == 0,
    )


class Endless:
    """A million orders, made when they are asked for."""

    def __init__(self, total: int = 1_000_000) -> None:
        self.total = total
        self.reads = 0

    def _some(self, start: int, n: int) -> list[QueueRow]:
        self.reads += 1
        return [queue_row(i) for i in range(max(0, start), min(self.total, start + n))]

    def first(self, n: int) -> Sequence[QueueRow]:
        return self._some(0, n)

    def after(self, key: object, n: int) -> Sequence[QueueRow]:
        assert isinstance(key, tuple)
        return self._some(key[1] + 1, n)

    def before(self, key: object, n: int) -> Sequence[QueueRow]:
        end = self.total if key is None else key[1]  # type: ignore[index]
        return self._some(max(0, end - n), min(n, end))


ORDER = OrderDetails(
    number="DB20260120018",
    shop="棉时旗舰店",
    platform_numbers=("3514567890123456789",),
    stage="packing",
    tier="express",
    ship_by=NOW + 95 * MINUTE,
    warehouse="杭州仓",
    holds=("address_changed",),
    receiver="李娜 138****5678 浙江省杭州市西湖区文三路 100 号 2 幢 301",
    buyer_note="请不要放发票，谢谢！",
    seller_note="老客户，加一张感谢卡",
    lines=(
        OrderLine(
            sku="TS-2041-BLK-XL",
            title="纯棉圆领短袖T恤",
            spec="黑色 / XL",
            bin="A-03-12",
            quantity=2,
        ),
        OrderLine(
            sku="CUP-88",
            title="不锈钢保温杯",
            spec="雾蓝 500ml",
            bin="B-11-02",
            quantity=3,
            refunded=1,
        ),
        OrderLine(
            sku="GIFT-CARD", title="手写感谢卡", spec="", bin="Z-01-01", quantity=1, gift=True
        ),
    ),
    parcels=(said("75512345678901"),),
    timeline=tuple(
        TimelineRow(NOW - i * 11 * MINUTE, said(f"E{i}"), "张伟", "A1") for i in range(24)
    ),
    photos=(
        PhotoRow(NOW - 5 * MINUTE, "pick", "evidence/2026/01/20/DB20260120018-pick.jpg"),
        PhotoRow(NOW - 2 * MINUTE, "pack", "", said("camera")),
    ),
    why=(said("HZ"), said("ZTO")),
)


PUTTING_BACK = replace(
    IDLE,
    mode="put_back",
    backs=(
        BackTask(1, 11, "TS-2041-BLK-XL", "黑色 / XL", 2, "A-03-12", "DB20260120003"),
        BackTask(2, 12, "CUP-88", "雾蓝 500ml", 1, "B-11-02", "DB20260120003"),
        BackTask(3, 13, "SOCK-7", "白 均码", 3, "", "DB20260120011"),
    ),
    outcome=Outcome(Tone.COMMAND, message("scan.back_on", n=3), message("next.back_goods")),
)
GOODS_IN_HAND = replace(
    PUTTING_BACK,
    back=1,
    outcome=Outcome(
        Tone.ACCEPTED,
        message("scan.back_goods", units=2, sku="TS-2041-BLK-XL", number="DB20260120003"),
        message("next.back_bin", units=2, sku="TS-2041-BLK-XL", bin="A-03-12"),
    ),
)
ADDRESS_CHANGED = replace(
    LABELLING,
    outcome=Outcome(
        Tone.STOP,
        message("news.address_label", number="DB20260120018"),
        message("next.acknowledge"),
    ),
    choices=(Choice("PKYES01", message("choice.put_aside")),),
)
REMEDIES = (
    ("adopt:12", message("remedy.adopt", theirs="YT8800012345678", ours="7551234567890"), True),
    ("send:12", message("remedy.send", theirs="YT8800012345678", ours="7551234567890"), True),
    ("by_hand:12", message("remedy.by_hand", effect=message("outbox.backhaul")), True),
    ("again", message("remedy.again"), False),
    ("reveal", message("remedy.reveal"), True),
)
BACKS = (
    PutBackRow("DB20260120003", "TS-RED-L", "红 L", 2, "A-01-2", NOW - 35 * MINUTE, "closed"),
    PutBackRow("DB20260120011", "CUP-350", "白 350ml", 1, "", NOW - 5 * MINUTE, "refunded"),
)


class FakeQueue:
    """An endless queue and one order."""

    def __init__(self, total: int = 1_000_000) -> None:
        self.rows = Endless(total)
        self.asked: list[QueueFilter] = []
        self.released: list[tuple[str, str]] = []
        self.details = ORDER
        self.found: list[QueueRow] = [queue_row(17)]
        self.can: list[tuple[str, Message, bool]] = list(REMEDIES)
        self.remedied: list[tuple[str, str, str]] = []
        self.answer: object = ("张小明 13800001234 浙江省 杭州市 文一路1号", False)
        self.backs: list[PutBackRow] = list(BACKS)

    def pages(self, wanted: QueueFilter) -> Pages[QueueRow]:
        self.asked.append(wanted)
        return self.rows

    def choices(self, what: str) -> Sequence[tuple[str, str]]:
        return {
            "shop": [(name, name) for name in SHOPS],
            "stage": [(code, "") for code in STAGES],
            "hold": [("no_stock", ""), ("refund", "")],
            "warehouse": [("HZ", "杭州仓"), ("GZ", "广州仓")],
        }[what]

    def order(self, number: str) -> OrderDetails | None:
        return replace(self.details, number=number)

    def find(self, text: str) -> Sequence[QueueRow]:
        return self.found

    def release(self, number: str, reason: str) -> "Future[Message]":
        self.released.append((number, reason))
        return done(said("released"))  # type: ignore[return-value]

    def to_release(self, wanted: QueueFilter) -> int | None:
        return 3 if wanted.hold == "no_stock" else None

    def release_all(self, wanted: QueueFilter) -> "Future[Message]":
        self.released.append(("*", wanted.hold))
        return done(said("released"))  # type: ignore[return-value]

    def remedies(self, number: str) -> Sequence[tuple[str, Message, bool]]:
        return self.can

    def remedy(self, number: str, code: str, reason: str) -> "Future[Message]":
        self.remedied.append((number, code, reason))
        return done(message("remedied.by_hand", number=number))

    def reveal(self, number: str, reason: str) -> "Future[tuple[str, bool]]":
        self.remedied.append((number, "reveal", reason))
        return done(self.answer)  # type: ignore[return-value]

    def put_backs(self) -> Sequence[PutBackRow]:
        return self.backs


ALERTS = (
    AlertRow(
        key=1,
        red=True,
        kind="untouched",
        what=said("DB20260120003"),
        number="DB20260120003",
        since=NOW - 135 * MINUTE,
        deadline=NOW + 40 * MINUTE,
        holds=("address_changed",),
    ),
    AlertRow(
        key=2,
        red=True,
        kind="frequent_returns",
        what=said("李娜"),
        number="DB20260120018",
        since=NOW - 20 * MINUTE,
        owner="王芳",
        told=("leads",),
    ),
    AlertRow(
        key=3,
        red=False,
        kind="shop_stopped",
        what=said("JD"),
        number="",
        since=NOW - 5 * MINUTE,
    ),
    AlertRow(
        key=4,
        red=False,
        kind="untouched",
        what=said("DB20260120009"),
        number="DB20260120009",
        since=NOW - 300 * MINUTE,
        state="snoozed",
    ),
)


class FakeFiles:
    """A file whose amount column nobody knows, until somebody says what it is."""

    def __init__(self) -> None:
        self.now = FileLook(
            names="a.xlsx",
            shop="tb",
            columns=(
                ColumnRow((0, 0), "订单号", ("number",), False, "3514567890123456789"),
                ColumnRow((0, 1), "件数啊[/red]", (), False, "2"),
                ColumnRow((0, 2), "旗帜", (), True, "红"),
            ),
            missing=("quantity",),
            orders=(("3514567890123456789", (said("CUP-88 x2"),)),),
        )
        self.done: list[tuple[object, ...]] = []

    def fields(self) -> Sequence[str]:
        return ("number", "sku", "quantity")

    def look(self, names: str, shop: str) -> "Future[FileLook]":
        self.done.append(("look", names, shop))
        return done(replace(self.now, names=names, shop=shop or "tb"))  # type: ignore[return-value]

    def say_column(self, look: FileLook, column: str, field: str) -> "Future[FileLook]":
        self.done.append(("say", column, field))
        columns = tuple(
            replace(row, fields=(field,) if field else (), skipped=not field)
            if row.name == column
            else row
            for row in look.columns
        )
        missing = tuple(each for each in look.missing if each != field)
        return done(replace(look, columns=columns, missing=missing))  # type: ignore[return-value]

    def undo(self, look: FileLook) -> "Future[FileLook]":
        self.done.append(("undo",))
        return done(self.now)  # type: ignore[return-value]

    def import_files(self, names: str, shop: str) -> "Future[Message]":
        self.done.append(("import", names, shop))
        return done(message("queue.imported", done=[], refused=0))  # type: ignore[return-value]

    def to_export(self) -> Sequence[tuple[str, str, int]]:
        return [("yz", "有赞小店", 7)]

    def export_name(self, shop: str) -> str:
        return f"exports/{shop}.csv"

    def export(self, shop: str, file: str) -> "Future[Message]":
        self.done.append(("export", shop, file))
        return done(message("queue.exported", n=7, file=file, refunds=0))  # type: ignore[return-value]


class FakeAlerts:
    """Four alerts and what was done with them."""

    def __init__(self) -> None:
        self.now = list(ALERTS)
        self.done: list[tuple[object, ...]] = []
        self.refuse: Problem | None = None

    def rows(self) -> Sequence[AlertRow]:
        return self.now

    def _do(self, *what: object) -> "Future[Message]":
        self.done.append(what)
        return done(self.refuse or said("done"))  # type: ignore[return-value]

    def acknowledge(self, key: int) -> "Future[Message]":
        return self._do("acknowledge", key)

    def snooze(self, key: int, minutes: int) -> "Future[Message]":
        return self._do("snooze", key, minutes)

    def assign(self, key: int, operator: str) -> "Future[Message]":
        return self._do("assign", key, operator)

    def escalate(self, key: int) -> "Future[Message]":
        return self._do("escalate", key)

    def people(self) -> Sequence[tuple[str, str]]:
        return [("wf", "王芳"), ("lj", "李军")]

    def red_count(self) -> int:
        return sum(1 for row in self.now if row.red)


class FakeDevices:
    """Three devices, two shops, a connection that can be cut."""

    def __init__(self) -> None:
        self.connection = ConnectionBadge(
            online=True, orders_as_of=NOW, refunds_as_of=NOW, waybills_left=37, to_send=12
        )
        self.states = [
            DeviceState(
                "scale-a",
                "scale",
                True,
                NOW - HOUR,
                bytes.fromhex("024e542b303031323335670d0a"),
                "1235 g",
                NOW,
                9.8,
            ),
            DeviceState(
                "scanner-a",
                "scanner",
                True,
                NOW - HOUR,
                b"6901234567892\r",
                "6901234567892",
                NOW - 3000,
            ),
            DeviceState("zebra", "printer", False, NOW - 4 * MINUTE, trouble=said("paper")),
        ]
        self.tested: list[str] = []

    def devices(self) -> Sequence[DeviceState]:
        return self.states

    def shops(self) -> Sequence[ShopStatus]:
        return [
            ShopStatus(shop="棉时旗舰店", channel="taobao", last_success=NOW - MINUTE, lag_s=60),
            ShopStatus(
                shop="家居自营",
                channel="jd",
                last_success=NOW - HOUR,
                last_error=said("token"),
                stopped=True,
            ),
        ]

    def notifiers(self) -> Sequence[NotifierStatus]:
        return [
            NotifierStatus(name="leads", kind="wecom", delivered=NOW - 2 * MINUTE, waiting=0),
            NotifierStatus(
                name="owner",
                kind="dingtalk",
                waiting=3,
                oldest=NOW - 8 * MINUTE,
                delivered=NOW - 3 * HOUR,
                trouble=said("sign"),
                answer="310000 sign not match",
                next_try=NOW + 6 * MINUTE,
            ),
        ]

    def outbox(self) -> OutboxCounts:
        return OutboxCounts(12, 1, NOW - 9 * MINUTE)

    def badge(self) -> ConnectionBadge:
        return self.connection

    def test(self, device: str) -> "Future[Message]":
        self.tested.append(device)
        return done(said("tested"))  # type: ignore[return-value]

    def retry(self) -> "Future[Message]":
        return done(said("again"))  # type: ignore[return-value]


class FakeHouse:
    """All of it, with a clock that stands."""

    def __init__(self, view: BenchView | None = PACKING, **taste: object) -> None:
        self.clock = SetClock(NOW)
        self.station = "A1"
        self.taste = Taste(**{"language": "zh_CN", "theme": "dark", **taste})  # type: ignore[arg-type]
        self.bench = FakeBench(view) if view else None
        self.queue = FakeQueue()
        self.files = FakeFiles()
        self.alerts = FakeAlerts()
        self.devices = FakeDevices()
        self.dirty = False
        self.painter: Painter | None = None
        self.kept: list[Taste] = []

    def start(self, painter: Painter) -> None:
        self.painter = painter

    def changed(self) -> bool:
        changed, self.dirty = self.dirty, False
        return changed

    def keep(self, taste: Taste) -> None:
        self.taste = taste
        self.kept.append(taste)

    def close(self) -> None:
        pass
