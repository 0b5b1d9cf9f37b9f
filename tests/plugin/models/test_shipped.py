"""The models that come with the program: whole, small, and clear about where they come from."""

from patherea_core.bundle_file import read_card
from patherea_core.workflow.verify import verify_bundle
from plugin.models.finding import DEFAULT_MODEL, SHIPPED, known_models

#: What a repository and a wheel can carry.
MOST_BYTES = 25_000_000

SHIPPED_FILES = sorted(SHIPPED.glob("*.safetensors"))


def test_the_default_model_ships() -> None:
    assert DEFAULT_MODEL in [known.name for known in known_models() if known.shipped]


def test_every_shipped_model_is_whole_and_its_card_complete() -> None:
    for path in SHIPPED_FILES:
        assert path.stat().st_size < MOST_BYTES, path
        assert [check for check in verify_bundle(path) if check.problem] == [], path
        card = read_card(path)
        assert card.name == path.stem
        assert card.backbone_sha256 is None, f"{path} is of no use without other weights"
        assert card.notices, path


def test_every_shipped_model_has_its_notice() -> None:
    notice = (SHIPPED / "NOTICE").read_text(encoding="utf-8")
    for path in SHIPPED_FILES:
        assert f"\n{path.stem}\n" in notice


def test_the_terms_of_the_data_stand_in_the_notice_as_they_were_given() -> None:
    notice = " ".join((SHIPPED / "NOTICE").read_text(encoding="utf-8").split())
    assert "Copyright (c) 2022, TopoXLab All rights reserved." in notice
    assert "Redistributions in binary form must reproduce the above copyright notice" in notice
    assert "Apache License, Version 2.0" in notice
    assert "Multi-Class Cell Detection Using Spatial Context Representation" in notice
