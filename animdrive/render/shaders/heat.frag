// Colour from the bar, shaded just enough to show the shape: hue must stay readable.
uniform sampler2D u_bar;
uniform vec3 u_eye;
in vec3 v_normal;
in vec3 v_position;
in float v_heat;
out vec4 out_color;

void main() {
    vec3 view = normalize(u_eye - v_position);
    vec3 normal = normalize(gl_FrontFacing ? v_normal : -v_normal);
    float facing = max(dot(normal, view), 0.0);
    float above = 0.5 + 0.5 * normal.y;
    vec3 color = texture(u_bar, vec2(v_heat, 0.5)).rgb;
    out_color = vec4(color * (0.30 + 0.55 * facing + 0.15 * above), 1.0);
}
