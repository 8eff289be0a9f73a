"""What an installed wheel has to do, in an environment of its own: `python installed.py examples/pictures`.

Needs no pytest, no compiler and nothing of the repository but pictures. CI of wheels runs it, and `.ci/wheel`.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

SECONDS = 0.15
"""What `import lenet` with its engine may take beyond NumPy's own import: the processor's time, the best of five."""

IMPORT = (
    "import time, numpy; start = time.process_time(); import lenet; lenet.read, lenet.train; "
    "print(time.process_time() - start)"
)


def main(pictures: Path) -> None:
    """Import, read, train, and say what was measured; stop at what is wrong."""
    seconds = min(float(output("-c", IMPORT)) for _ in range(5))
    assert seconds < SECONDS, f"import lenet takes {seconds:.3f} s beyond NumPy, more than {SECONDS}"
    files = [Path(str(file.locate())) for file in distribution("lenet").files or () if file.parts[0] == "lenet"]
    size = sum(file.stat().st_size for file in files if "__pycache__" not in file.parts) / 1e6
    command = str(Path(sys.executable).with_name("lenet"))
    field = output(command, "read", "--as", "digits", str(pictures / "field-year.png")).split()
    assert "1998" in field, f"the field of a year was read as {field}"
    page = output(command, "read", str(pictures / "page-ruled.jpg"))
    assert len(page.split()) > 5, page
    output("-c", "import numpy, lenet; lenet.train((numpy.zeros((20, 28, 28), 'u1'), [0, 1] * 10))")
    python = sys.version.split()[0]
    print(f"Python {python}: import {seconds:.3f} s beyond NumPy, {size:.2f} MB unpacked, reads and trains")


def output(*arguments: str) -> str:
    """Return what this environment's Python prints, or stop with what it says."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
