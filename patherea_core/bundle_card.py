"""The card of a model bundle: all that is known of a model besides its weights.

What was not there in the first bundles has a default, so that those can be read for ever.
"""

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field

from patherea_core.config import Count, NotNegative, Positive, Probability, Recipe, Settings
from patherea_core.taxonomy import CellClass, Taxonomy

#: Keys of the cards in the safetensors header: of a model, and of backbone weights, which are no model.
CARD_KEY = "patherea"
BACKBONE_CARD_KEY = "patherea-backbone"

#: Halo in working pixels at which a trained network of this form decided no cell of 1329 differently.
DEFAULT_HALO = 192

#: Names of the score by which models are compared, the more honest one first.
MEAN_F1 = ("test_mean_f1", "validation_mean_f1")


class ClassCard(Settings):
    """One cell class as a bundle records it."""

    name: str
    color: str


class InitialWeights(Settings):
    """The pretrained weights that a backbone started from."""

    origin: str
    """Where they come from."""
    licence: str
    """Their terms, which hold for what was trained from them too."""
    sha256: str
    """Their digest."""


class ColourStatistics(Settings):
    """How the tiles look that a model was trained on; the figures are those of ``data.looks``."""

    mean: tuple[float, float, float]
    """Density of what is stained, and which shares of the light that it takes are red and green."""
    spread: tuple[float, float, float]
    """Standard deviation of those figures between tiles."""
    tiles: Count
    """How many tiles that is of."""


class CardWords(Settings):
    """What only a person can say of a model; nothing of it changes a detection."""

    name: str | None = None
    """What the model is called."""
    stain: str | None = None
    """Stain of the slides it was trained on, say ``H&E``."""
    tissue: str | None = None
    """Tissue it was trained on."""
    intended_use: str | None = None
    """What it is for, in a sentence."""
    licence: str | None = None
    """Terms of the weights, as an SPDX name where there is one."""
    notices: tuple[str, ...] = ()
    """What has to be said of the data and weights that it comes from: who made them, and their terms."""
    limitations: tuple[str, ...] = ()
    """What it is known not to do, a sentence each."""

    def unsaid(self) -> tuple[str, ...]:
        """Return what a model that is passed on should say and this one does not, in words."""
        needed = {
            "a name": self.name,
            "its stain": self.stain,
            "its tissue": self.tissue,
            "what it is for": self.intended_use,
            "its licence": self.licence,
        }
        return tuple(what for what, said in needed.items() if not said)


class BaseModelCard(Settings):
    """The trained model that a training started from, and what travels on with what it learnt."""

    name: str
    """What it is called, or the name of its file."""
    weights_sha256: str
    """Digest of its weights."""
    licence: str | None = None
    """Its terms, which hold for what was trained from it too."""
    notices: tuple[str, ...] = ()
    """What has to be said of the data and weights that it comes from."""
    dataset_sha256: str | None = None
    """Digest of the dataset that it was trained on."""
    dataset_lineage: dict[str, Any] = Field(default_factory=dict)
    """Where that dataset comes from."""
    trained_on: str | None = None
    """How much of it that was, in words."""
    slides: tuple[str, ...] = ()
    """Names of the slides of that dataset, those that chose its best state among them."""
    base_model: "BaseModelCard | None" = None
    """The model that it started from itself, if there was one."""

    def known_among(self, slides: Iterable[str]) -> int:
        """Return how many of these slides this model was made with, or one that it comes from."""
        known: set[str] = set()
        model: BaseModelCard | None = self
        while model is not None:
            known.update(model.slides)
            model = model.base_model
        return sum(name in known for name in slides)

    def words_with(self, own: CardWords) -> CardWords:
        """Return what a model says that was trained from this one: its own words, and what must be kept."""
        notices = tuple(dict.fromkeys((*self.notices, *own.notices)))
        return own.model_copy(update={"notices": notices, "licence": own.licence or self.licence})


class BundleCard(CardWords):
    """What is known of a model besides its weights."""

    schema_version: Literal[1] = 1
    recipe: Recipe
    classes: tuple[ClassCard, ...]
    mpp: Positive
    """Working pixel size in micrometres."""
    score_threshold: Probability
    """Least probability of a detection."""
    halo: NotNegative = DEFAULT_HALO
    """Working pixels that a tile must see around the part it answers for."""
    parameters: Count
    """Numbers in the weights."""
    seed: int
    """Root of every random choice of the training."""
    provenance: dict[str, Any]
    """Where the model comes from: dataset digest, annotations and versions, program version, date."""
    metrics: dict[str, float | None]
    """Scores, named by the part of the data and the figure: ``validation_mean_f1``, ``test_mean_f1``."""
    intervals: dict[str, tuple[float, float] | None] = Field(default_factory=dict)
    """95 % intervals of those scores, by the same names; None or absent where there is none."""
    measured_on: str | None = None
    """Which images the scores are of, and what was chosen on them, in words."""
    colours: ColourStatistics | None = None
    """How the tiles look that it was trained on; None if nobody has looked."""
    weights_sha256: str
    """Digest of the weights in the bundle."""
    initial_weights: InitialWeights | None = None
    """What the backbone started from; None if it started at random."""
    base_model: BaseModelCard | None = None
    """The model that the training started from; None if it started anew."""
    backbone_sha256: str | None = None
    """Digest of the backbone's weights, which were not trained and are not in the bundle; None if all
    weights are in it."""

    @property
    def taxonomy(self) -> Taxonomy:
        """The classes that the model tells apart."""
        return Taxonomy(tuple(CellClass(item.name, item.color) for item in self.classes))

    def saying(self, words: CardWords) -> Self:
        """Return the card with these words in place of its own, as far as there are any."""
        said = {name: getattr(words, name) for name in CardWords.model_fields}
        return self.model_copy(update={name: word for name, word in said.items() if word})

    def as_base(self, name: str) -> BaseModelCard:
        """Return what the card of a model says that is trained from this one, which has a name if need be."""
        return BaseModelCard(
            name=self.name or name,
            weights_sha256=self.weights_sha256,
            licence=self.licence,
            notices=self.notices,
            dataset_sha256=self.provenance.get("dataset_sha256"),
            dataset_lineage=self.provenance.get("dataset_lineage") or {},
            trained_on=self.provenance.get("trained_on"),
            slides=tuple(slide["name"] for slide in self.provenance.get("slides") or ()),
            base_model=self.base_model,
        )

    @property
    def mean_f1(self) -> float | None:
        """Mean F1 over the classes: on the test part if there was one, else on the validation part."""
        return self.metrics.get(self.mean_f1_name)

    @property
    def mean_f1_name(self) -> str:
        """The name of that score among the metrics and the intervals."""
        test, validation = MEAN_F1
        return validation if self.metrics.get(test) is None else test

    def unsaid(self) -> tuple[str, ...]:
        """Return what a model that is passed on should say and this one does not, in words."""
        needed = {
            "its mean F1": self.mean_f1,
            "the interval of its mean F1": self.intervals.get(self.mean_f1_name),
            "the digest of the dataset it was trained on": self.provenance.get("dataset_sha256"),
            "the weights it started from": self.initial_weights
            or self.recipe.training.initialisation == "scratch",
        }
        return super().unsaid() + tuple(
            what for what, said in needed.items() if said is None or said is False
        )
