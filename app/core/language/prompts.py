"""Prompts: what can be asked, and the vector CLIP has for it (eq. 2 of Affinity3D)."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from app.core.errors import UsageError
from app.core.language.templates import TemplateSet, find

if TYPE_CHECKING:
    from app.core.language.text_cache import TextCache
    from app.models.clip import ClipInfo, ClipModel

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"})
"""Unicode's kinds of signs that nobody sees alone. Signs it does not know yet may be new emoji, and are taken."""

EXAMPLES = '"car", "a person crossing the street"'


def check_prompt(text: str) -> str:
    """The prompt with its white space in order; ``UsageError`` where there is nothing to ask for.

    Any script is taken, emoji too: what CLIP makes of it depends on what it was trained on. Cheap: no CLIP needed.
    """
    # Half a surrogate pair, as a broken paste leaves it, can be written nowhere.
    cleaned = " ".join(text.encode("utf-8", "replace").decode().split())
    if not cleaned:
        raise UsageError(f"The prompt is empty; type what to look for, such as {EXAMPLES}.")
    read = html.unescape(html.unescape(cleaned))  # as the tokenizer does: "&nbsp;" is a space to it
    if all(unicodedata.category(one) in _INVISIBLE for one in read):
        raise UsageError(
            f"The prompt holds only spaces and signs that cannot be seen; type words, such as {EXAMPLES}."
        )
    return cleaned


def notes(text: str, clip: ClipModel) -> tuple[str, ...]:
    """What whoever asks this should know: words beyond the CLIP's length, and words it has never seen."""
    found = []
    count = clip.token_counts([text])[0]
    if count >= clip.token_limit:
        found.append(
            f"Only the beginning of this prompt is read: {clip.info.title} takes {clip.token_limit} tokens."
        )
    unknown = unknown_words(text, clip.info)
    if unknown:
        listed = ", ".join(f'"{word}"' for word in unknown[:5])
        found.append(f"{clip.info.title} was not trained on {listed}; what it finds for them means little.")
    return tuple(found)


def unknown_words(text: str, info: ClipInfo) -> tuple[str, ...]:
    """The words of a prompt that a CLIP was not trained on; () where nobody states its words."""
    if info.vocabulary is None:
        return ()
    return tuple(word for word in words_of(text) if not _known(word, info.vocabulary))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, each once, without the punctuation round them."""
    bare = (word.strip("".join(_PUNCTUATION)) for word in text.lower().split())
    return tuple(dict.fromkeys(word for word in bare if word))


_PUNCTUATION = frozenset(".,;:!?\"'()[]{}…“”„‘’«»")


def _known(word: str, vocabulary: frozenset[str]) -> bool:
    """Whether a word, its singular, or all of its parts are in the vocabulary."""
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("'s")}
    if not forms.isdisjoint(vocabulary):
        return True
    parts = word.split("-")
    return len(parts) > 1 and all(_known(part, vocabulary) for part in parts if part)


def text_features(
    clip: ClipModel, prompts: Sequence[str], templates: str = "street", cache: TextCache | None = None
) -> np.ndarray:
    """(P, D) float32 unit vectors of P prompts: each sentence's vector at length one, their mean, at length one.

    Parameters
    ----------
    templates : name of the sentences each prompt is put into
    cache : where vectors of earlier prompts are found and kept; None: all are computed

    Raises
    ------
    UsageError
        A prompt is empty or tokenises to nothing, or there are no such templates.
    DataError
        The user's own templates cannot be read.
    """
    sentences = find(templates)
    found: dict[str, np.ndarray] = {}
    asked = [check_prompt(prompt) for prompt in prompts]
    for prompt in dict.fromkeys(asked):
        kept = None if cache is None else cache.get(clip.info.identity, sentences.templates, prompt)
        if kept is not None and len(kept) == clip.info.embed_dim:
            found[prompt] = kept
    missing = [prompt for prompt in dict.fromkeys(asked) if prompt not in found]
    vectors = _computed(clip, missing, sentences) if missing else ()
    for prompt, vector in zip(missing, vectors, strict=True):
        found[prompt] = vector
        if cache is not None:
            cache.put(clip.info.identity, sentences.templates, prompt, vector)
    return (
        np.stack([found[prompt] for prompt in asked]) if asked else np.zeros((0, clip.info.embed_dim), np.float32)
    )


def _computed(clip: ClipModel, prompts: list[str], sentences: TemplateSet) -> np.ndarray:
    for prompt, count in zip(prompts, clip.token_counts(prompts), strict=True):
        if count == 0:
            raise UsageError(
                f"The prompt '{prompt}' holds nothing that CLIP reads; type words, such as {EXAMPLES}."
            )
    texts = [text for prompt in prompts for text in sentences.filled(prompt)]
    vectors = clip.encode_texts(texts).reshape(len(prompts), len(sentences.templates), clip.info.embed_dim)
    mean = vectors.mean(axis=1)
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12), np.float32)
