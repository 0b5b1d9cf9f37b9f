"""As many tiles at once as the memory of a device takes."""

import pytest
import torch

from patherea_core.workflow.detection.batch_size import batch_that_fits
from tests.core.workflow.detection.local_runtime import LocalRuntime


@pytest.mark.parametrize(("most", "expected"), [(100, 8), (8, 8), (7, 4), (3, 2), (1, 1)])
def test_a_gpu_takes_what_fits_and_a_processor_one(most: int, expected: int) -> None:
    runtime = LocalRuntime(most)
    assert batch_that_fits(runtime, torch.device("cuda"), 64) == expected
    assert batch_that_fits(runtime, torch.device("cpu"), 64) == 1
