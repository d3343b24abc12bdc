"""Compile ``token.vy`` into ``token.json``: ``python tests/e2e/contracts/compile.py``."""

import json
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("token.vy")
ARTEFACT = Path(__file__).with_name("token.json")


def compiled() -> str:
    """Return the artefact that the installed compiler makes of the source, as it is kept."""
    vyper = (sys.executable, "-m", "vyper.cli.vyper_compile", "-f", "abi,bytecode", SOURCE.name)
    result = subprocess.run(vyper, cwd=SOURCE.parent, capture_output=True, text=True, check=True)
    abi, bytecode = result.stdout.splitlines()
    artefact = {"source": SOURCE.name, "abi": json.loads(abi), "bytecode": bytecode}
    return json.dumps(artefact, indent=2) + "\n"


if __name__ == "__main__":
    ARTEFACT.write_text(compiled())
