"""Proximity is what its formula says, and says how far a cell is."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.proximity import Proximity

RADII = st.floats(0.5, 64)
DECAYS = st.floats(0.05, 8)


@given(RADII, DECAYS, st.floats(0, 100))
def test_it_is_the_published_formula(radius: float, decay: float, distance: float) -> None:
    formula = (math.exp(decay * (1 - distance / radius)) - 1) / (math.exp(decay) - 1)
    expected = formula if distance <= radius else 0.0
    found = Proximity(radius, decay).of(torch.tensor(distance, dtype=torch.float64)).item()
    assert found == pytest.approx(expected, abs=1e-9)


@given(RADII, DECAYS, st.floats(0, 1))
def test_within_the_radius_it_says_the_distance(radius: float, decay: float, part: float) -> None:
    proximity = Proximity(radius, decay)
    distance = torch.tensor(part * radius, dtype=torch.float64)
    assert proximity.distance(proximity.of(distance)).item() == pytest.approx(
        part * radius, abs=1e-6 * radius
    )


@pytest.mark.parametrize(
    ("radius", "decay"), [(0, 3), (8, 0), (-1, 3), (math.inf, 3), (8, math.nan)]
)
def test_what_never_falls_is_refused(radius: float, decay: float) -> None:
    with pytest.raises(InputError, match=r"positive radius and decay.*correct network\.proximity"):
        Proximity(radius, decay)
