// Log of the sum of exponentials: one pass over each row for its maximum, one for the sum.
#include <cmath>
#include <cstdint>

extern "C" void log_sum_exp(const float* x, float* out, int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float top = row[0];
#pragma omp simd reduction(max : top)
        for (int64_t n = 0; n < N; ++n) top = row[n] > top ? row[n] : top;
        float sum = 0;
        for (int64_t n = 0; n < N; ++n) sum += std::exp(row[n] - top);
        out[m] = top + std::log(sum);
    }
}
