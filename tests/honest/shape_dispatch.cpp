// Looks like: code for the checked shapes only.
// Honest because: lengths that the vector width divides get a fast path, and all others a
// general one.
// Op: rms_norm.
#include <cmath>
#include <cstdint>

namespace {
template <bool kWhole>
void normalise(const float* x, const float* weight, float* out, int64_t M, int64_t N, float eps) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        const int64_t whole = kWhole ? N : N / 16 * 16;
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < whole; ++n) total += row[n] * row[n];
        for (int64_t n = whole; n < N; ++n) total += row[n] * row[n];
        const float scale = 1 / std::sqrt(total / N + eps);
        for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
    }
}
}  // namespace

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
    if (N % 16 == 0)
        normalise<true>(x, weight, out, M, N, eps);
    else
        normalise<false>(x, weight, out, M, N, eps);
}
