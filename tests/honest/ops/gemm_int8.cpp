// Quantised matrix product: an integer dot product an output, four outputs at a time.
#include <algorithm>
#include <cstdint>

extern "C" void gemm_int8(const int8_t* a, const int8_t* b, const float* scale_a,
                          const float* scale_b, float* out, int64_t M, int64_t N, int64_t K) {
#pragma omp parallel for schedule(static) collapse(2)
    for (int64_t m = 0; m < M; ++m) {
        for (int64_t first = 0; first < N; first += 4) {
            const int64_t count = std::min<int64_t>(4, N - first);
            const int8_t* rows[4];
            for (int64_t j = 0; j < 4; ++j) rows[j] = b + (first + std::min(j, count - 1)) * K;
            const int8_t* row = a + m * K;
            int32_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
            for (int64_t k = 0; k < K; ++k) {
                t0 += row[k] * rows[0][k];
                t1 += row[k] * rows[1][k];
                t2 += row[k] * rows[2][k];
                t3 += row[k] * rows[3][k];
            }
            const int32_t totals[4] = {t0, t1, t2, t3};
            for (int64_t j = 0; j < count; ++j) {
                const float total = static_cast<float>(totals[j]);
                out[m * N + first + j] = total * scale_a[m] * scale_b[first + j];
            }
        }
    }
}
