// Linear layer of a few tokens: each row of weights is read once, for all of them.
#include <cstdint>

extern "C" void gemv_decode(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                            int64_t K) {
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < N; ++n) {
        for (int64_t m = 0; m < M; ++m) {
            float dot = 0;
#pragma omp simd reduction(+ : dot)
            for (int64_t k = 0; k < K; ++k) dot += x[m * K + k] * weight[n * K + k];
            out[m * N + n] = dot;
        }
    }
}
