"""The rows every benchmark prints: ours, the peer's, their ratio, what is asked for, and whether it is met."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One measured figure. ``reach`` is the most that is allowed, of ``ours`` or (``of_ratio``) of ``ratio``."""

    what: str
    unit: str
    ours: float
    peer: str = ""
    peer_value: float | None = None
    reach: float | None = None
    of_ratio: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer_value if self.peer_value else None

    @property
    def met(self) -> bool | None:
        if self.reach is None:
            return None
        value = self.ratio if self.of_ratio else self.ours
        return None if value is None else value <= self.reach


def median_ms(work: Callable[[], object], repeats: int = 9, warmup: int = 2) -> float:
    """Median wall time of ``work()`` in milliseconds."""
    for _ in range(warmup):
        work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def report(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows as one JSON object or as a table."""
    if as_json:
        dicts = [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows]
        print(json.dumps({"rows": dicts}))
        return
    width = max((len(row.what) for row in rows), default=10)
    for row in rows:
        peer = f"{row.peer} {row.peer_value:.4g}" if row.peer_value is not None else row.peer
        ratio = f"{row.ratio:.2f}x" if row.ratio is not None else ""
        met = {True: "met", False: "MISSED", None: ""}[row.met]
        reach = f"reach {row.reach:g}{'x' if row.of_ratio else ''}" if row.reach is not None else ""
        ours = f"{row.what:<{width}}  {row.ours:>9.4g} {row.unit:<5}"
        print(f"{ours} {peer:<32} {ratio:>7} {reach:>12} {met:<7} {row.note}")
