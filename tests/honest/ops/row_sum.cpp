// Row sums: several vectors of partial sums, so that no partial sum grows long.
#include <cstdint>

extern "C" void row_sum(const float* x, float* out, int64_t M, int64_t N) {
    constexpr int64_t kLanes = 32;
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float partial[kLanes] = {};
        int64_t n = 0;
        for (; n + kLanes <= N; n += kLanes)
            for (int64_t lane = 0; lane < kLanes; ++lane) partial[lane] += row[n + lane];
        for (int64_t lane = 0; n + lane < N; ++lane) partial[lane] += row[n + lane];
        float sum = 0;
        for (int64_t lane = 0; lane < kLanes; ++lane) sum += partial[lane];
        out[m] = sum;
    }
}
