"""List the models that can be called by name: those that come with the program, and the user's own."""

from collections import Counter
from dataclasses import dataclass

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import read_card
from patherea_core.errors import BundleError
from plugin.models.finding import DEFAULT_MODEL, FOLDER_VARIABLE, KnownModel, known_models

_HEADER = ("name", "classes", "stain", "mpp", "mean F1", "size", "path")


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model and what is known of it.

    Attributes:
        known: its name and place.
        card: its card; None if it cannot be read.
        problem: why it cannot be read; empty if it can.
    """

    known: KnownModel
    card: BundleCard | None
    problem: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return what is known, ready for JSON."""
        card = self.card
        facts = {
            "name": self.known.name,
            "path": str(self.known.path),
            "shipped": self.known.shipped,
            "default": self.known.shipped and self.known.name == DEFAULT_MODEL,
            "bytes": self.known.size,
        }
        if card is None:
            return facts | {"problem": self.problem}
        return facts | {
            "classes": list(card.taxonomy.names),
            "stain": card.stain,
            "mpp": card.mpp,
            "mean_f1": card.mean_f1,
            "licence": card.licence,
            "weights_sha256": card.weights_sha256,
        }


def run() -> tuple[ListedModel, ...]:
    """Return all models, also those that cannot be read.

    Raises:
        InputError: the folder of the user's own models is none.
    """
    return tuple(_listed(known) for known in known_models())


def table(models: tuple[ListedModel, ...]) -> str:
    """Return the models as lines for people."""
    if not models:
        return (
            "There are no models: none comes with this version, and "
            f"{FOLDER_VARIABLE} names no folder with any.\n"
        )
    rows = [_HEADER, *map(_row, models)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += [f"{one.known.name}: {one.problem}" for one in models if one.problem]
    named = Counter(one.known.name for one in models)
    lines += [
        f"{name}: {count} models have this name, so it calls none of them; rename yours, or give its path"
        for name, count in named.items()
        if count > 1
    ]
    return "\n".join(lines) + "\n"


def _listed(known: KnownModel) -> ListedModel:
    try:
        return ListedModel(known, read_card(known.path))
    except BundleError as error:
        return ListedModel(known, None, str(error))


def _row(model: ListedModel) -> tuple[str, ...]:
    card, known = model.card, model.known
    size = f"{known.size / 1e6:.1f} MB"
    if card is None:
        return (known.name, "cannot be read", "", "", "", size, str(known.path))
    return (
        known.name,
        ", ".join(card.taxonomy.names),
        card.stain or "–",
        f"{card.mpp:g}",
        "–"
        if card.mean_f1 is None
        else f"{card.mean_f1:.3f} ({card.mean_f1_name.partition('_')[0]})",
        size,
        str(known.path),
    )
