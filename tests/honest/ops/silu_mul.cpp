// Gated activation of a SwiGLU block, an element at a time.
#include <cmath>
#include <cstdint>

extern "C" void silu_mul(const float* gate, const float* up, float* out, int64_t M, int64_t N) {
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < M * N; ++i) out[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
}
