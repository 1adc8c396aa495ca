// Causal depthwise convolution: four products an output, with what lies before the start left out.
#include <algorithm>
#include <cmath>
#include <cstdint>

extern "C" void depthwise_conv(const float* x, const float* weight, const float* bias, float* out,
                               int64_t B, int64_t D, int64_t L) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < B * D; ++row) {
        const float* from = x + row * L;
        const float* taps = weight + row % D * 4;
        for (int64_t l = 0; l < L; ++l) {
            float h = bias[row % D];
            for (int64_t j = std::max<int64_t>(0, 3 - l); j < 4; ++j) {
                h += taps[j] * from[l + j - 3];
            }
            out[row * L + l] = h / (1 + std::exp(-h));
        }
    }
}
