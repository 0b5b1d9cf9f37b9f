"""A model's card for people: a line for the log, a few lines for a terminal, a page to pass on with it."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Literal, TypeAlias

import jinja2

from patherea_core.bundle_card import BundleCard
from patherea_core.data.finding import counted

_Values: TypeAlias = dict[str, object]

#: An ampersand that begins what Markdown and HTML take for one sign, say ``&lt;``.
_ENTITY = re.compile(r"&(?=#?\w+;)")


def key_facts(card: BundleCard) -> str:
    """Return what a person should know of the model that is at work, in one line."""
    known = [word for word in (card.stain, card.tissue) if word]
    score = f"mean F1 {_score(card.mean_f1)}{_interval(card, card.mean_f1_name, ' ({})')}"
    return "; ".join(
        [
            *([", ".join(known)] if known else []),
            f"classes {', '.join(card.taxonomy.names)}",
            f"{card.mpp:g} µm a pixel",
            f"threshold {card.score_threshold:g}",
            f"{score} on {card.mean_f1_name.partition('_')[0]} images",
        ]
    )


def card_words(card: BundleCard) -> str:
    """Return the card as lines for a terminal: what, and what it is."""
    rows = [*_facts(card), *((f"F1: {row['what']}", row["text"]) for row in _scores(card))]
    rows += [
        ("F1: accepted", f"within {card.recipe.radius_um:g} µm of the point"),
        ("measured on", card.measured_on or "its validation fold"),
        *_data(card),
        ("licence", card.licence or "not said"),
        *(("notice", notice) for notice in card.notices),
        *(("limitation", text) for text in _limitations(card)),
        *(("made by", line) for line in _command(card).splitlines()),
    ]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name.ljust(width)}  {text}\n" for name, text in rows)


def card_page(card: BundleCard, form: Literal["markdown", "html"]) -> str:
    """Return the card as a page that needs nothing else."""
    name, escaped = ("model_card.html", True) if form == "html" else ("model_card.md", False)
    environment = jinja2.Environment(
        autoescape=escaped,  # noqa: S701  Markdown is no HTML; its own signs are taken care of
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = _plain
    template = resources.files("plugin.outputs").joinpath(name).read_text(encoding="utf-8")
    return environment.from_string(template).render(
        title=card.name or "Cell detector",
        model=card.name or "FILE",
        use=card.intended_use
        or "Finds and classifies cells on slides; its makers did not say more.",
        facts=_facts(card),
        classes=card.classes,
        scores=list(_scores(card)),
        measured_on=card.measured_on or "the validation fold, which also chose the best state",
        radius=f"{card.recipe.radius_um:g} µm",
        data=_data(card),
        annotations=list(_annotations(card)),
        licence=card.licence or "not said",
        initial=card.initial_weights,
        left_out=card.backbone_sha256,
        notices=card.notices,
        limitations=_limitations(card),
        recipe=json.dumps(card.recipe.model_dump(mode="json", exclude_defaults=True), indent=1),
        command=_command(card),
    )


def _facts(card: BundleCard) -> list[tuple[str, str]]:
    backbone, kind = card.recipe.network.backbone, f"Patherea-{card.recipe.network.model.upper()}"
    return [
        ("name", card.name or "not said"),
        ("for", card.intended_use or "not said"),
        ("stain", card.stain or "not said"),
        ("tissue", card.tissue or "not said"),
        ("classes", ", ".join(card.taxonomy.names)),
        ("pixel size", f"{card.mpp:g} µm"),
        ("threshold", f"{card.score_threshold:g}"),
        ("network", f"{kind} on {backbone}, {card.parameters:,} parameters in the file"),
        ("backbone from", _beginning(card)),
        *(("base model", text) for text in _base_models(card)),
        ("weights", f"sha256 {card.weights_sha256}"),
    ]


def _beginning(card: BundleCard) -> str:
    initial = card.initial_weights
    if initial is None:
        return "random numbers" if card.recipe.training.initialisation == "scratch" else "not said"
    return f"{initial.origin} (licence: {initial.licence}; sha256 {initial.sha256})"


def _base_models(card: BundleCard) -> Iterator[str]:
    """Yield from which model the training started, and that from which, in words."""
    base = card.base_model
    while base is not None:
        yield (
            f"{base.name} (licence: {base.licence or 'not said'}; weights sha256 {base.weights_sha256};"
            f" trained on {base.trained_on or 'what it does not say'}, dataset sha256"
            f" {base.dataset_sha256 or 'not said'})"
        )
        base = base.base_model


def _scores(card: BundleCard) -> Iterator[dict[str, str]]:
    """Yield each F1 with the part of the data, what it is of, and what else is known there, in words."""
    for name, value in card.metrics.items():
        stem = name.removesuffix("_f1")
        if stem == name:
            continue
        part, _, what = stem.partition("_")
        precision, recall, cells = (
            card.metrics.get(f"{stem}_{figure}") for figure in ("precision", "recall", "cells")
        )
        row = {
            "part": part,
            "what": {"mean": "mean over the classes", "any_class": "any class"}.get(what, what),
            "score": _score(value),
            "interval": _interval(card, name, "{}") or "–",
            "precision": _score(precision),
            "recall": _score(recall),
            "cells": "–" if cells is None else f"{cells:,.0f}",
        }
        more = "" if cells is None else ", precision {precision}, recall {recall}, {cells} cells"
        text = _score(value) + _interval(card, name, " (95 %: {})") + more.format(**row)
        yield row | {"text": f"{text} [{part}]"}


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(card: BundleCard, name: str, form: str) -> str:
    bounds = card.intervals.get(name)
    return "" if bounds is None else form.format(f"{bounds[0]:.3f} … {bounds[1]:.3f}")


def _data(card: BundleCard) -> list[tuple[str, str]]:
    """Return where the training data comes from, as far as the card says it."""
    provenance = card.provenance
    lineage: Mapping[str, Any] = provenance.get("dataset_lineage") or {}
    slides: list[Mapping[str, Any]] = provenance.get("slides") or []
    patients = len({slide.get("patient") for slide in slides})
    told = (
        f"{counted(len(slides), 'slide', 'slides')} of {counted(patients, 'patient', 'patients')}"
    )
    return [
        *((f"data: {name}", str(value)) for name, value in lineage.items()),
        ("data: slides", told),
        *([("data: trained on", provenance["trained_on"])] if "trained_on" in provenance else []),
        ("data: sha256", str(provenance.get("dataset_sha256", "not said"))),
        ("program", str(provenance.get("program", "not said"))),
        ("date", str(provenance.get("created", "not said"))),
    ]


def _annotations(card: BundleCard) -> Iterator[_Values]:
    for slide in card.provenance.get("slides") or []:
        for annotation in slide.get("annotations", ()):
            yield {"slide": slide.get("name"), **annotation}


def _limitations(card: BundleCard) -> list[str]:
    known = " of ".join(word for word in (card.stain, card.tissue) if word) or "its training data"
    texts = [
        "Research use only: it is no medical device, and nothing in it has been validated for diagnosis.",
        f"It knows {known} as its training data shows it. Other stains, tissues, species, scanners and"
        " laboratories were not tried.",
        f"It sees pixels of {card.mpp:g} µm. Slides with other pixels are resampled; coarser ones lack"
        " detail that it was trained on.",
        f"Whatever it finds, it calls {' or '.join(card.taxonomy.names)}; it has no class for other cells.",
    ]
    if not any(name.startswith("test_") for name in card.metrics):
        texts.append("The scores are of images that chose the best state, and so flatter it.")
    if "stopped" in card.provenance:
        texts.append(f"Its training was stopped {card.provenance['stopped']}.")
    return [*texts, *card.limitations]


def _command(card: BundleCard) -> str:
    """Return the lines that train the model again, as far as the card says them."""
    provenance = card.provenance
    if "command" in provenance or "experiment" not in provenance:
        lines = (provenance.get("preparation"), provenance.get("command", "not said"))
        return "\n".join(str(line) for line in lines if line)
    words = f"python -m training run {provenance['experiment']} --data DIR --out RUN"
    words += f" --seed {card.seed} --epochs {card.recipe.training.epochs}"
    return words if card.initial_weights is None else f"{words} --weights FILE"


def _plain(value: object) -> str:
    """Return a value on one line, without signs that Markdown or HTML would take for their own."""
    text = _ENTITY.sub("&amp;", " ".join(str(value).split()))
    for sign, instead in (("<", "&lt;"), ("|", "\\|"), ("`", "'")):
        text = text.replace(sign, instead)
    return text
