"""Pictures of a training scan: what they show of its points, and random cuts of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from app.core.errors import DataError
from app.core.geometry.superpixels import superpixels
from app.core.geometry.visibility import VisibilityOptions, sight
from app.core.training.recipes.affinity3d import Affinity3D
from app.core.types import CameraView, Frame
from app.models.images.normal import MEAN, SPREAD

log = logging.getLogger(__name__)

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""What R, G and B weigh in the grey of a picture (ITU-R BT.601)."""


@dataclass(frozen=True)
class View:
    """What one camera shows of a scan.

    ``image`` (h, w, 3) uint8; ``rows`` (M,) int32 points that it sees, rising; ``places`` (M, 2) float32 where,
    as shares of its width and height.
    """

    image: np.ndarray
    rows: np.ndarray
    places: np.ndarray

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.image.nbytes + self.rows.nbytes + self.places.nbytes


@dataclass(frozen=True)
class Cut:
    """A part of a picture as a network takes it.

    ``image`` (3, h, w) float32, normalised; ``seen`` (P,) int64 voxels that it shows; ``places`` (P, 2) float32,
    x and y from −1 to 1 between its edges.
    """

    image: np.ndarray
    seen: np.ndarray
    places: np.ndarray


class Pictures:
    """Views of frames and cuts of them, as a recipe wants them."""

    def __init__(self, recipe: Affinity3D) -> None:
        self._recipe = recipe
        self._rule = VisibilityOptions(rule=recipe.visibility)
        if not recipe.image_weights:
            log.info("The image branch begins with random weights; image_weights may name a file of ImageNet's.")

    def views(self, frame: Frame) -> tuple[View, ...]:
        """One of every camera that has a picture and sees a point; ``DataError`` where a picture is broken."""
        found = [self._view(frame, camera) for camera in frame.cameras if camera.image_path is not None]
        return tuple(view for view in found if len(view.rows))

    def cut(self, views: tuple[View, ...], rows: np.ndarray, rng: np.random.Generator) -> Cut | None:
        """A random cut of a random view; None without any.

        ``rows`` (V,) point that each voxel stands for.
        """
        if not views:
            return None
        recipe = self._recipe
        view = views[int(rng.integers(len(views)))]
        height, width = view.image.shape[:2]
        size = np.array([recipe.crop_width, recipe.crop_height])
        spare = np.maximum(np.array([width, height]) - size, 0)
        x, y = (int(rng.integers(most + 1)) for most in spare)
        image = np.zeros((recipe.crop_height, recipe.crop_width, 3), np.float32)
        part = view.image[y : y + recipe.crop_height, x : x + recipe.crop_width]
        image[: part.shape[0], : part.shape[1]] = self._coloured(part, rng)
        own = np.searchsorted(view.rows, rows).clip(max=len(view.rows) - 1)
        seen = np.flatnonzero(view.rows[own] == rows)
        places = (view.places[own[seen]] * np.array([width, height]) - np.array([x, y])) / size * 2 - 1
        within = (np.abs(places) < 1).all(axis=1)
        if recipe.image_flip and rng.random() < 0.5:
            image = image[:, ::-1]
            places[:, 0] *= -1
        return Cut(np.ascontiguousarray(image.transpose(2, 0, 1)), seen[within], places[within].astype(np.float32))

    def _view(self, frame: Frame, camera: CameraView) -> View:
        from PIL import Image

        image = camera.load_image()
        if image.shape[:2] != camera.size[::-1]:
            found, wanted = f"{image.shape[1]} × {image.shape[0]}", f"{camera.size[0]} × {camera.size[1]}"
            raise DataError(
                f"{camera.image_path} is {found} pixels, the calibration of {camera.name} says {wanted}."
            )
        rule = self._rule
        segments = superpixels(image, way=rule.superpixels, segments=rule.segments) if rule.needs_image else None
        seen = sight(frame.points, camera, rule, segments)
        rows = np.flatnonzero(seen.visible).astype(np.int32)
        places = seen.pixel[rows] / np.array(camera.size, np.float32)
        if self._recipe.image_scale < 1:
            width, height = (max(1, round(edge * self._recipe.image_scale)) for edge in camera.size)
            image = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))
        return View(image, rows, places.astype(np.float32))

    def _coloured(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(h, w, 3) float32: brightness, contrast, saturation changed at random, then normalised."""
        shares = image.astype(np.float32) / 255
        reach = self._recipe.color_jitter
        if reach:
            bright, contrast, saturation = rng.uniform(1 - reach, 1 + reach, 3).astype(np.float32)
            shares = np.clip(shares * bright, 0, 1)
            shares = np.clip((shares - (shares @ _LUMA).mean()) * contrast + (shares @ _LUMA).mean(), 0, 1)
            grey = (shares @ _LUMA)[..., None]
            shares = np.clip((shares - grey) * saturation + grey, 0, 1)
        return np.asarray((shares - np.array(MEAN, np.float32)) / np.array(SPREAD, np.float32))
