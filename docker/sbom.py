r"""Add Debian's packages to a list of Python packages in CycloneDX's form.

dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\n' | python sbom.py PYTHON.json ALL.json
"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote


def component(line: str) -> dict[str, str]:
    """Return one package of Debian as CycloneDX describes it, from its name, version and architecture."""
    name, version, architecture = line.split("\t")
    address = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}"
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
    }


def main(source: Path, destination: Path) -> None:
    """Write the list of ``source`` with what standard input adds."""
    document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    document["components"] += [component(line) for line in sys.stdin.read().splitlines()]
    destination.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
