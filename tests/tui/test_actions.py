"""Keys: no letters where codes are scanned, none that terminals keep, all of them remappable."""

from tui.actions import ACTIONS, BY_ID, EVERYWHERE, Keymap, key_name, offered

TAKEN_BY_TERMINALS = {f"ctrl+{c}" for c in "bsajohmi"}


def test_ids_are_unique():
    assert len(BY_ID) == len(ACTIONS)


def test_the_bench_uses_function_keys_only():
    for action in ACTIONS:
        if "bench" in action.where:
            assert all(key[0] == "f" and key[1:].isdigit() for key in action.keys), action.id


def test_no_action_lives_on_a_letter_or_on_escape_alone():
    for action in ACTIONS:
        assert not any(len(key) == 1 for key in action.keys), action.id
        assert action.keys != ("escape",), action.id
        assert not (action.keys and set(action.keys) <= TAKEN_BY_TERMINALS), action.id


def test_no_key_means_two_things_on_one_pane():
    for pane in ("bench", "queue", "columns", "order", "alerts", "devices"):
        keys = [key for action in ACTIONS if pane in action.where for key in action.keys]
        assert len(keys) == len(set(keys)), pane
    general = [key for action in ACTIONS if EVERYWHERE in action.where for key in action.keys]
    assert len(general) == len(set(general))


def test_function_keys_of_a_pane_hide_no_way_to_another():
    ways = {key for action in ACTIONS if action.id.startswith("go.") for key in action.keys}
    ways -= {"slash"}  # find in the queue, look up elsewhere: the same thought
    for action in ACTIONS:
        if EVERYWHERE not in action.where:
            assert not ways & set(action.keys), action.id


def test_a_remapped_key_moves_and_frees_the_old_one():
    keys = Keymap({"bench.undo": "f8,ctrl+u", "bench.short": ""})
    assert keys.action("bench", "f8") is BY_ID["bench.undo"]
    assert keys.action("bench", "ctrl+u") is BY_ID["bench.undo"]
    assert keys.action("bench", "f6") is None
    assert keys.shown_key(BY_ID["bench.short"]) == ""


def test_a_pane_offers_its_own_actions_first():
    ids = [action.id for action in offered("alerts")]
    assert ids[0] == "alerts.open"
    assert ids[-1] == "go.quit"


def test_keys_are_named_as_people_read_them():
    assert [key_name(k) for k in ("f6", "ctrl+p", "slash", "enter")] == ["F6", "^P", "/", "Enter"]
