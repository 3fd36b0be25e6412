"""Write the lock file of the running Python from ``requirements.in`` (standard library only).

Run once per supported Python (``make lock``). The resolver is pip itself, in a dry run that
ignores what is installed; the result is one ``name==version`` line per distribution, without
hashes (indices offer different builds of the same version) and without any host.

torch is resolved with the rest, so that what it needs fits, but it and its CUDA libraries stay out
of the lock: which build is installed is decided at set-up (``torch_build.py``).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LEFT_OUT = re.compile(r"torch|triton|(cuda|nvidia)-.*")  # chosen at set-up, not locked


def normalised(name: str) -> str:
    """Return a distribution name in the form that all indices agree on (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def resolve(requirements: Path) -> dict[str, str]:
    """Return the exact version of every distribution that ``requirements`` needs."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--report", str(report), "-r", str(requirements)]
        subprocess.run(command, check=True)
        installs = json.loads(report.read_text(encoding="utf-8"))["install"]
    found = {normalised(i["metadata"]["name"]): str(i["metadata"]["version"]) for i in installs}
    return {n: v for n, v in sorted(found.items()) if LEFT_OUT.fullmatch(n) is None}


def lock_text(pins: dict[str, str], python: str) -> str:
    """Return the text of a lock file."""
    head = f"# Exact versions for Python {python}, made by `make lock` from requirements.in.\n"
    return head + "".join(f"{name}=={version}\n" for name, version in pins.items())


def main() -> int:
    """Write ``requirements-<python>.lock`` next to the given input file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requirements", type=Path, help="path of requirements.in")
    requirements: Path = parser.parse_args().requirements
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    target = requirements.with_name(f"requirements-{python}.lock")
    temporary = target.with_suffix(".lock.tmp")
    temporary.write_text(lock_text(resolve(requirements), python), encoding="utf-8")
    os.replace(temporary, target)
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
