// Posed geometry, and how much of the surrounding light reaches each vertex.
uniform mat4 u_view_projection;
uniform mat4 u_key_box;
uniform mat4 u_front_box;
uniform vec3 u_front_axes[3];   // right, up, towards the front light: world
uniform vec3 u_key_direction;
uniform float u_radius;         // half the width of both views, metres
uniform sampler2D u_key;        // depth as seen by the key light
uniform sampler2D u_front;      // depth as seen from the front

in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in float in_open;               // baked: share of the hemisphere that is free, 0..1

out vec3 v_position;
out vec3 v_normal;
out vec2 v_uv;
out float v_open;
out float v_reach;

// Places in the unit disc, from its middle outwards.
const vec2 spiral[TAPS] = vec2[](
    SPIRAL
);

float depth_at(sampler2D view, vec2 place) {
    ivec2 size = textureSize(view, 0);
    return texelFetch(view, clamp(ivec2(place * vec2(size)), ivec2(0), size - 1), 0).r;
}

// Obscurance after McGuire et al. (2011), "The Alchemy Screen-Space Ambient Obscurance Algorithm",
// on the height field that the front view is. Once per vertex rather than per pixel, for it is
// smooth; in every frame, for the mouth opens and lids close.
float front_openness() {
    vec3 place = (u_front_box * vec4(in_position, 1.0)).xyz * 0.5 + 0.5;
    float shut = 0.0;
    for (int tap = 0; tap < TAPS; tap++) {
        vec2 off = REACH_M * spiral[tap];
        float depth = depth_at(u_front, place.xy + off / (2.0 * u_radius));
        float rise = (place.z - depth) * 2.0 * u_radius;
        vec3 to = off.x * u_front_axes[0] + off.y * u_front_axes[1] + rise * u_front_axes[2];
        float cosine = dot(to, in_normal) * inversesqrt(dot(to, to) + 1e-8);
        float far = max(rise, 0.0) / FAR_M;
        shut += max(cosine - 0.18, 0.0) / (1.0 + far * far);
    }
    return max(1.0 - 1.9 * shut / float(TAPS), 0.0);
}

// Percentage-closer filtering (Reeves et al. 1987), per vertex too: a big soft light has no sharp
// shadow that would need more.
float key_reach() {
    // The flatter the light falls in, the farther a vertex must rise above its own surroundings.
    float cosine = dot(in_normal, u_key_direction);
    vec3 lifted = in_position + in_normal * (SHADOW_SOFT_M * sqrt(1.0 - min(cosine * cosine, 1.0)));
    vec3 place = (u_key_box * vec4(lifted, 1.0)).xyz * 0.5 + 0.5;
    float level = place.z - SHADOW_BIAS_M / (2.0 * u_radius);
    float reach = 0.0;
    for (int tap = 0; tap < TAPS; tap++) {
        vec2 off = SHADOW_SOFT_M * spiral[tap] / (2.0 * u_radius);
        reach += step(level, depth_at(u_key, place.xy + off));
    }
    return reach / float(TAPS);
}

void main() {
    v_position = in_position;
    v_normal = in_normal;
    v_uv = in_uv;
    v_reach = key_reach();
    v_open = min(in_open, front_openness());
    gl_Position = u_view_projection * vec4(in_position, 1.0);
}
