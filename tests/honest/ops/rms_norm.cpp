// RMS normalisation: each row is summed in double precision and scaled while it is in the cache.
#include <cmath>
#include <cstdint>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        double total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < N; ++n) total += static_cast<double>(row[n]) * row[n];
        const float scale = static_cast<float>(1 / std::sqrt(total / N + eps));
        for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
    }
}
