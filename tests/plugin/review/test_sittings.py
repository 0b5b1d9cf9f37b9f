"""Who saved when, and who changed which element last."""

from typing import Any

from plugin.review.sittings import Save, last_touched, saves_of, sittings_of
from tests.plugin.archive import point


def entry(version: int, person: str, minute: int) -> dict[str, Any]:
    return {
        "_id": f"state {version}",
        "_version": version,
        "created": "2026-01-01T00:00",
        "updated": f"2026-01-01T00:{minute:02}",
        "creatorId": "robot",
        "updatedId": person,
    }


def test_saves_come_oldest_first_and_the_first_state_is_known_by_its_time() -> None:
    saves = saves_of([entry(9, "ann", 5), entry(3, "robot", 0)])
    assert saves == (
        Save("state 3", 3, "robot", "2026-01-01T00:00", first=True),
        Save("state 9", 9, "ann", "2026-01-01T00:05", first=False),
    )


def test_saves_in_a_row_are_one_sitting() -> None:
    saves = saves_of([entry(2, "a", 1), entry(3, "a", 2), entry(4, "b", 3), entry(5, "a", 4)])
    found = sittings_of(saves, "x", {"a": "ann"})
    assert [(one.reviewer, one.saves, one.last.version) for one in found] == [
        ("ann", 2, 3),
        ("b", 1, 4),
        ("ann", 1, 5),
    ]
    assert (found[0].begun, found[0].ended) == ("2026-01-01T00:01", "2026-01-01T00:02")


def test_each_element_goes_to_the_last_sitting_that_changed_it() -> None:
    first, second = sittings_of(saves_of([entry(2, "ann", 1), entry(3, "bob", 2)]), "x", {})
    start = {"kept": point(0, 0), "moved": point(1, 0), "both": point(2, 0), "gone": point(3, 0)}
    after_ann = {**start, "moved": point(1, 5), "both": point(2, 0, "negative"), "new": point(9, 9)}
    after_bob = {**after_ann, "both": point(2, 0), "kept": {**point(0, 0), "lineColor": "#fff"}}
    del after_bob["gone"]
    touched = last_touched(start, [(first, after_ann), (second, after_bob)])
    assert {name: sitting.reviewer for name, sitting in touched.items()} == {
        "moved": "ann",
        "new": "ann",
        "both": "bob",
        "gone": "bob",
    }
