// What a surface looks like. One of SKIN, EYE, WET, PLAIN is 1; HAS_TEXTURE, HAS_NORMALS 0 or 1.
uniform vec3 u_eye;             // the camera, world
uniform vec3 u_key_direction;
uniform vec3 u_fill_direction;
uniform vec3 u_rim_direction;
uniform vec3 u_key_color;
uniform vec3 u_fill_color;
uniform vec3 u_rim_color;
uniform vec3 u_sky_color;
uniform vec3 u_ground_color;
uniform float u_exposure;
uniform vec4 u_base_color;
uniform vec3 u_emissive;
uniform float u_roughness;
uniform float u_metallic;
uniform sampler2D u_texture;
uniform sampler2D u_normals;

in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
in float v_open;
in float v_reach;
out vec4 out_color;

#if SKIN
// Light that enters skin leaves it elsewhere, red farthest: each colour reaches past the terminator
// by its own width. Wrap lighting: Green (2004), GPU Gems chapter 16; widths in the order of the
// scattering profile of d'Eon and Luebke (2007), GPU Gems 3 chapter 14.
const vec3 WRAP = vec3(0.32, 0.15, 0.09);
const float F0 = 0.028;
#elif WET
const vec3 WRAP = vec3(0.35, 0.22, 0.18);
const float F0 = 0.03;
#elif EYE
const vec3 WRAP = vec3(0.30, 0.22, 0.20);
const float F0 = 0.03;
#else
const vec3 WRAP = vec3(0.0);
const float F0 = 0.04;
#endif

// Lights have a size: how much rougher a surface seems for it.
const float WIDER = 0.1;

vec3 wrapped(float cosine) {
    vec3 lit = clamp((cosine + WRAP) / (1.0 + WRAP), 0.0, 1.0);
    return lit * mix(vec3(1.0), lit, WRAP);
}

// GGX with the visibility and Fresnel terms folded together: Karlsson (2015), "Optimizing PBR for
// mobile".
float lobe(float nh, float lh, float roughness) {
    float a = roughness * roughness;
    float d = nh * nh * (a * a - 1.0) + 1.00001;
    return a * a / (4.0 * d * d * max(lh * lh, 0.1) * (roughness + 0.5));
}

float highlight(vec3 normal, vec3 view, vec3 light, float roughness) {
    vec3 halfway = normalize(light + view);
    float nh = max(dot(normal, halfway), 0.0);
    float lh = max(dot(light, halfway), 0.0);
    float miss = 1.0 - lh;
    float fresnel = F0 + (1.0 - F0) * miss * miss * miss * miss * miss;
#if SKIN
    // Two lobes, a broad one and a narrow one of oil: Weyrich et al. (2006), as used by d'Eon.
    float shape = 0.85 * lobe(nh, lh, roughness) + 0.15 * lobe(nh, lh, roughness * 0.6);
#else
    float shape = lobe(nh, lh, roughness);
#endif
    return shape * fresnel * max(dot(normal, light), 0.0);
}

#if EYE
// A square light with soft edges, mirrored in a moist surface.
float softbox(vec3 mirrored, vec3 light, float half_size) {
    vec3 right = normalize(cross(vec3(0.0, 1.0, 0.0), light));
    vec3 up = cross(light, right);
    float along = dot(mirrored, light);
    vec2 place = abs(vec2(dot(mirrored, right), dot(mirrored, up)) / max(along, 1e-3));
    vec2 inside = 1.0 - smoothstep(vec2(half_size * 0.75), vec2(half_size * 1.25), place);
    return along > 0.0 ? inside.x * inside.y : 0.0;
}
#endif

#if HAS_NORMALS
// The frame of glTF 2.0, section 3.9.3, where tangents are left out: the tangent is the way in which
// u grows, the bitangent is square to it. From screen-space differences, as Mikkelsen (2010), "Bump
// mapping unparametrized surfaces on the GPU"; a mirrored map turns the bitangent around.
vec3 bumped(vec3 normal) {
    vec3 px = dFdx(v_position), py = dFdy(v_position);
    vec2 ux = dFdx(v_uv), uy = dFdy(v_uv);
    float det = ux.x * uy.y - uy.x * ux.y;
    vec3 along = (px * uy.y - py * ux.y) * sign(det);
    along -= normal * dot(normal, along);
    float size = dot(along, along);
    vec3 bump = texture(u_normals, v_uv).xyz * (255.0 / 127.0) - (128.0 / 127.0);
    if (det == 0.0 || size < 1e-30) return normal;
    vec3 tangent = along * inversesqrt(size);
    vec3 facing = dot(cross(px, py), normal) > 0.0 ? normal : -normal;
    vec3 bitangent = cross(facing, tangent) * sign(det);
    return normalize(bump.x * tangent + bump.y * bitangent + max(bump.z, 0.05) * normal);
}
#endif

void main() {
    vec3 view = normalize(u_eye - v_position);
    vec3 smooth_normal = normalize(gl_FrontFacing ? v_normal : -v_normal);
#if HAS_NORMALS
    vec3 normal = bumped(smooth_normal);
#else
    vec3 normal = smooth_normal;
#endif
    vec3 albedo = u_base_color.rgb;
#if HAS_TEXTURE
    albedo *= texture(u_texture, v_uv).rgb;
#endif
    float graze = 1.0 - max(dot(normal, view), 0.0);
    float open = clamp(v_open, 0.0, 1.0);
#if WET
    open = sqrt(open);       // pale and wet: light goes around inside a mouth
#elif EYE
    open *= open;            // lashes and lids that are thinner than the mesh shade an eye, too
#endif
    float reach = v_reach;
    // Bounces inside skin keep creases warm: obscurance after Jimenez et al. (2016), "Practical
    // realtime strategies for accurate indirect occlusion".
    vec3 ambient_open = max(vec3(open), ((open * (2.04 * albedo - 0.33)
        - (4.80 * albedo - 0.64)) * open + (2.76 * albedo + 0.69)) * open);
    vec3 key_reach = reach + reach * (1.0 - reach) * WRAP;
    key_reach *= min(1.0, 1.7 * open);

    vec3 key = u_key_color * wrapped(dot(normal, u_key_direction)) * key_reach;
    vec3 fill = u_fill_color * wrapped(dot(smooth_normal, u_fill_direction)) * ambient_open;
#if SKIN || PLAIN
    vec3 rim = u_rim_color * (max(dot(smooth_normal, u_rim_direction), 0.0) * open * graze);
#else
    vec3 rim = vec3(0.0);    // a light from behind does not reach into the head
#endif
    vec3 ambient = mix(u_ground_color, u_sky_color, 0.5 + 0.5 * normal.y) * ambient_open;
    vec3 light = albedo * (1.0 - u_metallic) * (key + fill + rim + ambient) * 0.45;

    vec3 tint = mix(vec3(1.0), albedo / F0, u_metallic);
#if SKIN
    // Hair that is painted on scatters what skin would mirror.
    tint *= smoothstep(0.03, 0.22, dot(albedo, vec3(0.2126, 0.7152, 0.0722)));
#endif
    float fresnel = F0 + (1.0 - F0) * graze * graze * graze * graze * graze * (1.0 - u_roughness);
#if SKIN
    fresnel = F0 + 0.4 * (fresnel - F0);    // pores break the grazing reflection up
#endif
    vec3 mirrored = reflect(-view, normal);
    vec3 around = mix(u_ground_color, u_sky_color, 0.5 + 0.5 * mirrored.y) * open;
    vec3 shine = around * fresnel;
    shine += u_key_color * (reach * highlight(normal, view, u_key_direction, u_roughness + WIDER));
    shine += u_fill_color * (open * highlight(normal, view, u_fill_direction, u_roughness + 2.5 * WIDER));
#if SKIN || PLAIN
    shine += 0.3 * u_rim_color * (open * highlight(normal, view, u_rim_direction, u_roughness + 2.0 * WIDER));
#endif
#if EYE
    shine += u_key_color * (0.42 * reach * softbox(mirrored, u_key_direction, 0.20));
    shine += u_fill_color * (0.16 * open * softbox(mirrored, u_fill_direction, 0.30));
#endif
    light += tint * shine + u_emissive;
    out_color = vec4(srgb_from_linear(tone_mapped(light * u_exposure)), u_base_color.a);
}
