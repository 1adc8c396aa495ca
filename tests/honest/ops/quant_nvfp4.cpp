// NVFP4 quantisation: a block's scale is put on the e4m3 grid, and its codes are counted off edges.
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

float to_e4m3(float v) {
    if (v == 0) return 0;
    const float step = std::ldexp(1.0f, std::max(std::ilogb(v), -6) - 3);
    return std::min(std::nearbyint(v / step) * step, 448.0f);
}

int code_of(float x, float scale) {
    const float a = std::fabs(x) / scale;
    const int size = (a > 0.25f) + (a >= 0.75f) + (a > 1.25f) + (a >= 1.75f) + (a > 2.5f) +
                     (a >= 3.5f) + (a > 5.0f);
    return x < 0 ? size + 8 : size;
}

}  // namespace

extern "C" void quant_nvfp4(const float* x, const float* global_scale, uint8_t* q, float* scale,
                            int64_t M, int64_t N) {
    const float global = global_scale[0];
    const int64_t blocks = M * (N / 16);
#pragma omp parallel for schedule(static)
    for (int64_t block = 0; block < blocks; ++block) {
        const float* values = x + block * 16;
        float top = 0;
        for (int i = 0; i < 16; ++i) top = std::max(top, std::fabs(values[i]));
        const float step = to_e4m3(std::min(top / (6 * global), 448.0f));
        scale[block] = step;
        for (int i = 0; i < 8; ++i) {
            int packed = 0;
            if (step != 0) {
                packed = code_of(values[2 * i], step * global) +
                         16 * code_of(values[2 * i + 1], step * global);
            }
            q[block * 8 + i] = static_cast<uint8_t>(packed);
        }
    }
}
