"""What the groups of points mean: from what is written in annotations to the classes of a dataset."""

import logging
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from patherea_core.errors import TaxonomyError
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import Shapes
from plugin.review.naming import folded, likely

log = logging.getLogger(__name__)

_Key = TypeVar("_Key", bound=Hashable)


def named_labels(
    labels: Mapping[_Key, tuple[Shapes, ...]], classes: Sequence[str], mapping: Mapping[str, str]
) -> tuple[Taxonomy, dict[_Key, tuple[Shapes, ...]]]:
    """Return the classes in people's colours, and the labels with each point's class in place of its group.

    A group means what the mapping says, else the class of its name, else the one class whose name differs
    in case and blanks only, which is told. A group that is none of the named classes stays as it is.

    Args:
        labels: of each slide.
        classes: the classes in order; none takes those that occur in order of the alphabet, each in its
            most frequent spelling.
        mapping: what some groups are to be taken for, those of points in no group left out.

    Raises:
        TaxonomyError: no point says which classes there are, or the mapping renames a group that no
            point is in.
    """
    written = Counter(name for own in labels.values() for one in own for name in one.class_names)
    renamed = _renamed(tuple(written), mapping)
    wanted = Counter[str]()
    for group, count in written.items():
        wanted[renamed.get(group, group)] += count
    names = tuple(classes) or _spellings(wanted)
    if not names:
        raise TaxonomyError(
            "no point says which classes there are; name the classes with --classes"
        )
    meaning = {group: likely(renamed.get(group, group), names) for group in written}
    for group, name in meaning.items():
        if name != renamed.get(group, group):
            log.warning(
                "group %r is taken for class %r, whose name it has but for case", group, name
            )
    return _coloured(names, meaning, labels), {
        key: tuple(
            replace(one, class_names=tuple(meaning[name] for name in one.class_names))
            for one in own
        )
        for key, own in labels.items()
    }


def _coloured(
    names: Sequence[str],
    meaning: Mapping[str, str],
    labels: Mapping[_Key, tuple[Shapes, ...]],
) -> Taxonomy:
    """Return the classes in the colours that people draw them in; those of the palette if two look alike."""
    drawn = Counter[tuple[str, str]]()
    for one in (one for own in labels.values() for one in own):
        for (group, colour), count in one.colours.items():
            if colour and group in meaning:
                drawn[meaning[group], colour] += count
    usual: dict[str, str] = {}
    for name, colour in sorted(drawn, key=lambda key: (-drawn[key], key)):
        usual.setdefault(name, colour)
    coloured = Taxonomy.of(names, usual)
    alike = len({one.color for one in coloured.classes}) < len(coloured)
    return Taxonomy.of(names) if alike else coloured


def _renamed(groups: tuple[str, ...], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the mapping with each old name as it is written in the annotations."""
    renamed = {}
    for old, new in mapping.items():
        group = likely(old, groups)
        if group not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise TaxonomyError(
                f"no point is of a group {old!r} that could be renamed; the groups are: {known}"
            )
        renamed[group] = new
    return renamed


def _spellings(counts: Counter[str]) -> tuple[str, ...]:
    """Return the names that occur, of those that differ in case and blanks only the most frequent one."""
    best: dict[str, str] = {}
    for name in sorted(counts):
        key = folded(name)
        if key not in best or counts[name] > counts[best[key]]:
            best[key] = name
    return tuple(sorted(best.values()))
