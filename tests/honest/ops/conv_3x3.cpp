// 3x3 convolution: each output row is the sum of shifted and scaled rows of the input.
#include <algorithm>
#include <cstdint>

extern "C" void conv_3x3(const float* x, const float* weight, float* out, int64_t B, int64_t C,
                         int64_t K, int64_t H, int64_t W) {
#pragma omp parallel for schedule(static) collapse(2)
    for (int64_t bk = 0; bk < B * K; ++bk) {
        for (int64_t h = 0; h < H; ++h) {
            const int64_t b = bk / K;
            const float* taps = weight + bk % K * C * 9;
            float* row = out + (bk * H + h) * W;
            std::fill(row, row + W, 0.0f);
            for (int64_t c = 0; c < C; ++c) {
                const int64_t above = std::max<int64_t>(0, 1 - h);
                const int64_t below = std::min<int64_t>(3, H + 1 - h);
                for (int64_t i = above; i < below; ++i) {
                    const float* from = x + ((b * C + c) * H + h + i - 1) * W;
                    for (int64_t j = 0; j < 3; ++j) {
                        const float tap = taps[c * 9 + i * 3 + j];
                        const int64_t first = std::max<int64_t>(0, 1 - j);
                        const int64_t last = std::min(W, W + 1 - j);
                        for (int64_t w = first; w < last; ++w) row[w] += tap * from[w + j - 1];
                    }
                }
            }
        }
    }
}
