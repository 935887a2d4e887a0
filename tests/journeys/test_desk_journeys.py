"""What ops and supervisors do: find, look, acknowledge, leave; and how the program ends."""

import os
import signal
import subprocess
from pathlib import Path

from tests.journeys.station import PACKLINE, shift
from tests.journeys.test_bench_journeys import PACKER, SUPERVISOR, TEE, order
from tests.until import until


def test_a_supervisor_finds_an_order_and_sees_its_story(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1), note="请轻放")) as day:
        tid = next(iter(day.world.shops["XY"].orders))
        desk = day.station("--as", SUPERVISOR)
        desk.presses("f3").sees("DB2").presses("/").terminal.type(tid)
        desk.presses("enter").sees("/" + tid).presses("enter").sees("请轻放", TEE)


def test_an_old_order_turns_red_and_stays_until_somebody_has_seen_it(tmp_path: Path) -> None:
    with shift(tmp_path, order((TEE, 1))) as day:
        with day.works() as works:
            works.store.do(
                lambda tx: tx.run("UPDATE orders SET touched_at = touched_at - 3 * 3600000")
            )
        desk = day.station("--as", SUPERVISOR)
        desk.presses("f4").sees("DB2", "1 条红", seconds=15).presses("f6").misses("1 条红")


def test_the_language_changes_without_a_restart(tmp_path: Path) -> None:
    with shift(tmp_path) as day:
        bench = day.station().sees("请扫工牌")
        bench.presses("f10").sees("要做什么").presses("语", "言").sees("F12").presses("enter")
        bench.sees("Scan your badge").presses("f12").sees("请扫工牌")


def test_hang_up_and_termination_leave_the_terminal_as_it_was(tmp_path: Path) -> None:
    with shift(tmp_path) as day:
        for number in (signal.SIGHUP, signal.SIGTERM):
            bench = day.station().sees("请扫工牌")
            bench.terminal.kill(number)
            assert bench.terminal.ended() == 0
            assert b"\x1b[?1049l" in bench.terminal.told[-4096:]  # back on the shell's own screen
            assert b"\x1b[?25h" in bench.terminal.told[-4096:]  # with its cursor


def test_without_a_terminal_it_refuses_in_one_sentence(tmp_path: Path) -> None:
    with shift(tmp_path) as day:
        done = subprocess.run(
            [PACKLINE, "--config", str(day.config.path), "--station", "B1"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
        assert "Traceback" not in done.stderr


def test_the_window_may_be_dragged_to_any_size(tmp_path: Path) -> None:
    with shift(tmp_path) as day:
        bench = day.station().sees("请扫工牌")
        for size in ((40, 20), (200, 60), (20, 5), (80, 24)):
            bench.terminal.resize(*size)
            os.kill(bench.terminal.pid, signal.SIGWINCH)
            bench.terminal.read_for(0.3)
        bench.sees("请扫工牌").scans(PACKER).sees("李小燕")


def test_nothing_is_written_while_nothing_happens(tmp_path: Path) -> None:
    with shift(tmp_path) as day:
        bench = day.station("--no-sync").sees("请扫工牌")
        bench.terminal.read_for(2.0)
        before = bench.terminal.written
        bench.terminal.read_for(2.0)
        assert bench.terminal.written == before


def test_sync_in_one_process_is_seen_in_another(tmp_path: Path) -> None:
    with shift(tmp_path) as day:
        desk = day.station("--as", SUPERVISOR, "--no-sync")
        desk.presses("f3").sees("没有未完成的订单")
        day.world.buy("XY", order((TEE, 1)))
        with day.works() as works:
            from tui.demo.furnishing import shops

            tid = next(iter(day.world.shops["XY"].orders))
            from core.sync.pull import refresh

            refresh(works.store, shops(works, works.clock)["XY"], tid)
        desk.sees("DB2", seconds=3)
        until(lambda: True)


def test_files_are_imported_from_the_queue(tmp_path: Path) -> None:
    samples = Path(__file__).parents[1] / "drivers" / "files" / "samples"
    with shift(tmp_path) as day:
        desk = day.station("--as", SUPERVISOR).presses("f3").sees("没有未完成的订单")
        desk.presses("f10").sees("要做什么").presses("导", "入").presses("enter")
        desk.sees("是哪个店铺的订单").presses("3").sees("导入哪些文件")
        desk.terminal.type(f"{samples}/taobao*.csv\r")
        desk.sees("DB2", "SET3-RED-L")
