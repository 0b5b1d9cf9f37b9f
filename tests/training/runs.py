"""Runs as the tests of ledger and tables need them: small, valid, and changed where a test cares."""

from datetime import date
from typing import Any

from training.protocol import Protocol
from training.run_record import ClassScore, RunRecord, mean


def class_score(tp: int, fp: int = 0, fn: int = 0, **changes: Any) -> ClassScore:  # noqa: ANN401
    """Return the score that follows from some counts."""
    whole = 2 * tp + fp + fn
    return ClassScore(tp=tp, fp=fp, fn=fn, f1=2 * tp / whole if whole else None, **changes)


def of_f1(thousandths: int) -> ClassScore:
    """Return a score whose F1 is that many thousandths, of 1000 points and as many detections."""
    return class_score(thousandths, 1000 - thousandths, 1000 - thousandths)


def run_record(classes: dict[str, ClassScore] | None = None, **changes: Any) -> RunRecord:  # noqa: ANN401
    """Return a run on a dataset with two classes, of F1 0.6 and 0.8."""
    if classes is None:
        classes = {"round": of_f1(600), "long": of_f1(800)}
    values: dict[str, Any] = {
        "dataset": "made-up",
        "dataset_digest": "d" * 64,
        "split": "published",
        "evaluated_on": "test",
        "chosen_on": "validation",
        "protocol": Protocol(radius=6),
        "method": "P2P",
        "backbone": "ConvNeXt-B",
        "initialisation": "ImageNet",
        "recipe": "paper",
        "recipe_digest": "c" * 64,
        "seed": 0,
        "program": "patherea 0.1.0",
        "date": date(2025, 1, 31),
        "images": 4,
        "cells": 1000,
        "classes": classes,
        "mean_f1": mean(score.f1 for score in classes.values()),
        "detection": of_f1(900),
    }
    return RunRecord(**(values | changes))
