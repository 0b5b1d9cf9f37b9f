"""Options that benchmarks share."""

import argparse


def counts(text: str) -> tuple[int, ...]:
    """Return whole numbers above 0 from text with commas."""
    numbers = text.split(",")
    if not all(number.strip().isdecimal() and int(number) for number in numbers):
        raise argparse.ArgumentTypeError(
            f"give whole numbers above 0, separated by commas, not {text!r}"
        )
    return tuple(int(number) for number in numbers)
