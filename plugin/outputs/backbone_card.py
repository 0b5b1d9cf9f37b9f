"""The card of weights of a backbone, in words for a terminal."""

from typing import Any

from patherea_core.model.pretraining_card import PretrainingCard
from patherea_core.model.weight_files import BackboneCard


def backbone_words(card: BackboneCard) -> str:
    """Return the card as lines: what, and what it is."""
    rows = [
        ("what", "weights of a backbone; train a detector from them with --backbone-weights"),
        ("architecture", card.architecture),
    ]
    if card.backbone_options:
        rows.append(("options", _listed(card.backbone_options)))
    if card.absent:
        rows.append(("lacks", ", ".join(card.absent)))
    if card.folded_norm:
        rows.append(("normalisation", "folded into the convolutions: its statistics stay"))
    if card.pretraining is not None:
        rows += _learnt(card.pretraining)
    rows += [("licence", card.licence), ("origin", card.origin)]
    if card.pretraining is not None:
        command = card.pretraining.provenance.get("command")
        rows.append(("made by", str(command or "not said")))
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name.ljust(width)}  {text}\n" for name, text in rows)


def _learnt(card: PretrainingCard) -> list[tuple[str, str]]:
    """Return how the weights were learnt."""
    return [
        ("method", card.method),
        ("pixel size", f"{card.mpp:g} µm"),
        ("tiles", card.tiles),
        ("epochs", str(card.epochs)),
        ("held out", card.held_out),
        ("held-out loss", f"{card.held_out_loss:.4g}"),
        ("seed", str(card.seed)),
    ]


def _listed(options: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items())
