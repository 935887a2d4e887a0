"""A session that ends is spoken of days before, unless it is renewed in time."""

from core.watch import open_alerts
from core.watch.sessions import Session, look

HOUR, DAY = 3_600_000, 86_400_000


def alerts(store):
    return [(row["rule"], row["subject"]) for row in open_alerts(store.read, store.clock.now())]


def test_a_session_that_is_not_renewed_is_told_of_a_week_before(store):
    ends = store.clock.now() + 8 * DAY
    sessions = [Session("tb", ends, None), Session("jd", 0, None)]
    look(store, sessions)
    assert alerts(store) == []
    store.clock.advance(DAY / 1000)
    for _ in range(3):
        look(store, sessions)
    assert alerts(store) == [("session_ends", "tb")]
    (row,) = open_alerts(store.read, store.clock.now())
    assert "2026" in row["what"]


def test_one_that_was_authorised_anew_is_not_spoken_of_any_more(store):
    ends = store.clock.now() + DAY
    look(store, [Session("tb", ends, None)])
    look(store, [Session("tb", ends + 365 * DAY, None)])
    (row,) = open_alerts(store.read, store.clock.now())
    assert row["over_at"] is not None


def test_one_that_should_have_been_renewed_by_now_is_told_of(store):
    now = store.clock.now()
    session = Session("jd", now + 23 * HOUR, now)
    look(store, [session])
    assert alerts(store) == []
    store.clock.advance(12 * HOUR / 1000)
    look(store, [session])
    assert alerts(store) == [("session_ends", "jd")]


def test_one_that_is_renewed_in_its_last_minute_is_nobodys_worry(store):
    now = store.clock.now()
    look(store, [Session("pdd", now + 10_000, now - 50_000)])
    assert alerts(store) == []
