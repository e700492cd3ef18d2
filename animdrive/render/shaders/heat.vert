// A surface that is coloured by a number at every vertex.
uniform mat4 u_view_projection;
in vec3 in_position;
in vec3 in_normal;
in float in_heat;               // 0..1 along the colour bar
out vec3 v_normal;
out vec3 v_position;
out float v_heat;

void main() {
    v_normal = in_normal;
    v_position = in_position;
    v_heat = in_heat;
    gl_Position = u_view_projection * vec4(in_position, 1.0);
}
