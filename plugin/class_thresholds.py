"""Thresholds of single classes as people write them: positive=0.4, negative=0.3."""

from collections.abc import Mapping

from patherea_core.errors import InputError


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


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            f"the threshold of class {name!r} is no number: {text!r}; write it as in {name}=0.4"
        ) from error
