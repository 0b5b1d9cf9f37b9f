"""The correction against a detector that errs as known, and where it is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.confusion import Confusion
from patherea_core.index.correction import corrected
from patherea_core.index.detector_errors import DetectorErrors, drawn_rates
from patherea_core.index.guidelines import WHO_NET, grading
from patherea_core.index.ki67 import Index, index_of
from patherea_core.index.kinds import Kind, Kinds, Tally
from patherea_core.seeding import Seed
from tests.core.index.scattered import counted

SEED = Seed(0)
#: Of 1,000 true cells of each kind; 30, 40 and 50 detections without a cell.
TOTAL = np.array([[850, 60, 20, 70], [20, 880, 30, 70], [40, 60, 700, 200], [30, 40, 50, 0]])


def index(positive: int, negative: int, others: int = 0) -> Index:
    return index_of("slide", [counted(positive, negative, others)], SEED)


def errors(total: np.ndarray, groups: int = 1) -> DetectorErrors:
    return DetectorErrors(np.repeat(total[np.newaxis], groups, axis=0))


def two_kinds(positive: tuple[int, int], negative: tuple[int, int]) -> DetectorErrors:
    total = np.zeros((4, 4), dtype=np.int64)
    total[0, :2], total[1, :2] = positive, negative
    return errors(total)


@settings(max_examples=30, deadline=None)
@given(
    true=st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(0, 40)),
    groups=st.sampled_from([1, 8]),
)
def test_what_a_detector_would_report_is_corrected_to_what_is_there(
    true: tuple[int, int, int], groups: int
) -> None:
    cells = np.array(true) * 3000
    rates = TOTAL[:3, :3] / 1000 + TOTAL[3, :3] / 3000
    found = Tally(*np.round(cells @ rates).astype(int).tolist())
    raw = index(100, 400)
    # Only the figures of the raw index matter, so that no hundred thousand cells need places.
    raw = Index(
        **{name: getattr(raw, name) for name in Index.__slots__ if name not in {"tally", "value"}},
        tally=found,
        value=found.share,
    )
    fixed = corrected(raw, errors(TOTAL, groups), SEED, draws=50)
    assert fixed.value == pytest.approx(true[0] / (true[0] + true[1]), abs=1e-4)
    assert fixed.tumour_cells == pytest.approx(cells[0] + cells[1], rel=1e-3)
    assert fixed.raw.value == found.share


@given(sensitive=st.integers(70, 100), specific=st.integers(70, 100), positive=st.integers(60, 140))
@settings(max_examples=30, deadline=None)
def test_without_missed_cells_it_is_rogan_and_gladens_estimator(
    sensitive: int, specific: int, positive: int
) -> None:
    seen = two_kinds((sensitive, 100 - sensitive), (100 - specific, specific))
    fixed = corrected(index(positive, 200 - positive), seen, SEED, draws=50)
    expected = (positive / 200 + specific / 100 - 1) / (sensitive / 100 + specific / 100 - 1)
    assert fixed.value == pytest.approx(min(max(expected, 0), 1))


def test_a_faultless_detector_needs_no_correction() -> None:
    raw = index(30, 170)
    fixed = corrected(raw, two_kinds((10**6, 0), (0, 10**6)), SEED)
    assert fixed.value == raw.value
    assert fixed.interval is not None
    assert raw.interval is not None
    assert fixed.interval.bounds == pytest.approx(raw.interval.bounds, abs=0.02)


def test_the_interval_is_wider_than_the_raw_one_and_narrower_with_more_labels() -> None:
    raw = index(300, 700)
    few, many = (
        corrected(raw, two_kinds((9 * n, 1 * n), (1 * n, 9 * n)), SEED).interval for n in (4, 4000)
    )
    assert few is not None
    assert many is not None
    assert raw.interval is not None
    widths = [each.high - each.low for each in (raw.interval, many, few)]
    assert widths == sorted(widths)
    assert widths[2] > 1.5 * widths[1]


def test_patients_on_whom_it_errs_differently_widen_the_interval() -> None:
    alike = errors(TOTAL, 10)
    groups = alike.groups.copy()
    groups[::2, 0, :2] += [[-150, 150]]
    groups[1::2, 0, :2] += [[150 - 60, -60]]
    raw = index(300, 700, 200)
    narrow, wide = (corrected(raw, each, SEED).interval for each in (alike, DetectorErrors(groups)))
    assert narrow is not None
    assert wide is not None
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_counting_alone_is_not_taken_for_patients_that_differ() -> None:
    random = np.random.default_rng(0)
    groups = np.zeros((400, 4, 4), dtype=np.int64)
    groups[:, 0] = random.multinomial(50, [0.9, 0.1, 0, 0], size=400)
    groups[:, 1] = random.multinomial(50, [0.1, 0.9, 0, 0], size=400)
    spread = drawn_rates(DetectorErrors(groups), SEED, 500)[:, 0, 0].std()
    # One patient's share alone would vary by sqrt(.9 · .1 / 50), which is 0.042.
    assert spread < 0.02


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (two_kinds((50, 50), (50, 50)), "tells positive from negative"),
        (two_kinds((10, 90), (90, 10)), "tells positive from negative"),
        (two_kinds((6, 4), (4, 6)), "tells positive from negative"),
        (two_kinds((0, 0), (5, 95)), "no positive tumour cell"),
        (two_kinds((5, 95), (0, 0)), "no negative tumour cell"),
    ],
    ids=["chance", "reversed", "too few labels", "no positive", "no negative"],
)
def test_labels_that_cannot_tell_refuse(seen: DetectorErrors, said: str) -> None:
    fixed = corrected(index(20, 80), seen, SEED)
    assert said in (fixed.refused_because or "")
    assert (fixed.value, fixed.interval, fixed.chance_below(0.5)) == (None, None, None)
    assert fixed.raw.value == 0.2


def test_a_value_outside_by_more_than_noise_is_refused() -> None:
    seen = two_kinds((9000, 1000), (2000, 8000))
    far = corrected(index(20, 980), seen, SEED)
    assert "which no noise explains" in (far.refused_because or "")
    near = corrected(index(190, 810), seen, SEED)
    assert near.value == 0
    assert near.at_the_end
    assert near.interval is not None
    assert near.interval.low == 0


def test_cells_that_are_not_counted_need_labels_only_where_they_are_reported() -> None:
    seen = two_kinds((90, 10), (10, 90))
    assert corrected(index(40, 60), seen, SEED).refused_because is None
    assert "7 cells were reported" in (
        corrected(index(40, 60, 7), seen, SEED).refused_because or ""
    )


def test_an_undefined_index_stays_undefined() -> None:
    fixed = corrected(index(0, 0, 3), errors(TOTAL), SEED)
    assert fixed.value is None
    assert fixed.refused_because == fixed.raw.undefined_because


def test_classes_are_joined_into_kinds_and_lose_no_cell() -> None:
    kinds = Kinds((Kind.NEGATIVE, Kind.POSITIVE, Kind.NOT_COUNTED, Kind.POSITIVE))
    matrix = np.arange(25).reshape(5, 5)
    total = DetectorErrors.of([Confusion(matrix), Confusion(matrix)], kinds).total
    assert total.sum() == 2 * matrix.sum()
    assert total[Kind.POSITIVE, Kind.NEGATIVE] == 2 * (matrix[1, 0] + matrix[3, 0])
    assert total[-1, Kind.POSITIVE] == 2 * (matrix[4, 1] + matrix[4, 3])
    assert total[Kind.NOT_COUNTED, -1] == 2 * matrix[2, 4]


def test_confusions_of_other_classes_are_refused() -> None:
    with pytest.raises(ShapeError, match="2 classes"):
        DetectorErrors.of([Confusion.none(3)], Kinds((Kind.POSITIVE, Kind.NEGATIVE)))
    with pytest.raises(ShapeError, match="groups must be"):
        DetectorErrors.of([], Kinds((Kind.POSITIVE, Kind.NEGATIVE)))


def test_grades_of_the_corrected_index_sum_to_one() -> None:
    fixed = corrected(index(40, 160, 20), errors(TOTAL), SEED)
    grades = grading(fixed, WHO_NET)
    assert grades is not None
    assert sum(chance.probability for chance in grades.chances) == pytest.approx(1)


def test_a_correction_needs_a_draw() -> None:
    with pytest.raises(InputError):
        corrected(index(1, 1), errors(TOTAL), SEED, draws=0)
