"""What a run says of its graphics card."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from app.core.training.heartbeat import gpu


def test_a_run_on_the_processor_says_nothing_of_a_card() -> None:
    assert torch.cuda.is_available() or gpu() == (None, None)


@pytest.mark.parametrize("refusal", [None, ModuleNotFoundError("pynvml"), RuntimeError("driver")])
def test_a_run_on_a_card_tells_load_and_memory(monkeypatch: Any, refusal: Exception | None) -> None:
    def utilization() -> int:
        if refusal is not None:
            raise refusal
        return 83

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 2_310_000_000)
    monkeypatch.setattr(torch.cuda, "utilization", utilization)
    assert gpu() == (0.83 if refusal is None else None, 2310.0)
