// Histograms: each thread counts a part of a row by itself, and adds its counts at the end.
#include <algorithm>
#include <cmath>
#include <cstdint>

extern "C" void histogram(const float* x, int32_t* counts, int64_t M, int64_t N, float scale) {
    constexpr int64_t kBins = 256, kPart = 16384;
    const int64_t parts = (N + kPart - 1) / kPart;
    std::fill(counts, counts + M * kBins, 0);
#pragma omp parallel for schedule(static)
    for (int64_t task = 0; task < M * parts; ++task) {
        const int64_t m = task / parts, begin = task % parts * kPart;
        const int64_t end = std::min(N, begin + kPart);
        int32_t own[kBins] = {};
        for (int64_t n = begin; n < end; ++n) {
            const float bin = std::floor(x[m * N + n] * scale) + 128;
            ++own[static_cast<int>(std::min(std::max(bin, 0.0f), 255.0f))];
        }
        for (int64_t bin = 0; bin < kBins; ++bin)
            if (own[bin])
#pragma omp atomic
                counts[m * kBins + bin] += own[bin];
    }
}
