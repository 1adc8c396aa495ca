// Grouped product: each row of weights is read once, for all rows of its expert.
#include <cstdint>

extern "C" void grouped_gemm(const float* x, const float* weight, const int32_t* offsets,
                             float* out, int64_t, int64_t E, int64_t N, int64_t K) {
#pragma omp parallel for collapse(2) schedule(dynamic, 16)
    for (int64_t e = 0; e < E; ++e) {
        for (int64_t n = 0; n < N; ++n) {
            const float* column = weight + (e * N + n) * K;
            for (int64_t t = offsets[e]; t < offsets[e + 1]; ++t) {
                float dot = 0;
#pragma omp simd reduction(+ : dot)
                for (int64_t k = 0; k < K; ++k) dot += x[t * K + k] * column[k];
                out[t * N + n] = dot;
            }
        }
    }
}
