"""List the foundation models that a training can start from: size, terms, colours, and where to get them."""

from patherea_core.model.foundation.published import Foundation
from patherea_core.model.foundation.registry import FOUNDATIONS

_HEADER = ("name", "parameters", "mpp", "mean", "deviation", "licence", "get it from")


def run() -> tuple[Foundation, ...]:
    """Return all of them."""
    return tuple(FOUNDATIONS.values())


def to_dict(foundation: Foundation) -> dict[str, object]:
    """Return what is known of one, ready for JSON."""
    return {
        "name": foundation.name,
        "title": foundation.title,
        "parameters": foundation.parameters,
        "architecture": foundation.architecture,
        "options": dict(foundation.options),
        "layout": foundation.layout,
        "mean": list(foundation.mean),
        "std": list(foundation.std),
        "mpp": list(foundation.mpp),
        "licence": foundation.terms.name,
        "licence_address": foundation.terms.address,
        "must_be_accepted": foundation.terms.must_be_accepted,
        "gated": foundation.gated,
        "page": foundation.page,
        "download": foundation.download,
        "sha256": foundation.sha256,
        "citation": foundation.citation,
        "sources": list(foundation.sources),
        "unchecked": foundation.unchecked,
    }


def table(foundations: tuple[Foundation, ...]) -> str:
    """Return them as lines for people."""
    rows = [_HEADER, *map(_row, foundations)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines += [
        "",
        "* must be accepted by name: patherea train … --foundation NAME --accept-licence NAME",
        "† is given only to those who asked for it there",
    ]
    lines += [
        f"{one.name}: read at second hand: {one.unchecked}" for one in foundations if one.unchecked
    ]
    return "\n".join(lines) + "\n"


def _row(one: Foundation) -> tuple[str, ...]:
    return (
        one.name,
        f"{one.parameters / 1e6:,.0f} M",
        " ".join(f"{mpp:g}" for mpp in one.mpp) or "–",
        " ".join(f"{value:.3f}" for value in one.mean),
        " ".join(f"{value:.3f}" for value in one.std),
        one.terms.name + "*" * one.terms.must_be_accepted,
        one.page + " †" * one.gated,
    )
