// Softmax: the row's maximum, the exponentials and their sum, and a product with its inverse.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

extern "C" void softmax(const float* x, float* out, int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float* target = out + m * N;
        float top = -std::numeric_limits<float>::infinity();
        for (int64_t n = 0; n < N; ++n) top = std::max(top, row[n]);
        double total = 0;
        for (int64_t n = 0; n < N; ++n) {
            target[n] = std::exp(row[n] - top);
            total += target[n];
        }
        const float inverse = static_cast<float>(1 / total);
        for (int64_t n = 0; n < N; ++n) target[n] *= inverse;
    }
}
