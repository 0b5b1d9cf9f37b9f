"""The JSON of an evaluation has the keys that others rely on, and every figure of the evaluation."""

import json

from patherea_core.evaluation.figures import evaluation_figures
from tests.core.evaluation.test_report import evaluated, two_fields


def figures() -> dict[str, object]:
    found: dict[str, object] = evaluation_figures(evaluated(two_fields()))
    return found


def test_an_evaluation_goes_through_json_unchanged() -> None:
    assert json.loads(json.dumps(figures(), allow_nan=False)) == figures()


def test_the_json_has_the_agreed_keys() -> None:
    found = json.loads(json.dumps(figures()))
    assert {
        "classes",
        "mean_f1",
        "detection",
        "chance",
        "flawed",
        "radius_px",
        "images",
        "unit",
    } <= set(found)
    assert list(found["classes"]) == ["positive", "negative", "other"]
    for line in (*found["classes"].values(), found["detection"], found["micro"]):
        assert {"tp", "fp", "fn", "precision", "recall", "f1", "f1_interval"} <= set(line)
    assert set(found["flawed"]) == {"distance_hungarian", "one_to_many"}
    assert found["flawed"]["one_to_many"]["warning"].startswith("wrong")


def test_the_json_has_the_figures_of_the_evaluation() -> None:
    found = json.loads(json.dumps(figures()))
    assert found["classes"]["other"]["f1"] is None
    assert found["absent_classes"] == ["other"]
    assert found["detection"]["tp"] == 3
    assert found["micro"]["tp"] == 3
    low, high = found["detection"]["f1_interval"]
    assert low <= found["detection"]["f1"] <= high
    assert found["intervals"]["grouped_by"] == "images"
    assert found["images"] == 2
    assert found["radius_px"] == 6
    assert found["confusion"]["cells"][0][0] == 1
    assert found["confusion"]["accuracy"] == 1


def test_a_radius_in_another_unit_is_not_called_pixels() -> None:
    found = evaluation_figures(evaluated(two_fields(), unit="µm"))
    assert found["radius_px"] is None
    assert (found["radius"], found["unit"]) == (6, "µm")
