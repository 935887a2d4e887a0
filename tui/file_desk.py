"""Files at the screens: looked at, said what their columns are, taken in, and written for shops.

Every answer comes from a thread of its own: nothing on screen waits for a file.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import local
from core.errors import Problem
from core.messages import Message, message
from core.orders import columns
from core.shipping.by_file import waiting_by_shop
from core.store import Actor
from tui.binding import in_thread, named_files
from tui.sources import ColumnRow, FileLook

if TYPE_CHECKING:
    from tui.commands.import_ import Read
    from tui.wiring import Works


SHOWN_AT_SCREEN = ("import.done", "import.older")
"""What of an import's answer fits into the line at the screen."""


class FileDesk:
    """Order files and files of tracking numbers, for the screens."""

    def __init__(self, works: "Works", who: Callable[[], Actor]) -> None:
        self.works = works
        self.who = who

    def fields(self) -> Sequence[str]:
        from drivers.channels.files import fields

        return fields()

    def look(self, names: str, shop: str) -> "Future[FileLook]":
        return in_thread("files", lambda: self._look(names, shop))

    def say_column(self, look: FileLook, column: str, field: str) -> "Future[FileLook]":
        by = self.who()

        def work() -> FileLook:
            from tui.commands.columns import assign

            assign(self.works, self._shop_id(look.shop), {column: field}, by)
            return self._look(look.names, look.shop)

        return in_thread("files", work)

    def undo(self, look: FileLook) -> "Future[FileLook]":
        by = self.who()

        def work() -> FileLook:
            shop_id = self._shop_id(look.shop)
            self.works.store.do(lambda tx: columns.undo(tx, shop_id), by)
            return self._look(look.names, look.shop)

        return in_thread("files", work)

    def import_files(self, names: str, shop: str) -> "Future[Message]":
        """Take files in as ``packline import`` does, said in one line."""

        def work() -> Message:
            from tui.commands.import_ import import_files

            told = import_files(self.works, named_files(names), shop)
            done = [said for said in told.said if said.id in SHOWN_AT_SCREEN]
            return message("queue.imported", done=done, refused=len(told.rejected))

        return in_thread("files", work)

    def to_export(self) -> Sequence[tuple[str, str, int]]:
        read = self.works.store.read
        waiting = waiting_by_shop(read)
        rows = read.all("SELECT code, name FROM shops WHERE by_file = 1 ORDER BY code")
        return [(row["code"], row["name"], waiting.get(row["code"], 0)) for row in rows]

    def export_name(self, shop: str) -> str:
        config = self.works.config
        look = next((each.export for each in config.shops if each.code == shop), None)
        suffix = look.format if look else "csv"
        now = local(self.works.clock.now(), config.zone)
        return str(config.path.parent / "exports" / f"{shop}-{now:%Y%m%d-%H%M}.{suffix}")

    def export(self, shop: str, file: str) -> "Future[Message]":
        by = self.who()

        def work() -> Message:
            from tui.commands.ship_back import load_of, write_file

            load = load_of(self.works.store.read, self.works.config, shop)
            if not load.leaving:
                return message("queue.export.nothing", shop=shop, refunds=load.refunds)
            path = Path(file).expanduser()
            try:
                path.parent.mkdir(exist_ok=True)
                write_file(self.works, load, path, by)
            except OSError as error:
                why = error.strerror or str(error)
                raise Problem("queue.export.failed", file=str(path), reason=why) from error
            return message(
                "queue.exported", n=len(load.leaving), file=str(path), refunds=load.refunds
            )

        return in_thread("files", work)

    # --- inside --------------------------------------------------------------------------------

    def _shop_id(self, code: str) -> int:
        from tui.commands.whose import file_shop, shop_id_of

        if code.startswith("file-"):  # made when it is first needed
            return file_shop(self.works, code.removeprefix("file-"))
        return shop_id_of(self.works, code)

    def _look(self, names: str, shop: str) -> FileLook:
        from tui.commands.columns import SAMPLED
        from tui.commands.import_ import read_files

        return look_of(names, read_files(self.works, named_files(names), shop, SAMPLED))


def look_of(names: str, read: "Read") -> FileLook:
    """What a look at files shows."""
    from drivers.channels.files import NO_COLUMN
    from tui.commands.columns import SHOWN, order_lines
    from tui.commands.import_ import refusal

    reading = read.reading
    rows = [
        ColumnRow((at, n), column.name, column.fields, column.skipped, column.sample)
        for at, file in enumerate(reading.files)
        for n, column in enumerate(file.columns)
    ]
    rows += [
        ColumnRow((at, -1), NO_COLUMN, file.empty, False, "")
        for at, file in enumerate(reading.files)
        if file.untold or file.empty
    ]
    return FileLook(
        names=names,
        shop=read.shop,
        shops=tuple(read.shops),
        columns=tuple(rows),
        missing=tuple(dict.fromkeys(f for file in reading.files for f in file.missing)),
        gone=reading.gone,
        orders=tuple(
            (one.order.number, tuple(order_lines(one.order))) for one in reading.orders[:SHOWN]
        ),
        refused=tuple(refusal(row) for row in reading.rejected[:SHOWN]),
    )
