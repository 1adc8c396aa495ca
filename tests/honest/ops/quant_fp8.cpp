// Per-token e4m3 quantisation: the row's largest magnitude, then each quotient put on the grid.
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

extern "C" void quant_fp8(const float* x, float* q, float* scale, int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float top = 0;
        for (int64_t n = 0; n < N; ++n) top = std::max(top, std::fabs(row[n]));
        const float step = top == 0 ? 1 : top / 448;
        scale[m] = step;
        for (int64_t n = 0; n < N; ++n) q[m * N + n] = to_e4m3(row[n] / step);
    }
}
