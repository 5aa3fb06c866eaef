#!/bin/sh
# Make everything ready: system libraries, .venv, pinned requirements.
#   scripts/setup.sh app    what the application needs
#   scripts/setup.sh dev    and what the tests and the lint need
# A stamp in .venv remembers the requirements it was made from, so a second call returns at once.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-app}

fail() { echo "$*" >&2; exit 1; }

if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q GPU; then device=gpu; else device=cpu; fi
files="requirements/common.txt requirements/$device.txt"
[ "$kind" = dev ] && files="$files requirements/dev.txt"
# shellcheck disable=SC2086
want="$device $(cat $files scripts/setup.sh | cksum)"
stamp=.venv/.ready-$kind
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0

# --- system libraries: asked for by the file a program would load, so that any release's package name will do
missing=""
need() { missing="$missing $1"; }
has_library() { { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null; } | grep -q "$1"; }
if [ "$(uname)" = Linux ]; then
    while read -r library package; do
        has_library "$library" || need "$package"
    done <<'END'
libusb-1.0.so.0 libusb-1.0-0
libGL.so.1 libgl1
libEGL.so.1 libegl1
libvulkan.so.1 libvulkan1
libgomp.so.1 libgomp1
libglib-2.0.so.0 libglib2.0-0
libfontconfig.so.1 libfontconfig1
libdbus-1.so.3 libdbus-1-3
libX11.so.6 libx11-6
libX11-xcb.so.1 libx11-xcb1
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-xinerama.so.0 libxcb-xinerama0
libxcb-xkb.so.1 libxcb-xkb1
END
    ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 || need mesa-vulkan-drivers
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || need fonts-dejavu-core
    [ -d /usr/share/fonts/opentype/inter ] || [ -d /usr/share/fonts/truetype/inter ] || need fonts-inter
    command -v python3 >/dev/null 2>&1 || need python3
    { command -v python3 >/dev/null 2>&1 && python3 -c 'import ensurepip, venv' 2>/dev/null; } || need python3-venv
    if [ "$kind" = dev ]; then
        command -v Xvfb >/dev/null 2>&1 || need xvfb
        command -v xdotool >/dev/null 2>&1 || need xdotool
    fi
fi
if [ -n "$missing" ]; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "Installing system packages:$missing"
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    elif command -v apt-get >/dev/null 2>&1; then
        fail "Some system packages are missing. Install them, then call make again:
  sudo apt-get install -y$missing"
    else
        fail "Some system libraries are missing; on Debian their packages are:$missing"
    fi
fi

# --- the virtual environment
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "Python 3.10 or newer is needed; python3 here is $(python3 -V)."
[ -x .venv/bin/python ] || { echo "Making .venv"; python3 -m venv .venv; }
echo "Installing the pinned requirements ($device); the first time takes some minutes"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r "requirements/$device.txt"
[ "$kind" = dev ] && .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
# Loops are compiled once and kept; otherwise the first picture and the first surface would wait for them.
echo "Compiling the loops"
.venv/bin/python -m app.core.render.warm
.venv/bin/python -m app.core.surface.warm
echo "$want" > "$stamp"
