"""The label sets that come with the application: SemanticKITTI, nuScenes-lidarseg, ASPRS LAS, plain numbers."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from functools import cache

from app.core.labels import UNKNOWN, ClassInfo, LabelSet

_Row = tuple[int, str, tuple[int, int, int], tuple[int, ...]]


def _classes(rows: Iterable[_Row]) -> tuple[ClassInfo, ...]:
    return tuple(ClassInfo(id=i, name=name, color=color, raw_ids=raw) for i, name, color, raw in rows)


# semantic-kitti-api, config/semantic-kitti.yaml (MIT); its colours are B, G, R, here they are R, G, B.
SEMANTIC_KITTI = LabelSet(
    name="SemanticKITTI",
    classes=_classes(
        (
            (0, "unlabeled", (0, 0, 0), (0, 1, 52, 99)),
            (1, "car", (100, 150, 245), (10, 252)),
            (2, "bicycle", (100, 230, 245), (11,)),
            (3, "motorcycle", (30, 60, 150), (15,)),
            (4, "truck", (80, 30, 180), (18, 258)),
            (5, "other-vehicle", (0, 0, 255), (13, 16, 20, 256, 257, 259)),
            (6, "person", (255, 30, 30), (30, 254)),
            (7, "bicyclist", (255, 40, 200), (31, 253)),
            (8, "motorcyclist", (150, 30, 90), (32, 255)),
            (9, "road", (255, 0, 255), (40, 60)),
            (10, "parking", (255, 150, 255), (44,)),
            (11, "sidewalk", (75, 0, 75), (48,)),
            (12, "other-ground", (175, 0, 75), (49,)),
            (13, "building", (255, 200, 0), (50,)),
            (14, "fence", (255, 120, 50), (51,)),
            (15, "vegetation", (0, 175, 0), (70,)),
            (16, "trunk", (135, 60, 0), (71,)),
            (17, "terrain", (150, 240, 80), (72,)),
            (18, "pole", (255, 240, 150), (80,)),
            (19, "traffic-sign", (255, 0, 0), (81,)),
        )
    ),
    raw_names={
        0: "unlabeled",
        1: "outlier",
        13: "bus",
        16: "on-rails",
        20: "other-vehicle",
        52: "other-structure",
        60: "lane-marking",
        99: "other-object",
        252: "moving-car",
        253: "moving-bicyclist",
        254: "moving-person",
        255: "moving-motorcyclist",
        256: "moving-on-rails",
        257: "moving-bus",
        258: "moving-truck",
        259: "moving-other-vehicle",
    },
)

# nuscenes-devkit (Apache-2.0): the 16 classes of the lidarseg challenge and the colours of its colour map.
NUSCENES_LIDARSEG = LabelSet(
    name="nuScenes-lidarseg",
    classes=_classes(
        (
            (0, "ignored", (0, 0, 0), (0, 1, 5, 7, 8, 10, 11, 13, 19, 20, 29, 31)),
            (1, "barrier", (112, 128, 144), (9,)),
            (2, "bicycle", (220, 20, 60), (14,)),
            (3, "bus", (255, 127, 80), (15, 16)),
            (4, "car", (255, 158, 0), (17,)),
            (5, "construction_vehicle", (233, 150, 70), (18,)),
            (6, "motorcycle", (255, 61, 99), (21,)),
            (7, "pedestrian", (0, 0, 230), (2, 3, 4, 6)),
            (8, "traffic_cone", (47, 79, 79), (12,)),
            (9, "trailer", (255, 140, 0), (22,)),
            (10, "truck", (255, 99, 71), (23,)),
            (11, "driveable_surface", (0, 207, 191), (24,)),
            (12, "other_flat", (175, 0, 75), (25,)),
            (13, "sidewalk", (75, 0, 75), (26,)),
            (14, "terrain", (112, 180, 60), (27,)),
            (15, "manmade", (222, 184, 135), (28,)),
            (16, "vegetation", (0, 175, 0), (30,)),
        )
    ),
    raw_names={
        0: "noise",
        1: "animal",
        2: "human.pedestrian.adult",
        3: "human.pedestrian.child",
        4: "human.pedestrian.construction_worker",
        5: "human.pedestrian.personal_mobility",
        6: "human.pedestrian.police_officer",
        7: "human.pedestrian.stroller",
        8: "human.pedestrian.wheelchair",
        9: "movable_object.barrier",
        10: "movable_object.debris",
        11: "movable_object.pushable_pullable",
        12: "movable_object.trafficcone",
        13: "static_object.bicycle_rack",
        14: "vehicle.bicycle",
        15: "vehicle.bus.bendy",
        16: "vehicle.bus.rigid",
        17: "vehicle.car",
        18: "vehicle.construction",
        19: "vehicle.emergency.ambulance",
        20: "vehicle.emergency.police",
        21: "vehicle.motorcycle",
        22: "vehicle.trailer",
        23: "vehicle.truck",
        24: "flat.driveable_surface",
        25: "flat.other",
        26: "flat.sidewalk",
        27: "flat.terrain",
        28: "static.manmade",
        29: "static.other",
        30: "static.vegetation",
        31: "vehicle.ego",
    },
)

# ASPRS LAS 1.4 R15, table 17. The standard gives no colours. 64–255 are the user's own: unknown here.
ASPRS_LAS = LabelSet(
    name="ASPRS LAS",
    classes=_classes(
        (
            (0, "unclassified", (90, 90, 90), (0, 1)),
            (2, "ground", (161, 112, 66), (2,)),
            (3, "low vegetation", (160, 220, 110), (3,)),
            (4, "medium vegetation", (90, 185, 70), (4,)),
            (5, "high vegetation", (20, 130, 40), (5,)),
            (6, "building", (230, 95, 70), (6,)),
            (7, "low noise", (255, 0, 200), (7,)),
            (8, "model key-point", (250, 230, 60), (8,)),
            (9, "water", (50, 130, 250), (9,)),
            (10, "rail", (150, 60, 190), (10,)),
            (11, "road surface", (200, 200, 215), (11,)),
            (12, "overlap", (120, 120, 150), (12,)),
            (13, "wire guard", (255, 190, 120), (13,)),
            (14, "wire conductor", (255, 150, 0), (14,)),
            (15, "transmission tower", (190, 110, 0), (15,)),
            (16, "wire connector", (255, 220, 170), (16,)),
            (17, "bridge deck", (70, 200, 200), (17,)),
            (18, "high noise", (255, 90, 255), (18,)),
            (19, "overhead structure", (110, 90, 220), (19,)),
            (20, "ignored ground", (120, 95, 75), (20,)),
            (21, "snow", (240, 250, 255), (21,)),
            (22, "temporal exclusion", (60, 70, 90), (22,)),
        )
    ),
    raw_names={0: "never classified", 1: "unclassified"},
)


@cache
def numbered() -> LabelSet:
    """A set for ids that nobody has named: each of 0–254 is its own class ("label 7"), none is ignored.

    Higher ids are unknown, because train ids are one byte.
    """
    golden = 0.618034  # steps of the golden ratio keep the hues of neighbouring ids apart
    rows = []
    for i in range(UNKNOWN):
        red, green, blue = colorsys.hsv_to_rgb(i * golden % 1, 0.55 + 0.4 * (i % 2), 0.95 - 0.25 * (i % 3) / 2)
        rows.append((i, f"label {i}", (round(255 * red), round(255 * green), round(255 * blue)), (i,)))
    return LabelSet(name="numbers", classes=_classes(rows), ignore=UNKNOWN)


BY_NAME = {"semantickitti": SEMANTIC_KITTI, "nuscenes": NUSCENES_LIDARSEG}
"""Label sets that can be named where a file of one's own could be."""

NO_NAMES = (
    "Nothing says what the classes are called: name them (File ▸ Classes in the window, --label-map without it) by "
    "semantickitti, nuscenes or a label map of your own."
)
"""What is said where classes are needed and the recording has none."""
