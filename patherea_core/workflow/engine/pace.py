"""How fast a training goes: tiles a second, and the time it took so far, over all its parts."""

from collections.abc import Callable


class Pace:
    """A stopwatch of the training proper, and one of the validations.

    Args:
        clock: seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None
        self._validating_since = 0.0
        self._training = 0.0
        self._validating = 0.0
        self._at_last_row = (0, 0.0)
        self._tiles = 0

    def start(self) -> None:
        """Begin or go on to train."""
        self._since = self._clock()

    def count(self, tiles: int) -> None:
        """Note that so many tiles were trained on."""
        self._tiles += tiles

    def stop(self) -> None:
        """Cease to train for a while, if that is not so already."""
        if self._since is not None:
            self._training += self._clock() - self._since
            self._since = None

    def start_validating(self) -> None:
        """Cease to train, and begin to validate."""
        self.stop()
        self._validating_since = self._clock()

    def row(self) -> dict[str, float | None]:
        """End a validation, and return its part of a run's history: tiles a second since the last row."""
        self._validating += self._clock() - self._validating_since
        tiles, seconds = self._at_last_row
        self._at_last_row = self._tiles, self._training
        spent = self._training - seconds
        return {
            "images_per_second": round((self._tiles - tiles) / spent, 2) if spent > 0 else None,
            "seconds_training": round(self._training, 1),
            "seconds_validating": round(self._validating, 1),
        }

    def state(self) -> dict[str, float]:
        """Return what has to be kept for a training that goes on later."""
        return {"training": self._training, "validating": self._validating}

    def resume(self, state: dict[str, float]) -> None:
        """Take up what was kept."""
        self._training, self._validating = state["training"], state["validating"]
        self._at_last_row = (self._tiles, self._training)
