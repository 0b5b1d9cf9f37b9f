"""Thresholds of single classes as people write them: positive=0.4, negative=0.3."""

from collections.abc import Mapping, Sequence

from patherea_core.errors import InputError, TaxonomyError


def parse_class_thresholds(text: str) -> Mapping[str, float]:
    """Return the threshold of each class that is named; none for a text of blanks.

    Raises:
        InputError: it is not of that form, or a class is named twice.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        name, equals, number = (word.strip() for word in part.rpartition("="))
        if not name or not equals:
            raise InputError(
                f"{part.strip()!r} is no threshold of a class; write them as in positive=0.4,negative=0.3"
            )
        if name in found:
            raise InputError(f"class {name!r} has two thresholds; name it once")
        found[name] = _number(number, name)
    return found


def by_row(thresholds: Mapping[str, float], names: Sequence[str]) -> dict[int, float]:
    """Return the thresholds by the rows of their classes.

    A name means the class of that name, else the one class whose name differs in case only.

    Args:
        thresholds: by names of classes.
        names: of a model's classes, in order.

    Raises:
        TaxonomyError: the model has no class of a name, or two names mean one class.
    """
    found: dict[int, float] = {}
    for name, threshold in thresholds.items():
        row = _row(name, names)
        if row in found:
            raise TaxonomyError(
                f"--class-thresholds names class {names[row]!r} twice, as {name!r} too; name it once"
            )
        found[row] = threshold
    return found


def _row(name: str, names: Sequence[str]) -> int:
    rows = [row for row, known in enumerate(names) if known == name] or [
        row for row, known in enumerate(names) if known.casefold() == name.casefold()
    ]
    if len(rows) != 1:
        raise TaxonomyError(
            f"--class-thresholds names class {name!r}, which the model lacks; its classes are:"
            f" {', '.join(names)}"
        )
    return rows[0]


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            f"the threshold of class {name!r} is no number: {text!r}; write it as in {name}=0.4"
        ) from error
