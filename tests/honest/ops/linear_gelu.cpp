// Linear layer with bias and tanh-GELU: a dot product an output, four outputs at a time.
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

float gelu(float h) {
    // 0.5 * (1 + tanh(u)) is 1 / (1 + exp(-2u)), which does not cancel for negative u.
    const float u = 0.7978845608f * (h + 0.044715f * h * h * h);
    return h / (1 + std::exp(-2 * u));
}

}  // namespace

extern "C" void linear_gelu(const float* x, const float* weight, const float* bias, float* out,
                            int64_t M, int64_t N, int64_t K) {
#pragma omp parallel for schedule(static) collapse(2)
    for (int64_t m = 0; m < M; ++m) {
        for (int64_t first = 0; first < N; first += 4) {
            const int64_t count = std::min<int64_t>(4, N - first);
            const float* rows[4];
            for (int64_t j = 0; j < 4; ++j) rows[j] = weight + (first + std::min(j, count - 1)) * K;
            float t0 = 0, t1 = 0, t2 = 0, t3 = 0;
#pragma omp simd reduction(+ : t0, t1, t2, t3)
            for (int64_t k = 0; k < K; ++k) {
                const float value = x[m * K + k];
                t0 += value * rows[0][k];
                t1 += value * rows[1][k];
                t2 += value * rows[2][k];
                t3 += value * rows[3][k];
            }
            const float totals[4] = {t0, t1, t2, t3};
            for (int64_t j = 0; j < count; ++j) {
                out[m * N + first + j] = gelu(totals[j] + bias[first + j]);
            }
        }
    }
}
