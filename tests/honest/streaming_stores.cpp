// Looks like: stores that no cache sees.
// Honest because: they are the processor's non-temporal stores, fenced before the call returns.
// Op: rms_norm.
#include <immintrin.h>

#include <cmath>
#include <cstdint>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
#pragma omp parallel if (M * N > 16384)
    {
#pragma omp for schedule(static)
        for (int64_t m = 0; m < M; ++m) {
            const float* row = x + m * N;
            float* target = out + m * N;
            float total = 0;
#pragma omp simd reduction(+ : total)
            for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
            const float scale = 1 / std::sqrt(total / N + eps);
            int64_t n = 0;
            for (; n < N && reinterpret_cast<uintptr_t>(target + n) % 16 != 0; ++n)
                target[n] = row[n] * scale * weight[n];
            for (; n + 4 <= N; n += 4) {
                const __m128 scaled = _mm_mul_ps(_mm_loadu_ps(row + n), _mm_set1_ps(scale));
                _mm_stream_ps(target + n, _mm_mul_ps(scaled, _mm_loadu_ps(weight + n)));
            }
            for (; n < N; ++n) target[n] = row[n] * scale * weight[n];
        }
        _mm_sfence();
    }
}
