// Softmax of soft-capped logits: a row is capped into out, then its exponentials are normalised.
#include <algorithm>
#include <cmath>
#include <cstdint>

extern "C" void softcap_softmax(const float* x, float* out, int64_t M, int64_t N, float cap) {
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        float* row = out + m * N;
        float top = -cap;
        for (int64_t n = 0; n < N; ++n) {
            row[n] = cap * std::tanh(x[m * N + n] / cap);
            top = std::max(top, row[n]);
        }
        double total = 0;
        for (int64_t n = 0; n < N; ++n) {
            row[n] = std::exp(row[n] - top);
            total += row[n];
        }
        const float inverse = static_cast<float>(1 / total);
        for (int64_t n = 0; n < N; ++n) row[n] *= inverse;
    }
}
