"""Which runs of a plan a ledger has, whatever machine made them."""

from collections.abc import Iterable

from patherea_core.errors import InputError
from training.crossover.plan import Key, Plan
from training.crossover.row import CrossoverRow


def recorded_runs(plan: Plan, rows: Iterable[CrossoverRow]) -> set[Key]:
    """Return the runs of a plan that are among some rows, so that nobody needs to make them again.

    Raises:
        InputError: a row is called as a run of the plan, but was made with other data or weights.
    """
    planned = {*plan.runs()}
    found = {row.key: row for row in rows if row.plan == plan.name and row.key in planned}
    for key, row in found.items():
        for what, owner, mine, its in (
            ("dataset", "plan", plan.dataset(key.dataset).digest, row.run.dataset_digest),
            ("file of weights", "arm", plan.arm(key.arm).weights_sha256, row.weights_sha256),
        ):
            if mine != its:
                raise InputError(
                    f"the ledger has {row.title}, made with another {what} than this plan's ({its}, not"
                    f" {mine}); take that one, give the {owner} another name, or name another ledger with"
                    " --ledger"
                )
    return {*found}
