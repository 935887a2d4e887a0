"""Idle: nothing moves, so nothing may be written."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks import world
from benchmarks.figures import Table
from benchmarks.terminal import Terminal, packline
from core.clock import SystemClock
from drivers.simulated.scanner import SimulatedScanner
from drivers.simulated.shop import SimulatedTaobao


def run(quick: bool) -> list[Table]:
    """The queue, the bench with a scanner, and the same with a shop that has nothing new."""
    seconds = 4 if quick else 10
    table = Table(
        f"idle for {seconds} s",
        ("what", "bytes", "CPU %", "wakeups/s", "RSS MB"),
    )
    with programs(10_000 if quick else 1_000_000) as opened:
        for terminal in opened.values():
            settle(terminal)
        for name, terminal in opened.items():
            table.add(name, *watch(terminal, seconds))
    table.notes.append(
        "One after the other; wakeups are voluntary context switches of all threads."
    )
    return [table]


def settle(terminal: Terminal, most_s: float = 20.0) -> None:
    """Let it start, and let the sync catch up with a shop it never asked before."""
    deadline = time.perf_counter() + most_s
    before = terminal.cpu_s()
    while time.perf_counter() < deadline:
        until = time.perf_counter() + 1.0
        while (left := until - time.perf_counter()) > 0:
            terminal.read(left)
        before, used = terminal.cpu_s(), terminal.cpu_s() - before
        if used < 0.05:
            return


def watch(terminal: Terminal, seconds: int) -> list[str]:
    """What one program does while nothing happens."""
    while terminal.read(0.3):  # catch up with what was written meanwhile
        pass
    written, cpu, woken, began = (
        terminal.total,
        terminal.cpu_s(),
        terminal.wakeups(),
        time.perf_counter(),
    )
    while (left := began + seconds - time.perf_counter()) > 0:
        terminal.read(left)
    span = time.perf_counter() - began
    return [
        str(terminal.total - written),
        f"{100 * (terminal.cpu_s() - cpu) / span:.1f}",
        f"{(terminal.wakeups() - woken) / span:.0f}",
        f"{terminal.rss_mb():.0f}",
    ]


@contextmanager
def programs(size: int) -> Iterator[dict[str, Terminal]]:
    """All of them, running."""
    with ExitStack() as stack:
        ports = world.cache() / "ports"
        ports.mkdir(exist_ok=True)
        scanner = SimulatedScanner(ports / "idle")
        stack.callback(scanner.close)
        shop = stack.enter_context(SimulatedTaobao(SystemClock()))
        told = (
            f'url = "{shop.url}"\napp_key = "12345678"\napp_secret = "secret"\n'
            'session = "session"\npull_every_s = 5\n'
        )
        opened: dict[str, Terminal] = {}
        for name, station, shops in (
            ("queue", False, ""),
            ("bench", True, ""),
            ("bench, sync of an idle shop", True, told),
        ):
            place = world.place(
                10_000 if station else size,
                f"idle-{len(opened)}",
                scanner=scanner.path if shops else None,
                shop=shops,
            )
            words = ["--station", "B1"] if station else ["--no-bench"]
            words += [] if shops else ["--no-sync"]
            opened[name] = packline(place, *words)
            stack.callback(opened[name].close)
        yield opened
