"""The JSON that ``patherea evaluate --format json`` prints, read back for the ledger."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from patherea_core.config import Count, Positive, Probability
from patherea_core.errors import InputError
from training.checking import checked
from training.protocol import Matching, Protocol
from training.run_record import ClassScore, Interval, NotNegativeInt


class _Reported(BaseModel):
    """A part of the report; it says more than the ledger keeps."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ReportedScore(_Reported):
    """Counts and F1 of one class, or of cells whatever their class."""

    tp: NotNegativeInt
    fp: NotNegativeInt
    fn: NotNegativeInt
    f1: Probability | None
    f1_interval: Interval | None = None

    def kept(self) -> ClassScore:
        """Return what the ledger keeps of it."""
        return ClassScore(**self.model_dump())


class EvaluationReport(_Reported):
    """One evaluation."""

    classes: dict[str, ReportedScore]
    mean_f1: Probability | None
    mean_f1_interval: Interval | None = None
    detection: ReportedScore
    images: Count
    radius_px: Positive | None = None
    """In pixels; None where images differ in their pixel size."""
    radius: Positive | None = None
    """In the unit; read only where there is none in pixels, so that 3 µm at 0.5 µm per pixel are 6 px."""
    unit: Literal["px", "um"] = "px"
    protocol: str | dict[str, Any] = ""

    @model_validator(mode="after")
    def _has_a_radius(self) -> Self:
        if self.radius_px is None and self.radius is None:
            raise ValueError("it has no radius_px")
        return self

    def protocol_of(self, matching: Matching, border: str | None) -> Protocol:
        """Return how it was measured; a border that is not given is the one that the report tells."""
        told = self.protocol.get("border", "") if isinstance(self.protocol, dict) else ""
        in_pixels = self.radius_px is not None
        return Protocol(
            matching=matching,
            radius=self.radius_px if in_pixels else self.radius,
            unit="px" if in_pixels else self.unit,
            border=str(told) if border is None else border,
        )


def read_report(path: Path) -> EvaluationReport:
    """Return the report in a file.

    Raises:
        InputError: there is none, or it is not what ``patherea evaluate`` prints.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the report {path} cannot be read ({error.strerror})") from error
    return checked(
        lambda: EvaluationReport.model_validate_json(content),
        f"the report {path}",
        "give what patherea evaluate --format json prints",
    )
