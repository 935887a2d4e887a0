"""The same code twice: a bounce or a second unit."""

from core.ports import Scan
from drivers.scanners.double import DoubleRead


def answers(guard: DoubleRead, *reads: tuple[int, str], counting: bool = False) -> list[bool]:
    return [guard.is_repeat(Scan(text, at, "gun"), counting=counting) for at, text in reads]


def test_the_same_code_within_a_second_is_a_repeat() -> None:
    assert answers(DoubleRead(), (0, "A"), (999, "A"), (5000, "A")) == [False, True, False]


def test_a_code_left_in_view_counts_once() -> None:
    assert answers(DoubleRead(), *((at, "A") for at in range(0, 4000, 500))) == [False] + [True] * 7


def test_while_counting_a_bounce_is_a_repeat_and_a_second_unit_is_not() -> None:
    reads = [(0, "A"), (120, "A"), (450, "A"), (800, "A"), (1000, "A"), (1200, "A")]
    assert answers(DoubleRead(), *reads, counting=True) == [False, True, False, False, True, False]


def test_a_bounced_command_is_executed_once_even_while_counting() -> None:
    for counting in (False, True):
        guard = DoubleRead()
        reads = [(0, "PKDONE1"), (1200, "PKDONE1"), (2900, "PKDONE1")]
        assert answers(guard, *reads, counting=counting) == [False, True, False]


def test_another_code_between_ends_the_window() -> None:
    assert answers(DoubleRead(), (0, "A"), (100, "B"), (200, "A")) == [False, False, False]


def test_two_scanners_do_not_shadow_each_other() -> None:
    guard = DoubleRead()
    assert not guard.is_repeat(Scan("A", 0, "left"))
    assert not guard.is_repeat(Scan("A", 10, "right"))
    assert guard.is_repeat(Scan("A", 20, "left"))


def test_a_clock_set_back_swallows_nothing() -> None:
    assert answers(DoubleRead(), (10_000_000, "A"), (0, "A"), (100, "A")) == [False, False, True]
