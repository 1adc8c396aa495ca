// Rotary position embedding of half rotations: pairs of elements D/2 apart turn by one angle.
#include <cstdint>

extern "C" void rope(const float* x, const float* cos, const float* sin, float* out, int64_t B,
                     int64_t S, int64_t H, int64_t D) {
    const int64_t half = D / 2;
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < B * S * H; ++row) {
        const int64_t s = row / H % S;
        const float *a = x + row * D, *b = a + half;
        for (int64_t i = 0; i < half; ++i) {
            const float c = cos[s * half + i], t = sin[s * half + i];
            out[row * D + i] = a[i] * c - b[i] * t;
            out[row * D + half + i] = b[i] * c + a[i] * t;
        }
    }
}
