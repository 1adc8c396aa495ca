// Segmented sum: one thread a segment, row after row.
#include <algorithm>
#include <cstdint>

extern "C" void segmented_sum(const float* x, const int64_t* offsets, float* out, int64_t N,
                              int64_t D, int64_t G) {
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t g = 0; g < G; ++g) {
        float* target = out + g * D;
        std::fill(target, target + D, 0.0f);
        for (int64_t n = offsets[g]; n < offsets[g + 1]; ++n)
            for (int64_t d = 0; d < D; ++d) target[d] += x[n * D + d];
    }
}
