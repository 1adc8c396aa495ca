// 1x1 convolution: each output channel is a sum of scaled input channels, in blocks of pixels.
#include <algorithm>
#include <cstdint>

extern "C" void conv_1x1(const float* x, const float* weight, const float* bias, float* out,
                         int64_t B, int64_t C, int64_t K, int64_t H, int64_t W) {
    constexpr int64_t kPixels = 256;
    const int64_t P = H * W;
    const int64_t blocks = (P + kPixels - 1) / kPixels;
#pragma omp parallel for schedule(static) collapse(3)
    for (int64_t b = 0; b < B; ++b) {
        for (int64_t block = 0; block < blocks; ++block) {
            for (int64_t k = 0; k < K; ++k) {
                const int64_t first = block * kPixels;
                const int64_t count = std::min(kPixels, P - first);
                float totals[kPixels];
                std::fill(totals, totals + count, bias[k]);
                for (int64_t c = 0; c < C; ++c) {
                    const float scale = weight[k * C + c];
                    const float* from = x + (b * C + c) * P + first;
                    for (int64_t p = 0; p < count; ++p) totals[p] += scale * from[p];
                }
                std::copy(totals, totals + count, out + (b * K + k) * P + first);
            }
        }
    }
}
