"""Tensors and steps of a TensorFlow Lite file, by its published schema.

https://github.com/tensorflow/tensorflow/blob/v2.18.0/tensorflow/compiler/mlir/lite/schema/schema.fbs
names the fields; their order there is their number here. A reader of our own of this size spares a
dependency that only this one file would need.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from patherea_core.errors import InputError
from training.converters.flatbuffer import Table, root

#: numpy's names of TensorFlow Lite's kinds of numbers that a quantised network uses.
_KINDS = {0: np.float32, 2: np.int32, 3: np.uint8, 9: np.int8}


@dataclass(frozen=True, slots=True, eq=False)
class QuantisedTensor:
    """One tensor of the file; its real values are (stored − zero) · scale.

    Attributes:
        stored: the numbers as they stand in the file; None for what the network computes.
        scale: (1,), or one for each entry of ``axis``; empty if the tensor is not quantised.
        zero: the stored number that means zero, as ``scale``.
        axis: the axis along which the scales differ.
    """

    stored: npt.NDArray[np.generic] | None
    scale: npt.NDArray[np.float32]
    zero: npt.NDArray[np.int64]
    axis: int

    def values(self) -> npt.NDArray[np.float32]:
        """Return the real numbers.

        Raises:
            InputError: the tensor is computed, not stored.
        """
        if self.stored is None:
            raise InputError("a weight of the network is not in the file; name another")
        if not len(self.scale):
            return self.stored.astype(np.float32)
        along = [1] * self.stored.ndim
        along[self.axis] = -1
        zero = self.zero.reshape(along) if len(self.zero) else 0
        return ((self.stored.astype(np.int64) - zero) * self.scale.reshape(along)).astype(
            np.float32
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the network, in the order of execution.

    Attributes:
        operator: its number in the schema's ``BuiltinOperator``.
        inputs: rows of the tensors that it reads.
        outputs: rows of the tensors that it makes.
        options: its settings; None if it has none.
    """

    operator: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None


@dataclass(frozen=True, slots=True, eq=False)
class QuantisedNetwork:
    """The first graph of a file."""

    tensors: tuple[QuantisedTensor, ...]
    steps: tuple[Step, ...]


def read_network(source: Path) -> QuantisedNetwork:
    """Return tensors and steps of a TensorFlow Lite file.

    Raises:
        InputError: the file cannot be read, or is no such file.
    """
    try:
        model = root(source.read_bytes(), b"TFL3")
    except OSError as error:
        raise InputError(
            f"{source} cannot be read ({error.strerror}); name a tflite file"
        ) from error
    graph, buffers, codes = model.tables(2)[0], model.tables(4), model.tables(1)
    return QuantisedNetwork(
        tensors=tuple(_tensor(table, buffers) for table in graph.tables(0)),
        steps=tuple(_step(table, codes) for table in graph.tables(3)),
    )


def _tensor(table: Table, buffers: list[Table]) -> QuantisedTensor:
    kind, shape = table.number(1, "b"), table.numbers(0, "<i4")
    data = buffers[table.number(2, "I")].numbers(0, np.uint8)
    stored = None
    if len(data):
        if kind not in _KINDS:
            raise InputError(f"the file holds numbers of the unknown kind {kind}; name another")
        stored = data.view(_KINDS[kind]).reshape([int(side) for side in shape])
    quantisation = table.table(4)
    return QuantisedTensor(
        stored=stored,
        scale=quantisation.numbers(2, "<f4").astype(np.float32),
        zero=quantisation.numbers(3, "<i8").astype(np.int64),
        axis=quantisation.number(6, "i"),
    )


def _step(table: Table, codes: list[Table]) -> Step:
    code = codes[table.number(0, "I")]
    # Numbers above 127 stand in a newer field; the older one holds the small ones alone.
    operator = max(code.number(0, "b"), code.number(3, "i"))
    return Step(
        operator=operator,
        inputs=tuple(int(row) for row in table.numbers(1, "<i4")),
        outputs=tuple(int(row) for row in table.numbers(2, "<i4")),
        options=table.table(4) if table.number(3, "B") else None,
    )
