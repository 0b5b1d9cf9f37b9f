"""Whose tissue is on each slide: from a field of its metadata, or from its name."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from patherea_core.errors import InputError
from plugin.dsa.items import SlideItem

log = logging.getLogger(__name__)

#: Where a patient is looked for if nobody says where.
USUAL_FIELD = "patient"


@dataclass(frozen=True, slots=True)
class PatientRule:
    """How the patient of a slide is found.

    Attributes:
        field: metadata field that names the patient.
        pattern: a regular expression that finds the patient in the name of a slide, by its first group;
            empty reads the field.
    """

    field: str = USUAL_FIELD
    pattern: str = ""

    def __post_init__(self) -> None:
        if not (self.field or self.pattern):
            raise InputError("the patient has no field; name one with --patient-field")
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise InputError(
                f"--patient-pattern {self.pattern!r} is no regular expression: {error}"
            ) from error
        if self.pattern and not groups:
            raise InputError(
                f"--patient-pattern {self.pattern!r} does not say which part is the patient; put that in"
                " round brackets, as in ^([^-]+)-"
            )

    def patients(self, slides: Sequence[SlideItem]) -> dict[str, str]:
        """Return the patient of each slide, by the id of its item.

        Raises:
            InputError: a slide does not say it, while others do or a person said that it does.
        """
        if self.pattern:
            return {slide.id: self._matched(slide.name) for slide in slides}
        found = {slide.id: _value(slide, self.field) for slide in slides}
        missing = [slide for slide in slides if not found[slide.id]]
        if not missing:
            return found
        if len(missing) == len(slides) and self.field == USUAL_FIELD:
            if len(slides) > 1:
                log.warning(
                    "no slide has the metadata field %r, so each counts as a patient of its own; if some are"
                    " of one patient, say so with --patient-field or --patient-pattern",
                    self.field,
                )
            return {slide.id: slide.name.strip() for slide in slides}
        raise InputError(_nobody(missing[0], self.field))

    def _matched(self, name: str) -> str:
        match = re.search(self.pattern, name)
        patient = (match[1] or "").strip() if match else ""
        if not patient:
            raise InputError(
                f"slide {name!r} does not fit --patient-pattern {self.pattern!r}, so its patient is unknown;"
                " change the pattern, or rename the slide"
            )
        return patient


def _value(slide: SlideItem, field: str) -> str:
    value = slide.metadata.get(field)
    return "" if value is None else str(value).strip()


def _nobody(slide: SlideItem, field: str) -> str:
    known = ", ".join(repr(name) for name in sorted(slide.metadata)) or "none"
    return (
        f"slide {slide.name!r} has no metadata field {field!r}, so its patient is unknown; its fields are: "
        f"{known}; fill it in, or name another with --patient-field"
    )
