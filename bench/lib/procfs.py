"""What Linux says about running processes: their tree, CPU time and memory (proc(5))."""

import os
from pathlib import Path


def tree(pid: int) -> list[int]:
    """`pid` and all its descendants that are alive."""
    pids = [pid]
    for task in _tasks(pid):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            pids += tree(int(child))
    return pids


def cpu_ns(pids: list[int]) -> int:
    """CPU time, user and system, that these processes' threads have used so far, in nanoseconds.

    From schedstat, which is exact where stat(5) counts ticks of 10 ms. A thread that has ended is
    no longer counted.
    """
    total = 0
    for pid in pids:
        for task in _tasks(pid):
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (OSError, IndexError):
                total += _ticks_ns(task)
    return total


def idle_seconds(cores: set[int]) -> float:
    """How long these cores have had nothing to do since the machine started."""
    ticks = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            ticks += int(fields[3]) + int(fields[4])  # idle, and waiting for a disk
    return ticks / os.sysconf("SC_CLK_TCK")


def rss_bytes(pids: list[int]) -> int:
    """Resident memory of these processes; pages they share are counted once for each."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page for pid in pids)


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _ticks_ns(task: Path) -> int:
    try:
        fields = (task / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
