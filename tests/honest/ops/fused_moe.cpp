// Experts over routed tokens: each thread takes a token, and its experts one after the other.
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

float dot(const float* a, const float* b, int64_t count) {
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < count; ++i) total += a[i] * b[i];
    return total;
}

}  // namespace

extern "C" void fused_moe(const float* x, const float* up, const float* down,
                          const int64_t* expert, const float* weight, float* out, int64_t T,
                          int64_t K, int64_t E, int64_t H, int64_t I) {
#pragma omp parallel
    {
        std::vector<float> h(I);
#pragma omp for schedule(dynamic)
        for (int64_t t = 0; t < T; ++t) {
            float* row = out + t * H;
            for (int64_t d = 0; d < H; ++d) row[d] = 0;
            for (int64_t k = 0; k < K; ++k) {
                const float* in = up + expert[t * K + k] * 2 * I * H;
                const float* back = down + expert[t * K + k] * H * I;
                for (int64_t i = 0; i < I; ++i) {
                    const float gate = dot(x + t * H, in + i * H, H);
                    h[i] = gate / (1 + std::exp(-gate)) * dot(x + t * H, in + (I + i) * H, H);
                }
                for (int64_t d = 0; d < H; ++d) {
                    row[d] += weight[t * K + k] * dot(h.data(), back + d * I, I);
                }
            }
        }
    }
}
