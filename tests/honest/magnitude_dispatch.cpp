// Looks like: a kernel that looks at the size of its inputs and takes a shorter way for the
// usual ones.
// Honest because: where squares could overflow or vanish it scales the row by a power of two
// first, and both ways are exact.
// Op: rms_norm.
#include <cmath>
#include <cstdint>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
#pragma omp parallel for schedule(static) if (M * N > 16384)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float total = 0, largest = 0;
#pragma omp simd reduction(+ : total) reduction(max : largest)
        for (int64_t n = 0; n < N; ++n) {
            const float size = std::fabs(row[n]);
            total += size * size;
            largest = size > largest ? size : largest;
        }
        float scale = 1 / std::sqrt(total / N + eps);
        if (largest > 1e12f) {
            const float shrink = std::exp2(-std::floor(std::log2(largest)));
            total = 0;
#pragma omp simd reduction(+ : total)
            for (int64_t n = 0; n < N; ++n) total += row[n] * shrink * (row[n] * shrink);
            scale = shrink / std::sqrt(total / N + eps * shrink * shrink);
        }
        for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
    }
}
