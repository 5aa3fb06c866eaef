"""What the commands that ask in words print: one object for scripts, lines for people."""

from __future__ import annotations

import math
from typing import Any

LINE = 80
"""Characters of a prompt that head a line."""


def of_classes(done: Any) -> dict[str, Any]:
    """Classes found by their words, as JSON has them."""
    from app.core.evaluation.confusion import Confusion

    report = done.report
    scores = (
        None if report.confusion is None else Confusion(report.classes, done.label_set.ignore, report.confusion)
    )
    iou = {}
    if scores is not None:
        iou = {scores.classes[i]: _number(scores.iou()[i]) for i in range(len(scores.classes)) if scores.present[i]}
    there = [value for value in iou.values() if value is not None]
    return {
        "known": report.known,
        "points": report.points,
        "accuracy": None if scores is None else _number(scores.accuracy),
        "present_miou": _number(sum(there) / len(there)) if there else None,
        "iou": iou,
        "why": report.why,
        "drove": dict(report.drove),
        "clip": report.clip,
        "features": report.origin,
        "seconds": round(report.seconds, 4),
        "path": None if done.path is None else str(done.path),
    }


def class_lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    lines = [f"something is known of {found['known']} of {found['points']} points: {found['features']}"]
    if found["accuracy"] is not None:
        share = "–" if found["present_miou"] is None else f"{100 * found['present_miou']:.1f} %"
        lines.append(
            f"accuracy over those points {100 * found['accuracy']:.1f} %, mIoU over present classes {share}"
        )
    lines += [f"  {name:16}{100 * value:6.1f} %" for name, value in found["iou"].items() if value is not None]
    lines += [f"note: {found['why']}"] if found["why"] else []
    drove = ", ".join(f"{word} {count}" for word, count in list(found["drove"].items())[:10])
    return [*lines, f"words that drove it: {drove}", *([found["path"]] if found["path"] else [])]


def of_answer(done: Any, way: str) -> dict[str, Any]:
    """The answer to a query, as JSON has it."""
    report = done.report
    prompts = {
        prompt.title: {
            "points": prompt.points,
            "threshold": report.threshold,
            "best": _number(prompt.best),
            "best_relevancy": _number(prompt.best_relevancy),
            "regions": [_hit(hit) for hit in hits],
        }
        for prompt, hits in zip(report.prompts, done.hits, strict=True)
    }
    return {
        "prompts": prompts,
        "points": report.points,
        "known": report.known,
        "way": way,
        "seconds": round(report.seconds, 4),
        "text_seconds": round(report.text_seconds, 4),
        "clip": report.clip,
        "features": report.origin,
        "notes": list(report.notes),
        "path": None if done.path is None else str(done.path),
    }


def answer_lines(done: Any) -> list[str]:
    """The same for people."""
    report = done.report
    lines = [f"something is known of {report.known} of {report.points} points: {report.origin}"]
    for prompt, hits in zip(report.prompts, done.hits, strict=True):
        lines.append(f"{_short(prompt.title)}: {prompt.points} points match, greatest cosine {prompt.best:.3f}")
        lines += [f"  {_hit_line(hit)}" for hit in hits]
    lines += [f"note: {sentence}" for sentence in report.notes]
    return lines + ([] if done.path is None else [str(done.path)])


def of_results(found: Any) -> dict[str, Any]:
    """What a search has found, as JSON has it."""
    return {
        "prompts": {
            title: {
                "frames": [_number(float(score)) for score in found.scores[place]],
                "regions": [{"frame": hit.frame, **_hit(hit)} for hit in found.top if hit.prompt == place],
            }
            for place, title in enumerate(found.prompts)
        },
        "frames": found.frames,
        "indexed": found.indexed,
        "seconds": round(found.seconds, 4),
        "notes": list(found.notes),
    }


def result_lines(found: Any) -> list[str]:
    """The same for people."""
    lines = [f"{found.indexed} of {found.frames} frames are indexed; searched in {found.seconds:.3f} s"]
    for place, title in enumerate(found.prompts):
        lines.append(f"{_short(title)}:")
        lines += [f"  frame {hit.frame}: {_hit_line(hit)}" for hit in found.top if hit.prompt == place]
    return lines + [f"note: {sentence}" for sentence in found.notes]


def _short(title: str) -> str:
    """A prompt at the head of a line: its beginning, where it is long."""
    return title if len(title) <= LINE else f"{title[:LINE].rstrip()} …"


def _hit(hit: Any) -> dict[str, Any]:
    return {
        "camera": hit.camera,
        "box": list(hit.box),
        "score": round(hit.score, 4),
        "relevancy": round(hit.relevancy, 4),
        "center": [round(value, 3) for value in hit.center],
        "segment": hit.segment,
    }


def _hit_line(hit: Any) -> str:
    x, y, z = hit.center
    where = f"{hit.camera} {hit.box[0]},{hit.box[1]} to {hit.box[2]},{hit.box[3]}" if hit.camera else "no picture"
    return f"{where}: cosine {hit.score:.3f}, relevancy {hit.relevancy:.2f}, at {x:.1f}, {y:.1f}, {z:.1f} m"


def about_clip(info: Any) -> dict[str, Any]:
    """A CLIP, as JSON has it."""
    words = None if info.vocabulary is None else sorted(info.vocabulary)
    return {
        "title": info.title,
        "architecture": info.architecture,
        "tower": info.tower,
        "resolution": list(info.resolution),
        "embed_dim": info.embed_dim,
        "parameters": info.parameters,
        "bytes": info.bytes,
        "licence": info.licence_text,
        "identity": info.identity,
        "downloaded": info.downloaded,
        "logit_scale": _number(info.logit_scale),
        "vocabulary": words,
        "notes": list(info.notes),
    }


def plain(value: Any) -> str:
    """A value for people."""
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value) or "none"
    return "not stated" if value is None else str(value)


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return round(value, 5) if math.isfinite(value) else None
