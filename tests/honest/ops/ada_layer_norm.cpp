// Adaptive layer normalisation: two passes over each row for its statistics, one for the output.
#include <cmath>
#include <cstdint>

extern "C" void ada_layer_norm(const float* x, const float* shift, const float* scale, float* out,
                               int64_t B, int64_t S, int64_t D, float eps) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < B * S; ++row) {
        const float* source = x + row * D;
        const float* shifts = shift + row / S * D;
        const float* scales = scale + row / S * D;
        float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t d = 0; d < D; ++d) sum += source[d];
        const float mean = sum / D;
#pragma omp simd reduction(+ : squares)
        for (int64_t d = 0; d < D; ++d) squares += (source[d] - mean) * (source[d] - mean);
        const float inverse = 1 / std::sqrt(squares / D + eps);
#pragma omp simd
        for (int64_t d = 0; d < D; ++d)
            out[row * D + d] = (source[d] - mean) * inverse * (1 + scales[d]) + shifts[d];
    }
}
