// Gradient of an embedding: each thread owns some columns and goes through the tokens in order.
#include <algorithm>
#include <cstdint>

extern "C" void embedding_backward(const float* grad, const int64_t* index, const float* earlier,
                                   float* grad_table, int64_t T, int64_t V, int64_t D) {
    // A block of columns: two cache lines, so that no two threads share one.
    constexpr int64_t kColumns = 32;
#pragma omp parallel for schedule(dynamic)
    for (int64_t first = 0; first < D; first += kColumns) {
        const int64_t last = std::min(D, first + kColumns);
        for (int64_t v = 0; v < V; ++v) {
            for (int64_t d = first; d < last; ++d) grad_table[v * D + d] = earlier[v * D + d];
        }
        for (int64_t t = 0; t < T; ++t) {
            float* row = grad_table + index[t] * D;
            for (int64_t d = first; d < last; ++d) row[d] += grad[t * D + d];
        }
    }
}
