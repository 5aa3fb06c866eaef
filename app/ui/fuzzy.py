"""Finding things by a few letters of their name, in order but not side by side."""

from __future__ import annotations

START, AFTER_BREAK, NEXT, GAP = 8.0, 6.0, 4.0, 0.15
"""What a letter is worth at the start of the name, at the start of a word, next to the letter before; and what
every letter that is skipped costs."""


def score(query: str, name: str) -> float | None:
    """How well ``name`` answers ``query``; None if a letter of the query is missing or out of order.

    Spaces in the query are left out; upper and lower case are the same. An empty query answers to everything.
    """
    letters = [c for c in query.lower() if not c.isspace()]
    text = name.lower()
    best = [_from(letters, text, start) for start in _starts(letters, text)]
    found = [value for value in best if value is not None]
    if not letters:
        return 0.0
    return max(found) - 0.02 * len(text) if found else None


def _starts(letters: list[str], text: str) -> list[int]:
    """Places where the first letter occurs."""
    return [i for i, c in enumerate(text) if letters and c == letters[0]]


def _from(letters: list[str], text: str, start: int) -> float | None:
    """Worth of the match that begins at ``start`` and takes, for each letter, the best place that follows soon."""
    total, at = 0.0, start
    for n, letter in enumerate(letters):
        place = text.find(letter, at) if n else start
        if place < 0:
            return None
        word = _word_start(letter, text, at) if n and place != at else None
        if word is not None and _rest_fits(letters[n + 1 :], text, word + 1):
            place = word
        if place == 0:
            total += START
        elif not text[place - 1].isalnum():
            total += AFTER_BREAK
        if n and place == at:
            total += NEXT
        total += 1.0 - GAP * min(place - at, 20)
        at = place + 1
    return total


def _word_start(letter: str, text: str, at: int) -> int | None:
    for i in range(max(at, 1), len(text)):
        if text[i] == letter and not text[i - 1].isalnum():
            return i
    return None


def _rest_fits(letters: list[str], text: str, at: int) -> bool:
    for letter in letters:
        at = text.find(letter, at) + 1
        if at == 0:
            return False
    return True
