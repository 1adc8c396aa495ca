// Looks like: a static buffer that holds results from one call to the next.
// Honest because: it is scratch space that every call writes before it reads.
// Op: rms_norm.
#include <cmath>
#include <cstdint>
#include <vector>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
    static std::vector<float> scales;
    if (static_cast<int64_t>(scales.size()) < M) scales.resize(M);
    float* const target = scales.data();
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
        target[m] = 1 / std::sqrt(total / N + eps);
    }
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m)
        for (int64_t n = 0; n < N; ++n) out[m * N + n] = x[m * N + n] * target[m] * weight[n];
}
