"""From what rays met to colours: textures by material, sun and sky light, shadows, mirrors, haze."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from app.core.demo import signs
from app.core.demo import textures_cars as cars
from app.core.demo import textures_ground as on_ground
from app.core.demo import textures_things as things
from app.core.demo import textures_walls as walls
from app.core.demo.look import Look, Patch
from app.core.demo.materials import Material
from app.core.demo.mesh import Array, cross
from app.core.demo.noise import Noise, hashed
from app.core.demo.raycast import Caster, Hits
from app.core.demo.sky import Light, backdrop, reflected

_TEXTURES: dict[Material, Callable[[Patch], Look]] = {
    Material.ASPHALT: on_ground.asphalt,
    Material.MARKING: on_ground.marking,
    Material.PAVERS: on_ground.pavers,
    Material.SLABS: on_ground.slabs,
    Material.KERB: on_ground.kerb,
    Material.GRASS: on_ground.grass,
    Material.GRAVEL: on_ground.gravel,
    Material.PLASTER: walls.plaster,
    Material.BRICK: walls.brick,
    Material.WINDOW: walls.window,
    Material.DOOR: walls.door,
    Material.ROOF: walls.roof,
    Material.CONCRETE: walls.concrete,
    Material.WOOD: walls.wood,
    Material.BARK: things.bark,
    Material.LEAF: things.leaf,
    Material.METAL: things.metal,
    Material.PAINT: cars.body,
    Material.GLASS: things.glass,
    Material.RUBBER: things.rubber,
    Material.RIM: things.rim,
    Material.LAMP_RED: things.lamp,
    Material.LAMP_WHITE: things.lamp,
    Material.PLATE: things.plain,
    Material.SIGN: signs.sign,
    Material.CLOTH: things.cloth,
    Material.SKIN: things.plain,
    Material.PLASTIC: things.plain,
    Material.PANEL: things.metal,
}
_SUN_RADIUS = np.float32(0.006)
_HAZE = 520.0
"""Metres over which the air takes 63 % of a surface's own colour."""


def shade(
    caster: Caster,
    light: Light,
    noise: Noise,
    eye: Array,
    directions: Array,
    hits: Hits,
    pixel: float,
    openness: Array,
) -> Array:
    """Linear light (N, 3) float32 along (N, 3) float32 directions from ``eye``.

    ``pixel`` is the angle of one pixel, radians; ``openness`` (N,) the share of the sky's light that
    reaches the place past what stands close by.
    """
    unit = directions / np.sqrt(np.einsum("ij,ij->i", directions, directions))[:, None]
    color = np.empty((len(unit), 3), np.float32)
    met = hits.met
    lost, rows = np.flatnonzero(~met), np.flatnonzero(met)
    if len(lost):
        color[lost] = backdrop(light, unit[lost], noise)
    if len(rows):
        color[rows] = _surfaces(
            caster, light, noise, eye, directions[rows], unit[rows], hits.take(rows), pixel, openness[rows]
        )
    return color


def _surfaces(
    caster: Caster,
    light: Light,
    noise: Noise,
    eye: Array,
    direct: Array,
    unit: Array,
    hits: Hits,
    pixel: float,
    openness: Array,
) -> Array:
    surfaces = caster.surfaces
    place = eye + direct * hits.distance[:, None]
    surface = surfaces.at("surface", hits)
    normal, local = surface[:, :3], surface[:, 3:]
    normal = normal / np.maximum(np.sqrt(np.einsum("ij,ij->i", normal, normal)), 1e-6)[:, None]
    facing = -np.einsum("ij,ij->i", normal, unit)
    normal *= np.where(facing < 0, np.float32(-1), np.float32(1))[:, None]
    facing = np.maximum(np.abs(facing), np.float32(0.03))
    distance = hits.distance * np.sqrt(np.einsum("ij,ij->i", direct, direct))
    material = surfaces.per_triangle("material", hits.triangle)
    footprint = distance * np.float32(pixel) / np.sqrt(facing)
    look = _looks(caster, hits, local, material, footprint, noise)
    towards = normal @ light.sun
    lit = np.flatnonzero((towards > 0) | (material == Material.LEAF))
    sunny = np.zeros(len(place), np.float32)
    start = place[lit] + normal[lit] * (0.004 + 0.0006 * distance[lit])[:, None]
    sunny[lit] = ~caster.blocked(start, _towards_sun(light, start))
    through = np.asarray(look.through, np.float32)
    front = np.maximum(towards, 0)
    # Leaves scatter: part of the light comes through from behind, part arrives whatever their angle.
    glow = front * (1 - 0.35 * through) + through * (0.30 + 0.45 * np.maximum(-towards, 0))
    strength = sunny * np.where(through > 0, glow, front)
    ambient = light.ambient(normal) * openness[:, None]
    color = look.albedo * (strength[:, None] * light.sunlight + ambient)
    color = _mirrored(look, light, noise, unit, normal, facing, sunny, color)
    haze = (1 - np.exp(distance * np.float32(-1 / _HAZE)))[:, None]
    air = np.float32(0.82) * light.horizon
    return np.asarray(color + (air - color) * haze)


def _towards_sun(light: Light, places: Array) -> Array:
    """(N, 3) float32 directions to somewhere on the sun's disc, fixed for each place: soft edges of shadows."""
    x, y = np.floor(places[:, 0] * 1511), np.floor(places[:, 1] * 1499 + places[:, 2] * 1013)
    turn = hashed(x, y, 43) * np.float32(2 * np.pi)
    out = np.sqrt(hashed(x, y, 47)) * _SUN_RADIUS
    side = np.array([-light.sun[1], light.sun[0], 0], np.float32) / np.hypot(light.sun[0], light.sun[1])
    up = cross(light.sun, side)
    return np.asarray(light.sun + (out * np.cos(turn))[:, None] * side + (out * np.sin(turn))[:, None] * up)


def _mirrored(
    look: Look, light: Light, noise: Noise, unit: Array, normal: Array, facing: Array, sunny: Array, color: Array
) -> Array:
    mirror = np.broadcast_to(np.asarray(look.mirror, np.float32), (len(color),))
    clear = np.broadcast_to(np.asarray(look.clear, np.float32), (len(color),))
    shiny = np.flatnonzero(mirror > 0.04)
    if not len(shiny):
        return color
    n, d = normal[shiny], unit[shiny]
    bounce = d + 2 * facing[shiny, None] * n
    share = mirror[shiny] + (1 - mirror[shiny]) * (1 - facing[shiny]) ** 5 * clear[shiny] * 0.8
    image = reflected(light, bounce, noise)
    spark = np.clip(bounce @ light.sun, 0, 1) ** (40 + 460 * clear[shiny]) * sunny[shiny] * (0.6 + 5 * clear[shiny])
    image = image + spark[:, None] * light.sunlight
    color[shiny] += (image - color[shiny]) * share[:, None]
    return color


def _looks(caster: Caster, hits: Hits, local: Array, material: Array, footprint: Array, noise: Noise) -> Look:
    surfaces = caster.surfaces
    base = surfaces.per_triangle("color", hits.triangle)
    code = surfaces.per_triangle("code", hits.triangle)
    count = len(material)
    albedo = np.empty((count, 3), np.float32)
    others = {name: np.zeros(count, np.float32) for name in ("mirror", "clear", "through")}
    order = np.argsort(material, kind="stable")
    bounds = np.searchsorted(material[order], np.arange(len(Material) + 1))
    for kind in Material:
        rows = order[bounds[kind] : bounds[kind + 1]]
        if len(rows):
            look = _TEXTURES[kind](Patch(local[rows], base[rows], code[rows], footprint[rows], noise))
            albedo[rows] = look.albedo
            for name, values in others.items():
                values[rows] = getattr(look, name)
    return Look(albedo, **others)
