// Decode attention over four-bit keys and values, each unpacked where it is used.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

static void unpack(const uint8_t* packed, const float* scales, int64_t D, float* row) {
    for (int64_t i = 0; i < D / 2; ++i) {
        const float scale = scales[i / 32];
        row[2 * i] = (float(packed[i] & 15) - 8) * scale;
        row[2 * i + 1] = (float(packed[i] >> 4) - 8) * scale;
    }
}

extern "C" void int4_kv_decode(const float* q, const uint8_t* k_packed, const float* k_scale,
                               const uint8_t* v_packed, const float* v_scale,
                               const int32_t* lengths, float* out, int64_t B, int64_t S,
                               int64_t Hq, int64_t Hkv, int64_t D, float scale) {
    const int64_t group = Hq / Hkv;
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t kept = 0; kept < Hkv; ++kept) {
            const int64_t length = lengths[b];
            std::vector<float> p(group * length), row(D), top(group, -INFINITY), total(group, 0.0f);
            const float* query = q + (b * Hq + kept * group) * D;
            float* result = out + (b * Hq + kept * group) * D;
            std::fill(result, result + group * D, 0.0f);
            for (int64_t s = 0; s < length; ++s) {
                const int64_t at = (b * S + s) * Hkv + kept;
                unpack(k_packed + at * (D / 2), k_scale + at * (D / 64), D, row.data());
                for (int64_t h = 0; h < group; ++h) {
                    float dot = 0;
#pragma omp simd reduction(+ : dot)
                    for (int64_t d = 0; d < D; ++d) dot += query[h * D + d] * row[d];
                    p[h * length + s] = dot * scale;
                    top[h] = std::max(top[h], p[h * length + s]);
                }
            }
            for (int64_t s = 0; s < length; ++s) {
                const int64_t at = (b * S + s) * Hkv + kept;
                unpack(v_packed + at * (D / 2), v_scale + at * (D / 64), D, row.data());
                for (int64_t h = 0; h < group; ++h) {
                    const float weight = std::exp(p[h * length + s] - top[h]);
                    total[h] += weight;
                    for (int64_t d = 0; d < D; ++d) result[h * D + d] += weight * row[d];
                }
            }
            for (int64_t h = 0; h < group; ++h) {
                for (int64_t d = 0; d < D; ++d) result[h * D + d] /= total[h];
            }
        }
    }
}
