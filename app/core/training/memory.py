"""How a training process keeps its memory: asked of the C library, which asks the kernel for it anew otherwise.

Each step of a training needs the same gigabytes again. As it comes, glibc gives every large array back to the
kernel and asks for the next one, page by page of 4 kB; here a training step of SPVCNN on a real scan spent a
quarter of its time in that (6.4 s; 4.6 s with memory that is kept, in large pages).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

VARIABLE = "GLIBC_TUNABLES"
KEPT = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=8589934592"


def keeping(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that trains. What the user has set stays; other C libraries ignore it."""
    return {VARIABLE: KEPT, **environment}


def keep(command: list[str]) -> None:
    """Start this program over with memory that is kept, if ``command`` is one that trains and it was not yet.

    The process stays the same (its number, its files); only Linux' C library reads the variable, and only at the
    very start of a process.
    """
    trains = bool(command) and command[0] in ("train", "resume") and "--background" not in command
    if trains and sys.platform == "linux" and VARIABLE not in os.environ:
        os.execve(sys.executable, sys.orig_argv, keeping(os.environ))
