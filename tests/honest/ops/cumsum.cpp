// Prefix sums: one running sum a row.
#include <cstdint>

extern "C" void cumsum(const float* x, float* out, int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        float sum = 0;
        for (int64_t n = 0; n < N; ++n) {
            sum += x[m * N + n];
            out[m * N + n] = sum;
        }
    }
}
