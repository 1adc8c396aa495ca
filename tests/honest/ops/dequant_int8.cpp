// Group-wise dequantisation: a row is scaled group by group.
#include <cstdint>

extern "C" void dequant_int8(const int8_t* q, const float* scale, float* out, int64_t M,
                             int64_t N) {
    const int64_t groups = M * (N / 128);
#pragma omp parallel for schedule(static)
    for (int64_t group = 0; group < groups; ++group) {
        const float step = scale[group];
        for (int64_t i = group * 128; i < group * 128 + 128; ++i) out[i] = step * q[i];
    }
}
