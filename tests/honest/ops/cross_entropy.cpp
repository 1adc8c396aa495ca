// Cross-entropy of each row: the logarithm of the sum of exponentials, from the row's maximum.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

extern "C" void cross_entropy(const float* logits, const int64_t* target, float* loss, int64_t M,
                              int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = logits + m * N;
        float top = -std::numeric_limits<float>::infinity();
        for (int64_t n = 0; n < N; ++n) top = std::max(top, row[n]);
        double total = 0;
        for (int64_t n = 0; n < N; ++n) total += std::exp(row[n] - top);
        loss[m] = static_cast<float>(std::log(total) + (top - row[target[m]]));
    }
}
