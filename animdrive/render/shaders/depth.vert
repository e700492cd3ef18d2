#version 330 core
// Geometry as a light sees it.
uniform mat4 u_box;
in vec3 in_position;

void main() {
    gl_Position = u_box * vec4(in_position, 1.0);
}
