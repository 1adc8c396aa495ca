// Batch of matrix products: one row of one of them at a time, with its sums kept together.
#include <algorithm>
#include <cstdint>
#include <vector>

extern "C" void batched_gemm(const float* a, const float* b, float* out, int64_t B, int64_t M,
                             int64_t N, int64_t K) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < B * M; ++row) {
        const float* right = b + row / M * K * N;
        std::vector<float> sum(N, 0.0f);
        for (int64_t k = 0; k < K; ++k) {
            const float left = a[row * K + k];
            for (int64_t n = 0; n < N; ++n) sum[n] += left * right[k * N + n];
        }
        std::copy(sum.begin(), sum.end(), out + row * N);
    }
}
