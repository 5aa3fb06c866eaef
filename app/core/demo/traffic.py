"""Who moves, and where everybody is at any time: the ego car, oncoming traffic, riders and people.

Every mover follows a closed formula of time, so that any frame can be made without the ones before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from app.core.demo.calibration import SENSOR_HEIGHT
from app.core.demo.cars import painted
from app.core.demo.ground import crown
from app.core.demo.large_vehicles import bus_mesh, truck_mesh
from app.core.demo.layout import KERB, ROAD, SIDE_ROAD, junction
from app.core.demo.materials import Raw
from app.core.demo.mesh import Array, Mesh
from app.core.demo.people import Style, walker
from app.core.demo.streetline import StreetLine
from app.core.demo.two_wheelers import cyclist_mesh, motorcyclist_mesh

LANE = 1.75
EGO_SPEED = 7.0
_AHEAD, _BEHIND = 150.0, 85.0
_SMALL_AHEAD, _SMALL_BEHIND = 90.0, 60.0
"""People and bicycles farther off would be a pixel or two."""
_FIRST = 33_000
"""Instance ids of movers start above those of standing things."""
_STRIDE = 2000
_ONCOMING = 24.0, 22.0
"""Where oncoming traffic starts and how far apart it drives, metres."""
_STEP = 1.42
"""Metres a walker covers in two steps, for a body of 1.75 m."""


@dataclass(frozen=True)
class Mover:
    """Something that moves: ``place(t)`` its (4, 4) world pose, ``mesh(t)`` its mesh in its own frame.

    The mesh keeps its topology; it changes over time only where ``animated``.
    """

    instance: int
    label: int
    kind: str
    animated: bool
    place: Callable[[float], Array]
    mesh: Callable[[float], Mesh]


class Traffic:
    """All movers of a seed's street."""

    def __init__(self, seed: int, line: StreetLine) -> None:
        self._seed, self._line = seed, line
        rng = np.random.default_rng([seed, 100])
        self._start = float(rng.uniform(-1.5, 1.5))
        self._oncoming = float(rng.uniform(7.6, 8.6))
        later = ["bus", "car", "truck", "motorcyclist", "car"]
        self._kinds = ["car", "motorcyclist", *(later[k] for k in rng.permutation(len(later))), ""]

    def ego_s(self, t: float) -> float:
        """How far the ego car has come along the street."""
        return self._start + EGO_SPEED * t + 0.5 * float(np.sin(0.5 * t))

    def ego_pose(self, t: float) -> Array:
        """(4, 4) float64 world_from_sensor of the LiDAR, with a little of the car's nodding."""
        s = self.ego_s(t)
        d = -LANE + 0.25 + 0.10 * np.sin(0.35 * t)
        pose = self._line.place(s, d, float(crown(d)) + SENSOR_HEIGHT)
        ahead, behind = float(self._line.height(s + 1.3)), float(self._line.height(s - 1.3))
        pitch = -np.arctan2(ahead - behind, 2.6) + 0.0025 * np.sin(5.1 * t) + 0.0015 * np.sin(8.7 * t + 1)
        roll = 0.003 * np.sin(3.3 * t + 0.5)
        pose[:3, :3] = pose[:3, :3] @ _about(1, pitch) @ _about(0, roll)
        return pose

    def movers(self, t: float) -> list[Mover]:
        """Everybody near the ego car at time ``t``, in a fixed order."""
        return list(self._all(t))

    def _all(self, t: float) -> Iterator[Mover]:
        yield self._leader()
        yield from self._stream(0, t, *_ONCOMING, -self._oncoming, self._oncoming_at)
        yield from self._stream(1, t, 27.0, 64.0, 4.8, self._cyclist)
        for number, (side, sign) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
            speed = sign * (1.22 + 0.1 * number)
            make = partial(self._walker, number, side)
            yield from self._stream(2 + number, t, 6.0 + 4 * number, 19.0 + 3 * number, speed, make)
        yield from self._crossings(t)

    def _stream(
        self, number: int, t: float, first: float, gap: float, speed: float,
        make: Callable[[int, float, float], Mover | None],
    ) -> Iterator[Mover]:  # fmt: skip
        """Members of an endless queue that are near the ego car now."""
        at = self.ego_s(t)
        ahead, behind = (_AHEAD, _BEHIND) if number == 0 else (_SMALL_AHEAD, _SMALL_BEHIND)
        for k, s0 in self._queue(number, first, gap, (at - behind - speed * t, at + ahead - speed * t)):
            mover = make(k, s0, speed)
            if mover is not None:
                yield mover

    def _queue(
        self, number: int, first: float, gap: float, span: tuple[float, float]
    ) -> Iterator[tuple[int, float]]:
        """Members of a queue by number and start, which is first + gap k, give or take a little."""
        for k in range(int((span[0] - first) // gap) - 1, int((span[1] - first) // gap) + 2):
            jitter = float(np.random.default_rng([self._seed, 101, number, k + 100_000]).uniform(-1, 1))
            start = first + gap * k + min(0.12 * gap, 3.0) * jitter
            if span[0] < start < span[1]:
                yield k, start

    def _id(self, stream: int, k: int) -> int:
        return _FIRST + stream * _STRIDE + k % _STRIDE

    def _own(self, k: int) -> int:
        """A number of its own for the k-th of a queue, for its looks."""
        return (self._seed * 7919 + k) % (1 << 31)

    def _driven(
        self, instance: int, label: int, kind: str, mesh: Mesh, s: Callable[[float], float], d: float, back: bool
    ) -> Mover:
        marked = mesh.marked(label=label, instance=instance)
        turn = np.pi if back else 0.0
        return Mover(
            instance, label, kind, False,
            lambda t: self._line.place(s(t), d, float(crown(d)), turn),
            lambda _: marked,
        )  # fmt: skip

    def _leader(self) -> Mover:
        mesh = painted(self._seed, 5000)
        return self._driven(
            self._id(8, 0),
            Raw.MOVING_CAR,
            "car",
            mesh,
            lambda t: self.ego_s(t) + 36 + 2 * float(np.sin(0.3 * t)),
            -LANE,
            False,
        )

    def _oncoming_at(self, k: int, s0: float, speed: float) -> Mover | None:
        instance = self._id(0, k)

        def at(t: float) -> float:
            return s0 + speed * t

        kind = self._kinds[k % len(self._kinds)]
        if not kind:
            return None
        if kind == "motorcyclist":
            return self._rider(instance, k, at)
        if kind == "bus":
            return self._driven(
                instance, Raw.MOVING_BUS, "bus", bus_mesh(self._own(k), Raw.BUS), at, LANE + 0.1, True
            )
        if kind == "truck":
            mesh = truck_mesh(self._own(k), Raw.TRUCK)
            return self._driven(instance, Raw.MOVING_TRUCK, "truck", mesh, at, LANE, True)
        return self._driven(instance, Raw.MOVING_CAR, "car", painted(self._seed, 6000 + k % 1000), at, LANE, True)

    def _rider(self, instance: int, k: int, at: Callable[[float], float]) -> Mover:
        mesh = motorcyclist_mesh(self._own(k), Raw.MOVING_MOTORCYCLIST)
        return self._driven(instance, Raw.MOVING_MOTORCYCLIST, "motorcyclist", mesh, at, LANE - 0.1, True)

    def _cyclist(self, k: int, s0: float, speed: float) -> Mover:
        instance = self._id(1, k)
        d = -ROAD + 0.42

        def mesh(t: float) -> Mesh:
            made = cyclist_mesh(self._own(k), s0 + speed * t, Raw.MOVING_BICYCLIST)
            return made.marked(instance=instance)

        return Mover(
            instance, Raw.MOVING_BICYCLIST, "bicyclist", True,
            lambda t: self._line.place(s0 + speed * t, d, float(crown(d))), mesh,
        )  # fmt: skip

    def _walker(self, stream: int, side: int, k: int, s0: float, speed: float) -> Mover:
        rng = np.random.default_rng([self._seed, 102, stream, k + 100_000])
        e = float(rng.uniform(7.0, 7.7))
        return self._walking(
            self._id(2 + stream, k), rng, speed, lambda t: (s0 + speed * t, side * e), 0.0 if speed > 0 else np.pi
        )

    def _walking(
        self,
        instance: int,
        rng: np.random.Generator,
        speed: float,
        where: Callable[[float], tuple[float, float]],
        yaw: float,
    ) -> Mover:
        style = Style.of(int(rng.integers(1 << 30)), Raw.MOVING_PERSON)
        start = float(rng.random())
        rate = abs(speed) / (_STEP * style.height / 1.75)

        def place(t: float) -> Array:
            s, d = where(t)
            return self._line.place(s, d, self._ground(s, d), yaw)

        return Mover(
            instance, Raw.MOVING_PERSON, "person", True, place,
            lambda t: walker(style, start + rate * t).marked(instance=instance),
        )  # fmt: skip

    def _ground(self, s: float, d: float) -> float:
        """Height under foot: the road, a side street, or the pavement, with a short ramp at kerbs."""
        if abs(d) < ROAD + 0.2:
            return float(crown(d)) + KERB * float(np.clip((abs(d) - ROAD) / 0.2, 0, 1))
        gap = min(
            (
                abs(s - j.s) - SIDE_ROAD
                for j in (junction(self._seed, int(s // 60) + n) for n in (-1, 0, 1))
                if j.on(1 if d > 0 else -1)
            ),
            default=1.0,
        )
        return KERB * float(np.clip(gap / 0.2, 0, 1))

    def _crossings(self, t: float) -> Iterator[Mover]:
        """Somebody crosses at each zebra before the ego car arrives, unless oncoming traffic is too near."""
        here = int(self.ego_s(t) // 60)
        for block in range(here - 1, here + 3):
            place = junction(self._seed, block)
            if not place.zebra:
                continue
            s = place.s - 6.1
            begin = (s - self._start - EGO_SPEED * 5.0) / EGO_SPEED - 0.6
            speed = 1.45
            if not -2.5 < t - begin < 9.0 or (block > 0 and not self._clear(s, begin, speed)):
                continue
            rng = np.random.default_rng([self._seed, 103, block + 100_000])

            yield self._walking(self._id(9, block), rng, speed, _across(s, begin, speed), -np.pi / 2)

    def _clear(self, s: float, begin: float, speed: float) -> bool:
        """Whether no oncoming vehicle passes ``s`` while somebody is in its lane."""
        for moment in np.arange(begin - 0.6, begin + ROAD / speed + 0.6, 0.2):
            start = s + self._oncoming * float(moment)
            if any(
                self._kinds[k % len(self._kinds)] for k, _ in self._queue(0, *_ONCOMING, (start - 7.0, start + 7.0))
            ):
                return False
        return True


def _across(s: float, begin: float, speed: float) -> Callable[[float], tuple[float, float]]:
    """From the left kerb to the right one, starting at ``begin`` seconds."""
    return lambda t: (s, ROAD - speed * (t - begin))


def _about(axis: int, angle: float) -> Array:
    """(3, 3) rotation about x (0) or y (1)."""
    matrix = np.eye(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    first, second = (1, 2) if axis == 0 else (2, 0)
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = -sine, sine
    return matrix
