"""Cores: as many as the process may use, and half of them for a network beside other processes."""

from __future__ import annotations

import os

import pytest
import torch

from app.core import cores


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_shared", False)


def threads_within(before: int) -> int:
    usual = torch.get_num_threads()
    torch.set_num_threads(before)
    try:
        with cores.network_threads():
            within = torch.get_num_threads()
        assert torch.get_num_threads() == before
        with pytest.raises(RuntimeError), cores.network_threads():
            raise RuntimeError
        assert torch.get_num_threads() == before
        return within
    finally:
        torch.set_num_threads(usual)


def test_a_process_of_its_own_takes_all_and_one_beside_others_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: 8)
    assert threads_within(6) == 6
    cores.share_cores()
    assert threads_within(6) == 4
    assert threads_within(3) == 3  # as few as the user has chosen
    monkeypatch.setattr(cores, "usable_cores", lambda: 1)
    assert threads_within(2) == 1


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system cannot bind a process to cores")
def test_cores_are_those_the_process_may_use() -> None:
    assert cores.usable_cores() == len(os.sched_getaffinity(0))
