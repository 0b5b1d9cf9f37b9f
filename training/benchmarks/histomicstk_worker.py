"""HistomicsTK's nuclei detection, as its NucleiDetection command does it, for another program.

Run by a Python that has HistomicsTK, as a file; it imports nothing of this project. Each line of the
standard input is a JSON object with ``image`` (a .npy file of (H, W, 3) uint8 RGB), ``settings``
(``normalise``, ``enlarged`` and parameters of the command by their names) and ``out`` (a .csv file, which
gets x and y of each nucleus). Each is answered by a line with ``seconds``, the processor's.

The image is one tile. What the command does besides is left out of the time: reading the image, starting its
cluster of processes, and writing an annotation.
"""

import csv
import importlib
import json
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

#: Parameters of the command that are not tuned, as its description has them.
DEFAULTS: dict[str, Any] = {
    "reference_mu_lab": [8.63234435, -0.11501964, 0.03868433],
    "reference_std_lab": [0.57506023, 0.10403329, 0.01364062],
    "stain_1": "hematoxylin",
    "stain_1_vector": [-1, -1, -1],
    "stain_2": "eosin",
    "stain_2_vector": [-1, -1, -1],
    "stain_3": "null",
    "stain_3_vector": [-1, -1, -1],
    "ignore_border_nuclei": False,
    # Nuclei of one tile do not overlap. Without the outlines that this compares, centres are told.
    "remove_overlapping_nuclei_segmentation": False,
    "nuclei_annotation_format": "bbox",
}


def nuclei(pixels: Any, settings: dict[str, Any]) -> list[tuple[float, float]]:  # noqa: ANN401  any array
    """Return x and y of each nucleus, from the corner of an image on."""
    normalization = importlib.import_module("histomicstk.preprocessing.color_normalization")
    nuclear = importlib.import_module("histomicstk.segmentation.nuclear")
    enlarged = settings["enlarged"]
    tile = _resized(pixels, enlarged)
    mean, spread = normalization.reinhard_stats_rgb(tile)
    chosen = {**DEFAULTS, **settings}
    if not settings["normalise"]:
        # The command always normalises; towards what an image is already, that changes nothing.
        chosen |= {"reference_mu_lab": mean, "reference_std_lab": spread}
    found = nuclear.detect_tile_nuclei(_place(tile, pixels), Namespace(**chosen), mean, spread)
    # Positions are counted from the middle of the first pixel of the tile.
    half = 0.5 / enlarged
    return [(nucleus["center"][0] + half, nucleus["center"][1] + half) for nucleus in found]


def _resized(pixels: Any, factor: int) -> Any:  # noqa: ANN401  any array
    """Return an image so many times larger, as large_image resizes tiles for a higher magnification."""
    if factor == 1:
        return pixels
    image = importlib.import_module("PIL.Image").fromarray(pixels)
    return np.asarray(image.resize((image.width * factor, image.height * factor)))


def _place(tile: Any, pixels: Any) -> dict[str, Any]:  # noqa: ANN401  any array
    """Return a tile as large_image describes one that is all of an image."""
    none = {"left": 0, "right": 0, "top": 0, "bottom": 0}
    return {
        "tile": tile,
        "width": tile.shape[1],
        "height": tile.shape[0],
        "gx": 0,
        "gy": 0,
        "gwidth": pixels.shape[1],
        "gheight": pixels.shape[0],
        "tile_overlap": none,
    }


def main() -> None:
    """Answer all lines of the standard input."""
    for line in sys.stdin:
        asked = json.loads(line)
        pixels = np.load(asked["image"], allow_pickle=False)
        started = time.process_time()
        found = nuclei(pixels, asked["settings"])
        seconds = time.process_time() - started
        with Path(asked["out"]).open("w", newline="") as file:
            csv.writer(file).writerows([("x", "y"), *found])
        sys.stdout.write(f"{json.dumps({'seconds': seconds})}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
