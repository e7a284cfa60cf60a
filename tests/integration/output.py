"""What a program prints, collected while it runs."""

from __future__ import annotations

import re
import threading
import time
from typing import IO


class Output:
    """Collects a stream's lines on a thread of its own; readers may wait for one."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._collect, args=(stream,), daemon=True)
        self._thread.start()

    def _collect(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def lines(self) -> list[str]:
        with self._changed:
            return list(self._lines)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, pattern: str, timeout: float = 20.0) -> re.Match[str]:
        """The first line, past or to come, in which the regular expression is found."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if match := re.search(pattern, line):
                        return match
                seen = len(self._lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    text = "\n".join(self._lines)
                    reason = "the stream ended" if self._ended else f"{timeout} s went by"
                    raise AssertionError(f"no line matches {pattern!r} ({reason}):\n{text}")
                self._changed.wait(left)

    def finish(self, timeout: float = 20.0) -> None:
        """Waits for the end of the stream."""
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "somebody still holds the stream open"
