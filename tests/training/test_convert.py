"""``python -m training convert``: from a published file to one that a training starts from."""

from pathlib import Path

import numpy as np
import pytest

from patherea_core.model.weight_files import read_weight_file
from tests.training.converters.test_resnet18 import random_arrays
from training.__main__ import main


def words(source: Path, out: Path, name: str = "ResNet-18") -> list[str]:
    return ["convert", name, "--source", str(source), "--out", str(out)]


def test_a_file_is_converted_and_its_terms_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "weights.npz", tmp_path / "resnet18.safetensors"
    np.savez(source, **dict(random_arrays()))  # type: ignore[arg-type]  # arrays by name
    assert main(words(source, out)) == 0
    said = capsys.readouterr().out
    assert "settings: backbone = 'resnet18', frozen_norm = True" in said
    assert "licence: unknown" in said
    file = read_weight_file(out)
    assert file.card is not None
    assert file.card.absent == ("layer4", "fc")
    assert file.content["conv1.weight"].shape == (64, 3, 7, 7)


@pytest.mark.parametrize(
    ("name", "out", "said"),
    [
        ("resnet18", "weights.pth", "must end in .safetensors"),
        ("resnet18", "nowhere/weights.safetensors", "cannot be written"),
        (
            "alexnet",
            "weights.safetensors",
            "choose from densenet169, hibou-b, mobilenetv2, resnet18",
        ),
        ("resnet18", "weights.safetensors", "no npz file of numbers"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, out: str, said: str
) -> None:
    assert main(words(tmp_path / "absent.npz", tmp_path / out, name)) == 2
    assert said in caplog.text
    assert list(tmp_path.iterdir()) == []
