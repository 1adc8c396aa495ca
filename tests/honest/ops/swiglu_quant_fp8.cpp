// SwiGLU and e4m3 quantisation: a row is activated into q, then each quotient is put on the grid.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

float to_e4m3(float v) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    // The step is 2^-3 of the power of two below |v|, and never less than 2^-9.
    const int exponent = std::max(static_cast<int>((bits >> 23) & 255) - 127, -6) - 3;
    const uint32_t step_bits = static_cast<uint32_t>(exponent + 127) << 23;
    float step;
    std::memcpy(&step, &step_bits, 4);
    return std::clamp(std::nearbyint(v / step) * step, -448.0f, 448.0f);
}

}  // namespace

extern "C" void swiglu_quant_fp8(const float* gate, const float* up, float* q, float* scale,
                                 int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        float* row = q + m * N;
        float top = 0;
        for (int64_t n = 0; n < N; ++n) {
            const float g = gate[m * N + n];
            row[n] = g / (1 + std::exp(-g)) * up[m * N + n];
            top = std::max(top, std::fabs(row[n]));
        }
        const float step = top == 0 ? 1 : top / 448;
        scale[m] = step;
        for (int64_t n = 0; n < N; ++n) row[n] = to_e4m3(row[n] / step);
    }
}
