// Latent attention decode: one pass for the scores of a head, and one for the weighted sum.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void mla_decode(const float* q_nope, const float* q_pe, const float* ckv,
                           const float* kpe, const int32_t* lengths, float* out, int64_t B,
                           int64_t H, int64_t S, int64_t C, int64_t R, float scale) {
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t h = 0; h < H; ++h) {
            const int64_t length = lengths[b];
            std::vector<float> p(length), sum(C, 0.0f);
            const float* latent = q_nope + (b * H + h) * C;
            const float* rotary = q_pe + (b * H + h) * R;
            float top = -INFINITY, total = 0;
            for (int64_t s = 0; s < length; ++s) {
                const float* key = ckv + (b * S + s) * C;
                const float* turned = kpe + (b * S + s) * R;
                float dot = 0;
#pragma omp simd reduction(+ : dot)
                for (int64_t c = 0; c < C; ++c) dot += latent[c] * key[c];
#pragma omp simd reduction(+ : dot)
                for (int64_t r = 0; r < R; ++r) dot += rotary[r] * turned[r];
                p[s] = dot * scale;
                top = std::max(top, p[s]);
            }
            for (int64_t s = 0; s < length; ++s) {
                p[s] = std::exp(p[s] - top);
                total += p[s];
                const float* value = ckv + (b * S + s) * C;
                for (int64_t c = 0; c < C; ++c) sum[c] += p[s] * value[c];
            }
            for (int64_t c = 0; c < C; ++c) out[(b * H + h) * C + c] = sum[c] / total;
        }
    }
}
