"""How long a run with few labels is trained, so that arms and shares are given the same work."""

from dataclasses import dataclass
from pathlib import Path

from patherea_core.config import TrainingConfig
from patherea_core.data.dataset import TileDataset
from patherea_core.data.division import Division
from patherea_core.data.manifest import Manifest
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.workflow.reading import read_rows
from training.crossover.plan import Schedule


@dataclass(frozen=True, slots=True)
class Length:
    """How long a run is trained.

    Attributes:
        epochs: passes over its labels.
        steps: of the optimiser.
    """

    epochs: int
    steps: int


def length(schedule: Schedule, settings: TrainingConfig, batches: int, all_batches: int) -> Length:
    """Return how long a run is trained.

    By steps, a run has the steps of the run with all labels, as nearly as whole epochs allow: what its labels
    are worth is asked, not what happens when a network is stopped after a tenth of its training.

    Args:
        schedule: what stays equal.
        settings: those of the run with all labels.
        batches: batches of an epoch of the run's labels.
        all_batches: those of all labels.
    """
    epochs = settings.epochs
    if schedule == "steps":
        epochs = max(1, round(epochs * all_batches / batches))
    return Length(epochs, epochs * -(-batches // settings.accumulated_batches))


def batches_of(data: Path, manifest: Manifest, division: Division, settings: TrainingConfig) -> int:
    """Return how many batches an epoch of a division has.

    Raises:
        DatasetError: a file is missing or broken.
    """
    samples = read_rows(data, manifest, division.training, Silent())
    tiles = len(TileDataset(samples, settings, Seed(0)))
    return -(-tiles // settings.batch_size)
