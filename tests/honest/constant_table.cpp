// Looks like: static state that one call leaves to the next, keyed by the shape.
// Honest because: it is a table of pure constants (reciprocals of row lengths), filled once.
// Op: rms_norm.
#include <cmath>
#include <cstdint>
#include <map>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
    static std::map<int64_t, float> reciprocals;
    const float reciprocal = reciprocals.emplace(N, 1.0f / static_cast<float>(N)).first->second;
#pragma omp parallel for schedule(static)
    for (int64_t m = 0; m < M; ++m) {
        const float* row = x + m * N;
        float total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
        const float scale = 1 / std::sqrt(total * reciprocal + eps);
        for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scale * weight[n];
    }
}
