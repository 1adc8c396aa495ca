// Selective scan: the recurrence as it is written, a state for each channel.
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void selective_scan(const float* x, const float* delta, const float* a_log,
                               const float* b_t, const float* c_t, const float* skip, float* out,
                               int64_t B, int64_t L, int64_t D, int64_t N) {
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t d = 0; d < D; ++d) {
            std::vector<float> state(N, 0.0f), a(N);
            for (int64_t n = 0; n < N; ++n) a[n] = std::exp(a_log[d * N + n]);
            for (int64_t t = 0; t < L; ++t) {
                const int64_t step = b * L + t;
                const float value = x[step * D + d], width = delta[step * D + d];
                float total = 0;
                for (int64_t n = 0; n < N; ++n) {
                    state[n] = std::exp(-width * a[n]) * state[n] + width * b_t[step * N + n] * value;
                    total += c_t[step * N + n] * state[n];
                }
                out[step * D + d] = total + skip[d] * value;
            }
        }
    }
}
