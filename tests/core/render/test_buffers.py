"""Shared memory of pictures: it stays mapped while somebody looks at it."""

from __future__ import annotations

import numpy as np

from app.core.render import buffers


def test_a_segment_that_is_discarded_stays_mapped_while_arrays_look_at_it() -> None:
    memory = buffers.create(buffers.needed(64, 48, True))
    arrays = buffers.arrays(memory, 64, 48, True)
    arrays.image[:] = 7
    arrays.index[:] = -3
    arrays.depth[:] = 2.5
    buffers.discard(memory)  # were it unmapped, reading would end this process
    copied = [array.copy() for array in (arrays.image, arrays.index, arrays.depth)]
    assert [array.flat[-1] for array in copied] == [7, -3, 2.5]
    assert copied[0].shape == (48, 64, 3)
    del arrays
    memory.close()  # raises where something still held it


def test_two_processes_see_the_same_picture() -> None:
    memory = buffers.create(buffers.needed(8, 4, False))
    try:
        other = buffers.attach(memory.name)
        buffers.arrays(memory, 8, 4, False).image[1, 2] = (1, 2, 3)
        np.testing.assert_array_equal(buffers.arrays(other, 8, 4, False).image[1, 2], [1, 2, 3])
        buffers.close(other)
    finally:
        buffers.discard(memory)
