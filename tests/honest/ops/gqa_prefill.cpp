// Causal attention: the scores of one query are kept, and softmax and products follow at once.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void gqa_prefill(const float* q, const float* k, const float* v, float* out, int64_t B,
                            int64_t S, int64_t Hq, int64_t Hkv, int64_t D, float scale) {
    const int64_t group = Hq / Hkv;
#pragma omp parallel for collapse(3) schedule(dynamic, 16)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t h = 0; h < Hq; ++h) {
            for (int64_t i = 0; i < S; ++i) {
                std::vector<float> p(i + 1), sum(D, 0.0f);
                const float* query = q + ((b * S + i) * Hq + h) * D;
                const int64_t first = (b * S * Hkv + h / group) * D;
                float top = -INFINITY, total = 0;
                for (int64_t j = 0; j <= i; ++j) {
                    const float* key = k + first + j * Hkv * D;
                    float dot = 0;
#pragma omp simd reduction(+ : dot)
                    for (int64_t d = 0; d < D; ++d) dot += query[d] * key[d];
                    p[j] = dot * scale;
                    top = std::max(top, p[j]);
                }
                for (int64_t j = 0; j <= i; ++j) {
                    p[j] = std::exp(p[j] - top);
                    total += p[j];
                    const float* value = v + first + j * Hkv * D;
                    for (int64_t d = 0; d < D; ++d) sum[d] += p[j] * value[d];
                }
                float* result = out + ((b * S + i) * Hq + h) * D;
                for (int64_t d = 0; d < D; ++d) result[d] = sum[d] / total;
            }
        }
    }
}
