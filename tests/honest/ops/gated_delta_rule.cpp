// Gated delta rule: the recurrence as it is written, a state for each head.
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void gated_delta_rule(const float* q, const float* k, const float* v, const float* g,
                                 const float* beta, float* out, int64_t B, int64_t T, int64_t H,
                                 int64_t D) {
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t h = 0; h < H; ++h) {
            std::vector<float> state(D * D, 0.0f), update(D), sum(D);
            for (int64_t t = 0; t < T; ++t) {
                const int64_t step = (b * T + t) * H + h;
                const float *query = q + step * D, *key = k + step * D, *value = v + step * D;
                const float decay = std::exp(g[step]);
                for (int64_t c = 0; c < D; ++c) update[c] = sum[c] = 0;
                for (int64_t r = 0; r < D; ++r) {
                    for (int64_t c = 0; c < D; ++c) {
                        state[r * D + c] *= decay;
                        update[c] += state[r * D + c] * key[r];
                    }
                }
                for (int64_t c = 0; c < D; ++c) update[c] = beta[step] * (value[c] - update[c]);
                for (int64_t r = 0; r < D; ++r) {
                    for (int64_t c = 0; c < D; ++c) {
                        state[r * D + c] += key[r] * update[c];
                        sum[c] += state[r * D + c] * query[r];
                    }
                }
                for (int64_t c = 0; c < D; ++c) out[step * D + c] = sum[c];
            }
        }
    }
}
