"""Which methods, with which options, answer what is asked; and what is asked by methods that are on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import UsageError
from app.core.language.queries import KeptInfo, QueryState
from app.models.clip.source import ClipSource

if TYPE_CHECKING:
    from app.core.language.class_words import ClassWords
    from app.core.methods.base import Chosen
    from app.core.methods.text_query import TextQueryOptions

QUERY, ZERO_SHOT, KEPT = "text_query", "zero_shot", "kept_queries"


def query_options(clip: ClipSource, query: QueryState) -> TextQueryOptions | None:
    """Options of the method that answers a query; None where nothing is asked."""
    from app.core.methods.text_query import TextQueryOptions

    if not query.asked:
        return None
    return TextQueryOptions(
        clip=clip,
        prompts=query.asked,
        active=query.active_asked,
        way=query.way,
        templates=query.templates,
        negatives=query.negatives,
        threshold=query.threshold,
        smooth=query.smooth if query.way == "pixels" else 0.0,
        denoise=query.denoise,
    )


def wanted(
    methods: Mapping[str, Hashable], clip: ClipSource | None, query: QueryState, words: ClassWords | None
) -> dict[str, Hashable | None]:
    """Changes to the methods that are on, so that they answer the query and (with ``words``) seek known classes."""
    if clip is None:
        return {name: None for name in (QUERY, ZERO_SHOT) if name in methods}
    changes: dict[str, Hashable | None] = {QUERY: query_options(clip, query), ZERO_SHOT: None}
    if words is not None:
        from app.core.methods.zero_shot import ZeroShotOptions

        changes[ZERO_SHOT] = ZeroShotOptions(
            clip=clip, words=words, way=query.way, templates=query.templates, denoise=query.denoise
        )
    if any(options is not None for options in changes.values()):
        changes |= clip_options(methods, clip)
    return changes


def clip_options(methods: Mapping[str, Hashable], clip: ClipSource) -> dict[str, Hashable]:
    """Options of the methods that take features from images, with this CLIP; their other fields stay."""
    from app.core.methods.pixels import PixelOptions
    from app.core.methods.regions import RegionOptions

    regions, pixels = methods.get("regions"), methods.get("pixels")
    return {
        "regions": replace(regions, clip=clip) if isinstance(regions, RegionOptions) else RegionOptions(clip),
        "pixels": replace(pixels, clip=clip) if isinstance(pixels, PixelOptions) else PixelOptions(clip),
    }


def methods_for(clip: ClipSource, checkpoint: Path | None = None) -> Chosen:
    """The methods that give features, with this CLIP and perhaps a distilled network, as tasks take them."""
    chosen = clip_options({}, clip)
    network = network_options(None, checkpoint)
    if network is not None:
        chosen["network_features"] = network
    return tuple(sorted(chosen.items(), key=lambda item: item[0]))


def network_options(now: Hashable | None, checkpoint: Path | None) -> Hashable | None:
    """Options of the method that takes features from a distilled network."""
    from app.core.methods.network_features import NetworkFeatureOptions

    if checkpoint is None:
        return None
    if isinstance(now, NetworkFeatureOptions):
        return replace(now, checkpoint=checkpoint)
    return NetworkFeatureOptions(checkpoint)


def asked_by(methods: Mapping[str, Hashable], before: QueryState) -> tuple[ClipSource, QueryState] | None:
    """The CLIP and the query of methods that are on; None where they ask nothing. ``before``: what is asked now,
    whose prompts that are still empty, and whose mode, stay where the methods ask the same."""
    if QUERY not in methods:
        return None
    from app.core.methods.text_query import TextQueryOptions

    options = methods[QUERY]
    if not isinstance(options, TextQueryOptions):
        return None
    if query_options(options.clip, before) == options:
        return options.clip, before
    query = QueryState(
        prompts=options.prompts,
        active=options.active,
        mode=before.mode,
        way=options.way,
        templates=options.templates,
        negatives=options.negatives,
        threshold=options.threshold,
        smooth=options.smooth,
        denoise=options.denoise,
    )
    return options.clip, query


# kept queries


def kept_infos(options: Hashable | None) -> tuple[KeptInfo, ...]:
    """What is kept by these options of the method ``kept_queries``."""
    if options is None:
        return ()
    from app.core.methods.kept_queries import KeptOptions, layer_of

    if not isinstance(options, KeptOptions):
        return ()
    return tuple(KeptInfo(kept.name, kept.color, layer_of(kept), kept.as_class) for kept in options.kept)


def with_kept(
    options: Hashable | None, name: str, clip: ClipSource | None, query: QueryState, *, as_class: bool
) -> tuple[Hashable, str]:
    """The options with the query's active prompt kept under ``name``, and the layer that shows it.

    ``UsageError`` for an empty or taken name, or where nothing is asked.
    """
    from app.core.methods.kept_queries import Kept, KeptOptions, layer_of

    name = " ".join(name.split())
    if not name or len(name) > 60:
        raise UsageError("A kept query needs a name of 1 to 60 characters.")
    asked = None if clip is None else query_options(clip, query)
    if asked is None:
        raise UsageError("Type what to look for first, then keep it.")
    held = options.kept if isinstance(options, KeptOptions) else ()
    if any(entry.name == name for entry in held):
        raise UsageError(f"A kept query is called '{name}' already; choose another name.")
    prompt = asked.prompts[asked.active]
    kept = Kept(name, prompt.color, as_class, replace(asked, prompts=(prompt,), active=0))
    return KeptOptions((*held, kept)), layer_of(kept)


def without_kept(options: Hashable | None, name: str) -> Hashable | None:
    """The options without that kept query; None where none is left. ``UsageError`` if none has that name."""
    from app.core.methods.kept_queries import KeptOptions

    held = options.kept if isinstance(options, KeptOptions) else ()
    left = tuple(entry for entry in held if entry.name != name)
    if len(left) == len(held):
        raise UsageError(f"No kept query is called '{name}'.")
    return KeptOptions(left) if left else None
