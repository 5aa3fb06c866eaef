"""open_clip's published weights: by name and tag, where they are fetched from, where they lie."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.models.clip import architecture, compat, download
from app.models.clip.architecture import Plan
from app.models.clip.errors import ClipError

SAFE, PICKLED = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"

UNCHECKED = "unchecked"
"""A file of this name beside weights says that nobody published a checksum to compare them with."""


@dataclass(frozen=True)
class Place:
    """One place to fetch weights from: ``url``, the ``name`` to keep them under, the beginning of their SHA-256
    ("" where the server alone may know it), and on the hub ``repo``."""

    url: str
    name: str
    sha256: str = ""
    repo: str = ""


def listed() -> tuple[tuple[str, str], ...]:
    """All names and tags that open_clip knows, in its order."""
    return tuple((str(name), str(tag)) for name, tag in compat.open_clip().list_pretrained())


def entry(model: str, tag: str) -> Mapping[str, Any]:
    """open_clip's table entry; ``ClipError`` with the tags there are where it has none."""
    library = compat.open_clip()
    found = library.get_pretrained_cfg(model.replace("/", "-"), tag)
    if not found:
        architecture.named(model)
        tags = ", ".join(library.list_pretrained_tags_by_model(model)) or "none"
        raise ClipError(f"open_clip has no weights '{tag}' of {model}; there are: {tags}.")
    return found


def plan(model: str, tag: str) -> Plan:
    """How the network for these weights is built; ``ClipError`` for unknown names."""
    about = entry(model, tag)
    built = architecture.named(model)
    built = replace(built, preprocess={name: about[name] for name in architecture.PREPROCESS if name in about})
    quick = bool(about.get("quick_gelu", False))
    if quick != bool(built.model.get("quick_gelu", False)):
        # open_clip warns and computes with the wrong activation; these weights were trained with the other one.
        activation = "QuickGELU" if quick else "GELU"
        note = f"These weights were trained with {activation}, which is used although {model} alone would not."
        built = replace(built, model={**built.model, "quick_gelu": quick}).noting(note)
    if any((one.parent / UNCHECKED).is_file() for one in files(model, tag)):
        built = built.noting("Nobody published a checksum of these weights; the length alone was compared.")
    return built


def licence(tag: str, model: str = "") -> str:
    """Tag of the licence of published weights, "" where we do not know it."""
    hub = str(compat.open_clip().get_pretrained_cfg(model, tag).get("hf_hub", "")) if model else ""
    if tag == "openai" or tag.startswith("laion400m") or hub.startswith("laion/"):
        return "MIT"
    if tag.startswith("metaclip") or hub.startswith("visheratin/"):
        return "CC-BY-NC-4.0"
    return "Apache-2.0" if tag == "webli" else ""


def places(model: str, tag: str) -> tuple[Place, ...]:
    """Where the weights may be fetched from, the best first."""
    about = entry(model, tag)
    repo, _, name = str(about.get("hf_hub") or "").rpartition("/")
    found = [Place(_on_hub(repo, one), one, repo=repo) for one in _names(name)] if repo else []
    url = str(about.get("url") or "")
    if url and tag != "openai":  # OpenAI's own files are programs: the same tensors are on the hub
        found.append(Place(url, url.rsplit("/", 1)[-1], _sha256_in(url)))
    return tuple(found)


def _names(stated: str) -> tuple[str, ...]:
    """Names to try: safetensors first, which holds no program."""
    if not stated:
        return SAFE, PICKLED
    stem, _, suffix = stated.rpartition(".")
    return (f"{stem}.safetensors", stated) if suffix in ("bin", "pt", "pth") else (stated,)


def _on_hub(repo: str, name: str) -> str:
    from huggingface_hub import hf_hub_url

    return str(hf_hub_url(repo, name))


def _sha256_in(url: str) -> str:
    """The beginning of a checksum that some addresses carry: a folder of 64 hex digits, or the name's last part."""
    *_, folder, name = url.split("/")
    if re.fullmatch(r"[0-9a-f]{64}", folder):
        return folder
    found = re.search(r"-([0-9a-f]{8,64})\.[a-z]+$", name)
    return found.group(1) if found else ""


def folder(model: str, tag: str) -> Path:
    """Where downloaded weights of ours lie: the user's cache, or ``$LIDARSCOPE_HOME``."""
    stated = os.environ.get("LIDARSCOPE_HOME")
    if stated:
        root = Path(stated)
    else:
        from platformdirs import user_cache_path

        root = user_cache_path("lidarscope")
    return root / "clip" / re.sub(r"[^\w.-]", "_", model) / re.sub(r"[^\w.-]", "_", tag)


def files(model: str, tag: str) -> tuple[Path, ...]:
    """The weights on this machine, ours or those open_clip downloaded before; () where there are none."""
    for place in places(model, tag):
        own = folder(model, tag) / place.name
        if own.is_file():
            return (own,)
        if place.repo and (held := _held(place)) is not None:
            return (held,)
    return ()


def _held(place: Place) -> Path | None:
    """The file where the hub's own package keeps what it downloaded."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(place.repo, place.name)
    return Path(found) if isinstance(found, str) and Path(found).is_file() else None


def fetch(model: str, tag: str) -> Generator[tuple[int, int, str], None, None]:
    """Download the weights where they are not here yet; yields bytes done, bytes in all, what is done.

    ``ClipError`` where no place has them or none can be reached, with what to do instead.
    """
    if files(model, tag):
        return
    known = places(model, tag)
    for place in known:
        target = folder(model, tag) / place.name
        try:
            checked = yield from download.download(place.url, target, place.sha256)
        except download.NotThere:
            continue
        except download.Offline as error:
            raise ClipError(
                f"{model} · {tag} is not on this machine, and {error} Where there is a network, download "
                f"{known[0].url}, then load that file here and state its model as {model}:{tag}."
            ) from error
        if not checked:
            (target.parent / UNCHECKED).touch()
        return
    raise ClipError(f"{model} · {tag} is no longer at any of the {len(known)} places open_clip names.")
