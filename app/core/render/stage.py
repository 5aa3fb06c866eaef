"""One view's items, packed the way renderers read them.

Points are laid out in :data:`STRATA` interleaved subsets, each in the scan's own order: drawing the first k of
them is an even, nested thinning of the cloud that still walks through memory and picture in order.
Every drawn thing (point, triangle) has an id; ``table`` holds the colour of each id.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from app.core.render.scene import Cloud, Item, Lines, Mesh, Style, Texts, finite_rows

STRATA = 8
_LIGHT = (np.array([0.35, 0.25, 0.9]) / np.linalg.norm([0.35, 0.25, 0.9])).astype(np.float32)


@dataclass
class PackedCloud:
    """Finite points of a cloud: ``xyz`` (3, n) float32 relative to the stage's origin, ``rows`` (n,) int32 of the
    cloud, ``alive`` (n,) uint8, ``ends`` (STRATA + 1,) where each subset ends; ids start at ``base``."""

    xyz: np.ndarray
    rows: np.ndarray
    alive: np.ndarray
    ends: np.ndarray
    base: int = 0

    def count(self, strata: int) -> int:
        """Points in the first ``strata`` subsets."""
        return int(self.ends[strata])

    def seen(self, strata: int) -> int:
        """Those of them that are not hidden."""
        return int(np.count_nonzero(self.alive[: self.ends[strata]]))


@dataclass
class PackedMesh:
    """``xyz`` (3, V) float32 relative to the stage's origin, ``triangles`` (T, 3) int32, ``table`` (T,) uint32
    their colours. Ids start at ``base``; a translucent one (``opacity`` below 1) is drawn by itself, from 0 on."""

    xyz: np.ndarray
    triangles: np.ndarray
    table: np.ndarray
    opacity: float = 1.0
    base: int = 0


@dataclass
class PackedLines:
    """``xyz`` (3, P) float32 relative to the stage's origin; ``segments`` (S, 2), ``colors`` (S, 3) as in Lines."""

    xyz: np.ndarray
    segments: np.ndarray
    colors: np.ndarray
    width: float
    hidden: float


@dataclass
class Stage:
    """Everything one view shows, and counters that say what has changed since a renderer last looked.

    ``versions[name]`` grows when an item's geometry changes, ``color_versions[name]`` also when only its
    colours (or which of its points are shown) do.
    """

    items: dict[str, Item] = field(default_factory=dict)
    style: Style = field(default_factory=Style)
    origin: np.ndarray = field(default_factory=lambda: np.zeros(3))
    clouds: dict[str, PackedCloud] = field(default_factory=dict)
    meshes: dict[str, PackedMesh] = field(default_factory=dict)
    veils: dict[str, PackedMesh] = field(default_factory=dict)
    lines: dict[str, PackedLines] = field(default_factory=dict)
    table: np.ndarray = field(default_factory=lambda: np.zeros(1, np.uint32))
    versions: dict[str, int] = field(default_factory=dict)
    color_versions: dict[str, int] = field(default_factory=dict)
    _clock: int = 0
    _bounds: dict[str, np.ndarray] = field(default_factory=dict)

    def set_item(self, name: str, item: Item) -> None:
        """Add or replace an item; a replaced one keeps its place in the order."""
        old = self.items.get(name)
        self._forget(name)
        self.items[name] = item
        bounds = _bounds(item)
        if bounds is not None:
            self._bounds[name] = bounds
        self._follow(item, bounds)
        self._pack(name, item)
        if isinstance(item, Cloud | Mesh) or isinstance(old, Cloud | Mesh):
            self._rebuild_table()

    def remove_item(self, name: str) -> None:
        """Take an item out; unknown names are no error (it may have been taken out by a newer message)."""
        self.items.pop(name, None)
        self._forget(name)

    def set_colors(self, name: str, colors: np.ndarray, shown: np.ndarray | None) -> None:
        """Recolour a cloud in place; ids and geometry stay."""
        item = self.items.get(name)
        if not isinstance(item, Cloud) or len(colors) != len(item.points):
            return  # the cloud was replaced meanwhile by one with its own colours
        self.items[name] = replace(item, colors=colors, shown=shown)
        packed = self.clouds[name]
        self._color(packed.base, colors)
        packed.alive = _alive(packed.rows, shown)
        self._clock += 1
        self.color_versions[name] = self._clock

    @property
    def pickable(self) -> str:
        """Name of the cloud that picking refers to: the first pickable one, or ''."""
        return next((n for n, i in self.items.items() if isinstance(i, Cloud) and i.pickable), "")

    @property
    def texts(self) -> list[Texts]:
        """Labels."""
        return [i for i in self.items.values() if isinstance(i, Texts)]

    @property
    def bounds(self) -> np.ndarray:
        """(2, 3) float64: least and greatest coordinates of all items, world."""
        if not self._bounds:
            return np.array([[-1.0] * 3, [1.0] * 3])
        every = np.stack(list(self._bounds.values()))
        return np.stack([every[:, 0].min(axis=0), every[:, 1].max(axis=0)])

    @property
    def points(self) -> int:
        """Points in the packed clouds."""
        return sum(len(c.rows) for c in self.clouds.values())

    def seen(self, strata: int = STRATA) -> int:
        """Points in the first ``strata`` subsets of all clouds that are not hidden."""
        return sum(cloud.seen(strata) for cloud in self.clouds.values())

    def _forget(self, name: str) -> None:
        """Drop what is packed of an item. Its ids stay unused until the next table."""
        stores = (self.clouds, self.meshes, self.veils, self.lines)
        for store in (*stores, self.versions, self.color_versions, self._bounds):
            store.pop(name, None)

    def _follow(self, item: Item, bounds: np.ndarray | None) -> None:
        """Move the origin when the data lie far from it: float32 loses centimetres beyond some ten kilometres."""
        if bounds is None or not isinstance(item, Cloud | Mesh):
            return
        center = bounds.mean(axis=0)
        if np.abs(center - self.origin).max() < 2000:
            return
        self.origin = np.round(center, -3)
        for name, other in self.items.items():
            if other is not item:
                self._pack(name, other)

    def _pack(self, name: str, item: Item) -> None:
        self._clock += 1
        self.versions[name] = self.color_versions[name] = self._clock
        if isinstance(item, Cloud):
            self.clouds[name] = _pack_cloud(item, self.origin)
        elif isinstance(item, Lines):
            self.lines[name] = _pack_lines(item, self.origin)
        elif isinstance(item, Mesh):
            self._pack_mesh(name, item)

    def _pack_mesh(self, name: str, mesh: Mesh) -> None:
        if mesh.wireframe:
            self.lines[name] = _pack_lines(_edges(mesh), self.origin)
            return
        xyz = _columns(mesh.vertices, self.origin)
        packed = PackedMesh(xyz, np.array(mesh.triangles, order="C"), _words(flat_colors(mesh)), mesh.opacity)
        (self.meshes if mesh.opacity >= 1 else self.veils)[name] = packed

    def _rebuild_table(self) -> None:
        """Give out ids anew and collect the colours."""
        base = 0
        for name, cloud in self.clouds.items():
            cloud.base, base = base, base + _length(self.items[name])
        for mesh in self.meshes.values():
            mesh.base, base = base, base + len(mesh.triangles)
        self.table = np.zeros(base + 1, np.uint32)
        for name, cloud in self.clouds.items():
            item = self.items[name]
            assert isinstance(item, Cloud)
            self._color(cloud.base, item.colors)
        for mesh in self.meshes.values():
            self.table[mesh.base : mesh.base + len(mesh.table)] = mesh.table

    def _color(self, base: int, colors: np.ndarray) -> None:
        self.table[base : base + len(colors)] = _words(colors)


def flat_colors(mesh: Mesh) -> np.ndarray:
    """(T, 3) uint8 colour of each triangle: the mean of its corners', softly lit from above by a fixed light."""
    a, b, c = (np.ascontiguousarray(mesh.triangles[:, corner]) for corner in range(3))
    one, two = np.empty((3, len(a)), np.float32), np.empty((3, len(a)), np.float32)
    for axis in range(3):  # column by column: a fifth of the time of (T, 3, 3) arrays
        column = np.ascontiguousarray(mesh.vertices[:, axis])
        first = column[a]
        one[axis], two[axis] = column[b] - first, column[c] - first
    x = one[1] * two[2] - one[2] * two[1]
    y = one[2] * two[0] - one[0] * two[2]
    z = one[0] * two[1] - one[1] * two[0]
    lengths = np.sqrt(x * x + y * y + z * z)
    facing = (_LIGHT[0] * x + _LIGHT[1] * y + _LIGHT[2] * z) / np.maximum(lengths, np.float32(1e-20))
    light = np.nan_to_num((np.float32(0.7) + np.float32(0.3) * facing) / np.float32(3))
    colors = np.empty((len(a), 3), np.uint8)
    for channel in range(3):
        column = np.ascontiguousarray(mesh.colors[:, channel]).astype(np.float32)
        colors[:, channel] = np.clip((column[a] + column[b] + column[c]) * light, 0, 255)
    return colors


def _words(colors: np.ndarray) -> np.ndarray:
    """(N,) uint32 0x00BBGGRR of (N, 3) uint8."""
    red, green, blue = (colors[:, channel].astype(np.uint32) for channel in range(3))
    return red | green << np.uint32(8) | blue << np.uint32(16)


def _length(item: Item) -> int:
    return len(item.points) if isinstance(item, Cloud) else 0


def _pack_cloud(item: Cloud, origin: np.ndarray) -> PackedCloud:
    rows = _strata(np.flatnonzero(finite_rows(item.points)).astype(np.int32))
    order = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    xyz = np.empty((3, len(order)), np.float32)
    for axis in range(3):
        column = np.ascontiguousarray(item.points[:, axis])[order]
        xyz[axis] = column.astype(np.float64) - origin[axis] if origin[axis] else column
    ends = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    return PackedCloud(xyz, order, _alive(order, item.shown), ends)


def _pack_lines(item: Lines, origin: np.ndarray) -> PackedLines:
    segments, colors = np.array(item.segments, order="C"), np.array(item.colors, order="C")
    return PackedLines(_columns(item.points, origin), segments, colors, item.width, item.hidden)


def _columns(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """(3, N) float32 of (N, 3), relative to ``origin``."""
    return np.ascontiguousarray((points.T.astype(np.float64) - origin[:, None]).astype(np.float32))


def _strata(rows: np.ndarray) -> list[np.ndarray]:
    """Deal ``rows`` out to STRATA subsets, one of every STRATA neighbours to each, in an order drawn per group.

    A plain stride would show as stripes on scans and grids.
    """
    groups = -(-len(rows) // STRATA)
    padded = np.full(groups * STRATA, -1, np.int32)
    padded[: len(rows)] = rows
    deal = np.random.default_rng(0).permuted(np.tile(np.arange(STRATA), (min(groups, 4096), 1)), axis=1)
    deal = np.resize(deal, (groups, STRATA))
    dealt = np.take_along_axis(padded.reshape(groups, STRATA), deal, axis=1)
    return [np.ascontiguousarray(column[column >= 0]) for column in dealt.T]


def _alive(rows: np.ndarray, shown: np.ndarray | None) -> np.ndarray:
    return np.ones(len(rows), np.uint8) if shown is None else np.asarray(shown[rows], np.uint8)


def _edges(mesh: Mesh) -> Lines:
    """The edges of a mesh, each once."""
    one = mesh.triangles.astype(np.int64).T.ravel()
    two = mesh.triangles[:, [1, 2, 0]].astype(np.int64).T.ravel()
    keys = np.sort(np.minimum(one, two) << 32 | np.maximum(one, two))  # np.unique takes fifty times as long
    keys = keys[np.diff(keys, prepend=-1) > 0]
    segments = np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1).astype(np.int32)
    return Lines(mesh.vertices, segments, mesh.colors[segments[:, 0]], 1.0)


def _bounds(item: Item) -> np.ndarray | None:
    """(2, 3) float64 of an item's finite coordinates; None without any."""
    where = {Cloud: "points", Mesh: "vertices", Lines: "points", Texts: "positions"}[type(item)]
    points = np.asarray(getattr(item, where), np.float32)
    limits = _limits(points)
    if limits is None or np.isfinite(limits).all():
        return limits
    return _limits(points[finite_rows(points)])


def _limits(points: np.ndarray) -> np.ndarray | None:
    return np.array([[c.min(), c.max()] for c in points.T], np.float64).T if len(points) else None
