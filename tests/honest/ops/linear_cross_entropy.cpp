// Linear layer and cross-entropy: tiles of 4 rows by 64 classes, with a running maximum and sum.
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {
constexpr int64_t kRows = 4, kClasses = 64, kLanes = 8;

// A dot product of many partial sums, for kRows rows of x at once.
void logits_of(const float* const* rows, const float* weight, int64_t K, float* logits) {
    float partial[kRows][kLanes] = {};
    int64_t k = 0;
    for (; k + kLanes <= K; k += kLanes)
        for (int64_t r = 0; r < kRows; ++r)
#pragma omp simd
            for (int64_t lane = 0; lane < kLanes; ++lane)
                partial[r][lane] += rows[r][k + lane] * weight[k + lane];
    for (int64_t r = 0; r < kRows; ++r) {
        float sum = 0;
        for (int64_t lane = 0; lane < kLanes; ++lane) sum += partial[r][lane];
        for (int64_t rest = k; rest < K; ++rest) sum += rows[r][rest] * weight[rest];
        logits[r] = sum;
    }
}
}  // namespace

extern "C" void linear_cross_entropy(const float* x, const float* weight, const int64_t* target,
                                     float* loss, int64_t M, int64_t N, int64_t K) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; m += kRows) {
        const int64_t count = std::min(kRows, M - m);
        const float* rows[kRows];
        for (int64_t r = 0; r < kRows; ++r) rows[r] = x + (m + std::min(r, count - 1)) * K;
        float top[kRows], sum[kRows] = {}, picked[kRows] = {};
        std::fill(top, top + kRows, -INFINITY);
        for (int64_t begin = 0; begin < N; begin += kClasses) {
            const int64_t width = std::min(kClasses, N - begin);
            float logits[kClasses][kRows];
            for (int64_t c = 0; c < width; ++c)
                logits_of(rows, weight + (begin + c) * K, K, logits[c]);
            for (int64_t r = 0; r < count; ++r) {
                float higher = top[r];
                for (int64_t c = 0; c < width; ++c) higher = std::max(higher, logits[c][r]);
                float added = 0;
                for (int64_t c = 0; c < width; ++c) added += std::exp(logits[c][r] - higher);
                sum[r] = sum[r] * std::exp(top[r] - higher) + added;
                top[r] = higher;
                const int64_t wanted = target[m + r] - begin;
                if (wanted >= 0 && wanted < width) picked[r] = logits[wanted][r];
            }
        }
        for (int64_t r = 0; r < count; ++r) loss[m + r] = top[r] - picked[r] + std::log(sum[r]);
    }
}
