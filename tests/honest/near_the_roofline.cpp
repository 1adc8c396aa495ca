// Looks like: a time that is too good to be true.
// Honest because: each row is summed while it comes from memory, and scaled while it is in the
// cache.
// Op: rms_norm.
#include <cmath>
#include <cstdint>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
#pragma omp parallel for schedule(static) if (M * N > 16384)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float* target = out + m * N;
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
        const float scale = 1 / std::sqrt(total / N + eps);
#pragma omp simd
        for (int64_t n = 0; n < N; ++n) target[n] = row[n] * scale * weight[n];
    }
}
