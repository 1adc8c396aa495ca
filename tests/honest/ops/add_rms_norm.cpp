// Residual addition and RMS normalisation: each row is added while it is summed, then scaled.
#include <cmath>
#include <cstdint>

extern "C" void add_rms_norm(const float* x, const float* residual, const float* weight, float* out,
                             float* total, int64_t M, int64_t N, float eps) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const int64_t first = m * N;
        float squares = 0;
#pragma omp simd reduction(+ : squares)
        for (int64_t n = 0; n < N; ++n) {
            const float value = x[first + n] + residual[first + n];
            total[first + n] = value;
            squares += value * value;
        }
        const float scale = 1 / std::sqrt(squares / N + eps);
#pragma omp simd
        for (int64_t n = 0; n < N; ++n) out[first + n] = total[first + n] * scale * weight[n];
    }
}
