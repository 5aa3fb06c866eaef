"""Words through CLIP's text tower, no further than the longest text reaches."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def encode(network: Any, tokens: Tensor) -> Tensor:
    """(n, D) vectors, not of unit length, of (n, length) tokens.

    Where every place looks back only and a text is read off at its end mark, places after the longest text change
    nothing, and are left out: short prompts then cost a fraction of the tower's full length. The result is what
    ``network.encode_text`` gives.
    """
    from open_clip.model import CLIP

    mask = getattr(network, "attn_mask", None)
    if type(network) is not CLIP or mask is None or network.text_pool_type != "argmax":
        found: Tensor = network.encode_text(tokens)
        return found
    ends = tokens.argmax(dim=-1)  # the end mark is the highest token
    length = int(ends.max()) + 1
    words = network.token_embedding(tokens[:, :length]).to(network.transformer.get_cast_dtype())
    words = words + network.positional_embedding[:length].to(words.dtype)
    words = network.transformer(words, attn_mask=mask[:length, :length])
    last = network.ln_final(words[ends.new_tensor(range(len(ends))), ends])
    projection = network.text_projection
    if projection is None:
        return last
    return last @ projection if isinstance(projection, Tensor) else projection(last)
