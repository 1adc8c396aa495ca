// Sliding-window attention: each query goes through the keys of its window alone.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void sliding_window_attention(const float* q, const float* k, const float* v, float* out,
                                         int64_t B, int64_t S, int64_t Hq, int64_t Hkv, int64_t D,
                                         int64_t window, float scale) {
    const int64_t group = Hq / Hkv;
#pragma omp parallel for collapse(3) schedule(dynamic, 16)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t h = 0; h < Hq; ++h) {
            for (int64_t i = 0; i < S; ++i) {
                std::vector<float> p(window), sum(D, 0.0f);
                const int64_t begin = std::max<int64_t>(0, i - window + 1);
                const float* query = q + ((b * S + i) * Hq + h) * D;
                const int64_t first = (b * S * Hkv + h / group) * D;
                float top = -INFINITY, total = 0;
                for (int64_t j = begin; j <= i; ++j) {
                    const float* key = k + first + j * Hkv * D;
                    float dot = 0;
#pragma omp simd reduction(+ : dot)
                    for (int64_t d = 0; d < D; ++d) dot += query[d] * key[d];
                    p[j - begin] = dot * scale;
                    top = std::max(top, p[j - begin]);
                }
                for (int64_t j = begin; j <= i; ++j) {
                    p[j - begin] = std::exp(p[j - begin] - top);
                    total += p[j - begin];
                    const float* value = v + first + j * Hkv * D;
                    for (int64_t d = 0; d < D; ++d) sum[d] += p[j - begin] * value[d];
                }
                float* result = out + ((b * S + i) * Hq + h) * D;
                for (int64_t d = 0; d < D; ++d) result[d] = sum[d] / total;
            }
        }
    }
}
