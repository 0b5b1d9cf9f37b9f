"""What is known of a published foundation model, and the terms under which its weights are given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Whose names the tensors of a file have: timm's, those of DINOv2's authors, or one of Hugging Face's two.
Layout = Literal["timm", "dinov2", "hugging-face-dinov2", "hugging-face-vit"]

Channels = tuple[float, float, float]
Option = bool | int | float | str

IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Terms:
    """A licence, as far as one must know it before using the weights.

    Attributes:
        name: its SPDX name where there is one, else what its authors call it.
        address: where it can be read.
        forbids: what it forbids, in words; empty for a licence that nobody has to accept beforehand.
    """

    name: str
    address: str
    forbids: str = ""

    @property
    def must_be_accepted(self) -> bool:
        """Whether a training needs somebody who says that these terms are accepted."""
        return bool(self.forbids)

    def __str__(self) -> str:
        """Return name and address."""
        return f"{self.name} ({self.address})"


APACHE = Terms("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """A published vision transformer that was pretrained on much tissue, or on much else.

    Attributes:
        name: what a recipe calls it.
        title: what its authors call it.
        architecture: the timm model that has its parts.
        options: arguments of that model with which it has exactly its parts.
        layout: whose names the published file has.
        mean: mean of the input's channels, on the scale from 0 to 1, as its authors normalise it.
        std: standard deviation of them.
        mpp: micrometres per pixel of what it was pretrained on; empty if that was no tissue.
        parameters: numbers in the transformer, without any head.
        heads: of each of its attentions, which shows in no tensor.
        terms: the licence of the weights.
        gated: whether the file is given only to those who asked for it.
        repository: where Hugging Face keeps it; empty if it is elsewhere.
        files: names of the file there, that which its authors name first; or its whole address elsewhere.
        sha256: digest of that file; None where nobody published one that could be compared.
        citation: the paper.
        sources: where these facts were read.
        unchecked: which of them could be read at second hand only, in words; empty if none.
    """

    name: str
    title: str
    architecture: str
    layout: Layout
    parameters: int
    heads: int
    citation: str
    sources: tuple[str, ...]
    files: tuple[str, ...]
    repository: str = ""
    options: Mapping[str, Option] = field(default_factory=dict)
    mean: Channels = IMAGENET_MEAN
    std: Channels = IMAGENET_STD
    mpp: tuple[float, ...] = ()
    terms: Terms = APACHE
    gated: bool = False
    sha256: str | None = None
    unchecked: str = ""

    @property
    def page(self) -> str:
        """Where it is published, for a person."""
        if self.repository:
            return f"https://huggingface.co/{self.repository}"
        return "https://github.com/facebookresearch/dinov2"

    @property
    def download(self) -> str:
        """The address of its file."""
        if not self.repository:
            return self.files[0]
        return f"{self.page}/resolve/main/{self.files[0]}"

    @property
    def way_to_it(self) -> str:
        """What a person does to have the file, in words that follow a semicolon."""
        account = "with an account that was let in " if self.gated else ""
        return f"download {self.download} {account}and name that file"
