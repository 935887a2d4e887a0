"""One network renewal for however many processes; the losers take the winner's tokens."""

import multiprocessing
import stat
import threading

import pytest

from core.clock import SetClock
from core.ports import CallFailed, Fault
from drivers.channels.access import Shared, ShopAccess, Tokens
from drivers.channels.connector import Limits
from drivers.channels.taobao import TaobaoShop
from drivers.simulated.shop import SimLine, SimOrder, SimulatedTaobao
from tui.tokens import TokenFile

NOON = 1_768_881_600_000
FIRST = Tokens("session", "refresh")


@pytest.fixture
def floor(tmp_path):
    clock = SetClock(NOON)
    with SimulatedTaobao(clock) as server:
        number = server.place(SimOrder(lines=(SimLine(sku="A"),)))
        made = []

        def connect():
            kept = TokenFile(tmp_path / ".tokens-tb.json", FIRST)
            access = ShopAccess(
                code="tb",
                url=server.url,
                app_key="12345678",
                app_secret="secret",
                tokens=kept.newest(),
                save_tokens=kept,
            )
            made.append(TaobaoShop(access, clock, Limits(per_second=0)))
            return made[-1]

        yield server, number, connect, clock
        for shop in made:
            shop.close()


def renewals(server):
    return [entry["what"] for entry in server.journal].count("renewed")


def test_two_connections_that_are_refused_at_once_renew_once(floor):
    server, number, connect, _ = floor
    shops = [connect() for _ in range(4)]
    for shop in shops:
        shop.detail(number)
    server.expire()
    crew = [threading.Thread(target=shop.detail, args=(number,)) for shop in shops]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    assert renewals(server) == 1
    assert [shop.detail(number).number for shop in shops] == [number] * 4


def test_a_loser_adopts_the_winners_token(floor):
    server, number, connect, _ = floor
    winner, loser = connect(), connect()
    server.expire()
    winner.detail(number)
    assert loser.detail(number).number == number
    assert (renewals(server), server.refresh_token) == (1, "f1")


def test_tokens_survive_a_restart_and_are_renewed_ahead_of_their_end(floor):
    server, number, connect, clock = floor
    server.expire()
    connect().detail(number)
    again = connect()
    again.detail(number)
    assert renewals(server) == 1
    clock.advance(86_400 - 30)
    again.detail(number)
    assert renewals(server) == 2
    connect().detail(number)
    assert renewals(server) == 2


def test_a_withdrawn_right_stays_refused_for_everybody(floor):
    server, number, connect, _ = floor
    shops = [connect(), connect()]
    server.revoke()
    for shop in shops:
        with pytest.raises(CallFailed) as refused:
            shop.detail(number)
        assert refused.value.fault is Fault.AUTH


def hold(path, held, go):
    with TokenFile(path, FIRST).alone():
        held.set()
        go.wait(10)


def test_the_lock_holds_across_processes_and_dies_with_them(tmp_path):
    path = tmp_path / "t.json"
    context = multiprocessing.get_context("fork")
    held, go = context.Event(), context.Event()
    other = context.Process(target=hold, args=(path, held, go))
    other.start()
    assert held.wait(10)
    entered = threading.Event()

    def enter():
        with TokenFile(path, FIRST).alone():
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.1)
    other.kill()
    other.join()
    assert entered.wait(5)
    waiting.join()


def test_tokens_are_the_owners_alone_and_a_change_by_hand_wins(tmp_path):
    path = tmp_path / "t.json"
    kept = TokenFile(path, FIRST)
    assert isinstance(kept, Shared)
    assert kept.newest() == FIRST
    kept(Tokens("s1", "r1", 5, 3))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = kept.newest()
    assert (told, told.expires_at, told.given_at) == (Tokens("s1", "r1"), 5, 3)
    assert TokenFile(path, Tokens("by hand", "r9")).newest() == Tokens("by hand", "r9")
    path.write_text("{broken")
    assert kept.newest() == FIRST
