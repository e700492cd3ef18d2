// A soft gradient with a glow behind the head, dithered so that it shows no bands.
uniform vec3 u_top;
uniform vec3 u_bottom;
in vec2 v_place;
out vec4 out_color;

void main() {
    vec2 off = (v_place - vec2(0.5, 0.58)) * vec2(1.0, 0.9);
    float glow = exp(-3.2 * dot(off, off));
    vec3 color = mix(u_bottom, u_top, smoothstep(0.0, 1.0, v_place.y)) * (0.72 + 0.85 * glow);
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    out_color = vec4(srgb_from_linear(color) + (noise - 0.5) / 255.0, 1.0);
}
