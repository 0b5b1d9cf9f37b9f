"""What makes a training on a dataset pointless, and what somebody should know before it begins."""

import logging
from collections.abc import Sequence

import numpy as np

from patherea_core.data.cache import Labelled
from patherea_core.errors import DatasetError
from patherea_core.geometry import Ints
from patherea_core.taxonomy import Taxonomy

log = logging.getLogger(__name__)


def require_trainable(
    training: Sequence[Labelled],
    validation: Sequence[Labelled],
    taxonomy: Taxonomy,
    tile_size: int,
) -> None:
    """Refuse what cannot be learnt, and warn of what can hardly be.

    Args:
        training: samples to train on.
        validation: samples to validate on.
        taxonomy: all classes.
        tile_size: side of a training tile in pixels.

    Raises:
        DatasetError: there is no cell to learn from, none of a class that validation has, or no image
            that fills a quarter of a tile.
    """
    _require_classes(training, validation, taxonomy)
    _warn_of_missing_classes([*training, *validation], taxonomy)
    _require_sizes(training, tile_size)


def class_counts(samples: Sequence[Labelled], classes: int) -> Ints:
    """Return (T,) how many cells of each class the samples have."""
    index = [sample.points.class_index for sample in samples]
    counts: Ints = np.bincount(
        np.concatenate([np.empty(0, np.int64), *index]), minlength=classes
    ).astype(np.int64)
    return counts


def _require_classes(
    training: Sequence[Labelled], validation: Sequence[Labelled], taxonomy: Taxonomy
) -> None:
    learnt, asked = (class_counts(part, len(taxonomy)) for part in (training, validation))
    if not learnt.any():
        raise DatasetError("no sample to train on has a cell; label some, or train on other folds")
    unknown = [
        name
        for name, ours, theirs in zip(taxonomy.names, learnt, asked, strict=True)
        if theirs and not ours
    ]
    if unknown:
        raise DatasetError(
            f"no sample to train on has a cell of class {_listed(unknown)}, but samples to validate on have;"
            " validate on another fold, label such cells in more patients, or leave the class out"
        )


def _warn_of_missing_classes(samples: Sequence[Labelled], taxonomy: Taxonomy) -> None:
    folds = sorted({sample.record.fold for sample in samples})
    counts = np.stack(
        [
            class_counts(
                [sample for sample in samples if sample.record.fold == fold], len(taxonomy)
            )
            for fold in folds
        ]
    )
    for name, of_class in zip(taxonomy.names, counts.T, strict=True):
        without = [str(fold) for fold, count in zip(folds, of_class, strict=True) if not count]
        if len(without) == len(folds):
            log.warning("no sample has a cell of class %r, so it cannot be learnt", name)
        elif without:
            log.warning(
                "no cell of class %r lies in fold %s, so scores there leave that class out",
                name,
                " and ".join(without),
            )


def _require_sizes(training: Sequence[Labelled], tile_size: int) -> None:
    sizes = [(sample.record.width, sample.record.height) for sample in training]
    small = [size for size in sizes if min(size) < tile_size]
    if not small:
        return
    width, height = min(small, key=lambda size: size[0] * size[1])
    filled = max(min(w, tile_size) * min(h, tile_size) for w, h in sizes) / tile_size**2
    if filled < 0.25:
        raise DatasetError(
            f"no image to train on fills a quarter of a tile of {tile_size} × {tile_size} pixels, the"
            f" smallest has {width} × {height}; take a smaller tile_size, or export larger images"
        )
    log.warning(
        "%d of %d images to train on are smaller than a tile of %d × %d pixels, the smallest %d × %d; "
        "what they lack is filled with white, where nothing is learnt",
        len(small),
        len(sizes),
        tile_size,
        tile_size,
        width,
        height,
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
