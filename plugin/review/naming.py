"""Which class a group means that a reviewer wrote: the model's, whatever its case, or a new one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.points import Detections
from plugin.review.state import NO_GROUP, Marks, State


@dataclass(frozen=True, slots=True)
class ClassNames:
    """The classes of a review, and what each written group means.

    Attributes:
        names: the model's classes in its order, then those that only the reviewer has.
        meaning: the class of every group that occurs.
        notes: what a person must know of it, a sentence each.
    """

    names: tuple[str, ...]
    meaning: Mapping[str, str]
    notes: tuple[str, ...]

    def state(self, marks: Marks) -> State:
        """Return points with their classes as rows of ``names``."""
        row = {name: number for number, name in enumerate(self.names)}
        index = [row[self.meaning[group]] for group in marks.names]
        cells = Detections(marks.xy, np.array(index, dtype=np.int64), marks.score)
        return State(marks.ids, cells)


def class_names(
    classes: Sequence[str], groups: Sequence[str], mapping: Mapping[str, str]
) -> ClassNames:
    """Return which class each group means.

    A group means what the mapping says, else the class of its name, else the one class whose name differs
    in case and blanks only, which is told. Any other group is a class of its own, which is told too: a
    reviewer may have found a kind of cell that the model does not know, or have mistyped.

    Args:
        classes: the model's, in order.
        groups: as they are written in the annotations; repeated ones count once.
        mapping: what some of them are to be taken for.

    Raises:
        TaxonomyError: the mapping renames a group that nobody wrote, or a point has no group and the
            mapping does not say what that means.
    """
    written = tuple(dict.fromkeys((*classes, *groups)))
    strange = [old for old in mapping if old not in written]
    if strange:
        raise TaxonomyError(
            f"no cell is of a group {strange[0]!r} that could be renamed; the groups are: "
            f"{', '.join(written)}"
        )
    if NO_GROUP in written and NO_GROUP not in mapping:
        raise TaxonomyError(
            "some points have no group, which is how the viewer leaves those that were given its default"
            f" group; give them a class there, or say which it is with --map '{NO_GROUP}=NAME'"
        )
    names = list(dict.fromkeys(mapping.get(name, name) for name in classes))
    meaning: dict[str, str] = {}
    notes: list[str] = []
    for group in written:
        name = mapping.get(group) or likely(group, names)
        if name not in names:
            notes.append(
                f"group {group!r} is none of the model's classes ({', '.join(classes)}); it counts as "
                f"a class of its own, unless you rename it with --map {group}=NAME"
                if group not in mapping
                else f"class {name!r} is none of the model's classes; it counts as a new one"
            )
            names.append(name)
        elif name != group and group not in mapping:
            notes.append(
                f"group {group!r} is taken for class {name!r}, whose name it has but for case"
            )
        meaning[group] = name
    return ClassNames(tuple(names), meaning, tuple(notes))


def renaming(text: str) -> tuple[str, str]:
    """Return the old and the new name in a text such as ``A=B``.

    Raises:
        InputError: it is none.
    """
    old, equals, new = (part.strip() for part in text.partition("="))
    if not (old and equals and new):
        raise InputError(f"a group is renamed as in OLD=NEW, not {text!r}")
    return old, new


def likely(group: str, names: Sequence[str]) -> str:
    """Return the name that a group has but for case and blanks; the group itself if there is not one."""
    if group in names:
        return group
    alike = [name for name in names if folded(name) == folded(group)]
    return alike[0] if len(alike) == 1 else group


def folded(name: str) -> str:
    """Return what is left of a name without its case, its blanks and the lines that stand for blanks."""
    return " ".join(name.replace("_", " ").split()).casefold()
