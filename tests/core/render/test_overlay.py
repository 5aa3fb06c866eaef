"""Lines, labels, translucent surfaces and the photo behind: what lies before and behind the points."""

from __future__ import annotations

import numpy as np

from app.core.render.camera import Camera, look_at
from app.core.render.lettering import place
from app.core.render.scene import Cloud, Item, Lines, Mesh, Style, Texts, box_lines
from app.core.render.still import render_still
from app.core.types import Box

AHEAD = Camera(np.eye(4), np.array([0, 0, 10.0]))
PLAIN = Style(depth_shading=0.0)


def draw(items: dict[str, Item], style: Style = PLAIN, camera: Camera = AHEAD) -> np.ndarray:
    return render_still(items, camera, style, 160, 120)


def segment(a: tuple[float, ...], b: tuple[float, ...], width: float = 1.0, hidden: float = 0.0) -> Lines:
    ends = np.array([a, b], np.float32)
    return Lines(ends, np.array([[0, 1]], np.int32), np.array([[255, 255, 255]], np.uint8), width, hidden)


def wall(depth: float, color: tuple[int, int, int] = (0, 0, 255), opacity: float = 1.0) -> Mesh:
    """A square across the left half of the view, facing the camera."""
    x, y = -depth, depth
    corners = np.array([[x, -y, depth], [0, -y, depth], [0, y, depth], [x, y, depth]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Mesh(corners, faces, np.array([color] * 4, np.uint8), opacity)


def test_a_line_joins_its_ends_and_covers_its_width() -> None:
    for width in (1.0, 2.0, 4.0):
        image = draw({"line": segment((-3, -2, 10), (3, 1, 10), width)})
        (ax, ay), (bx, by) = AHEAD.project(np.array([[-3, -2, 10], [3, 1, 10.0]]), 160, 120)[0]
        rows, columns = np.mgrid[0:120, 0:160] + 0.5
        along = np.array([bx - ax, by - ay])
        length = np.hypot(*along)
        across = np.abs((columns - ax) * along[1] - (rows - ay) * along[0]) / length
        t = ((columns - ax) * along[0] + (rows - ay) * along[1]) / length**2
        inner = (across < width / 2 - 0.5) & (t > 0.02) & (t < 0.98)
        outer = (across > width / 2 + 0.6) | (t < -0.03) | (t > 1.03)
        assert (image[inner] == 255).all()
        assert (image[outer] == 0).all()
        covered = image[..., 0].sum() / 255
        assert abs(covered / (length * width) - 1) < 0.06


def test_lines_are_hidden_by_what_is_nearer_or_shine_through() -> None:
    line = segment((-6, 0.05, 10), (6, 0.05, 10), 3.0)
    open_line = draw({"line": line})
    assert open_line[60, 30, 0] == open_line[60, 130, 0] == 255
    behind = draw({"line": line, "wall": wall(5.0)})
    assert behind[60, 30, 0] == 0
    assert behind[60, 130, 0] == 255
    before = draw({"line": line, "wall": wall(15.0)})
    assert before[60, 30, 0] == 255
    ghost = draw({"line": segment((-6, 0.05, 10), (6, 0.05, 10), 3.0, hidden=0.5), "wall": wall(5.0)})
    assert 120 <= ghost[60, 30, 0] <= 135


def test_a_line_that_starts_behind_the_camera_is_cut_not_mirrored() -> None:
    image = draw({"line": segment((1.0, 1.0, -5), (1.0, 1.0, 30), 2.0)})
    lit = np.argwhere(image[..., 0] > 128)
    assert len(lit) > 20
    assert (lit[:, 0] > 59).all()  # only below and right of the middle, where the line runs
    assert (lit[:, 1] > 79).all()


def test_a_translucent_surface_mixes_with_what_lies_behind() -> None:
    points = np.array([[-2.0, 0, 10]], np.float32)
    cloud = Cloud(points, np.array([[200, 0, 0]], np.uint8))
    style = Style(point_size=9, depth_shading=0.0, background=(100, 100, 100))
    (x, y), _ = (a[0] for a in AHEAD.project(points, 160, 120))
    at = (int(y), int(x))
    alone = draw({"cloud": cloud, "veil": wall(5.0)}, style)[at]
    assert alone[2] > 100 > alone[0]
    mixed = draw({"cloud": cloud, "veil": wall(5.0, opacity=0.5)}, style)[at].astype(int)
    assert np.abs(mixed * 2 - alone.astype(int) - np.array([200, 0, 0])).max() <= 2
    behind = draw({"cloud": cloud, "veil": wall(15.0, opacity=0.5)}, style)[at]
    assert tuple(behind) == (200, 0, 0)


def test_a_wireframe_shows_its_edges_alone() -> None:
    mesh = wall(5.0)
    image = draw({"frame": Mesh(mesh.vertices, mesh.triangles, mesh.colors, wireframe=True)})
    assert 0.01 < (image[..., 2] > 100).mean() < 0.08


def test_boxes_project_to_their_corners() -> None:
    box = Box(np.array([0.0, 0, 10]), (4.0, 2.0, 1.5), np.eye(3), "car")
    lines = box_lines(box.corners[None], np.array([[255, 255, 255]], np.uint8))
    assert lines.segments.shape == (12, 2)
    assert np.allclose(np.sort(np.linalg.norm(np.diff(lines.points[lines.segments], axis=1)[:, 0], axis=1)),
                       [1.5] * 4 + [2.0] * 4 + [4.0] * 4)  # fmt: skip
    image = draw({"box": lines})
    for x, y in AHEAD.project(box.corners, 160, 120)[0]:
        assert image[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].max() > 150


def test_labels_stand_above_their_place_and_the_nearer_one_wins() -> None:
    texts = Texts(np.array([[0, 0, 10], [0, 0, 20], [-5, 0, 10]], np.float32), ("near", "far", "left"), size=12)
    placed = place(texts, AHEAD, 1.0, 160, 120)
    assert len(placed) == 2
    near, left = placed
    assert abs(near.x + near.letters.shape[1] / 2 - 80) <= 1
    assert near.y + near.letters.shape[0] <= 60
    assert left.x + left.letters.shape[1] < near.x
    image = draw({"texts": texts})
    assert image[near.y : near.y + near.letters.shape[0], near.x : near.x + near.letters.shape[1]].max() > 200
    twice = place(texts, AHEAD, 2.0, 320, 240)[0]
    assert 1.6 < twice.letters.shape[0] / near.letters.shape[0] < 2.4


def test_labels_behind_the_camera_or_outside_are_not_there() -> None:
    texts = Texts(np.array([[0, 0, -10], [90, 0, 10], [np.nan, 0, 5]], np.float32), ("a", "b", "c"))
    assert place(texts, AHEAD, 1.0, 160, 120) == []


def test_the_photo_lies_where_its_camera_puts_it_and_only_there() -> None:
    photo = np.full((40, 80, 3), 200, np.uint8)
    photo[:, 40:] = (100, 0, 0)
    intrinsics = np.array([[60.0, 0, 40], [0, 60, 20], [0, 0, 1]])
    recorded = Camera(np.eye(4), np.array([0, 0, 5.0]), 40.0, intrinsics, (80, 40))
    style = Style(background=(1, 2, 3), backdrop=photo, backdrop_dim=0.5)
    image = render_still({}, recorded, style, 160, 120)
    assert tuple(image[5, 80]) == (1, 2, 3)  # above the photo: 160 × 80 of the view are its
    assert tuple(image[60, 40]) == (100, 100, 100)
    assert tuple(image[60, 120]) == (50, 0, 0)
    point = Cloud(np.array([[0.5, 0.2, 3.0]], np.float32), np.array([[9, 250, 9]], np.uint8))
    drawn = render_still({"p": point}, recorded, style, 160, 120)
    (u, v), _ = (a[0] for a in recorded.project(point.points, 160, 120))
    assert tuple(drawn[int(v), int(u)]) == (9, 250, 9)
    free = render_still({}, look_at(np.array([-5.0, 0, 2]), np.zeros(3)), style, 160, 120)
    assert {tuple(c) for c in free.reshape(-1, 3)} == {(1, 2, 3)}
