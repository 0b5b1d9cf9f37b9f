"""Verify a model: weights, card and network, before it is used or passed on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patherea_core.errors import PathereaError
from patherea_core.workflow.verify import Check, verify_bundle


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Which model to verify.

    Attributes:
        model: a bundle, file or folder.
        backbone_weights: pretrained weights of the backbone, for a bundle that leaves them out: a file, or
            "hub" to fetch them.
    """

    model: Path
    backbone_weights: Path | Literal["hub"] | None = None


def run(request: VerifyRequest) -> tuple[Check, ...]:
    """Return what was looked at.

    Raises:
        BundleError: there is no bundle, or it has no card that can be read.
    """
    return verify_bundle(request.model, request.backbone_weights)


def table(checks: Iterable[Check]) -> str:
    """Return what was looked at as lines for people."""
    return "".join(f"{_line(check)}\n" for check in checks)


def require_sound(checks: Iterable[Check]) -> None:
    """Raise PathereaError if the model must not be used."""
    failed = [check for check in checks if check.failed]
    if failed:
        raise PathereaError(f"the model must not be used: {failed[0].problem}")


def _line(check: Check) -> str:
    if not check.problem:
        return f"ok      {check.name}"
    return f"{'FAILED' if check.grave else 'note  '}  {check.name}: {check.problem}"
