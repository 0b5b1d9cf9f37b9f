"""The kinds of rows that the paper prints, by how their runs were made and chosen."""

from training.published_results import remarks
from training.published_results.benchmark import PublishedRow

F1 = tuple[float | None, ...]

FCRN = "FCRN, ResNet-34, ImageNet"
SCRATCH = "Patherea-P2P, ViT-B, from scratch"
VIT = "Patherea-P2P, ViT-B, ImageNet"
HIBOU = "Patherea-P2P, ViT-B, Hibou frozen"
CONVNEXT = "Patherea-P2P, ConvNeXt-B, ImageNet"


def retrained(
    source: str, method: str, f1: F1, mean_f1: float, sd: float | None = None
) -> PublishedRow:
    """Return the mean of 5 trainings, whose checkpoints were chosen on validation."""
    return PublishedRow(
        method=method,
        source=source,
        f1=f1,
        mean_f1=mean_f1,
        sd=sd,
        runs="5 seeds",
        chosen="validation",
        notes=_released_code(method),
    )


def over_folds(
    source: str, method: str, f1: F1, mean_f1: float | None, *notes: str
) -> PublishedRow:
    """Return the mean of 3 folds after a fixed number of epochs."""
    return PublishedRow(
        method=method,
        source=source,
        f1=f1,
        mean_f1=mean_f1,
        runs="3 folds",
        chosen="nothing",
        notes=(*_released_code(method), *notes),
    )


def best_of(source: str, trainings: int, method: str, f1: F1, mean_f1: float) -> PublishedRow:
    """Return the one of many trainings that scores best on the part it is reported for."""
    return PublishedRow(
        method=method,
        source=source,
        f1=f1,
        mean_f1=mean_f1,
        runs=f"best of {trainings}",
        chosen="evaluated",
    )


def official(source: str, method: str, f1: F1, mean_f1: float, *notes: str) -> PublishedRow:
    """Return the score of the weights that a method's authors released."""
    return PublishedRow(
        method=method,
        source=source,
        f1=f1,
        mean_f1=mean_f1,
        runs="1",
        chosen="unstated",
        notes=("Weights that the method's authors released, not trained again.", *notes),
    )


def _released_code(method: str) -> tuple[str, ...]:
    return (remarks.RELEASED_CODE,) if method.startswith("Patherea-P2P") else ()
