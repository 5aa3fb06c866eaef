"""How numbers, times and names are written in the window."""

from __future__ import annotations

import re
from pathlib import Path

THIN = "\u2009"
MINUS = "\u2212"


def count(number: int) -> str:
    """Whole number with thin spaces between thousands: 124 668."""
    return f"{number:,}".replace(",", THIN).replace("-", MINUS)


def thousands(number: int) -> str:
    """A count in few figures: 812, 8.3 k, 124 k, 1.2 M."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number / size:.{1 if number < 10 * size else 0}f} {unit}"
    return str(number)


def number(value: float, digits: int = 2) -> str:
    """Decimal with a real minus sign; three significant figures where it is very large or small."""
    if value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    text = f"{value:.3g}" if size >= 1e6 or 0 < size < 10**-digits else f"{value:.{digits}f}"
    return text.replace("-", MINUS)


def value(amount: float, unit: str, digits: int = 2) -> str:
    """A number with its unit, if it has one."""
    return f"{number(amount, digits)} {unit}".rstrip()


_DIGITS = re.compile(r"(?<![\w.])\d{5,}(?![\w.])")
_SIGN = re.compile(r"(?<![\w])-(?=[\d.])")


def typeset(words: str) -> str:
    """Words of the core with real minus signs, and thin spaces in whole numbers of five figures and more."""
    grouped = _DIGITS.sub(lambda found: count(int(found.group())), words)
    return _SIGN.sub(MINUS, grouped)


def seconds(amount: float) -> str:
    """A duration: 4 ms, 0.08 s, 12 s, 3 min 20 s."""
    if 0 < amount < 0.01:
        return f"{1000 * amount:.0f} ms" if amount >= 0.001 else f"{1000 * amount:.1f} ms"
    if amount < 1:
        return f"{amount:.2f} s"
    if amount < 10:
        return f"{amount:.1f} s"
    if amount < 90:
        return f"{amount:.0f} s"
    minutes, rest = divmod(round(amount), 60)
    if minutes < 90:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def plural(amount: int, noun: str) -> str:
    """``1 frame``, ``6 frames``, ``4 541 frames``."""
    return f"{count(amount)} {noun}" if amount == 1 else f"{count(amount)} {noun}s"


def shortened(sentence: str, folder: Path | None) -> str:
    """A sentence without the folder that everything in the drive begins with; the tooltip has all of it."""
    if folder is None or not sentence.startswith(f"{folder}/"):
        return sentence
    path, space, rest = sentence[len(str(folder)) + 1 :].partition(" ")
    return path.rsplit("/", 1)[-1] + space + rest
