"""What methods that put words against the features of points have in common: which features, which CLIP."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from app.core.language import clips, templates
from app.core.language.comparing import check_same_clip
from app.core.language.features import PointFeatures
from app.core.language.queries import METHOD_OF, TEMPLATES, WAYS_OF_QUERIES
from app.core.methods.base import Given, Method, Steps
from app.core.methods.network_features import ENTRY as NETWORK
from app.core.methods.pixels import ENTRY as PIXELS
from app.core.methods.regions import ENTRY as REGIONS
from app.models.clip.source import ClipSource

if TYPE_CHECKING:
    from app.models.clip.model import ClipModel

FEATURES = (REGIONS, PIXELS, NETWORK)
"""The methods that give features."""


@dataclass(frozen=True)
class WordOptions:
    """How words meet points.

    Attributes
    ----------
    clip : which CLIP reads the words; the features have to be made with the same
    way : one of ``WAYS_OF_QUERIES``
    templates : name of a template set
    sentences : what that set is on the disk at this moment, where it is one of the user's own; see ``pinned``
    denoise : prompts whose best share of the softmax over all that is asked, anywhere in the frame, is below this
        are found nowhere (MaskCLIP's prompt denoising); 0: off
    device : where the text tower runs
    """

    clip: ClipSource
    _: KW_ONLY
    way: str = "regions"
    templates: str = TEMPLATES
    sentences: str = ""
    denoise: float = 0.0
    device: str = "auto"


Options = TypeVar("Options", bound=WordOptions)
Result = TypeVar("Result")


class WordMethod(Method[Options, Result]):
    """A method whose options are :class:`WordOptions`."""

    uses: ClassVar[tuple[str, ...]] = tuple(method.name for method in FEATURES)
    alternatives: ClassVar[bool] = True

    def needs(self, options: Options) -> tuple[str, ...]:
        """The methods of the way."""
        return METHOD_OF.get(options.way, ())

    def pinned(self, options: Options) -> Options:
        """With the CLIP's files, and the user's templates, as they are now."""
        return replace(options, clip=clips.stamped(options.clip), sentences=templates.stamp(options.templates))

    def prepared(self, options: Options) -> bool:
        """Whether the CLIP has been looked at."""
        return clips.known(options.clip)

    def prepare(self, options: Options) -> Steps[None]:
        """Look at the CLIP, which imports torch."""
        yield from clips.reading(options.clip)

    def unusable(self, options: Options) -> str | None:
        """Why way or CLIP give nothing, one sentence; None where they do."""
        if options.way not in WAYS_OF_QUERIES:
            return f"There is no way '{options.way}'; there are: {', '.join(WAYS_OF_QUERIES)}."
        return clips.why_not(options.clip)


def model_steps(given: Given, options: WordOptions, features: tuple[PointFeatures, ...]) -> Steps[ClipModel]:
    """The loaded CLIP that reads the words; ``DataError`` where the features are another one's."""
    model = yield from clips.loading(given.context, options.clip, options.device)
    for one in features:
        check_same_clip(one, model.info)
    return model


def example_features(folder: Path) -> tuple[ClipSource, dict[str, Hashable]]:
    """A tiny CLIP with random weights, and options of the methods that give its features."""
    found: dict[str, Hashable] = {method.name: method.example(folder)[method.name] for method in FEATURES}
    regions = found[REGIONS.name]
    clip: ClipSource = regions.clip  # type: ignore[attr-defined]
    return clip, found
