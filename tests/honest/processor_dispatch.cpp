// Looks like: a kernel that asks where it runs before it decides what to do.
// Honest because: it picks among three widths of vectors by what the processor has, and all
// three compute the same.
// Op: rms_norm.
#include <cmath>
#include <cstdint>

namespace {
// One function for each of these processors; the loader picks.
__attribute__((target_clones("avx512f", "avx2", "default"))) void normalise(const float* row,
                                                                            const float* weight,
                                                                            float* out, int64_t N,
                                                                            float eps) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
    const float scale = 1 / std::sqrt(total / N + eps);
    for (int64_t n = 0; n < N; ++n) out[n] = row[n] * scale * weight[n];
}
}  // namespace

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
#pragma omp parallel for schedule(static) if (M * N > 16384)
    for (int64_t m = 0; m < M; ++m) normalise(x + m * N, weight, out + m * N, N, eps);
}
