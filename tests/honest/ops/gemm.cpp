// Matrix product: four rows of a at a time against rows of b, with the sums in the output.
#include <algorithm>
#include <cstdint>

extern "C" void gemm(const float* a, const float* b, float* out, int64_t M, int64_t N, int64_t K) {
    constexpr int64_t rows = 4, columns = 256;
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int64_t m = 0; m < M; m += rows) {
        for (int64_t n = 0; n < N; n += columns) {
            const int64_t width = std::min(columns, N - n);
            float sum[rows][columns] = {};
            for (int64_t k = 0; k < K; ++k) {
                for (int64_t i = 0; i < std::min(rows, M - m); ++i) {
                    const float left = a[(m + i) * K + k];
                    for (int64_t j = 0; j < width; ++j) sum[i][j] += left * b[k * N + n + j];
                }
            }
            for (int64_t i = 0; i < std::min(rows, M - m); ++i) {
                std::copy_n(sum[i], width, out + (m + i) * N + n);
            }
        }
    }
}
