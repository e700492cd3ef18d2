// From light to picture.

// The curve of IEC 61966-2-1 by three square roots, which cost a fraction of its power: Taylor
// (2012), "sRGB approximations for HLSL". Off by 0.2/255 in the mean, by 2.5/255 next to black.
vec3 srgb_from_linear(vec3 linear) {
    vec3 root = sqrt(max(linear, vec3(0.0)));
    vec3 fourth = sqrt(root);
    vec3 eighth = sqrt(fourth);
    return max(0.662002687 * root + 0.684122060 * fourth - 0.323583601 * eighth
        - 0.0225411470 * linear, vec3(0.0));
}

// Straight up to SHOULDER, then bent so that it meets 1 at infinity with no kink: colours of the
// texture stay what they are, highlights do not clip.
const float SHOULDER = 0.55;

vec3 tone_mapped(vec3 light) {
    vec3 over = max(light - SHOULDER, 0.0) / (1.0 - SHOULDER);
    return min(light, vec3(SHOULDER)) + (1.0 - SHOULDER) * over / (1.0 + over);
}
