"""What an image must do before it is one: tell its commands, and find cells without a network."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

from patherea_core.seeding import Seed
from plugin.sandbox.synthetic import MPP, draw_tissue

#: The front door as the image starts it.
_DOOR = [sys.executable, "-P", "-m", "plugin"]

#: The same, but every attempt to reach another machine ends the program.
_DOOR_WITHOUT_NETWORK = [
    *_DOOR[:2],
    "-c",
    """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise OSError(f"{event} {arguments[-1]!r}: an image must not need a network")

sys.addaudithook(refuse)
from plugin.__main__ import main
sys.exit(main())
""",
]


def main() -> None:
    """Ask the image all that an archive asks it, and leave with an error if an answer is wrong."""
    names = list(json.loads(answer(*_DOOR, "--list_cli")))
    for name in names:
        title = ElementTree.fromstring(answer(*_DOOR, name, "--xml")).findtext("title")  # noqa: S314  our own file
        if not title or name not in answer(*_DOOR, name, "--help"):
            sys.exit(f"{name} does not describe itself")
    found = cells_found()
    answer(sys.executable, "-P", "-c", "import histomicstk, osgeo.gdal, pyvips")
    sys.stdout.write(
        f"{', '.join(names)}; {found} cells on the test picture; histomicstk is there\n"
    )


def cells_found() -> int:
    """Return how many cells the image's own model finds on a drawn picture; none is an error."""
    with tempfile.TemporaryDirectory() as folder:
        picture, table = Path(folder, "picture.png"), Path(folder, "cells.csv")
        Image.fromarray(draw_tissue(Seed(3), 256, 256).pixels).save(picture)
        outputs = ("--outputTableFile", table, "--outputAnnotationFile", Path(folder, "cells.anot"))
        words = ("DetectCells", "--mpp", MPP, *outputs, picture)
        answer(*_DOOR_WITHOUT_NETWORK, *map(str, words))
        found = len(table.read_text(encoding="utf-8").splitlines()) - 1
    if found < 1:
        sys.exit("no cell was found on the test picture")
    return found


def answer(*words: str) -> str:
    """Return what a command writes to standard output; a failure ends the program."""
    ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603  our own words
    if ended.returncode:
        asked = " ".join(word for word in words[2:] if "\n" not in word)
        sys.exit(f"{asked} failed with exit code {ended.returncode}")
    return ended.stdout


if __name__ == "__main__":
    main()
