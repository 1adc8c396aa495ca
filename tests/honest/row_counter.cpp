// Looks like: a static counter that calls share.
// Honest because: it hands rows to threads, and every call sets it back before they start.
// Op: rms_norm.
#include <atomic>
#include <cmath>
#include <cstdint>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
    static std::atomic<int64_t> next;
    next = 0;
#pragma omp parallel if (M * N > 16384)
    for (int64_t first; (first = next.fetch_add(8)) < M;) {
        const int64_t end = first + 8 < M ? first + 8 : M;
        for (int64_t m = first; m < end; ++m) {
            const float* row = x + m * N;
            float total = 0;
#pragma omp simd reduction(+ : total)
            for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
            const float scale = 1 / std::sqrt(total / N + eps);
            for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
        }
    }
}
