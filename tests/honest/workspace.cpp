// Looks like: memory that outlives the call, and work on other threads.
// Honest because: the workspace is allocated and freed in the call, and its thread is joined
// before it returns.
// Op: rms_norm.
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

extern "C" void rms_norm(const float* x, const float* weight, float* out, int64_t M, int64_t N,
                         float eps) {
    std::vector<float> scales(M);
    auto part = [&](int64_t begin, int64_t end) {
        for (int64_t m = begin; m < end; ++m) {
            const float* row = x + m * N;
            float total = 0;
#pragma omp simd reduction(+ : total)
            for (int64_t n = 0; n < N; ++n) total += row[n] * row[n];
            scales[m] = 1 / std::sqrt(total / N + eps);
            for (int64_t n = 0; n < N; ++n) out[m * N + n] = row[n] * scales[m] * weight[n];
        }
    };
    std::thread other(part, 0, M / 2);
    part(M / 2, M);
    other.join();
}
