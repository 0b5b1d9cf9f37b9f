"""What depthwise convolutions in 32 bits save where a backbone is trained in mixed precision on a processor.

``python -m training.benchmarks.depthwise`` prints a Markdown table: forward and backward pass of whole
backbones with random weights on noise. The arithmetics take turns, so that whatever else the machine does
slows all of them; medians count.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from patherea_core.config import NetworkConfig
from patherea_core.model.backbones import build_backbone
from patherea_core.model.depthwise import depthwise_in_32_bits
from training.benchmarks.stopwatch import CLOCKS, Clock, Stopwatch

ARITHMETICS = ("32 bits", "bfloat16", "bfloat16, depthwise in 32 bits")
BACKBONES = ("mobilenetv2_100", "efficientnet_b0", "convnext_tiny")


def once(network: nn.Module, images: Tensor, arithmetic: str) -> None:
    """Compute the gradients of all weights by one of the ARITHMETICS."""
    whole = depthwise_in_32_bits(network) if arithmetic == ARITHMETICS[-1] else nullcontext()
    mixed = torch.autocast("cpu", dtype=torch.bfloat16, enabled=arithmetic != ARITHMETICS[0])
    with whole:
        with mixed:
            loss = sum(level.float().mean() for level in network(images))
        loss.backward()


def seconds(backbone: str, batch: int, side: int, rounds: int, clock: Clock) -> list[float]:
    """Return the median seconds of each of the ARITHMETICS."""
    network = build_backbone(NetworkConfig(backbone=backbone)).train()
    images = torch.randint(256, (batch, 3, side, side), dtype=torch.uint8)
    taken: dict[str, list[float]] = {name: [] for name in ARITHMETICS}
    watch = Stopwatch(torch.device("cpu"), clock)
    for turn in range(rounds + 1):
        for name, all_of_it in taken.items():
            watch.lap()
            once(network, images, name)
            if turn:  # the first one allocates memory
                all_of_it.append(watch.lap())
    return [statistics.median(all_of_it) for all_of_it in taken.values()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.depthwise",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backbones", nargs="+", default=BACKBONES, help="names of timm")
    parser.add_argument("--batch", type=int, default=8, help="tiles")
    parser.add_argument("--side", type=int, default=192, help="of a tile, pixels")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each arithmetic")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: time of all cores")
    given = parser.parse_args(arguments)
    heads = ("backbone", *(f"{name}, s" for name in ARITHMETICS), "bfloat16 gains")
    rows = [heads, ("---", *["--:"] * (len(heads) - 1))]
    for backbone in given.backbones:
        taken = seconds(backbone, given.batch, given.side, given.rounds, CLOCKS[given.clock])
        gain = f"{taken[1] / taken[2]:.2f} times"
        rows.append((backbone, *(f"{one:.2f}" for one in taken), gain))
    sys.stdout.write("".join(f"| {' | '.join(row)} |\n" for row in rows))


if __name__ == "__main__":
    main()
