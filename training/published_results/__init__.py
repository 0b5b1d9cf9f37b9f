"""Rows of published tables, as printed, each with its source and the protocol it was measured by."""

from training.published_results.bcdata import BCDATA
from training.published_results.benchmark import Benchmark, PublishedRow
from training.published_results.brca_m2c import BRCA_M2C
from training.published_results.lizard import LIZARD
from training.published_results.patherea import BREAST_P1, BREAST_P2, GNET, LNET

__all__ = ["BENCHMARKS", "Benchmark", "PublishedRow"]

#: By the name of the dataset.
BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (LIZARD, BRCA_M2C, BCDATA, LNET, GNET, BREAST_P1, BREAST_P2)
}
