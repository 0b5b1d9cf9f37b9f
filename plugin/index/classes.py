"""Which classes the index counts: by their names, or as a person says. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patherea_core.errors import TaxonomyError
from patherea_core.index.kinds import USUAL, Kind, Kinds
from patherea_core.taxonomy import Taxonomy

#: How a person says what a class is.
_OPTIONS = {
    Kind.POSITIVE: "--positive",
    Kind.NEGATIVE: "--negative",
    Kind.NOT_COUNTED: "--not-counted",
}


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """What a person says of classes; of the others their names tell.

    Attributes:
        positive: classes that are positive tumour cells.
        negative: classes that are negative tumour cells.
        not_counted: classes that are no tumour cells.
    """

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    not_counted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = [*self.positive, *self.negative, *self.not_counted]
        double = sorted({name for name in named if named.count(name) > 1})
        if double:
            raise TaxonomyError(
                f"class {double[0]!r} is given twice; say once whether it is positive, negative or not"
                " counted"
            )

    @property
    def said(self) -> Mapping[str, Kind]:
        """What was said of each class that was named."""
        return {
            **dict.fromkeys(self.positive, Kind.POSITIVE),
            **dict.fromkeys(self.negative, Kind.NEGATIVE),
            **dict.fromkeys(self.not_counted, Kind.NOT_COUNTED),
        }


@dataclass(frozen=True, slots=True)
class CountedClasses:
    """Classes, and what each is to the index.

    Attributes:
        taxonomy: the classes of the cells, and those that were said but have no cell.
        kinds: of each of them.
        absent: classes that were said but that no cell is of, which may be a slip.
    """

    taxonomy: Taxonomy
    kinds: Kinds
    absent: tuple[str, ...] = ()

    @property
    def by_name(self) -> Mapping[str, Kind]:
        """What each class is to the index."""
        return dict(zip(self.taxonomy.names, self.kinds.of_class, strict=True))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person must know: classes that were said but that no cell is of."""
        return tuple(
            f"No cell is of class {name!r}, of which was said what it is; look for a slip in its name."
            for name in self.absent
        )


def counted_classes(names: Sequence[str], choice: ClassChoice) -> CountedClasses:
    """Return what each class of some cells is to the index.

    Cells of one kind alone are no fault: a slide without any positive cell has an index of 0, if it has
    negative ones.

    Args:
        names: the classes that the cells may have.
        choice: what a person says.

    Raises:
        TaxonomyError: nobody said what a class is, and its name does not tell.
    """
    said = choice.said
    known = {**USUAL, **said}
    kind_of = {name: known.get(name, known.get(_plain(name))) for name in names}
    unknown = [name for name, kind in kind_of.items() if kind is None]
    if unknown:
        raise TaxonomyError(
            f"the Ki-67 index does not know what class {unknown[0]!r} is; say it with"
            f" {', '.join(_OPTIONS.values())} (the classes are: {', '.join(names)})"
        )
    absent = tuple(name for name in said if name not in kind_of)
    found = {name: kind for name, kind in kind_of.items() if kind is not None}
    found |= {name: said[name] for name in absent}
    for kind, name in ((Kind.POSITIVE, "positive"), (Kind.NEGATIVE, "negative")):
        if kind not in found.values():
            found[_free(name, found)] = kind
    taxonomy = Taxonomy.of(found)
    return CountedClasses(taxonomy, Kinds.of(taxonomy, found), absent)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").lower().split())


def _free(name: str, taken: Mapping[str, Kind]) -> str:
    """Return a name for a class without cells: another one has its name if a person said it is otherwise."""
    return name if name not in taken else f"{name} tumour"
