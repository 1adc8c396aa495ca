// Looks like: an output that is written twice, first with something else.
// Honest because: it serves as scratch space within the call.
// Op: rms_norm.
#include <cmath>
#include <cstdint>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float* target = out + m * N;
        float total = 0;
        for (int64_t n = 0; n < N; ++n) target[n] = row[n] * row[n];
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < N; ++n) total += target[n];
        const float scale = 1 / std::sqrt(total / N + eps);
        for (int64_t n = 0; n < N; ++n) target[n] = row[n] * scale * weight[n];
    }
}
