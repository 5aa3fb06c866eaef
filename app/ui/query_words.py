"""What the window says of a query: sentences, rows and numbers, made from plain data."""

from __future__ import annotations

from app.core.language import prompts
from app.core.language.queries import ENSEMBLE, Histogram, Hit, Prompt, PromptReport, QueryReport, QueryState
from app.core.session_language import SessionLanguage
from app.ui import text
from app.ui.widgets.prompt_rows import PromptLine
from app.ui.widgets.value_rows import ValueRow

DEMO = (
    "The demo CLIP knows the demo world only. For real streets choose another: any open_clip model by its name, or "
    "a file of yours."
)
DEMO_SHORT = "knows the demo world only"

MODES = (
    ("similarity", "Similarity", "Cosine of each point's feature with the active prompt"),
    ("winner", "Winner", "Each matching point in the colour of the prompt it matches best"),
    (
        "relevancy",
        "Relevancy",
        "The active prompt against the negatives: 0.5 and more is more like it than like any",
    ),
    ("match", "Match", "The points whose relevancy reaches the threshold"),
)
WAYS = (
    ("regions", "Regions", "CLIP on the picture of each superpoint"),
    ("pixels", "Pixels", "CLIP's dense features at the pixel of each visible point"),
    ("network", "Network", "A 3D network that was taught CLIP's features"),
    (ENSEMBLE, "Both", "Per point the more confident of pixels and network"),
)
EXAMPLES = ("car", "red car", "person", "tree", "building", "traffic sign", "small tree", "pole", "road", "truck")
"""Offered while nothing is asked: of these, the ones whose words the CLIP knows."""

SHOWN_EXAMPLES = 6
NEW = "…"
"""What a row says whose words are still to be typed."""


def examples(vocabulary: frozenset[str] | None) -> tuple[str, ...]:
    """Prompts to begin with that this CLIP has words for."""
    if vocabulary is None:
        return EXAMPLES[:SHOWN_EXAMPLES]
    known = [one for one in EXAMPLES if all(word in vocabulary for word in one.split()) or one in vocabulary]
    return tuple(known[:SHOWN_EXAMPLES])


def mode_words(query: QueryState) -> str:
    """What the view shows, in one sentence."""
    words = {
        "similarity": "How alike each point is to the active prompt: the cosine of the two features.",
        "winner": "Each point that matches a prompt takes the colour of the one it matches best.",
        "relevancy": "The active prompt against the negatives: from 0.5 on a point is more like it than like any.",
        "match": "Points whose relevancy reaches the threshold light up.",
    }
    return words[query.mode]


def title_of(prompt: Prompt) -> str:
    """What a row calls a prompt; an example's frame stands in the tooltip."""
    if prompt.point is not None:
        return f"like point {text.count(prompt.point[1])}"
    if prompt.box is not None:
        return f"like the box in {prompt.box[1]}"
    return prompt.title or NEW


def lines(query: QueryState, report: QueryReport | None, unknown: tuple[str, ...] = ()) -> tuple[PromptLine, ...]:
    """A row for each prompt, with what the report says of it; ``unknown``: words that this CLIP never saw."""
    told = _told(query, report)
    return tuple(_line(prompt, told.get(place), unknown) for place, prompt in enumerate(query.prompts))


def _told(query: QueryState, report: QueryReport | None) -> dict[int, PromptReport]:
    """What the report says, by place of the prompt; nothing if it speaks of other prompts."""
    places = [place for place, prompt in enumerate(query.prompts) if not prompt.empty]
    if report is None or len(report.prompts) != len(places):
        return {}
    return dict(zip(places, report.prompts, strict=True))


def _line(prompt: Prompt, told: PromptReport | None, unknown: tuple[str, ...]) -> PromptLine:
    editable = prompt.point is None and prompt.box is None
    strange = [word for word in unknown if editable and word in prompts.words_of(prompt.text)]
    warning = f"This CLIP was never taught “{strange[0]}”." if strange else ""
    if told is None:
        return PromptLine(title_of(prompt), prompt.color, editable=editable, warning=warning)
    known = told.best == told.best
    tip = (
        f"{text.plural(told.points, 'point')} match; best cosine {text.number(told.best, 3)}, "
        f"best relevancy {text.number(told.best_relevancy, 2)}."
        if known
        else "Nothing is known of any point."
    )
    if told.dropped:
        tip = f"Prompt denoising has dropped it: it is sure of no point. {tip}"
    return PromptLine(
        title_of(prompt),
        prompt.color,
        told.best_relevancy if known and not told.dropped else None,
        "dropped" if told.dropped else text.count(told.points) if known else "–",
        f"{text.typeset(prompt.title)}\n{tip} The bar is the best relevancy.",
        editable,
        warning,
    )


def count_words(histogram: Histogram | None, *, among_others: bool = False) -> str:
    """How many points match, in one line; ``among_others``: frames beside the one that is counted are drawn."""
    if histogram is None:
        return ""
    share = f"{text.count(histogram.above)} of {_points(histogram.known, among_others)}"
    return f"{share} match from {text.number(histogram.threshold, 3)} on" if histogram.threshold is not None else ""


def timing_words(report: QueryReport | None, *, among_others: bool = False) -> str:
    """How fast it went, and on how many points; ``among_others`` as in :func:`count_words`."""
    if report is None:
        return ""
    whole = _points(report.points, among_others)
    return f"{text.count(report.known)} of {whole} have a feature · {1000 * report.seconds:.0f} ms"


def _points(count: int, among_others: bool) -> str:
    return f"{text.plural(count, 'point')}{' of this frame' if among_others else ''}"


def clip_rows(language: SessionLanguage) -> tuple[ValueRow, ...]:
    """What the chosen CLIP is."""
    info = language.clip_info
    if info is None:
        return ()
    size = f"{info.bytes / 2**20:.0f} MB" if info.bytes else "not downloaded yet"
    width, height = info.resolution
    rows = [
        ValueRow("Network", _architecture(info.architecture), f"Its image tower is of the kind {info.tower}"),
        ValueRow("Reads pictures of", f"{width} × {height}"),
        ValueRow(
            "Size", f"{info.parameters / 1e6:.1f} M · {size}", f"{text.count(info.parameters)} numbers, {size}"
        ),
        ValueRow("Licence", info.licence_text),
        ValueRow("Identity", info.identity or "not downloaded yet", "First 12 hex digits of the weights' SHA-256"),
    ]
    if info.vocabulary is not None:
        words = ", ".join(sorted(info.vocabulary))
        rows.append(ValueRow("Words it was taught", text.count(len(info.vocabulary)), words))
    return tuple(rows)


def _architecture(name: str) -> str:
    return "of its own kind" if name == "own" else name


def reads(language: SessionLanguage) -> str:
    """Who reads the words, in one line below the field."""
    if language.reading_clip is not None:
        return f"Reading {language.reading_clip.title} …"
    if language.clip is None:
        return ""
    title = language.clip_info.title if language.clip_info is not None else language.clip.title
    return f"{title} · {DEMO_SHORT}" if language.demo_clip else title


def unknown_words(language: SessionLanguage) -> tuple[str, ...]:
    """Words of the query that the chosen CLIP was never taught, where it says what it was."""
    info = language.clip_info
    if info is None:
        return ()
    return tuple(word for prompt in language.query.asked for word in prompts.unknown_words(prompt.text, info))


def hit_words(hit: Hit, titles: tuple[str, ...]) -> str:
    """All there is to say of a found region."""
    asked = titles[hit.prompt] if 0 <= hit.prompt < len(titles) else ""
    return (
        f"“{asked}” · frame {text.count(hit.frame)}, {hit.camera}\n"
        f"cosine {text.number(hit.score, 3)}, relevancy {text.number(hit.relevancy, 2)}, "
        f"{text.plural(hit.points, 'point')}. Click to fly there."
    )
