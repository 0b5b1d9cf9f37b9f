"""Where a model bundle lies, and its card, without loading weights or anything heavy.

A bundle is one safetensors file with its card in the header, or a folder with that file and, for people
and other programs, the same card as ``card.json`` and in words as ``README.md``.
"""

import hashlib
import json
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from patherea_core.bundle_card import BACKBONE_CARD_KEY, CARD_KEY, BundleCard
from patherea_core.errors import BundleError
from patherea_core.refusals import refusal

#: Key of the digest of a model's card, beside it.
CARD_DIGEST_KEY = "card_sha256"

#: Files of a bundle that is a folder.
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "card.json"
WORDS_FILE = "README.md"

#: Key of what a safetensors header says besides its tensors.
_METADATA = "__metadata__"

#: Longest header that safetensors allows, in bytes.
_LONGEST_HEADER = 100_000_000

#: How files begin that are taken for models now and then, and what they are.
_OTHERS = {
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"II*\0": "a picture or a slide",
    b"II+\0": "a picture or a slide",
    b"MM\0*": "a picture or a slide",
    b"MM\0+": "a picture or a slide",
    b"{": "JSON",
    b"[": "JSON",
}

#: The file by which a packed dataset is known.
_DATASET_FILE = "dataset.json"

#: What is raised where something else stands in the place of a header.
_NO_HEADER = (ValueError, AttributeError, TypeError, KeyError, IndexError, RecursionError)


@dataclass(frozen=True, slots=True)
class WrittenCard:
    """The card as it stands in the header of a bundle.

    Attributes:
        file: the safetensors file.
        text: the card as JSON.
        sha256: the digest that was written beside it; None in bundles of older versions, which had none.
    """

    file: Path
    text: str
    sha256: str | None

    def read(self) -> BundleCard:
        """Return the card.

        Raises:
            BundleError: it is not the one that was written, or cannot be read.
        """
        self.require_whole()
        return _card(self.text, self.file)

    def require_whole(self) -> None:
        """Raise BundleError if the card is not the one that was written."""
        if self.sha256 is not None and self.sha256 != _digest(self.text):
            raise BundleError(
                f"the card in {self.file} is not the one that was written with it, so nothing that it says"
                " can be trusted; fetch the file again"
            )


def header_of(card: BundleCard) -> dict[str, str]:
    """Return what the header of a bundle says besides its tensors: the card, and its digest."""
    text = card.model_dump_json()
    return {CARD_KEY: text, CARD_DIGEST_KEY: _digest(text)}


def weights_file(path: Path) -> Path:
    """Return the safetensors file of a bundle, which is the bundle itself unless that is a folder.

    Raises:
        BundleError: it is a folder without one, or the card alone.
    """
    if path.name == CARD_FILE and path.is_file():
        raise BundleError(f"{path} is the card of a model and not the model; name {path.parent}")
    if not path.is_dir():
        return path
    inside = path / WEIGHTS_FILE
    if not inside.is_file():
        raise BundleError(f"the folder {path} is no model bundle: it holds no {WEIGHTS_FILE}")
    return inside


def read_card(path: Path) -> BundleCard:
    """Return the card of a bundle without reading its weights.

    Raises:
        BundleError: the file is missing, a pickle, truncated, or no bundle of ours, or its card is not the
            one that was written.
    """
    return written_card(path).read()


def written_card(path: Path) -> WrittenCard:
    """Return the card of a bundle as it is written, and its digest, neither of them looked at.

    Raises:
        BundleError: the file is missing, a pickle, truncated, or no bundle of ours.
    """
    file = weights_file(path)
    metadata = _header(file).get(_METADATA)
    texts = metadata if isinstance(metadata, dict) else {}
    card, digest = texts.get(CARD_KEY), texts.get(CARD_DIGEST_KEY)
    if BACKBONE_CARD_KEY in texts:
        raise BundleError(
            f"{file} is the weights of a backbone and no model; train one that starts from them: take"
            " --backbone-weights"
        )
    if card is None:
        raise BundleError(f"{file} holds weights but no model card; it was not written by Patherea")
    if not isinstance(card, str) or not isinstance(digest, str | None):
        raise BundleError(broken(file, "its header is damaged"))
    return WrittenCard(file, card, digest)


def is_backbone(path: Path) -> bool:
    """Return whether a file is the weights of a backbone, as this program writes them, and no model."""
    try:
        metadata = _header(path).get(_METADATA)
    except BundleError:
        return False
    return isinstance(metadata, dict) and BACKBONE_CARD_KEY in metadata


def read_card_file(folder: Path) -> BundleCard | None:
    """Return the card that lies beside the weights in a folder; None if there is none.

    Raises:
        BundleError: it cannot be read.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"the model card {path} cannot be read ({error})") from error
    return _card(text, path)


def broken(path: Path, reason: object) -> str:
    """Return the sentence about a file that is no readable safetensors file."""
    return f"{path} is no readable safetensors file, perhaps cut short ({reason}); fetch it again"


def _digest(text: str) -> str:
    # A damaged header may hold halves of characters.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _card(text: str, path: Path) -> BundleCard:
    try:
        return BundleCard.model_validate(json.loads(text))
    except (ValidationError, *_NO_HEADER) as error:
        found = refusal(error, BundleCard) if isinstance(error, ValidationError) else str(error)
        reason = found.partition("\n")[0]
        raise BundleError(
            f"the model card of {path} cannot be read ({reason}); it may be of another version of"
            " Patherea: use that one, or train the model again"
        ) from error


def _header(path: Path) -> dict[str, Any]:
    """Return the header of a safetensors file: its tensors by name, and ``__metadata__``.

    The layout is eight bytes with the header's length, least byte first, the header as JSON, and then the
    tensors, each with its first and last place. It is read here since the library for it loads torch.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
            _refuse_others(path, start)
            length = struct.unpack("<Q", start[:8])[0] if len(start) == 9 else 0
            text = start[8:] + file.read(min(length, _LONGEST_HEADER) - 1) if length else b""
        size = path.stat().st_size
    except OSError as error:
        raise BundleError(f"the model {path} cannot be opened: {error.strerror}") from error
    try:
        header: dict[str, Any] = json.loads(text)
        ends = [int(of["data_offsets"][1]) for name, of in header.items() if name != _METADATA]
    except _NO_HEADER as error:
        raise BundleError(broken(path, "its header is damaged")) from error
    if 8 + length + max(ends, default=0) > size:
        raise BundleError(broken(path, f"{size:,} bytes are not all that its header names"))
    return header


def _refuse_others(path: Path, start: bytes) -> None:
    """Say what a file is that is known by its first nine bytes to be something else than a model."""
    # Eight bytes of length and a brace begin every safetensors file; the first byte of the length may
    # well be that of a pickle. The length of a text that begins with other characters is beyond all bounds.
    length = int.from_bytes(start[:8], "little")
    if start[8:] == b"{" and length <= _LONGEST_HEADER:
        return
    if start.startswith(b"PK\x03\x04") and _is_dataset(path):
        raise BundleError(
            f"{path} is a packed dataset and no model; train one from it, or name a .safetensors bundle"
            " written by Patherea"
        )
    if start.startswith((b"PK\x03\x04", b"\x80")):
        raise BundleError(
            f"{path} is a pickle or an archive (.pt, .pth, .ckpt), which can run code when opened;"
            " a model must be a .safetensors bundle written by Patherea"
        )
    for beginning, kind in _OTHERS.items():
        if start.lstrip().startswith(beginning):
            raise BundleError(
                f"{path} is {kind} and no model; name a .safetensors bundle written by Patherea"
            )


def _is_dataset(path: Path) -> bool:
    """Tell whether a zip file lists the description of a dataset; nothing in it is opened."""
    try:
        with zipfile.ZipFile(path) as packed:
            return _DATASET_FILE in packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return False
