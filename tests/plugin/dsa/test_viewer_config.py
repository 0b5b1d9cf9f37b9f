"""A model's classes in the viewer's settings, beside all that others wrote there."""

from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.taxonomy import CellClass, Taxonomy
from plugin.dsa.viewer_config import default_group, with_classes

TAXONOMY = Taxonomy((CellClass("positive", "#ff0000"), CellClass("negative", "#0000ff")))

OTHERS = """\
# Settings of the pathology department
itemList:
  columns:
  - {type: record, value: name}  # the name only

# What people draw with
annotationGroups:
  replaceGroups: false
  groups:
  - id: artefact   # folds and ink
    lineColor: rgb(1, 2, 3)
  - id: negative
    lineColor: rgb(9, 9, 9)
    hotkey: "2"

# Keys
hotkeys:
- {key: "1", action: zoom}
"""


def groups(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(text)["annotationGroups"]["groups"]
    return found


@pytest.mark.parametrize("empty", [None, "", "  \n"])
def test_new_settings_offer_the_classes_in_order_with_colours_and_keys(empty: str | None) -> None:
    text = with_classes(empty, TAXONOMY)
    settings = yaml.safe_load(text)
    # The viewer takes the group off every point of the default group.
    assert default_group(text) not in TAXONOMY.names
    assert [group["id"] for group in groups(text)] == ["positive", "negative"]
    assert [group["lineColor"] for group in groups(text)] == ["rgb(255, 0, 0)", "rgb(0, 0, 255)"]
    assert [group["hotkey"] for group in groups(text)] == ["1", "2"]
    # Otherwise the settings of the folders above would be hidden.
    assert settings["__inherit__"] is True


def test_no_group_has_a_pattern_which_points_cannot_have() -> None:
    assert all("pattern" not in group for group in groups(with_classes(None, TAXONOMY)))


def test_what_others_wrote_stays_as_it_is_comments_included() -> None:
    text = with_classes(OTHERS, TAXONOMY)
    before, after = OTHERS.split("annotationGroups:")[0], OTHERS[OTHERS.index("\n# Keys") :]
    assert text.startswith(before)
    assert text.endswith(after)
    settings = yaml.safe_load(text)
    assert settings["annotationGroups"]["replaceGroups"] is False
    assert "__inherit__" not in settings


def test_groups_of_others_come_last_and_own_ones_keep_what_people_chose() -> None:
    found = groups(with_classes(OTHERS, TAXONOMY))
    assert [group["id"] for group in found] == ["positive", "negative", "artefact"]
    assert found[1]["lineColor"] == "rgb(9, 9, 9)"
    assert found[1]["fillColor"] == "rgba(0, 0, 255, 0.1)"
    assert found[2] == {"id": "artefact", "lineColor": "rgb(1, 2, 3)"}


def test_the_default_group_that_people_chose_is_kept() -> None:
    assert default_group(with_classes("annotationGroups: {defaultGroup: negative}", TAXONOMY)) == (
        "negative"
    )
    assert default_group("{}") == "default"


def test_keys_that_mean_something_are_left_alone() -> None:
    found = groups(with_classes(OTHERS, TAXONOMY))
    assert [group.get("hotkey") for group in found] == ["3", "2", None]


def test_settings_without_groups_get_them_at_the_end() -> None:
    text = with_classes("# mine\nitemList: {}", TAXONOMY)
    assert text.startswith("# mine\nitemList: {}\nannotationGroups:\n")


@pytest.mark.parametrize(
    "text",
    [
        "{itemList: {}}",
        "a: &one {x: 1}\nannotationGroups: {groups: []}\nb: *one",
        "annotationGroups: &g {groups: []}\nother: *g",
        "annotationGroups:\nlast: 1",
        "annotationGroups: {groups: [{id: x}]}   # no more",
        "---\nfirst: 1\nannotationGroups:\n  groups: []\n...\n",
    ],
)
def test_every_form_of_yaml_is_added_to_rightly(text: str) -> None:
    merged = yaml.safe_load(with_classes(text, TAXONOMY))
    before = yaml.safe_load(text)
    assert {key: value for key, value in merged.items() if key != "annotationGroups"} == {
        key: value for key, value in before.items() if key != "annotationGroups"
    }
    ids = [group["id"] for group in merged["annotationGroups"]["groups"]]
    assert ids[:2] == ["positive", "negative"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "is no YAML"),
        ("- a list", "holds no entries"),
        ("annotationGroups: 3", "not of the form"),
        ("annotationGroups: {groups: 3}", "not of the form"),
    ],
)
def test_settings_that_nobody_can_read_are_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        with_classes(text, TAXONOMY)
    assert "\n" not in str(caught.value)


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
lists = st.lists(scalars, max_size=3)
values = scalars | lists | st.dictionaries(st.text(max_size=5), scalars | lists, max_size=3)


@settings(max_examples=25, deadline=None)
@given(
    entries=st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=4).filter(
        lambda found: "annotationGroups" not in found and "hotkeys" not in found
    )
)
def test_written_twice_is_written_once_and_nothing_is_lost(entries: dict[str, Any]) -> None:
    text = yaml.safe_dump(entries) if entries else None
    once = with_classes(text, TAXONOMY)
    assert with_classes(once, TAXONOMY) == once
    merged = yaml.safe_load(once)
    assert {key: merged[key] for key in entries} == entries
