"""Statistics, tables and the raw record of a measurement."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median, and in brackets the smallest and the largest."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ratios round by round: what the machine did to a whole round drops out."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned first column, the others right-aligned."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    text = []
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def machine() -> dict[str, object]:
    """What the figures depend on besides the code."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "load_average": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "revision": _revision(),
        "command": sys.argv,
    }


def write_json(path: str | None, record: dict[str, object]) -> None:
    """Keeps the raw figures with what produced them; without a path, does nothing."""
    if path is not None:
        Path(path).write_text(json.dumps({"machine": machine(), **record}, indent=2) + "\n")


def progress(text: str) -> None:
    """A line for whoever waits; never part of the result."""
    print(text, file=sys.stderr, flush=True)


def verdict(complaints: Sequence[str]) -> int:
    """Prints a sentence for each thing that is not as it must be; exit code 1 if there was any."""
    for complaint in complaints:
        print(f"FAILED: {complaint}")
    if not complaints:
        print("passed")
    return 1 if complaints else 0


def _revision() -> str | None:
    done = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or None
