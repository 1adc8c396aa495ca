// Matrix product with 4-bit weights: a row of them is unpacked once, then met by every row of x.
#include <cstdint>
#include <vector>

extern "C" void w4a16_gemm(const float* x, const uint8_t* weight, const float* scale,
                           const float* zero, float* out, int64_t M, int64_t N, int64_t K) {
#pragma omp parallel
    {
        std::vector<float> row(K);
#pragma omp for schedule(static)
        for (int64_t n = 0; n < N; ++n) {
            for (int64_t group = 0; group < K / 128; ++group) {
                const float step = scale[n * (K / 128) + group];
                const float shift = zero[n * (K / 128) + group];
                for (int64_t j = group * 64; j < group * 64 + 64; ++j) {
                    const int packed = weight[n * (K / 2) + j];
                    row[2 * j] = ((packed & 15) - 8) * step + shift;
                    row[2 * j + 1] = ((packed >> 4) - 8) * step + shift;
                }
            }
            for (int64_t m = 0; m < M; ++m) {
                float total = 0;
#pragma omp simd reduction(+ : total)
                for (int64_t k = 0; k < K; ++k) total += x[m * K + k] * row[k];
                out[m * N + n] = total;
            }
        }
    }
}
