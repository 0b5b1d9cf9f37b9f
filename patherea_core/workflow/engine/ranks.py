"""Where a process stands among those that train one network together, each on a GPU of its own."""

from dataclasses import dataclass

from lightning.fabric.plugins.environments.lightning import LightningEnvironment


@dataclass(frozen=True, slots=True)
class Place:
    """One process of a training.

    Attributes:
        kind: of the device it trains on: cpu or cuda.
        devices: processes that train together, a device each.
        rank: number of this process; the first one, 0, reports and writes.
        port: where on this machine they meet.
    """

    kind: str
    devices: int = 1
    rank: int = 0
    port: int = 0

    @property
    def alone(self) -> bool:
        """Whether nobody else takes part."""
        return self.devices == 1


class OneMachine(LightningEnvironment):
    """What Lightning has to know of processes that it did not start itself."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    @property
    def creates_processes_externally(self) -> bool:
        """True, so that Lightning does not run the whole program once more for each device."""
        return True

    @property
    def main_address(self) -> str:
        """This machine."""
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        """Where the processes meet."""
        return self._place.port

    def local_rank(self) -> int:
        """Return the number of this process."""
        return self._place.rank

    def node_rank(self) -> int:
        """Return the number of this machine, which is the only one."""
        return 0
