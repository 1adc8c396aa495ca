// Symmetric int8 quantisation of each row by its largest magnitude, rounding halves to even.
#include <algorithm>
#include <cmath>
#include <cstdint>

extern "C" void quant_int8(const float* x, int8_t* q, float* scale, int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float top = 0;
        for (int64_t n = 0; n < N; ++n) top = std::max(top, std::fabs(row[n]));
        const float step = top == 0 ? 1 : top / 127;
        scale[m] = step;
        for (int64_t n = 0; n < N; ++n) {
            const float rounded = std::nearbyint(row[n] / step);
            q[m * N + n] = static_cast<int8_t>(std::clamp(rounded, -127.0f, 127.0f));
        }
    }
}
