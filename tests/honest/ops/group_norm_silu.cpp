// Group normalisation and SiLU: two passes over each group for its statistics, one for the output.
#include <cmath>
#include <cstdint>

extern "C" void group_norm_silu(const float* x, const float* weight, const float* bias, float* out,
                                int64_t B, int64_t C, int64_t S, float eps, int64_t groups) {
    const int64_t channels = C / groups, terms = channels * S;
#pragma omp parallel for schedule(static)
    for (int64_t group = 0; group < B * groups; ++group) {
        const float* source = x + group * terms;
        float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < terms; ++i) sum += source[i];
        const float mean = sum / terms;
#pragma omp simd reduction(+ : squares)
        for (int64_t i = 0; i < terms; ++i)
            squares += (source[i] - mean) * (source[i] - mean);
        const float scale = 1 / std::sqrt(squares / terms + eps);
        for (int64_t k = 0; k < channels; ++k) {
            const int64_t c = group % groups * channels + k;
            const float* values = source + k * S;
            float* target = out + group * terms + k * S;
            for (int64_t s = 0; s < S; ++s) {
                const float h = (values[s] - mean) * scale * weight[c] + bias[c];
                target[s] = h / (1 + std::exp(-h));
            }
        }
    }
}
