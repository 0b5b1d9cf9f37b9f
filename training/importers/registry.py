"""The datasets that can be imported, by name; their modules are loaded when they are asked for."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from patherea_core.errors import InputError
from training.importers.published import PublishedDataset


@dataclass(frozen=True, slots=True)
class Importer:
    """One dataset that can be imported.

    Attributes:
        module: holds ``read(source, …) -> PublishedDataset``.
        options: the further arguments of its ``read``, by name.
    """

    module: str
    options: tuple[str, ...] = ()


#: By the names that people type.
IMPORTERS: Mapping[str, Importer] = MappingProxyType(
    {
        "bcdata": Importer("training.importers.bcdata"),
        "bone-marrow": Importer("training.importers.bone_marrow"),
        "brca-m2c": Importer("training.importers.brca_m2c"),
        "conic": Importer("training.importers.lizard"),
        "consep": Importer("training.importers.consep", options=("grouping",)),
        "crchistophenotypes": Importer("training.importers.crchistophenotypes"),
        "ki67-laboratories": Importer("training.importers.ki67_laboratories"),
        "lizard": Importer("training.importers.lizard"),
        "monusac": Importer("training.importers.monusac"),
        "ocelot": Importer("training.importers.ocelot"),
        "pannuke": Importer("training.importers.pannuke"),
        "patherea": Importer("training.importers.patherea", options=("fold",)),
        "shidc": Importer("training.importers.shidc"),
    }
)


def read_published(name: str, source: Path, options: Mapping[str, object]) -> PublishedDataset:
    """Return the published dataset of that name in a folder.

    Args:
        name: a name in IMPORTERS; capitals and underscores do not matter.
        source: the folder of the published files.
        options: further arguments of the importer.

    Raises:
        InputError: there is no such importer, it takes no such option, or the files cannot be used.
    """
    plain = name.lower().replace("_", "-")
    if plain not in IMPORTERS:
        raise InputError(f"no dataset is called {name!r}; choose from {', '.join(IMPORTERS)}")
    importer = IMPORTERS[plain]
    foreign = sorted(set(options) - set(importer.options))
    if foreign:
        raise InputError(f"the importer of {plain} has no option --{foreign[0]}; leave it out")
    try:
        module = importlib.import_module(importer.module)
    except ModuleNotFoundError as error:
        if error.name != importer.module:
            raise
        raise InputError(f"this version does not hold the importer of {plain}") from error
    dataset: PublishedDataset = module.read(source, **options)
    return dataset
