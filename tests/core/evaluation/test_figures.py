"""The JSON of an evaluation has the keys that others rely on, and every figure of the evaluation."""

import json
from dataclasses import replace

import numpy as np

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.figures import evaluation_figures
from tests.builders import detections, points
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


def test_flawed_figures_tell_the_true_numbers_of_cells_and_what_they_count() -> None:
    field = Field(
        "one", detections((5, 5, 0), (6, 5, 0), (7, 5, 0)), points((5, 6, 0), (90, 90, 0))
    )
    found = json.loads(json.dumps(evaluation_figures(evaluated([field]))))
    for protocol, hits in (("one_to_many", 3), ("distance_hungarian", 1)):
        wrong = found["flawed"][protocol]
        assert "fn: points" in wrong["definition"]
        for line in (wrong["classes"]["positive"], wrong["detection"]):
            assert (line["points"], line["detections"], line["tp"]) == (2, 3, hits)
    assert "is not the number of points" in found["flawed"]["one_to_many"]["definition"]


def test_the_json_tells_how_many_images_lack_a_patient_and_how_many_draws_make_the_mean() -> None:
    first, second = two_fields()
    found = evaluation_figures(evaluated([replace(first, patient="p"), second]))
    intervals = found["intervals"]
    assert isinstance(intervals, dict)
    assert (intervals["grouped_by"], intervals["images_without_patient"]) == ("images", 1)
    # The first class is in the first region only.
    assert 0 < intervals["draws_of_mean"] < intervals["draws"]


def test_the_json_tells_the_confusion_of_each_patient_if_all_are_known() -> None:
    first, second = two_fields()
    for name, patients in (("q", ["p", "q"]), ("p", ["p"])):
        fields = [replace(first, patient="p"), replace(second, patient=name)]
        confusion = json.loads(json.dumps(evaluation_figures(evaluated(fields))))["confusion"]
        assert [one["patient"] for one in confusion["patients"]] == patients
        total = np.sum([one["cells"] for one in confusion["patients"]], axis=0)
        assert total.tolist() == confusion["cells"]
    assert json.loads(json.dumps(figures()))["confusion"]["patients"] == []


def test_a_radius_in_another_unit_is_not_called_pixels() -> None:
    found = evaluation_figures(evaluated(two_fields(), unit="µm"))
    assert found["radius_px"] is None
    assert (found["radius"], found["unit"]) == (6, "µm")
