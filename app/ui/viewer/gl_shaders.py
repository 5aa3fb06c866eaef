"""The shader programs of the GL view. They do what :mod:`app.core.render.kernels` does, on the graphics card.

Opaque things are drawn into two textures, colour and depth in metres (0 where nothing is); the passes after
that shade, blend and test depth by reading them.
"""

SOLID_VERTEX = """#version 330 core
uniform mat4 u_mvp;
uniform float u_size;
layout(location = 0) in vec3 a_position;
layout(location = 1) in vec3 a_color;
out vec3 v_color;
out float v_depth;
void main() {
    gl_Position = u_mvp * vec4(a_position, 1.0);
    gl_PointSize = u_size;
    v_color = a_color;
    v_depth = gl_Position.w;
}
"""

SOLID_FRAGMENT = """#version 330 core
in vec3 v_color;
in float v_depth;
layout(location = 0) out vec4 color;
layout(location = 1) out float depth;
void main() {
    color = vec4(v_color, 1.0);
    depth = v_depth;
}
"""

SCREEN_VERTEX = """#version 330 core
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0;
    gl_Position = vec4(corner, 0.0, 1.0);
}
"""

SHADE_FRAGMENT = """#version 330 core
uniform sampler2D u_color;
uniform sampler2D u_depth;
uniform sampler2D u_behind;
uniform bool u_photo;
uniform vec3 u_background;
uniform float u_strength;
uniform int u_inner;
uniform int u_outer;
out vec4 color;
float nearer(float own, ivec2 at) {
    if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, textureSize(u_depth, 0)))) return 0.0;
    float there = texelFetch(u_depth, at, 0).r;
    return there > 0.0 ? min(max(own - log2(there), 0.0) * 4.0, 0.5) : 0.0;
}
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float depth = texelFetch(u_depth, at, 0).r;
    if (depth <= 0.0) {
        color = vec4(u_photo ? texelFetch(u_behind, at, 0).rgb : u_background, 1.0);
        return;
    }
    float own = log2(depth);
    float total = nearer(own, at + ivec2(u_inner, 0)) + nearer(own, at - ivec2(u_inner, 0))
                + nearer(own, at + ivec2(0, u_inner)) + nearer(own, at - ivec2(0, u_inner))
                + nearer(own, at + ivec2(u_outer, u_outer)) + nearer(own, at - ivec2(u_outer, u_outer))
                + nearer(own, at + ivec2(u_outer, -u_outer)) + nearer(own, at - ivec2(u_outer, -u_outer));
    color = vec4(texelFetch(u_color, at, 0).rgb * exp(-u_strength * total), 1.0);
}
"""

VEIL_FRAGMENT = """#version 330 core
uniform sampler2D u_color;
uniform sampler2D u_depth;
uniform sampler2D u_front;
uniform float u_opacity;
out vec4 color;
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float there = texelFetch(u_depth, at, 0).r;
    float front = texelFetch(u_front, at, 0).r;
    if (front <= 0.0 || (there > 0.0 && front >= there)) discard;
    color = vec4(texelFetch(u_color, at, 0).rgb, u_opacity);
}
"""

LINE_VERTEX = """#version 330 core
uniform mat4 u_mvp;
uniform vec2 u_view;
uniform float u_half;
layout(location = 0) in vec3 a_start;
layout(location = 1) in vec3 a_end;
layout(location = 2) in vec3 a_color;
out vec3 v_color;
out vec3 v_across;
out float v_inverse;
void main() {
    vec4 a = u_mvp * vec4(a_start, 1.0);
    vec4 b = u_mvp * vec4(a_end, 1.0);
    float near = 0.05;
    if (a.w < near && b.w < near) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
    if (a.w < near) a = mix(a, b, (near - a.w) / (b.w - a.w));
    if (b.w < near) b = mix(b, a, (near - b.w) / (a.w - b.w));
    vec2 p = a.xy / a.w * u_view * 0.5;
    vec2 q = b.xy / b.w * u_view * 0.5;
    vec2 along = normalize(q - p + vec2(1e-9, 0.0));
    vec2 across = vec2(-along.y, along.x);
    int corner = gl_VertexID;
    float side = (corner & 1) == 0 ? -1.0 : 1.0;
    bool far_end = corner >= 2;
    float reach = u_half + 1.0;
    vec2 at = (far_end ? q : p) + across * side * reach;
    // Without perspective division: the sides run straight across the picture, whatever the depths.
    gl_Position = vec4(at / (u_view * 0.5), 0.0, 1.0);
    v_across = vec3(side * reach, 0.0, 0.0);
    v_inverse = 1.0 / (far_end ? b.w : a.w);
    v_color = a_color;
}
"""

LINE_FRAGMENT = """#version 330 core
uniform sampler2D u_depth;
uniform float u_half;
uniform float u_hidden;
in vec3 v_color;
in vec3 v_across;
in float v_inverse;
out vec4 color;
void main() {
    float cover = clamp(u_half + 0.5 - abs(v_across.x), 0.0, min(1.0, 2.0 * u_half));
    float there = texelFetch(u_depth, ivec2(gl_FragCoord.xy), 0).r;
    float depth = 1.0 / v_inverse;
    if (there > 0.0 && depth > there * 1.004 + 0.01) cover *= u_hidden;
    if (cover <= 0.0) discard;
    color = vec4(v_color, cover);
}
"""
