"""The JSON that ``patherea evaluate --format json`` prints, read back for the ledger."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patherea_core.config import Count, Positive, Probability
from patherea_core.errors import InputError
from training.checking import checked
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
    radius_px: Positive
    images: Count
    unit: Literal["px", "um"] = "px"


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
