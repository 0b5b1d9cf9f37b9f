"""What a validation of settings refused, in a few words: which setting, what is wrong, what is near."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

#: Sections of settings whose absence says what is meant.
_OF_OTHER_KINDS = frozenset({"proximity"})

#: What a setting must be, by what pydantic calls its being something else; ``{}`` is filled from its context.
_WANTED: Mapping[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "settings by name, in braces",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "model_attributes_type": "settings by name, in braces",
    "model_type": "settings by name, in braces",
    "multiple_of": "a multiple of {multiple_of}",
    "string_type": "a text in quotes",
}


def refusal(error: ValidationError, settings: type[BaseModel]) -> str:
    """Return the first thing that was refused, as in ``training.epochs must be a whole number, not 'ten'``.

    Args:
        error: what pydantic raised.
        settings: what was to be read.
    """
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    kind, context = first["type"], first.get("ctx", {})
    if kind == "json_invalid":
        return f"it is no JSON ({context['error']})"
    if kind == "extra_forbidden":
        return f"{place} is unknown{_nearest(place, settings)}"
    if kind == "missing":
        return f"{place} is missing"
    if kind in _WANTED:
        wanted = _WANTED[kind].format(**{name: _plain(value) for name, value in context.items()})
        return f"{place or 'it'} must be {wanted}, not {_shown(first['input'])}"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _nearest(place: str, settings: type[BaseModel]) -> str:
    """Return which setting may have been meant, wherever it belongs."""
    known = list(_places(settings))
    last = place.rpartition(".")[2]
    meant = [one for one in known if one.rpartition(".")[2] == last]
    meant = meant or get_close_matches(place, known, n=1, cutoff=0.75)
    return f"; is {meant[0]} meant?" if meant else ""


def _places(settings: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield every setting by its place, like ``training.epochs``."""
    for name, field in settings.model_fields.items():
        yield f"{before}{name}"
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _places(kind, f"{before}{name}.")


def _plain(bound: Any) -> Any:  # noqa: ANN401  whatever pydantic compares with
    return f"{bound:g}" if isinstance(bound, float) else bound


def _shown(value: Any) -> str:  # noqa: ANN401  whatever stands in a file
    text = repr(value)
    if isinstance(value, Mapping | Sequence) and len(text) > 40:
        return f"{text[:40]}…"
    return text


def unsaid(settings: BaseModel, before: str = "") -> Iterator[str]:
    """Yield what settings that were read did not say: whole sections by name, or ``name value``."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is None and name in _OF_OTHER_KINDS:
            continue
        said = name in settings.model_fields_set
        if isinstance(value, BaseModel):
            if said:
                yield from unsaid(value, f"{before}{name}.")
            else:
                yield f"all of {before}{name}"
        elif not said:
            yield f"{before}{name} {value}"
