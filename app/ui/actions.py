"""Every action of the window in one table: name, words, shortcut, place in a menu.

What an action does stands in :mod:`app.ui.commands` under the same name. Shortcuts without a modifier sleep
while a text field has the focus: Qt's fields claim such keys for themselves, and a test holds them to it.
"""

from __future__ import annotations

from app.ui.action_info import ActionInfo
from app.ui.action_info import action as _a
from app.ui.actions_labels import LABEL_ACTIONS
from app.ui.actions_labels import MENU as LABEL_MENU
from app.ui.actions_model import MENU as MODEL_MENU
from app.ui.actions_model import MODEL_ACTIONS
from app.ui.actions_surface import MENU as SURFACE_MENU
from app.ui.actions_surface import SURFACE_ACTIONS
from app.ui.actions_text import MENU as TEXT_MENU
from app.ui.actions_text import TEXT_ACTIONS
from app.ui.actions_train import MENU as TRAIN_MENU
from app.ui.actions_train import TRAIN_ACTIONS

MENUS = (
    "File", "Edit", "View", "Layers", MODEL_MENU, TEXT_MENU, LABEL_MENU, SURFACE_MENU, "Play", TRAIN_MENU, "Window",
    "Help",
)  # fmt: skip


ACTIONS: tuple[ActionInfo, ...] = (
    _a("open.folder", "Open folder…", "Open a drive, a sequence or a folder of scans", "File", "Ctrl+O",
       icon="folder"),
    _a("open.file", "Open file…", "Open a single scan", "File", "Ctrl+Shift+O", icon="file"),
    _a("open.columns", "Open raw .bin…", "Open raw scans whose columns you state", "File", icon="file"),
    _a("open.demo", "Open the demo drive", "A built-in street world; nothing is downloaded", "File", "Ctrl+D",
       icon="drive"),
    _a("classes.semantickitti", "Classes: SemanticKITTI", "What the label ids of this recording mean, or which "
       "classes to look for where it has no labels", "File", needs="frame", group=1),
    _a("classes.nuscenes", "Classes: nuScenes", "The same, of nuScenes-lidarseg", "File", needs="frame", group=1),
    _a("classes.file", "Classes: a label map…", "The same, of a YAML file of your own", "File", needs="frame",
       group=1),
    _a("classes.own", "Classes: the recording's own", "As the recording itself says", "File", needs="frame",
       group=1),
    _a("save.picture", "Save picture…", "Save the active view at any size", "File", "Ctrl+S", icon="image",
       needs="frame", group=2),
    _a("save.playback", "Save playback…", "Save the played range as pictures or as MP4", "File", "Ctrl+Shift+S",
       icon="film", needs="frame", group=2),
    _a("app.preferences", "Preferences…", "Change how the window looks and works", "File", "Ctrl+,",
       icon="settings", group=3),
    _a("app.quit", "Quit", "Close the window; what is open comes back next time", "File", "Ctrl+Q", group=3),
    _a("edit.undo", "Undo", "Take back the last change of the selection", "Edit", "Ctrl+Z", icon="undo",
       needs="undo"),
    _a("edit.redo", "Redo", "Do again what was taken back", "Edit", "Ctrl+Y", "Ctrl+Shift+Z", icon="redo",
       needs="redo"),
    _a("edit.copy", "Copy values", "Copy all values of the picked point", "Edit", "Ctrl+C", icon="copy",
       needs="picked", group=1),
    _a("edit.cancel", "Cancel or clear", "Stop what goes on, else clear the selection, else let go of the point",
       "Edit", "Esc", group=1),
    _a("tool.navigate", "Look around", "A drag turns the view", "Edit", "V", icon="cursor", check=True, group=2),
    _a("tool.box", "Select with a box", "Shift adds, Alt takes away, both keep what is in both", "Edit", "R",
       icon="box_select", check=True, group=2),
    _a("tool.lasso", "Select with a lasso", "Shift adds, Alt takes away, both keep what is in both", "Edit", "L",
       icon="lasso", check=True, group=2),
    _a("camera.orbit", "Orbit", "Free camera about a pivot; double click sets the pivot", "View", "Ctrl+1",
       icon="orbit", check=True, needs="frame"),
    _a("camera.top", "Top", "From straight above", "View", "Ctrl+2", icon="top", check=True, needs="frame"),
    _a("camera.ego", "Ego", "From the driver's seat", "View", "Ctrl+3", icon="ego", check=True, needs="frame"),
    _a("camera.recorded", "Camera", "Through a recorded camera, its picture behind the points", "View", "Ctrl+4",
       icon="camera", check=True, needs="cameras"),
    _a("camera.follow", "Follow the vehicle", "The camera rides along, else it keeps its place in the world",
       "View", "Ctrl+5", icon="follow", check=True),
    _a("camera.overview", "Overview", "The first look at this scene", "View", "H", icon="view", needs="frame",
       group=1),
    _a("camera.fit", "Fit all", "Step back until all points are in the picture", "View", "F", icon="fit",
       needs="frame", group=1),
    _a("camera.focus", "Look at the point", "Turn about the picked point", "View", ".", icon="target",
       needs="picked", group=1),
    _a("view.split", "Two views", "Show two layers of one scan side by side", "View", "Ctrl+\\", icon="split",
       check=True, group=2),
    _a("view.link", "Link the cameras", "Both views share one camera", "View", "Ctrl+L", icon="link", check=True,
       needs="split", group=2),
    _a("view.other", "Go to the other view", "Panels and layer keys then speak of it", "View", "Ctrl+Tab",
       needs="split", group=2),
    _a("show.boxes", "Boxes", "Recorded boxes", "View/Show", "X", check=True, needs="frame"),
    _a("show.trajectory", "Trajectory", "The way the vehicle takes", "View/Show", "T", check=True, needs="poses"),
    _a("show.frustums", "Cameras", "Where the cameras stand and what they see", "View/Show", "K", check=True,
       needs="cameras"),
    _a("show.grid", "Grid", "Squares of 10 m on the ground", "View/Show", "G", check=True, needs="frame"),
    _a("show.axes", "Axes", "The sensor's own axes", "View/Show", "Shift+X", check=True, needs="frame"),
    _a("show.labels", "Names", "Names of boxes and cameras, distances of the grid", "View/Show", "Shift+N",
       check=True, needs="frame"),
    _a("show.image_points", "Points in pictures", "Points over the camera images", "View/Show", "P", check=True,
       needs="cameras"),
    _a("show.visibility", "Visibility in pictures", "Colour the points over the pictures by what the camera sees",
       "View/Show", "Shift+V", check=True, needs="cameras"),
    _a("show.borders", "Superpixel borders", "Borders of superpixels over the camera images", "View/Show",
       "Shift+B", check=True, needs="cameras"),
    _a("points.larger", "Larger points", "Draw points half a pixel larger", "View/Points", "]"),
    _a("points.smaller", "Smaller points", "Draw points half a pixel smaller", "View/Points", "["),
    _a("points.light", "Light background", "A light ground behind the points, for paper", "View/Points",
       check=True),
    *(_a(f"layer.{key}", f"Layer {key}", f"Show the layer on key {key}", "Layers", str(key), check=True,
       needs=f"layer.{key}") for key in range(1, 10)),
    _a("layer.same_range", "Same range for all frames", "Absolute colours, so that frames compare", "Layers", "A",
       check=True, needs="scalar", group=1),
    _a("layer.all_classes", "Show all classes", "Switch every class on again", "Layers", "Shift+A",
       needs="hidden", group=1),
    *MODEL_ACTIONS,
    *TEXT_ACTIONS,
    *LABEL_ACTIONS,
    *SURFACE_ACTIONS,
    _a("play.toggle", "Play", "Play or pause at the sensor's own rate", "Play", "Space", icon="play", check=True,
       needs="frame"),
    _a("play.next", "Next frame", "One frame on", "Play", "Right", "N", icon="step_forward", needs="frame",
       group=1),
    _a("play.previous", "Previous frame", "One frame back", "Play", "Left", "B", icon="step_back", needs="frame",
       group=1),
    _a("play.next_ten", "Ten frames on", "Ten frames on", "Play", "Shift+Right", needs="frame", group=1),
    _a("play.previous_ten", "Ten frames back", "Ten frames back", "Play", "Shift+Left", needs="frame", group=1),
    _a("play.first", "First frame", "To the start of the sequence", "Play", "Home", needs="frame", group=1),
    _a("play.last", "Last frame", "To the end of the sequence", "Play", "End", needs="frame", group=1),
    _a("play.faster", "Faster", "Play at a higher speed", "Play", "Ctrl+Up", needs="frame", group=2),
    _a("play.slower", "Slower", "Play at a lower speed", "Play", "Ctrl+Down", needs="frame", group=2),
    _a("play.loop", "Loop", "Begin again at the end of the range", "Play", "Ctrl+R", icon="loop", check=True,
       needs="frame", group=2),
    _a("play.range_first", "Range begins here", "Play from this frame on", "Play", "I", needs="frame", group=3),
    _a("play.range_last", "Range ends here", "Play up to this frame", "Play", "O", needs="frame", group=3),
    _a("play.range_all", "Whole sequence", "Play all frames again", "Play", "Shift+O", needs="frame", group=3),
    *TRAIN_ACTIONS,
    _a("window.palette", "Command palette…", "Every action, layer, sequence and frame by name", "Window",
       "Ctrl+Shift+P", icon="command"),
    _a("window.browse", "Browse", "Data, layers, pictures, inspector, timeline", "Window", "Alt+1", check=True,
       group=1),
    _a("window.compare", "Compare", "Two linked views side by side", "Window", "Alt+2", check=True, group=1),
    _a("window.focus", "Focus", "The 3D view and the timeline alone", "Window", "Alt+3", check=True, group=1),
    _a("window.predict", "Predict", "The network's classes, its scores and its mistakes", "Window",
       "Alt+4", check=True, group=1),
    _a("window.train", "Train", "Training runs, their curves, and what they predict", "Window", "Alt+5", check=True,
       group=1),
    _a("window.text", "Text", "Ask in words: what answers lights up, in this frame and over the sequence", "Window",
       "Alt+6", check=True, group=1),
    _a("window.labels", "Labels", "Labels without annotation: why a superpoint is called what it is called",
       "Window", "Alt+7", check=True, group=1),
    _a("window.surface", "Surface", "The surface that a network imagines, and what it is held against", "Window",
       "Alt+8", check=True, group=1),
    _a("window.reset", "Reset this layout", "Put the panels of this workspace back where they were", "Window",
       group=2),
    _a("window.theme", "Light theme", "Light or dark colours", "Window", "Ctrl+T", icon="theme", check=True,
       group=3),
    _a("window.full_screen", "Full screen", "The window alone on the screen", "Window", "F11", check=True,
       group=3),
    _a("help.shortcuts", "Keyboard shortcuts", "Every key and what it does", "Help", "F1", "?", icon="keyboard"),
    _a("help.about", "About LidarScope", "Version, libraries, licence", "Help", icon="info"),
)  # fmt: skip


def by_name(name: str) -> ActionInfo:
    """The action of that name; ``KeyError`` with the name if there is none."""
    for action in ACTIONS:
        if action.name == name:
            return action
    raise KeyError(f"no action '{name}'")
