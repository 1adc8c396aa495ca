// Decode attention: the scores of a head in one pass over its keys, then the weighted sum.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void attention_decode(const float* q, const float* k, const float* v, float* out,
                                 int64_t B, int64_t S, int64_t Hq, int64_t Hkv, int64_t D,
                                 float scale) {
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t h = 0; h < Hq; ++h) {
            std::vector<float> p(S), sum(D, 0.0f);
            const float* query = q + (b * Hq + h) * D;
            const int64_t first = (b * S * Hkv + h / (Hq / Hkv)) * D;
            float top = -INFINITY, total = 0;
            for (int64_t s = 0; s < S; ++s) {
                const float* key = k + first + s * Hkv * D;
                float dot = 0;
#pragma omp simd reduction(+ : dot)
                for (int64_t d = 0; d < D; ++d) dot += query[d] * key[d];
                p[s] = dot * scale;
                top = std::max(top, p[s]);
            }
            for (int64_t s = 0; s < S; ++s) {
                p[s] = std::exp(p[s] - top);
                total += p[s];
                const float* value = v + first + s * Hkv * D;
                for (int64_t d = 0; d < D; ++d) sum[d] += p[s] * value[d];
            }
            for (int64_t d = 0; d < D; ++d) out[(b * Hq + h) * D + d] = sum[d] / total;
        }
    }
}
