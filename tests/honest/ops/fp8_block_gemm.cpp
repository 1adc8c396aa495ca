// FP8 product: a table decodes both sides, and each block of 128 is summed and then scaled.
#include <cmath>
#include <cstdint>
#include <vector>

static float decode(int byte) {
    const int exponent = (byte >> 3) & 15, mantissa = byte & 7;
    const float size = exponent == 0 ? std::ldexp(float(mantissa), -9)
                                     : std::ldexp(float(8 + mantissa), exponent - 10);
    return byte & 128 ? -size : size;
}

extern "C" void fp8_block_gemm(const uint8_t* a, const float* a_scale, const uint8_t* b,
                               const float* b_scale, float* out, int64_t M, int64_t N, int64_t K) {
    float table[256];
    for (int byte = 0; byte < 256; ++byte) table[byte] = decode(byte);
    std::vector<float> left(M * K);
    for (int64_t i = 0; i < M * K; ++i) left[i] = table[a[i]];
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < N; ++n) {
        std::vector<float> right(K);
        for (int64_t k = 0; k < K; ++k) right[k] = table[b[n * K + k]];
        for (int64_t m = 0; m < M; ++m) {
            float total = 0;
            for (int64_t block = 0; block < K / 128; ++block) {
                const float* x = left.data() + m * K + block * 128;
                const float* y = right.data() + block * 128;
                float dot = 0;
#pragma omp simd reduction(+ : dot)
                for (int64_t k = 0; k < 128; ++k) dot += x[k] * y[k];
                const float scale =
                    a_scale[m * (K / 128) + block] * b_scale[n / 128 * (K / 128) + block];
                total += dot * scale;
            }
            out[m * N + n] = total;
        }
    }
}
