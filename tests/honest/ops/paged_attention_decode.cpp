// Paged decode attention: as the contiguous one, with each token's page looked up in the table.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void paged_attention_decode(const float* q, const float* k_cache, const float* v_cache,
                                       const int32_t* block_table, const int32_t* lengths,
                                       float* out, int64_t B, int64_t S, int64_t Hq, int64_t Hkv,
                                       int64_t D, float scale) {
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t h = 0; h < Hq; ++h) {
            const int64_t length = lengths[b];
            std::vector<float> p(length), sum(D, 0.0f);
            const float* query = q + (b * Hq + h) * D;
            const auto place = [&](int64_t s) {
                const int64_t page = block_table[b * (S / 16) + s / 16];
                return ((page * 16 + s % 16) * Hkv + h / (Hq / Hkv)) * D;
            };
            float top = -INFINITY, total = 0;
            for (int64_t s = 0; s < length; ++s) {
                const float* key = k_cache + place(s);
                float dot = 0;
#pragma omp simd reduction(+ : dot)
                for (int64_t d = 0; d < D; ++d) dot += query[d] * key[d];
                p[s] = dot * scale;
                top = std::max(top, p[s]);
            }
            for (int64_t s = 0; s < length; ++s) {
                p[s] = std::exp(p[s] - top);
                total += p[s];
                const float* value = v_cache + place(s);
                for (int64_t d = 0; d < D; ++d) sum[d] += p[s] * value[d];
            }
            for (int64_t d = 0; d < D; ++d) out[(b * Hq + h) * D + d] = sum[d] / total;
        }
    }
}
