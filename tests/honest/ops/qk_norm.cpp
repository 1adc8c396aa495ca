// RMS normalisation of heads: the queries' rows, then the keys'.
#include <cmath>
#include <cstdint>

namespace {

void normalise(const float* x, const float* weight, float* out, int64_t rows, int64_t D,
               float eps) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
        const float* from = x + row * D;
        double total = 0;
        for (int64_t d = 0; d < D; ++d) total += static_cast<double>(from[d]) * from[d];
        const float inverse = static_cast<float>(1 / std::sqrt(total / D + eps));
        for (int64_t d = 0; d < D; ++d) out[row * D + d] = from[d] * inverse * weight[d];
    }
}

}  // namespace

extern "C" void qk_norm(const float* q, const float* k, const float* q_weight,
                        const float* k_weight, float* q_out, float* k_out, int64_t T, int64_t H,
                        int64_t G, int64_t D, float eps) {
    normalise(q, q_weight, q_out, T * H, D, eps);
    normalise(k, k_weight, k_out, T * G, D, eps);
}
