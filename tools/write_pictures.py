"""Write the pictures of the designer in docs/images/designer anew, as a browser shows them over a fresh demo.

Usage: python -m tools.write_pictures
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TEST: Final = "tests/e2e/test_design_pictures.py"


def main() -> int:
    """Run the test that opens every editor, told to keep what it sees; return its exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", TEST, "-k", "shown"]
    return subprocess.run([*command, "--write-pictures"], cwd=ROOT, check=False).returncode  # noqa: S603 - only what is written here


if __name__ == "__main__":
    sys.exit(main())
