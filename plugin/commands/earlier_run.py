"""A run of the archive that did not end, and what a job that goes on with it may ask for."""

from collections.abc import Iterable
from dataclasses import dataclass

from patherea_core.errors import InputError


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run that did not end: the id of its item, or of a file in it."""

    id: str


@dataclass(frozen=True, slots=True)
class Wish:
    """One setting of a run, in the job that goes on and in that which began it.

    Attributes:
        what: the setting in words.
        now: what is asked for.
        then: what was asked for when the run was begun.
        usual: what stands where nobody asks for anything.
    """

    what: str
    now: object
    then: object
    usual: object = None


def require_as_before(wishes: Iterable[Wish]) -> None:
    """Refuse to go on with a run in another way than it was begun in; what is left open is as it was then.

    Raises:
        InputError: something else is asked for than then.
    """
    for wish in wishes:
        if wish.now not in (wish.usual, wish.then):
            then = "that was left open" if wish.then is None else wish.then
            raise InputError(
                f"the run to go on with was started with the {wish.what} {then}, not {wish.now}; leave that"
                " at its default, or start another run"
            )


def require_chosen_again(what: str, given: object, then: str | None) -> None:
    """Refuse to go on without a file that the archive does not keep with the run.

    Args:
        what: the file is of, in words.
        given: the file that is given; None for none.
        then: name of the file that was given then; None for none.

    Raises:
        InputError: there was one, and none is given.
    """
    if given is None and then is not None:
        raise InputError(
            f"the run to go on with started from the {what} {then}; choose that file again"
        )
