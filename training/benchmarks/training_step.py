"""How long a step of a training takes, and which part of it takes how long, against a literal one.

``python -m training.benchmarks.training_step`` prints a Markdown table. Both forms train the same network
by the same loss on the same kind of tiles; ``literal_step.py`` says how the other one does it. They take
turns, so that whatever else the machine does slows both; medians count. The parts are timed in steps of
their own, in which the device is waited for after each part and the assignment is done a second time, so
that they do not add up exactly. Weights are random: they cost the same as any others.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from patherea_core.config import Recipe
from patherea_core.model.depthwise import depthwise_in_32_bits
from training.benchmarks.made_dataset import made_dataset
from training.benchmarks.step_forms import PARTS, Form, literal_form, our_form
from training.benchmarks.stopwatch import CLOCKS, Clock, Stopwatch


def step(form: Form, device: torch.device) -> None:
    """Take one step."""
    batch = next(form.batches).to(device)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=form.mixed):
        proposals = form.network(batch.images)
        loss = form.loss(proposals, batch)
    form.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    form.optimizer.step()


def timed_step(form: Form, device: torch.device, clock: Clock) -> None:
    """Take one step and note how long each part takes."""
    watch = Stopwatch(device, clock)
    batch = next(form.batches).to(device)
    seconds = [watch.lap()]
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=form.mixed):
        proposals = form.network(batch.images)
        seconds.append(watch.lap())
        form.assign(proposals, batch)
        assigned = watch.lap()
        loss = form.loss(proposals, batch)
    form.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    form.optimizer.step()
    seconds += [assigned, watch.lap() - assigned]
    for name, part in zip(PARTS, seconds, strict=True):
        form.parts[name].append(part)


def take_turns(
    forms: Sequence[Form], device: torch.device, turns: tuple[int, int], clock: Clock
) -> None:
    """Let the forms take so many steps each, one after another, so many times."""
    steps, rounds = turns
    for form in forms:
        step(form, device)  # the first one allocates memory and chooses algorithms
    for _ in range(rounds):
        for form in forms:
            step(form, device)
            watch = Stopwatch(device, clock)
            for _ in range(steps):
                step(form, device)
            form.steps.append(watch.lap() / steps)
            timed_step(form, device, clock)


def table(forms: Sequence[Form], batch_size: int) -> str:
    """Return a Markdown table of the medians."""
    heads = [f"{name}, ms" for name in ("step", *PARTS)]
    rows = [("form", "images/s", *heads), ("---", *["--:"] * (1 + len(heads)))]
    for form in forms:
        seconds = statistics.median(form.steps)
        parts = [statistics.median(form.parts[name]) for name in PARTS]
        rows.append(
            (
                form.name,
                f"{batch_size / seconds:,.3g}",
                *(f"{1e3 * part:,.3g}" for part in (seconds, *parts)),
            )
        )
    ratio = statistics.median(
        theirs / ours for ours, theirs in zip(forms[0].steps, forms[1].steps, strict=True)
    )
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{lines}\n{forms[0].name} takes {ratio:.3g} times as many images/s.\n"


def recipe_for(given: argparse.Namespace) -> Recipe:
    """Return the settings of a training that the options ask for."""
    on_gpu = given.device.type == "cuda"
    backbone = given.backbone or ("convnext_base" if on_gpu else "mobilenetv2_100")
    return Recipe.model_validate(
        {
            "network": {
                "backbone": backbone,
                "fpn_channels": given.fpn_channels or (256 if on_gpu else 64),
            },
            "assignment": {"proposals_per_target": given.claims},
            "training": {
                "batch_size": given.batch,
                "tile_size": given.tile_size,
                "precision": given.precision or ("bf16-mixed" if on_gpu else "32-true"),
            },
        }
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.training_step",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backbone", help="convnext_base on a GPU, else mobilenetv2_100")
    parser.add_argument("--fpn-channels", type=int, help="256 on a GPU, else 64")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--precision", help="of ours; bf16-mixed on a GPU, else 32-true")
    parser.add_argument("--claims", type=int, default=6, help="β")
    parser.add_argument("--batch", type=int, default=16, help="tiles of a step")
    parser.add_argument("--tile-size", type=int, default=224, help="pixels")
    parser.add_argument("--steps", type=int, default=5, help="that a form takes in its turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each form")
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: time of all cores, on a shared machine",
    )
    parser.add_argument("--data", type=Path, help="a dataset folder; else noise is made")
    given = parser.parse_args(arguments)
    recipe = recipe_for(given)
    with contextlib.ExitStack() as cleanup:
        folder = given.data
        if folder is None:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory())) / "made"
            made_dataset(folder)
        forms = [make(folder, recipe, given.device) for make in (our_form, literal_form)]
        cleanup.enter_context(depthwise_in_32_bits(forms[0].network))  # as a training does
        take_turns(forms, given.device, (given.steps, given.rounds), CLOCKS[given.clock])
    sys.stdout.write(table(forms, given.batch))


if __name__ == "__main__":
    main()
