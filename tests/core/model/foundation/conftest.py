"""Foundation models of two narrow blocks in place of the published ones."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from patherea_core.model.foundation import registry
from patherea_core.model.foundation.published import Foundation, Option
from patherea_core.model.foundation.registry import FOUNDATIONS
from tests.core.model.foundation.published import FORMS


def small(foundation: Foundation) -> Foundation:
    form = FORMS[foundation.name].small
    options: dict[str, Option] = {
        "embed_dim": form.width,
        "depth": form.blocks,
        "num_heads": form.heads,
        "img_size": form.side * form.patch,
    }
    return replace(foundation, options=dict(foundation.options) | options, sha256=None)


@pytest.fixture
def small_foundations(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = {name: small(foundation) for name, foundation in FOUNDATIONS.items()}
    monkeypatch.setattr(registry, "FOUNDATIONS", MappingProxyType(narrow))
