"""Slow, literal networks in numpy and scipy, and a writer of small FlatBuffers files."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.signal import correlate

from training.converters.tflite import QuantisedNetwork, Step

Numbers = npt.NDArray[np.float64]

ADD, AVERAGE, CONVOLUTION, DEPTHWISE, RESHAPE, SOFTMAX, MEAN, QUANTISE = 0, 1, 3, 4, 22, 25, 40, 114


def run_network(network: QuantisedNetwork, image: Numbers) -> list[Numbers]:
    """Return the real-valued result of every step on an (H, W, 3) image, up to the classifier's logits."""
    values: dict[int, Numbers] = {}
    results = []
    for step in network.steps:
        if step.operator == QUANTISE:
            result = values.get(step.inputs[0], image)
        elif step.operator == SOFTMAX:
            break
        else:
            result = _run(step, network, values)
        values[step.outputs[0]] = result
        results.append(result)
    return results


def _run(step: Step, network: QuantisedNetwork, values: Mapping[int, Numbers]) -> Numbers:
    given = values[step.inputs[0]]
    if step.operator == ADD:
        return given + values[step.inputs[1]]
    if step.operator == MEAN:
        return np.asarray(given.mean(axis=(0, 1), keepdims=True))
    if step.operator == RESHAPE:
        return given.reshape(-1)
    assert step.operator in {CONVOLUTION, DEPTHWISE}
    assert step.options is not None
    weight, bias = (network.tensors[row].values().astype(np.float64) for row in step.inputs[1:3])
    stride = step.options.number(1, "i")
    depthwise = step.operator == DEPTHWISE
    activation = step.options.number(4 if depthwise else 3, "b")
    # TensorFlow's SAME: as many sites as strides fit, what lacks is added evenly, an odd one at the end.
    height, width = weight.shape[1:3]
    padded = _padded(given, (height, width), stride)
    if depthwise:
        planes = [
            correlate(padded[:, :, row], weight[0, :, :, row], "valid", method="direct")
            for row in range(weight.shape[3])
        ]
    else:
        planes = [
            correlate(padded, kernel, "valid", method="direct")[:, :, 0]
            if height > 1
            else padded @ kernel[0, 0]
            for kernel in weight
        ]
    result = np.stack(planes, axis=2)[::stride, ::stride] + bias
    return np.clip(result, 0, 6) if activation == 3 else result


def _padded(given: Numbers, kernel: tuple[int, int], stride: int) -> Numbers:
    lacking = [
        max((-(-side // stride) - 1) * stride + length - side, 0)
        for side, length in zip(given.shape[:2], kernel, strict=True)
    ]
    return np.pad(given, [*((lack // 2, lack - lack // 2) for lack in lacking), (0, 0)])


def convolved(given: Numbers, weight: Numbers, stride: int) -> Numbers:
    """Return (C_out, h, w) of a (C_in, H, W) map, padded with zeros by half the kernel on every side."""
    half = weight.shape[-1] // 2
    padded = np.pad(given, ((0, 0), (half, half), (half, half)))
    planes = [correlate(padded, kernel, "valid", method="direct")[0] for kernel in weight]
    return np.stack(planes)[:, ::stride, ::stride]


def pooled(given: Numbers) -> Numbers:
    """Return the maxima of 3 × 3 sites at every second one."""
    padded = np.pad(given, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.asarray(windows[:, ::2, ::2].max(axis=(3, 4)))


#: One field of a table to write: a number with its code in ``struct``, a table, tables, or numbers.
Field = (
    tuple[str, int]
    | Mapping[int, "Field"]
    | Sequence[Mapping[int, "Field"]]
    | npt.NDArray[np.generic]
)


def flatbuffer(identifier: bytes, table: Mapping[int, Field]) -> bytes:
    """Return a file with that outermost table; fields by their number in the schema."""
    content = bytearray(4) + identifier
    place = _write_table(content, table)
    content[0:4] = place.to_bytes(4, "little")
    return bytes(content)


def _write_table(content: bytearray, table: Mapping[int, Field]) -> int:
    count = max(table, default=-1) + 1
    fields = len(content)
    entries = [4 + 8 * list(table).index(row) if row in table else 0 for row in range(count)]
    for entry in (4 + 2 * count, 4 + 8 * len(table), *entries):
        content += entry.to_bytes(2, "little")
    place = len(content)
    content += (place - fields).to_bytes(4, "little") + bytes(8 * len(table))
    for entry, field in zip(
        (4 + 8 * row for row in range(len(table))), table.values(), strict=True
    ):
        _write_field(content, place + entry, field)
    return place


def _write_field(content: bytearray, place: int, field: Field) -> None:
    if isinstance(field, tuple):
        form, value = field
        raw = np.array(value, f"<{form}").tobytes()
        content[place : place + len(raw)] = raw
        return
    if isinstance(field, Mapping):
        target = _write_table(content, field)
    elif isinstance(field, np.ndarray):
        target = len(content)
        content += len(field).to_bytes(4, "little") + field.tobytes()
    else:
        target = len(content)
        content += len(field).to_bytes(4, "little") + bytes(4 * len(field))
        for row, table in enumerate(field):
            entry = target + 4 + 4 * row
            inner = _write_table(content, table)
            content[entry : entry + 4] = (inner - entry).to_bytes(4, "little")
    content[place : place + 4] = (target - place).to_bytes(4, "little")
