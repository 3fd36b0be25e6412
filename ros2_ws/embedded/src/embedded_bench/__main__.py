"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from embedded_bench.suite import run_all


def main() -> int:
    """Run everything and print (and save) the figures."""
    parser = argparse.ArgumentParser(prog="embedded_bench", description=__doc__)
    parser.add_argument("--duration", type=float, default=20.0, help="about so many seconds")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    text = json.dumps(run_all(options.duration), indent=2)
    print(text)
    if options.json is not None:
        temporary = options.json.with_name(f".{options.json.name}.{os.getpid()}")
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
