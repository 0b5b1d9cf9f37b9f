"""The benchmark against HistomicsTK: how it is tuned, called and counted. None of this needs HistomicsTK."""

import sys
from pathlib import Path

import numpy as np
import pytest

from patherea_core.data.sample import Sample
from patherea_core.errors import InputError
from patherea_core.geometry import Floats, Pixels
from tests.builders import noise, points, sample, write_dataset
from training.benchmarks import histomicstk_tuning, histomicstk_worker
from training.benchmarks.histomicstk_comparison import (
    Timed,
    chosen,
    counted,
    f1_of,
    table,
    take_turns,
)
from training.benchmarks.histomicstk_tuning import (
    DEFAULT,
    Nuclei,
    Scores,
    Settings,
    Worker,
    magnified,
    tuned,
)

#: A worker that finds one nucleus, at the threshold and the width of the image it is given.
WORKER = """
import json, sys, numpy
for line in sys.stdin:
    asked = json.loads(line)
    width = numpy.load(asked["image"]).shape[1]
    threshold = asked["settings"]["foreground_threshold"]
    if threshold < 0:
        sys.exit("broken")
    open(asked["out"], "w").write(f"x,y\\n{threshold},{width}\\n" if threshold else "x,y\\n")
    print(json.dumps({"seconds": 0.25}), flush=True)
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    (tmp_path / "worker.py").write_text(WORKER)
    monkeypatch.setattr(histomicstk_worker, "__file__", str(tmp_path / "worker.py"))
    return Worker(Path(sys.executable), tmp_path)


def with_threshold(threshold: float) -> Settings:
    return {**DEFAULT, "foreground_threshold": threshold}


def with_points(*xy: tuple[float, float], name: str = "s1") -> Sample:
    return sample(points(*((x, y, 0) for x, y in xy)), name=name, size=(60, 50))


def test_images_and_positions_go_to_and_fro(worker: Worker) -> None:
    with worker:
        found = worker.detect(noise(60, 50), with_threshold(7))
        none = worker.detect(noise(60, 50), with_threshold(0))
    np.testing.assert_array_equal(found.xy, [[7, 60]])
    assert found.seconds == 0.25
    assert none.xy.shape == (0, 2)


def test_a_worker_that_ends_is_told(worker: Worker) -> None:
    with worker, pytest.raises(InputError, match="whether it has histomicstk"):
        worker.detect(noise(60, 50), with_threshold(-1))


def test_lengths_grow_with_the_image() -> None:
    twice = magnified({**DEFAULT, "enlarged": 2, "min_radius": 3, "min_nucleus_area": 20})
    assert (twice["min_radius"], twice["min_nucleus_area"]) == (6, 80)
    assert twice["foreground_threshold"] == DEFAULT["foreground_threshold"]
    assert twice["normalise"] is True
    assert magnified(DEFAULT) == DEFAULT


def test_tuning_finds_the_best_of_parameters_that_depend_on_each_other() -> None:
    groups = ({"foreground_threshold": (40, 60, 80), "min_radius": (2, 4, 6)},)

    def score(settings: Settings) -> float:
        threshold, radius = settings["foreground_threshold"], settings["min_radius"]
        return -abs(threshold - 20 * radius) - abs(radius - 2)

    scores = Scores(score, None, "a test")
    best = tuned(scores, groups, rounds=5)
    assert (best["foreground_threshold"], best["min_radius"]) == (40, 2)
    assert len(scores) == 9
    assert scores.best == best
    assert all(best[name] == DEFAULT[name] for name in ("max_radius", "min_nucleus_area"))


def test_scores_are_kept_for_the_next_run(tmp_path: Path) -> None:
    def once(settings: Settings) -> float:
        return float(settings["min_radius"])

    def never(settings: Settings) -> float:
        raise AssertionError(settings)

    assert Scores(once, tmp_path / "scores", "a")(DEFAULT) == 6
    assert Scores(never, tmp_path / "scores", "a")(DEFAULT) == 6
    with pytest.raises(AssertionError):
        Scores(never, tmp_path / "scores", "other images")(DEFAULT)


def test_tuning_is_never_worse_than_the_defaults() -> None:
    best = tuned(lambda settings: float(settings == DEFAULT))
    assert best == DEFAULT
    assert all(name in DEFAULT for group in histomicstk_tuning.GROUPS for name in group)


def test_cells_count_whatever_their_class_and_by_patient() -> None:
    labelled = sample(points((10.0, 10.0, 0), (30.0, 30.0, 1)), size=(60, 50))
    (counts,) = counted([labelled], [np.array([[13.0, 10.0], [30.0, 36.0], [50.0, 10.0]])])
    assert counts.any_class.true_positives == 2
    assert counts.any_class.false_positives == 1
    assert len(counted([labelled] * 2, [np.empty((0, 2))] * 2)) == 1


def test_the_score_to_tune_is_that_of_all_images_together(worker: Worker) -> None:
    images = [with_points((7.0, 49.0)), with_points((40.0, 10.0), (20.0, 20.0), name="s2")]
    with worker:
        assert f1_of(images, worker, with_threshold(0)) == 0
        tall = [sample(points((7.0, 60.0, 0)), name="s3", size=(60, 70)), images[1]]
        assert f1_of(tall, worker, with_threshold(7)) == 0.5


def test_images_to_tune_on_are_of_other_patients(tmp_path: Path) -> None:
    samples = [sample(name=f"s{row}", fold=row % 3) for row in range(9)]
    manifest = write_dataset(tmp_path / "data", samples, folds=3)
    names = ("0", "2")
    some = chosen(tmp_path / "data", manifest, names, 2)
    assert len(some) == 2
    assert {one.record.fold for one in some} == {0}
    again = chosen(tmp_path / "data", manifest, names, 2)
    assert [one.record.id for one in some] == [one.record.id for one in again]


def test_each_way_sees_each_image_in_turn_and_its_median_counts() -> None:
    order: list[str] = []
    seconds = iter([9.0, 9.0, 1.0, 0.5, 3.0, 0.5, 2.0, 0.5])

    def way(name: str) -> Timed:
        def detect(pixels: Pixels) -> Nuclei:
            order.append(name)
            assert pixels.shape == (50, 60, 3)
            xy: Floats = np.array([[10.0, 10.0]]) if name == "a" else np.empty((0, 2))
            return Nuclei(xy, next(seconds))

        return Timed(name, detect)

    ways, labelled = [way("a"), way("b")], [with_points((10.0, 12.0))]
    take_turns(ways, labelled, rounds=3)
    assert order == ["a", "b"] * 4
    assert ways[0].seconds == [[1.0, 3.0, 2.0]]
    area = 60 * 50 * (0.5 / 1000) ** 2
    assert ways[0].per_mm2(labelled) == pytest.approx(2.0 / area)
    lines = table(ways, labelled).splitlines()
    assert lines[2].startswith("| a | 1.000 |")
    assert lines[3].startswith("| b | 0.000 |")
