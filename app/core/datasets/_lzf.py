"""LZF decompression (Marc Lehmann's liblzf format), which PCD's ``binary_compressed`` uses."""

from __future__ import annotations

from app.core.errors import DataError


def decompress(data: bytes, size: int, name: str) -> bytes:
    """Unpack ``data`` to exactly ``size`` bytes.

    The result grows with what is really unpacked, so a claimed ``size`` reserves nothing.

    Raises
    ------
    DataError
        The data are no LZF or unpack to another size; ``name`` opens the sentence.
    """
    out = bytearray()
    at, end = 0, len(data)
    try:
        while at < end and len(out) <= size:
            control = data[at]
            if control < 32:  # that many bytes and one more as they are
                out += data[at + 1 : at + control + 2]
                at += control + 2
                continue
            length = control >> 5  # a copy of earlier output
            if length == 7:
                at += 1
                length += data[at]
            length += 2
            distance = ((control & 31) << 8) + data[at + 1] + 1
            at += 2
            start = len(out) - distance
            if start < 0:
                break
            if distance >= length:
                out += out[start : start + length]
            else:  # it overlaps what it writes: the last bytes repeat
                out += (out[start:] * (length // distance + 1))[:length]
    except IndexError:
        at = end + 1
    if at != end or len(out) != size:
        raise DataError(
            f"{name} does not unpack to the {size} bytes its header claims; it was cut short or its header lies."
        )
    return bytes(out)
