// Rows added by a sorted index: each thread finds where the terms of its rows begin.
#include <algorithm>
#include <cstdint>

extern "C" void index_add(const float* base, const int64_t* index, const float* source, float* out,
                          int64_t T, int64_t V, int64_t D) {
#pragma omp parallel for schedule(dynamic, 8)
    for (int64_t v = 0; v < V; ++v) {
        float* row = out + v * D;
        std::copy(base + v * D, base + v * D + D, row);
        const auto [first, last] = std::equal_range(index, index + T, v);
        for (const int64_t* t = first; t != last; ++t) {
            const float* term = source + (t - index) * D;
            for (int64_t d = 0; d < D; ++d) row[d] += term[d];
        }
    }
}
