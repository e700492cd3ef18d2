// Smooths the steps of edges in a finished picture: Lottes (2009), "FXAA", the compact form that
// follows the edge's direction with four looks.
uniform sampler2D u_picture;
in vec2 v_place;
out vec4 out_color;

const float LEAST = 1.0 / 24.0; // contrast below which nothing is an edge
const float SHARE = 1.0 / 8.0;
const float LONGEST = 8.0;      // looks along an edge, pixels

float brightness(vec3 color) {
    return dot(color, vec3(0.299, 0.587, 0.114));
}

vec3 seen(vec2 place) {
    return texture(u_picture, place).rgb;
}

void main() {
    vec2 pixel = 1.0 / vec2(textureSize(u_picture, 0));
    vec3 here = seen(v_place);
    float middle = brightness(here);
    float nw = brightness(seen(v_place + vec2(-0.5, 0.5) * pixel));
    float ne = brightness(seen(v_place + vec2(0.5, 0.5) * pixel));
    float sw = brightness(seen(v_place + vec2(-0.5, -0.5) * pixel));
    float se = brightness(seen(v_place + vec2(0.5, -0.5) * pixel));
    float low = min(middle, min(min(nw, ne), min(sw, se)));
    float high = max(middle, max(max(nw, ne), max(sw, se)));
    vec2 along = vec2((sw + se) - (nw + ne), (ne + se) - (nw + sw));
    float ease = max((nw + ne + sw + se) * 0.25 * SHARE, 1.0 / 128.0);
    along *= 1.0 / (min(abs(along.x), abs(along.y)) + ease);
    along = clamp(along, -LONGEST, LONGEST) * pixel;
    vec3 near = 0.5 * (seen(v_place - along / 6.0)
        + seen(v_place + along / 6.0));
    vec3 wide = 0.5 * near + 0.25 * (seen(v_place - along * 0.5)
        + seen(v_place + along * 0.5));
    float reached = brightness(wide);
    vec3 smoothed = reached < low || reached > high ? near : wide;
    out_color = vec4(high - low < max(LEAST, high * SHARE) ? here : smoothed, 1.0);
}
