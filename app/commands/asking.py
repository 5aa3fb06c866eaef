"""A question in words on the command line: the options that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import must_exist
from app.core.errors import UsageError

if TYPE_CHECKING:
    from app.core.tasks.context import Source

TEMPLATES = "street"
"""The usual sentences, by name: their module needs numpy, which the help must start without."""

ZERO_SHOT = "zero_shot"
"""The method of known classes; the layers that show it begin with its name."""

TextOption = Annotated[list[str] | None, typer.Option("--text", help="What to look for; may be repeated.")]
WayOption = Annotated[str, typer.Option(help="Where features come from: regions, pixels, network or ensemble.")]
ClipOption = Annotated[
    str | None,
    typer.Option("--clip", help="A weights file or folder, or NAME:TAG of open_clip; the demo CLIP without."),
]
ClipModelOption = Annotated[
    str, typer.Option(help="Architecture of a bare weights file that does not tell: open_clip's NAME or NAME:TAG.")
]
NetworkOption = Annotated[
    Path | None,
    typer.Option(
        help="A run or checkpoint of a distilled network, for --way network and ensemble; the demo CLIP's without."
    ),
]
TemplatesOption = Annotated[str, typer.Option(help="Sentences the words are put into: street, plain, imagenet80 …")]
NegativeOption = Annotated[
    list[str] | None, typer.Option("--negative", help="What relevancy is measured against; may be repeated.")
]
ThresholdOption = Annotated[
    float | None, typer.Option(min=0, max=1, help="Relevancy from which a point matches; 0.5 without.")
]
SmoothOption = Annotated[float, typer.Option(min=0, max=1, help="MaskCLIP's key smoothing (--way pixels).")]
DenoiseOption = Annotated[float, typer.Option(min=0, max=1, help="MaskCLIP's prompt denoising.")]
PointOption = Annotated[list[int] | None, typer.Option("--point", help="Row of a point to look for the like of.")]
BoxOption = Annotated[
    list[str] | None,
    typer.Option("--box", help="Piece of a picture to look for the like of: CAMERA:x0,y0,x1,y1 in pixels."),
]


def clip_of(text: str | None, model: str = "") -> Any:
    """The CLIP that an option names."""
    from app.core.language.choosing import demo, from_path, named

    path = None if text is None else Path(text).expanduser()
    if model and (path is None or not path.exists()):
        raise UsageError("--clip-model is for a weights file on this machine; leave it out.")
    if text is None or path is None:
        return demo()
    if path.exists():
        return from_path(path.resolve(), model)
    name, colon, tag = text.partition(":")
    if not colon or not name or not tag or "/" in text or "\\" in text:
        raise UsageError(f"'{text}' is neither a file or folder that is there, nor NAME:TAG of open_clip.")
    return named(name, tag)


def methods_of(
    text: list[str] | None,
    frame: int,
    *,
    way: str,
    clip: Any,
    network: Path | None,
    point: list[int] | None = None,
    box: list[str] | None = None,
    negative: list[str] | None = None,
    threshold: float | None = None,
    templates: str = TEMPLATES,
    smooth: float = 0.0,
    denoise: float = 0.0,
) -> Any:
    """The methods that answer a question, as tasks take them."""
    from app.core.language.methods_of_query import methods_for, query_options
    from app.core.language.prompts import check_prompt
    from app.core.language.queries import COLORS, LONGEST, MOST_PROMPTS, NEGATIVES, Prompt, QueryState

    network = network_for(way, network, clip)
    if smooth and way != "pixels":
        raise UsageError("--smooth is of MaskCLIP's pixels; add --way pixels, or leave it out.")
    prompts = [Prompt(check_prompt(words)) for words in dict.fromkeys(text or ())]
    for prompt in prompts:
        if len(prompt.text) > LONGEST:
            raise UsageError(f"A prompt has at most {LONGEST} characters; this one has {len(prompt.text)}.")
    prompts += [Prompt(point=(frame, row)) for row in point or ()]
    prompts += [Prompt(box=(frame, *_box(words))) for words in box or ()]
    if not prompts:
        raise UsageError('Say what to look for: --text "car", --point ROW or --box CAMERA:x0,y0,x1,y1.')
    if len(prompts) > MOST_PROMPTS:
        raise UsageError(f"At most {MOST_PROMPTS} prompts can be asked at once; {len(prompts)} are too many.")
    colored = tuple(replace(prompt, color=COLORS[i % len(COLORS)]) for i, prompt in enumerate(prompts))
    state = QueryState(
        prompts=colored, way=way, templates=templates, negatives=NEGATIVES if negative is None else tuple(negative),
        threshold=threshold, smooth=smooth, denoise=denoise,
    )  # fmt: skip
    return tuple(sorted((*methods_for(clip, network), ("text_query", query_options(clip, state)))))


def methods_shown(
    layers: Sequence[str],
    text: list[str] | None,
    frame: int,
    source: Source,
    *,
    way: str,
    clip: str | None,
    clip_model: str,
    network: Path | None,
    negative: list[str] | None,
    threshold: float | None,
    templates: str,
    smooth: float,
    denoise: float,
) -> Any:
    """The methods of a question that a picture or a file shows: words that are asked, and the data set's classes
    where one of ``layers`` shows them. () without either; options that would then do nothing are refused."""
    classes = any(name.startswith(ZERO_SHOT) for name in layers)
    if text and not any(name.startswith("text_") for name in layers):
        from app.core.language.queries import LAYER_OF

        raise UsageError(f"No layer of the answer is asked for; add --layer {', '.join(LAYER_OF.values())}.")
    if not text:
        _refuse({"--negative": negative, "--threshold": threshold, "--smooth": smooth}, "give --text")
    if not text and not classes:
        stated: dict[str, object] = {"--way": way != "regions", "--templates": templates != TEMPLATES}
        stated |= {"--clip": clip, "--clip-model": clip_model, "--network": network, "--denoise": denoise}
        _refuse(stated, "give --text, or --layer zero_shot")
        return ()
    chosen = clip_of(clip, clip_model)
    found: dict[str, Any] = {}
    if text:
        found |= methods_of(
            text, frame, way=way, clip=chosen, network=network, negative=negative, threshold=threshold,
            templates=templates, smooth=smooth, denoise=denoise,
        )  # fmt: skip
    if classes:
        found |= classes_of(source, way=way, clip=chosen, network=network, templates=templates, denoise=denoise)
    return tuple(sorted(found.items()))


def classes_of(source: Source, *, way: str, clip: Any, network: Path | None, templates: str, denoise: float) -> Any:
    """The methods that find the data set's classes by their words, the user's own where there are any.

    ``UsageError`` where no label map says which classes there are.
    """
    from app.core.label_sets import NO_NAMES
    from app.core.language.class_words import of_label_set
    from app.core.language.methods_of_query import methods_for
    from app.core.methods.zero_shot import ZeroShotOptions
    from app.core.tasks.context import Context

    network = network_for(way, network, clip)
    label_set = Context().sequence(source).label_set
    if label_set is None:
        raise UsageError(f"{NO_NAMES} Or ask in words of your own: --text.")
    words = of_label_set(label_set)
    options = ZeroShotOptions(clip, words, way=way, templates=templates, denoise=denoise)
    return (*methods_for(clip, network), (ZERO_SHOT, options))


def _refuse(stated: Mapping[str, object], remedy: str) -> None:
    """Refuse options that are stated and would do nothing."""
    for name, value in stated.items():
        if value:
            raise UsageError(f"{name} is of a question in words, and none is asked; {remedy}.")


def network_for(way: str, network: Path | None, clip: Any) -> Path | None:
    """The distilled network that a way takes: the one that is named; for the demo CLIP the one that comes along.

    ``UsageError`` for a way that there is not, and where a network is needed and none is there.
    """
    from app.core.language.choosing import demo
    from app.core.language.queries import ENSEMBLE, WAYS_OF_QUERIES
    from app.core.model_card import DISTILLED, built_in

    if way not in WAYS_OF_QUERIES:
        raise UsageError(f"There is no way '{way}'; there are: {', '.join(WAYS_OF_QUERIES)}.")
    if network is not None:
        must_exist(network)
    elif way in ("network", ENSEMBLE):
        if clip != demo():
            raise UsageError(f"--way {way} needs a network distilled from this CLIP: name it with --network.")
        return built_in(DISTILLED)
    return network


def _box(text: str) -> tuple[str, int, int, int, int]:
    camera, colon, numbers = text.rpartition(":")
    parts = numbers.split(",")
    try:
        x0, y0, x1, y1 = (int(part) for part in parts)
    except ValueError:
        colon = ""
    if not colon or not camera or x1 - x0 < 4 or y1 - y0 < 4:
        raise UsageError(f"--box is CAMERA:x0,y0,x1,y1 in pixels, at least 4 wide and high; found '{text}'.")
    return camera, x0, y0, x1, y1
