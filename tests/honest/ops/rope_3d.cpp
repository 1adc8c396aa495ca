// Rotary embedding over three axes: the tables of a token are laid end to end, then every head.
#include <algorithm>
#include <cstdint>
#include <vector>

extern "C" void rope_3d(const float* x, const float* cos_t, const float* sin_t, const float* cos_y,
                        const float* sin_y, const float* cos_x, const float* sin_x, float* out,
                        int64_t B, int64_t T, int64_t Y, int64_t X, int64_t H, int64_t D) {
    const int64_t short_part = D / 6, long_part = D / 2 - 2 * short_part, tokens = T * Y * X;
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < B * tokens; ++n) {
        const int64_t t = n % tokens / (Y * X), row = n / X % Y, column = n % X;
        std::vector<float> c(D / 2), s(D / 2);
        const auto lay = [&](std::vector<float>& all, const float* of_t, const float* of_y,
                             const float* of_x) {
            auto end = std::copy_n(of_t + t * long_part, long_part, all.begin());
            end = std::copy_n(of_y + row * short_part, short_part, end);
            std::copy_n(of_x + column * short_part, short_part, end);
        };
        lay(c, cos_t, cos_y, cos_x);
        lay(s, sin_t, sin_y, sin_x);
        for (int64_t h = 0; h < H; ++h) {
            const float* from = x + (n * H + h) * D;
            float* to = out + (n * H + h) * D;
            for (int64_t i = 0; i < D / 2; ++i) {
                const float a = from[2 * i], b = from[2 * i + 1];
                to[2 * i] = a * c[i] - b * s[i];
                to[2 * i + 1] = a * s[i] + b * c[i];
            }
        }
    }
}
